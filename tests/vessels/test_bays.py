"""A ring that is open at a gap has its lumen filled; the bend of a vessel, or the fork of one, is no lumen."""

from math import pi

import numpy as np
import pytest
import shapely
from drawn import MPP, disc, drawn, rectangle, ring, stadium, together, wedge, without
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label

from mvd.vessels.bays import open_lumen, painted
from mvd.vessels.bounds import tight
from mvd.vessels.edges import filled
from mvd.vessels.pieces import Limits
from mvd.vessels.rings import find_pieces

LEAST_PX, OPEN_PX = 8 / MPP**2, round(10 / MPP)
LIMITS = Limits(gap_px=round(6 / MPP), own_lumen_px=LEAST_PX, open_px=OPEN_PX)
SIDE = 120
ANGLES = [0.0, 0.35, 0.8, 1.6, 3.0, 4.4]


@pytest.mark.parametrize("angle", ANGLES)
@pytest.mark.parametrize("gap_um", [1.0, 3.0, 5.0, 7.0])
@pytest.mark.parametrize("outer_um", [7.0, 10.0])
def test_the_lumen_of_a_ring_with_a_gap_is_filled(outer_um: float, gap_um: float, angle: float) -> None:
    outer, inner = outer_um / MPP, (outer_um - 2.5) / MPP
    wall = drawn(without(ring(60, 60, outer, inner), wedge(60, 60, angle, gap_um / MPP)), (SIDE, SIDE))
    (piece,) = find_pieces(wall.astype(np.int32), wall, 1, LIMITS)
    assert np.count_nonzero(piece.whole) == pytest.approx(pi * outer**2, rel=0.08)
    assert np.count_nonzero(piece.stained) == np.count_nonzero(wall)


@pytest.mark.parametrize("angle", ANGLES)
def test_a_mouth_as_wide_as_the_lumen_is_no_gap(angle: float) -> None:
    """Half a ring."""
    half = rectangle(60 + 30 * np.sin(angle), 60 + 30 * np.cos(angle), 60, 100, angle)
    part = drawn(without(ring(60, 60, 16, 11), half), (SIDE, SIDE))
    assert len(open_lumen(part, LEAST_PX, 1000)) == 0


@pytest.mark.parametrize("angle", ANGLES)
def test_a_fork_is_no_lumen(angle: float) -> None:
    arms = [
        rectangle(60 + 18 * np.sin(angle + turn), 60 + 18 * np.cos(angle + turn), 40, 8, angle + turn)
        for turn in (0.0, 2 * pi / 3, 4 * pi / 3)
    ]
    assert len(open_lumen(drawn(together(*arms), (SIDE, SIDE)), LEAST_PX, 1000)) == 0


def test_a_wider_mouth_than_the_setting_is_left_open() -> None:
    part = drawn(without(ring(60, 60, 40, 34), wedge(60, 60, 0.5, 24)), (SIDE, SIDE))
    assert len(open_lumen(part, LEAST_PX, 20)) == 0
    assert len(open_lumen(part, LEAST_PX, 40)) > 0
    (piece,) = find_pieces(part.astype(np.int32), part, 1, Limits(4, LEAST_PX, 20))
    np.testing.assert_array_equal(piece.whole, piece.stained)


def test_a_ring_that_is_closed_has_no_open_lumen() -> None:
    assert len(open_lumen(drawn(ring(60, 60, 20, 14), (SIDE, SIDE)), LEAST_PX, OPEN_PX)) == 0
    assert len(open_lumen(drawn(stadium(60, 60, 50, 12), (SIDE, SIDE)), LEAST_PX, OPEN_PX)) == 0


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_a_bay_is_the_largest_deep_piece_of_the_hull_that_is_not_the_part(seed: int) -> None:
    """Against shapely's polygons of the same pixels."""
    rng = np.random.default_rng(seed)
    blobs = [disc(*rng.uniform(15, 45, 2), rng.uniform(3, 8)) for _ in range(rng.integers(3, 9))]
    labels, _ = label(drawn(together(*blobs), (60, 60)))
    part = filled((labels == 1).astype(np.uint8))
    pixels = [shapely.box(col, row, col + 1, row + 1) for row, col in np.argwhere(part)]
    whole = shapely.union_all(pixels)
    pieces = shapely.get_parts(shapely.difference(whole.convex_hull, whole))
    hull = shapely.boundary(whole.convex_hull)
    expected = 0.0
    for piece in pieces:
        # the mouth is where the piece lies along the hull
        mouth = shapely.length(shapely.intersection(shapely.boundary(piece), hull.buffer(1e-9)))
        if mouth <= OPEN_PX and piece.area >= max(LEAST_PX, mouth * mouth):
            expected = max(expected, piece.area)
    bay = open_lumen(part, LEAST_PX, OPEN_PX)
    found = shapely.Polygon(bay).area if len(bay) else 0.0
    assert found == pytest.approx(expected, abs=1e-3)
    mask = painted(bay, part.shape)
    assert np.count_nonzero(mask) == pytest.approx(found, abs=0.5 * OPEN_PX + 1)
    assert not (mask & part).any()


@pytest.mark.parametrize("angle", ANGLES)
def test_a_wall_that_fades_along_a_stretch_still_bounds_its_lumen(angle: float) -> None:
    """Its skirt goes on round the lumen: the vessel is whole, and its wall is what was measured as wall."""
    own = drawn(ring(60, 60, 20, 13), (SIDE, SIDE))
    strong = drawn(without(ring(60, 60, 19, 14), wedge(60, 60, angle, 16)), (SIDE, SIDE))
    stained, whole = tight(own, strong, np.zeros_like(own), LIMITS.gap_px)
    np.testing.assert_array_equal(stained, own & strong)
    assert np.count_nonzero(whole) == pytest.approx(pi * 19**2, rel=0.08)
