"""Runs against scipy's labelling, whole and cut into tiles; the reduce over bands against both."""

import random
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from mvd import runs as mvd_runs
from mvd.geometry import Rect
from mvd.runs import Components, Reduction, Search, connect, encode, fuse
from mvd.segment import WALL, ZERO_MILLI_OD
from mvd.stain import LUT_SCALE

LUTS = np.random.default_rng(0).integers(-3000, 3000, (3, 3, 256)).astype(np.int32)
masks = hnp.arrays(
    np.uint8,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24),
    elements=st.sampled_from([0, 0, 0, 1, 2]),
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


def tiles_of(
    mask: np.ndarray, dab: np.ndarray, rgb: np.ndarray, side: tuple[int, int]
) -> list[tuple[Rect, np.ndarray]]:
    """The cores of a grid and their runs."""
    full = Rect(0, 0, *mask.shape)
    cores = [
        Rect(row, col, *side).clipped(mask.shape)
        for row in range(0, mask.shape[0], side[0])
        for col in range(0, mask.shape[1], side[1])
    ]
    return [(core, encode(rgb, dab, mask, LUTS, (core, full), everywhere(mask.shape))) for core in cores]


def reduced(tiles: list[tuple[Rect, np.ndarray]], least_od_max: int) -> Components:
    reduction = Reduction((core for core, _ in tiles), least_od_max)
    for core, part in tiles:
        reduction.add(core, part)
    return reduction.components()


def assert_true(
    found: Components, mask: np.ndarray, pixel: tuple[np.ndarray, np.ndarray], least_od_max: int
) -> None:
    """Hold components to scipy's labels, and their sums to sums over the pixels."""
    rgb, dab = pixel
    od = dab.astype(int) - ZERO_MILLI_OD
    truth, count = ndimage.label(mask > 0, np.ones((3, 3)))
    # scipy numbers components in the order of their first pixel too, so what is kept keeps its order.
    every = np.arange(1, count + 1)
    index = every[ndimage.maximum(od, truth, every) >= least_od_max] if count else every
    assert len(found) == len(index)
    painted, kinds = np.zeros(mask.shape, int), np.zeros(mask.shape, int)
    for i in range(len(found)):
        for row, start, stop, kind in found.runs[found.first[i] : found.first[i + 1]]:
            assert not painted[row, start:stop].any()
            painted[row, start:stop] = index[i]
            kinds[row, start:stop] = kind
    kept = np.isin(truth, index)
    np.testing.assert_array_equal(painted, np.where(kept, truth, 0))
    np.testing.assert_array_equal(kinds, np.where(kept, mask, 0))
    boxes = [ndimage.find_objects(truth)[i - 1] for i in index]
    assert found.boxes.tolist() == [[r.start, c.start, r.stop, c.stop] for r, c in boxes]
    has_wall = np.isin(np.arange(count + 1), truth[mask == WALL])
    measured = np.where(has_wall[truth], mask == WALL, mask > 0)
    np.testing.assert_array_equal(found.od_max, ndimage.maximum(od, truth, index))
    red, green, blue = np.moveaxis(rgb, -1, 0)
    amounts = {"area_px": np.ones(mask.shape, int), "od_sum": od}
    for name, stain in (("hematoxylin_sum", 0), ("residual_sum", 2)):
        scaled = LUTS[stain, 0, red] + LUTS[stain, 1, green] + LUTS[stain, 2, blue]
        amounts[name] = np.floor(scaled / LUT_SCALE + 0.5).astype(int)
    for name, amount in amounts.items():
        expected = ndimage.sum(amount * measured, truth, index).astype(int)
        np.testing.assert_array_equal(getattr(found, name), expected, err_msg=name)


def assert_same(one: Components, two: Components) -> None:
    for field in fields(Components):
        left, right = getattr(one, field.name), getattr(two, field.name)
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)


