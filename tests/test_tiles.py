"""Tiles cover the search area once, whatever its shape; the fit's windows depend on the tissue alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvd.geometry import Rect
from mvd.runs import search_index
from mvd.tiles import sample_windows, tiles_over

shapes = st.tuples(st.integers(1, 300), st.integers(1, 300))
scales = st.floats(0.02, 1.0)


def mask_for(shape_px: tuple[int, int], scale: float, seed: int, part: float) -> np.ndarray:
    """A mask at ``scale`` px per px of the level, as an overview has it: partial blocks are dropped."""
    rows, cols = (max(1, int(length * scale)) for length in shape_px)
    return np.random.default_rng(seed).random((rows, cols)) < part


@given(shapes, st.integers(1, 400), st.integers(0, 40), scales, st.integers(0, 99), st.floats(0, 1))
@settings(max_examples=80, deadline=None)
def test_cores_cover_the_mask_without_overlap(
    shape_px: tuple[int, int], tile_px: int, reach_px: int, scale: float, seed: int, part: float
) -> None:
    mask = mask_for(shape_px, scale, seed, part)
    times = np.zeros(shape_px, int)
    for tile in tiles_over(shape_px, tile_px, reach_px, mask, scale):
        assert tile.core.area_px > 0
        assert tile.core.clipped(shape_px) == tile.core
        assert max(tile.core.height, tile.core.width) <= tile_px
        assert tile.halo == tile.core.grown(reach_px).clipped(shape_px)
        times[tile.core.slices()] += 1
    assert times.max(initial=0) <= 1
    # Wherever the scan looks up the mask as true, there is a tile to answer for it.
    rows = search_index(shape_px[0], scale, 1.0, mask.shape[0])
    cols = search_index(shape_px[1], scale, 1.0, mask.shape[1])
    assert times[mask[np.ix_(rows, cols)]].all()


@given(shapes, st.integers(8, 400))
@settings(max_examples=50, deadline=None)
def test_no_tissue_no_tiles_and_all_tissue_all_tiles(shape_px: tuple[int, int], tile_px: int) -> None:
    mask = np.ones(shape_px, bool)
    assert tiles_over(shape_px, tile_px, 3, ~mask, 1.0) == []
    covered = sum(tile.core.area_px for tile in tiles_over(shape_px, tile_px, 3, mask, 1.0))
    assert covered == shape_px[0] * shape_px[1]


def test_glass_far_from_tissue_is_not_read() -> None:
    mask = np.zeros((10, 10), bool)
    mask[0, 0] = True
    assert [tile.core for tile in tiles_over((1000, 1000), 100, 5, mask, 0.01)] == [Rect(0, 0, 100, 100)]


@given(shapes, st.integers(1, 200), st.integers(1, 24), scales, st.integers(0, 99), st.floats(0, 1))
@settings(max_examples=80, deadline=None)
def test_windows_lie_on_tissue_and_apart(
    shape_px: tuple[int, int], side_px: int, most: int, scale: float, seed: int, part: float
) -> None:
    mask = mask_for(shape_px, scale, seed, part)
    windows = sample_windows(shape_px, mask, scale, side_px, most)
    assert len(windows) <= most
    assert windows or not mask.any()
    times = np.zeros(shape_px, int)
    for window in windows:
        assert window.area_px > 0
        assert window.clipped(shape_px) == window
        times[window.slices()] += 1
    assert times.max(initial=0) <= 1
    assert windows == sample_windows(shape_px, mask.copy(), scale, side_px, most)


def test_full_windows_are_preferred_and_spread() -> None:
    mask = np.zeros((40, 40), bool)
    mask[:, 2:38] = True
    windows = sample_windows((4000, 4000), mask, 0.01, 400, 10)
    assert len(windows) == 10
    assert all(window.col >= 400 and window.col_stop <= 3600 for window in windows)
    assert {window.row // 400 for window in windows} == set(range(10))


@pytest.mark.parametrize("tissue_px", [(3, 3), (1, 40)])
def test_a_little_tissue_still_gives_windows(tissue_px: tuple[int, int]) -> None:
    mask = np.zeros((40, 40), bool)
    mask[: tissue_px[0], : tissue_px[1]] = True
    assert sample_windows((4000, 4000), mask, 0.01, 400, 10)
