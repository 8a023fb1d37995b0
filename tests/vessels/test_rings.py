"""Which parts make one vessel: broken rings and tubes cut lengthwise, and nothing else."""

from math import pi

import numpy as np
import pytest
from drawn import MPP, Inside, disc, drawn, rectangle, ring, stadium, together, wedge, without
from scipy import ndimage

from mvd.vessels.pieces import Limits, Piece
from mvd.vessels.rings import find_pieces

SIDE = 160
LIMITS = Limits(gap_px=round(6 / MPP), own_lumen_px=8 / MPP**2)
ANGLES = [0.0, 0.4, 1.1, 2.0]


def pieces_of(*shapes: Inside, side: int = SIDE, limits: Limits = LIMITS) -> list[Piece]:
    """The vessels of shapes drawn into the middle of a crop, with its margin; all of it is wall."""
    stained = drawn(together(*shapes), (side, side))
    labels, count = ndimage.label(stained, np.ones((3, 3)))
    return find_pieces(labels.astype(np.int32), stained, count, limits)


def lumen_px(piece: Piece) -> int:
    return int(np.count_nonzero(piece.whole) - np.count_nonzero(piece.stained))


def consistent(pieces: list[Piece], stained_px: int) -> None:
    """Every stained pixel is in one piece, and every wall in its vessel."""
    assert sum(np.count_nonzero(piece.stained) for piece in pieces) == stained_px
    for piece in pieces:
        assert piece.stained.shape == piece.whole.shape
        assert (piece.stained <= piece.whole).all()


def broken(row: float, col: float, outer: float, inner: float, gaps: list[float], width: float) -> Inside:
    return without(ring(row, col, outer, inner), *(wedge(row, col, angle, width) for angle in gaps))