@given(masks, st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_components_are_those_of_scipy(mask: np.ndarray, seed: int) -> None:
    rgb, dab = pixels(mask.shape, seed)
    assert_true(connect(fuse([whole(mask, rgb, dab)]), -5000), mask, (rgb, dab), -5000)


@given(masks, st.integers(1, 9), st.integers(1, 9), st.randoms())
@settings(max_examples=100, deadline=None)
def test_tiles_fuse_to_the_whole(mask: np.ndarray, height: int, width: int, shuffler: random.Random) -> None:
    rgb, dab = pixels(mask.shape, 1)
    parts = [part for _, part in tiles_of(mask, dab, rgb, (height, width))]
    shuffler.shuffle(parts)
    np.testing.assert_array_equal(fuse(parts), fuse([whole(mask, rgb, dab)]))


@given(masks, st.integers(1, 9), st.integers(1, 9), st.integers(-100, 2100), st.randoms())
@settings(max_examples=200, deadline=None)
def test_the_reduce_over_tiles_is_that_of_the_whole(
    mask: np.ndarray, height: int, width: int, least_od_max: int, shuffler: random.Random
) -> None:
    rgb, dab = pixels(mask.shape, shuffler.randrange(99))
    tiles = tiles_of(mask, dab, rgb, (height, width))
    shuffler.shuffle(tiles)
    found = reduced(tiles, least_od_max)
    assert_true(found, mask, (rgb, dab), least_od_max)
    assert_same(found, connect(fuse([whole(mask, rgb, dab)]), least_od_max))


@given(masks, st.integers(1, 5), st.integers(1, 5), st.integers(0, 2000), st.randoms())
@settings(max_examples=100, deadline=None)
def test_tiles_left_out_are_glass(
    mask: np.ndarray, height: int, width: int, least_od_max: int, shuffler: random.Random
) -> None:
    """A row of tiles that is missing keeps the bands above and below it apart."""
    rgb, dab = pixels(mask.shape, 3)
    tiles = [tile for tile in tiles_of(mask, dab, rgb, (height, width)) if shuffler.random() < 0.5]
    scanned = np.zeros(mask.shape, bool)
    for core, _ in tiles:
        scanned[core.slices()] = True
    assert_true(reduced(tiles, least_od_max), np.where(scanned, mask, 0), (rgb, dab), least_od_max)


def test_the_maximum_may_lie_bands_away() -> None:
    """A snake through all bands is kept by its last pixel, and what does not reach it is dropped."""
    mask = np.zeros((40, 9), np.uint8)
    mask[::2, 1:8] = 2
    mask[1::4, 7] = mask[3::4, 1] = 2
    mask[39, 1] = 0
    mask[39, 8] = 1  # touches the snake by a corner
    rgb, dab = pixels(mask.shape, 4)
    dab[:] = ZERO_MILLI_OD + 100
    dab[39, 8] = ZERO_MILLI_OD + 900
    for height in (1, 2, 3, 7, 40):
        tiles = tiles_of(mask, dab, rgb, (height, 4))
        found = reduced(tiles[::-1], 900)
        assert found.boxes.tolist() == [[0, 1, 40, 9]]
        assert found.area_px.tolist() == [np.count_nonzero(mask == WALL)]
        assert len(reduced(tiles, 901)) == 0


@pytest.mark.parametrize("height", [1, 4, 5, 6, 8, 16])
@pytest.mark.parametrize("strong", [2, 7, 12])
def test_a_line_is_kept_by_any_of_its_pixels(height: int, strong: int) -> None:
    """The weak part of it may touch its band's first row, its last, or both."""
    mask = np.zeros((16, 3), np.uint8)
    mask[2:13, 1] = WALL
    rgb, dab = pixels(mask.shape, 5)
    dab[:] = ZERO_MILLI_OD + 100
    dab[strong, 1] = ZERO_MILLI_OD + 900
    assert_true(reduced(tiles_of(mask, dab, rgb, (height, 3)), 900), mask, (rgb, dab), 900)


def test_a_tile_that_is_missing_at_the_end_is_noticed() -> None:
    reduction = Reduction([Rect(0, 0, 4, 4), Rect(4, 0, 4, 4)], 0)
    reduction.add(Rect(4, 0, 4, 4), np.empty((0, 8), np.int32))
    with pytest.raises(ValueError, match="1 tiles"):
        reduction.components()


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
    assert reduced([], 0).first.tolist() == [0]
