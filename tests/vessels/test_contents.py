"""What lies in a vessel's lumen is counted with it; a vessel with a lumen of its own is one wherever it lies."""

import pytest
from drawn import MPP, Inside, disc, ring, together, walls_of
from test_find import vessels_of

WALL_UM = 3.0


def counted(*shapes: Inside) -> tuple[list[bool], list[str]]:
    table = vessels_of(walls_of(together(*shapes), (260, 300))).table
    order = table["filled_area_um2"].to_numpy().argsort()[::-1]
    return table["counted"].to_numpy()[order].tolist(), table["reason"].to_numpy()[order].tolist()


def vessel(outer_um: float, col: float = 150) -> Inside:
    return ring(130, col, outer_um / MPP, (outer_um - WALL_UM) / MPP)


@pytest.mark.parametrize("aside_um", [0.0, 3.0, -6.0])
def test_red_cells_in_a_lumen_are_no_vessel(aside_um: float) -> None:
    cell = disc(130, 150 + aside_um / MPP, 3 / MPP)
    assert counted(vessel(21), cell) == ([True, False], ["ok", "not_dab"])


def test_the_same_beside_a_vessel_is_one() -> None:
    assert counted(vessel(21), disc(130, 150 + 35 / MPP, 3 / MPP)) == ([True, True], ["ok", "ok"])


def test_a_ring_within_a_ring_is_a_vessel() -> None:
    assert counted(vessel(25), vessel(7)) == ([True, True], ["ok", "ok"])
