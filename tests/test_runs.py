"""Runs against scipy's labelling, whole and cut into tiles."""

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from mvd import runs as mvd_runs
from mvd.geometry import Rect
from mvd.runs import Search, connect, encode, fuse
from mvd.segment import WALL, ZERO_MILLI_OD

LUTS = np.random.default_rng(0).integers(-3000, 3000, (3, 3, 256)).astype(np.int32)
masks = hnp.arrays(
    np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24), elements=st.integers(0, 2)
)


def everywhere(shape: tuple[int, int]) -> Search:
    return Search(np.ones((1, 1), bool), np.zeros(shape[0], np.int32), np.zeros(shape[1], np.int32))


def pixels(shape: tuple[int, int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rgb = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    return rgb, rng.integers(ZERO_MILLI_OD, ZERO_MILLI_OD + 2000, shape, dtype=np.uint16)


def whole(mask: np.ndarray, rgb: np.ndarray, dab: np.ndarray) -> np.ndarray:
    place = Rect(0, 0, *mask.shape)
    return encode(rgb, dab, mask, LUTS, (place, place), everywhere(mask.shape))


@given(masks, st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_components_are_those_of_scipy(mask: np.ndarray, seed: int) -> None:
    rgb, dab = pixels(mask.shape, seed)
    found = connect(fuse([whole(mask, rgb, dab)]), -5000)
    truth, count = ndimage.label(mask > 0, np.ones((3, 3)))
    assert len(found) == count
    painted = np.zeros(mask.shape, int)
    for i in range(len(found)):
        for run in found.runs[found.first[i] : found.first[i + 1]]:
            painted[run[mvd_runs.ROW], run[mvd_runs.START] : run[mvd_runs.STOP]] = i + 1
    index = np.arange(1, count + 1)
    # scipy numbers components in the order of their first pixel too, so the label images are equal.
    np.testing.assert_array_equal(painted, truth)
    od = dab.astype(int) - ZERO_MILLI_OD
    has_wall = np.isin(np.arange(count + 1), truth[mask == WALL])
    measured = np.where(has_wall[truth], mask == WALL, mask > 0)
    np.testing.assert_array_equal(found.area_px, ndimage.sum(measured, truth, index).astype(int))
    np.testing.assert_array_equal(found.od_max, ndimage.maximum(od, truth, index))
    np.testing.assert_array_equal(found.od_sum, ndimage.sum(od * measured, truth, index).astype(int))


@given(masks, st.integers(1, 9), st.integers(1, 9), st.randoms())
@settings(max_examples=100, deadline=None)
def test_tiles_fuse_to_the_whole(mask: np.ndarray, height: int, width: int, shuffler: random.Random) -> None:
    rgb, dab = pixels(mask.shape, 1)
    full = Rect(0, 0, *mask.shape)
    parts = [
        encode(
            rgb,
            dab,
            mask,
            LUTS,
            (Rect(r, c, height, width).clipped(mask.shape), full),
            everywhere(mask.shape),
        )
        for r in range(0, mask.shape[0], height)
        for c in range(0, mask.shape[1], width)
    ]
    shuffler.shuffle(parts)
    np.testing.assert_array_equal(fuse(parts), fuse([whole(mask, rgb, dab)]))


def test_hysteresis_keeps_a_component_by_its_maximum_only() -> None:
    mask = np.array([[1, 1, 0, 1, 1]], np.uint8)
    rgb = np.zeros((1, 5, 3), np.uint8)
    dab = np.array([[100, 400, 0, 399, 100]], np.uint16) + ZERO_MILLI_OD
    found = connect(fuse([whole(mask, rgb, dab)]), 400)
    assert found.boxes.tolist() == [[0, 0, 1, 2]]


def test_pixels_outside_the_search_are_dropped() -> None:
    mask = np.ones((4, 4), np.uint8)
    rgb, dab = pixels(mask.shape, 2)
    index = mvd_runs.search_index(4, 1.0, 2.0, 2)
    search = Search(np.array([[True, False], [False, False]]), index, index)
    place = Rect(0, 0, 4, 4)
    found = connect(encode(rgb, dab, mask, LUTS, (place, place), search), -5000)
    assert found.boxes.tolist() == [[0, 0, 2, 2]]
    assert found.area_px.tolist() == [4]


def test_no_runs_at_all() -> None:
    assert len(connect(fuse([]), 0)) == 0
