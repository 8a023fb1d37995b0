"""The density map against kernels summed one by one, and against what it must add up to."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mvd.spatial import density_map
from mvd.spatial.grid import tissue_grid
from mvd.tissue import Tissue

Points = NDArray[np.float64]


def tissue_of(mask: NDArray[np.bool_], mpp: float = 8.0) -> Tissue:
    return Tissue(mask, ~mask, mpp, (240.0, 240.0, 240.0), "user")


def ragged(seed: int, shape: tuple[int, int] = (300, 401)) -> NDArray[np.bool_]:
    """Tissue with bays, islands and holes."""
    rng = np.random.default_rng(seed)
    row, col = np.mgrid[: shape[0], : shape[1]] / 60.0
    waves = [rng.normal(0, 1.5, 3) for _ in range(5)]
    return sum(np.sin(a * row + b * col + c) for a, b, c in waves) > -0.5


def scattered(rng: np.random.Generator, tissue: Tissue, vessels: int) -> Points:
    rows, cols = np.nonzero(tissue.mask)
    chosen = rng.integers(0, len(rows), vessels)
    return (np.stack([cols[chosen], rows[chosen]], axis=1) + rng.random((vessels, 2))) * tissue.mpp


def summed(vessels_px: Points, mask: NDArray[np.bool_], sigma_px: float) -> NDArray[np.float64]:
    """Kernels with every pair of pixels in one matrix, scaled until all its rows and columns add up to 1."""
    pixels = np.argwhere(mask)
    apart = ((pixels[:, None] - pixels[None]) ** 2).sum(axis=2)
    kernel = np.exp(-apart / (2 * sigma_px**2))
    for _ in range(60):
        kernel /= kernel.sum(axis=0)
        kernel /= kernel.sum(axis=1)[:, None]
    at = {(row, col): k for k, (row, col) in enumerate(pixels.tolist())}
    density = np.zeros(mask.shape)
    for row, col in vessels_px.tolist():
        density[mask] += kernel[:, at[row, col]]
    return density


@pytest.mark.parametrize("mpp", [1.0, 4.0, 8.0])
@pytest.mark.parametrize("bandwidth_um", [20.0, 150.0])
def test_the_map_adds_up_to_the_vessels(mpp, bandwidth_um):
    tissue = tissue_of(ragged(1), mpp)
    xy_um = scattered(np.random.default_rng(2), tissue, 700)
    found = density_map(xy_um, tissue, bandwidth_um)
    total = np.nansum(found.per_mm2.astype(float) * found.tissue_part) * (found.mpp / 1000) ** 2
    assert total == pytest.approx(700, rel=1e-5)
    assert found.per_mm2.dtype == np.float32
    assert np.array_equal(np.isnan(found.per_mm2), found.tissue_part == 0)
    assert found.mpp <= max(mpp, bandwidth_um / 6)


def test_it_is_the_sum_of_one_kernel_for_each_vessel():
    mask = ragged(3, (50, 60))
    vessels_px = np.argwhere(mask)[np.random.default_rng(4).integers(0, mask.sum(), 40)]
    found = density_map((vessels_px[:, ::-1] + 0.5) * 20.0, tissue_of(mask, 20.0), 100.0)
    exact = summed(vessels_px, mask, 5.0) * 1e6 / 400
    assert np.array_equal(found.tissue_part > 0, mask)
    assert np.abs(found.per_mm2[mask] - exact[mask]).max() < 0.01 * exact.max()


@pytest.mark.parametrize("mpp", [2.0, 8.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_even_pattern_is_even_up_to_the_rim(seed, mpp):
    """A vessel in every pixel. Without any correction the density halves at the rim, and is a quarter at a corner."""
    mask = ragged(seed)
    rows, cols = np.nonzero(mask)
    found = density_map((np.stack([cols, rows], axis=1) + 0.5) * mpp, tissue_of(mask, mpp), 150.0)
    ratio = found.per_mm2[found.tissue_part > 0] * mpp**2 / 1e6
    assert 0.97 < ratio.min() < ratio.max() < 1.01


def test_a_vessel_beside_the_tissue_is_kept_and_one_far_away_is_left_out():
    mask = np.zeros((200, 200), dtype=np.bool_)
    mask[50:150, 50:150] = True
    tissue = tissue_of(mask)

    def total(*xy_um: tuple[float, float]) -> float:
        found = density_map(np.array(xy_um).reshape(-1, 2), tissue, 50.0)
        return float(np.nansum(found.per_mm2.astype(float) * found.tissue_part) * (found.mpp / 1000) ** 2)

    assert total((395.0, 800.0)) == pytest.approx(1, rel=1e-5)
    assert total((10.0, 10.0)) == 0
    assert total() == 0


def test_a_coarse_grid_keeps_the_area():
    for factor in (1, 2, 3, 7, 400):
        tissue = tissue_of(ragged(6, (203, 301)), 2.0)
        grid = tissue_grid(tissue, 2.0 * factor)
        assert grid.mpp == 2.0 * factor
        assert grid.area_mm2 == pytest.approx(tissue.area_mm2, rel=1e-6)
        assert grid.part[0, 0] == pytest.approx(tissue.mask[:factor, :factor].sum() / factor**2)


def test_regions_that_cut_pixels_count_with_their_part():
    parts = np.full((40, 40), 255, np.uint8)
    parts[:, 20:] = 51
    tissue = replace(tissue_of(parts > 127), parts=parts)
    assert tissue_grid(tissue, 8.0).area_mm2 == pytest.approx(tissue.area_mm2)
    assert tissue_grid(tissue, 24.0).area_mm2 == pytest.approx(tissue.area_mm2)
    assert tissue_grid(tissue, 8.0).part[0, 30] == np.float32(0.2)