@pytest.mark.parametrize("angle", ANGLES)
@pytest.mark.parametrize("gap_um", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("gaps", [1, 2, 3])
def test_a_ring_with_gaps_is_one_vessel_with_its_lumen(gaps: int, gap_um: float, angle: float) -> None:
    outer, inner = 24.0, 18.0
    breaks = [angle + 2 * pi * k / gaps for k in range(gaps)]
    shape = broken(80.3, 79.6, outer, inner, breaks, gap_um / MPP)
    pieces = pieces_of(shape)
    assert len(pieces) == 1
    assert len(pieces[0].labels) == gaps
    assert not pieces[0].was_split
    # The lumen, and the gaps that were bridged.
    assert lumen_px(pieces[0]) == pytest.approx(
        pi * inner**2 + gaps * gap_um / MPP * (outer - inner), rel=0.08
    )
    consistent(pieces, int(drawn(shape, (SIDE, SIDE)).sum()))


@pytest.mark.parametrize("radius_px", [14.0, 24.0, 40.0])
def test_rings_of_every_size_are_closed(radius_px: float) -> None:
    pieces = pieces_of(broken(80, 80, radius_px, radius_px - 5, [0.3, 2.1, 4.2], 3 / MPP))
    assert [len(piece.labels) for piece in pieces] == [3]


def test_a_gap_wider_than_the_setting_is_not_bridged() -> None:
    halves = broken(80, 80, 40, 34, [0.3, 0.3 + pi], 20 / MPP)
    pieces = pieces_of(halves)
    assert [len(piece.labels) for piece in pieces] == [1, 1]


def test_without_a_gap_to_bridge_nothing_is_joined() -> None:
    shape = broken(80, 80, 24, 18, [0.3, 2.4], 3 / MPP)
    assert len(pieces_of(shape, limits=Limits(0, LIMITS.own_lumen_px))) == 2


@pytest.mark.parametrize("angle", ANGLES)
@pytest.mark.parametrize("between_um", [1.5, 3.0, 5.0])
def test_two_rings_side_by_side_are_two(between_um: float, angle: float) -> None:
    away = 20 + between_um / MPP / 2
    down, right = away * np.sin(angle), away * np.cos(angle)
    pieces = pieces_of(ring(80 - down, 80 - right, 20, 14), ring(80 + down, 80 + right, 20, 14))
    assert [len(piece.labels) for piece in pieces] == [1, 1]
    for piece in pieces:
        assert lumen_px(piece) == pytest.approx(pi * 14**2, rel=0.03)


@pytest.mark.parametrize("angle", ANGLES)
@pytest.mark.parametrize("between_um", [2.0, 4.0])
@pytest.mark.parametrize("radius", [8.0, 10.0, 18.0, 24.0])
def test_three_solid_capillaries_round_stroma_are_three(
    radius: float, between_um: float, angle: float
) -> None:
    away = (2 * radius + between_um / MPP) / np.sqrt(3)
    turns = [angle + 2 * pi * k / 3 for k in range(3)]
    pieces = pieces_of(*(disc(80 + away * np.sin(t), 80 + away * np.cos(t), radius) for t in turns))
    assert [len(piece.labels) for piece in pieces] == [1, 1, 1]
    assert [lumen_px(piece) for piece in pieces] == [0, 0, 0]


@pytest.mark.parametrize("angle", ANGLES)
@pytest.mark.parametrize("between_um", [2.0, 4.0])
def test_two_parallel_walls_are_one_tube(between_um: float, angle: float) -> None:
    away = (5 + between_um / MPP) / 2
    offset = away * np.cos(angle), -away * np.sin(angle)
    walls = [rectangle(80 + sign * offset[0], 80 + sign * offset[1], 90, 5, angle) for sign in (-1, 1)]
    pieces = pieces_of(*walls)
    assert [len(piece.labels) for piece in pieces] == [2]
    assert lumen_px(pieces[0]) == pytest.approx(90 * between_um / MPP, rel=0.15)


def test_two_solid_profiles_beside_each_other_are_no_tube() -> None:
    pieces = pieces_of(rectangle(70, 80, 26, 16), rectangle(92, 80, 26, 16))
    assert [len(piece.labels) for piece in pieces] == [1, 1]


def test_two_walls_that_only_meet_at_their_ends_are_two() -> None:
    pieces = pieces_of(rectangle(76, 45, 70, 5), rectangle(84, 110, 70, 5))
    assert [len(piece.labels) for piece in pieces] == [1, 1]


@pytest.mark.parametrize("angle", ANGLES)
def test_a_speck_beside_a_ring_stays_a_speck(angle: float) -> None:
    away = 24 + 3 / MPP + 3
    speck = disc(80 + away * np.sin(angle), 80 + away * np.cos(angle), 3)
    pieces = sorted(pieces_of(ring(80, 80, 24, 18), speck), key=lumen_px)
    assert [len(piece.labels) for piece in pieces] == [1, 1]
    assert lumen_px(pieces[0]) == 0
    assert lumen_px(pieces[1]) == pytest.approx(pi * 18**2, rel=0.03)


@pytest.mark.parametrize("angle", ANGLES)
def test_a_speck_beside_a_broken_ring_changes_nothing(angle: float) -> None:
    away = 24 + 3 / MPP + 3
    speck = disc(80 + away * np.sin(angle), 80 + away * np.cos(angle), 3)
    arcs = broken(80, 80, 24, 18, [angle + pi / 2, angle + 3 * pi / 2], 3 / MPP)
    pieces = sorted(pieces_of(arcs, speck), key=lumen_px)
    assert [len(piece.labels) for piece in pieces] == [1, 2]
    assert np.count_nonzero(pieces[0].stained) < 40


def test_a_red_cell_inside_a_ring_is_not_joined_to_it() -> None:
    pieces = sorted(pieces_of(ring(80, 80, 30, 24), disc(78, 84, 6)), key=lumen_px)
    assert len(pieces) == 2
    assert np.count_nonzero(pieces[1].whole) == pytest.approx(pi * 30**2, rel=0.02)


def test_many_vessels_of_one_neighbourhood_are_kept_apart() -> None:
    places = [(40, 40), (40, 88), (88, 40), (88, 88)]
    shapes = [ring(row, col, 20, 14) for row, col in places]
    shapes[3] = broken(88, 88, 20, 14, [0.5, 2.5], 3 / MPP)
    pieces = pieces_of(*shapes)
    assert sorted(len(piece.labels) for piece in pieces) == [1, 1, 1, 2]
    assert all(lumen_px(piece) == pytest.approx(pi * 14**2, rel=0.15) for piece in pieces)


def test_skirt_holds_a_vessel_together_but_is_not_measured() -> None:
    wall = drawn(ring(80, 80, 20, 16), (SIDE, SIDE))
    both = drawn(ring(80, 80, 24, 12), (SIDE, SIDE))
    (piece,) = find_pieces(both.astype(np.int32), wall, 1, LIMITS)
    assert np.count_nonzero(piece.stained) == np.count_nonzero(wall)
    assert np.count_nonzero(piece.whole) == pytest.approx(pi * 20**2, rel=0.02)


def test_a_broken_wall_in_an_unbroken_skirt_is_closed() -> None:
    wall = drawn(broken(80, 80, 20, 16, [0.5, 2.0, 4.0], 2 / MPP), (SIDE, SIDE))
    both = drawn(ring(80, 80, 21, 15), (SIDE, SIDE))
    (piece,) = find_pieces(both.astype(np.int32), wall, 1, LIMITS)
    assert np.count_nonzero(piece.whole) == pytest.approx(pi * 20**2, rel=0.06)
    assert piece.labels == (1,)


@pytest.mark.parametrize("seed", range(8))
def test_turned_and_mirrored_neighbourhoods_give_the_same_vessels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes: list[Inside] = []
    for _ in range(7):
        row, col = rng.uniform(35, 125, 2)
        kind = rng.integers(3)
        if kind == 0:
            shapes.append(broken(row, col, 18, 13, list(rng.uniform(0, 2 * pi, 3)), rng.uniform(2, 8)))
        elif kind == 1:
            shapes.append(disc(row, col, rng.uniform(2, 9)))
        else:
            shapes.append(stadium(row, col, rng.uniform(20, 40), 5, rng.uniform(0, pi)))
    stained = drawn(together(*shapes), (SIDE, SIDE))
    found = []
    for turned in (stained, np.rot90(stained), stained[::-1], stained[:, ::-1]):
        labels, count = ndimage.label(turned, np.ones((3, 3)))
        wall = np.ascontiguousarray(turned)
        pieces = find_pieces(labels.astype(np.int32), wall, count, LIMITS)
        consistent(pieces, int(stained.sum()))
        found.append(sorted((len(piece.labels), int(np.count_nonzero(piece.stained))) for piece in pieces))
    assert found[0] == found[1] == found[2]
