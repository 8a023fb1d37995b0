"""Rings along pixel edges: exact areas, no ring that touches itself, holes filled; against shapely and scipy."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from mvd.vessels.edges import Rings, filled, trace

masks = hnp.arrays(
    np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9), elements=st.integers(0, 1)
)


def rings_of(rings: Rings) -> list[np.ndarray]:
    return np.split(rings.points, rings.stops[:-1]) if len(rings.stops) else []


def pixels_within(rings: Rings, shape: tuple[int, int]) -> np.ndarray:
    """How many rings lie round each pixel, those round holes taken off."""
    y, x = np.indices(shape) + 0.5
    total = np.zeros(shape, int)
    for ring, area in zip(rings_of(rings), rings.twice_area, strict=True):
        total += shapely.contains_xy(shapely.Polygon(ring), x, y) * np.sign(area)
    return total


@given(masks)
@settings(max_examples=300, deadline=None)
def test_rings_hold_the_pixels_and_nothing_else(mask: np.ndarray) -> None:
    rings = trace(mask)
    assert len(rings.points) == (rings.stops[-1] if len(rings.stops) else 0)
    np.testing.assert_array_equal(pixels_within(rings, mask.shape), mask)
    assert rings.twice_area.sum() == 2 * mask.sum()


@given(masks)
@settings(max_examples=300, deadline=None)
def test_rings_are_simple_and_turn_at_every_point(mask: np.ndarray) -> None:
    rings = trace(mask)
    for ring, twice_area in zip(rings_of(rings), rings.twice_area, strict=True):
        assert shapely.LinearRing(ring).is_simple
        assert 2 * shapely.Polygon(ring).area == abs(twice_area)
        steps = np.diff(ring, axis=0, append=ring[:1])
        assert ((steps == 0).sum(axis=1) == 1).all()
        assert ((steps * np.roll(steps, 1, axis=0)).sum(axis=1) == 0).all()


@given(masks, st.integers(0, 3), st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_turned_mask_has_the_same_rings(mask: np.ndarray, turns: int, mirror: bool) -> None:
    turned = np.ascontiguousarray(np.rot90(mask, turns)[:, :: -1 if mirror else 1])
    here, there = trace(mask), trace(turned)
    assert sorted(here.twice_area) == sorted(there.twice_area)
    lengths = [sorted(len(ring) for ring in rings_of(rings)) for rings in (here, there)]
    assert lengths[0] == lengths[1]


@given(masks)
@settings(max_examples=300, deadline=None)
def test_filled_fills_all_holes_and_nothing_else(mask: np.ndarray) -> None:
    np.testing.assert_array_equal(filled(mask), ndimage.binary_fill_holes(mask))


@pytest.mark.parametrize("side", [1, 7])
def test_one_square_is_one_ring(side: int) -> None:
    rings = trace(np.pad(np.ones((side, side), np.uint8), ((2, 1), (3, 1))))
    assert sorted(map(tuple, rings.points.tolist())) == [
        (3, 2),
        (3, 2 + side),
        (3 + side, 2),
        (3 + side, 2 + side),
    ]
    assert rings.twice_area.tolist() == [2 * side * side]


def test_a_mask_of_all_pixels_and_one_of_none() -> None:
    assert trace(np.ones((4, 6), np.uint8)).twice_area.tolist() == [48]
    assert len(trace(np.zeros((4, 6), np.uint8)).stops) == 0
    assert len(trace(np.zeros((0, 0), np.uint8)).stops) == 0


def test_a_ring_of_corners_is_several_and_encloses_nothing() -> None:
    """Four pixels round a fifth, joined by their corners alone: one vessel, but four polygons."""
    mask = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.uint8)
    assert trace(mask).twice_area.tolist() == [2, 2, 2, 2]
    assert filled(mask).sum() == 5
