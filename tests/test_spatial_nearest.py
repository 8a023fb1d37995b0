"""Nearest neighbours against a double loop, and against vessels scattered in tissues of many shapes."""

from math import hypot, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from mvd.spatial import nearest_neighbours
from mvd.tissue import Tissue

Points = NDArray[np.float64]


def tissue_of(mask: NDArray[np.bool_], mpp: float = 8.0) -> Tissue:
    return Tissue(mask, ~mask, mpp, (240.0, 240.0, 240.0), "user")


def disc_mask(size: int = 200) -> NDArray[np.bool_]:
    row, col = np.mgrid[:size, :size] - (size - 1) / 2
    return np.hypot(row, col) < size / 2 - 4


def strip_mask() -> NDArray[np.bool_]:
    mask = np.zeros((90, 700), dtype=np.bool_)
    mask[10:70, 5:-5] = True
    return mask


def scattered(rng: np.random.Generator, tissue: Tissue, vessels: int) -> Points:
    rows, cols = np.nonzero(tissue.mask)
    chosen = rng.integers(0, len(rows), vessels)
    return (np.stack([cols[chosen], rows[chosen]], axis=1) + rng.random((vessels, 2))) * tissue.mpp


def by_double_loop(xy_um: Points, mask: NDArray[np.bool_], mpp: float) -> tuple[float, int]:
    """Hanisch's mean with every distance looked for one by one."""
    framed = np.pad(mask, 1)
    outside = np.argwhere(~framed) - 1
    edge_um = {
        (int(row), int(col)): (np.hypot(*(outside - [row, col]).T).min() - 0.5) * mpp
        for row, col in np.argwhere(mask)
    }
    above, below, used = 0.0, 0.0, 0
    for i, (x, y) in enumerate(xy_um):
        nearest = min(hypot(x - u, y - v) for j, (u, v) in enumerate(xy_um) if j != i)
        if nearest <= edge_um[int(y // mpp), int(x // mpp)]:
            inner = sum(distance >= nearest for distance in edge_um.values())
            above, below, used = above + nearest / inner, below + 1 / inner, used + 1
    return above / below, used


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_is_the_mean_of_a_double_loop(seed):
    rng = np.random.default_rng(seed)
    mask = rng.random((8, 10)) > 0.15
    mask = mask.repeat(4, axis=0).repeat(4, axis=1)
    tissue = tissue_of(mask)
    xy_um = scattered(rng, tissue, 60)
    found = nearest_neighbours(xy_um, tissue)
    mean_um, used = by_double_loop(xy_um, mask, 8.0)
    assert found.mean_um == pytest.approx(mean_um, rel=1e-12)
    assert found.used == used > 5


@pytest.mark.parametrize("mask", [disc_mask(), strip_mask()], ids=["disc", "strip"])
def test_the_edge_leaves_no_bias(mask):
    """Vessels at random have a mean of 1 / (2 sqrt(density)); the plain mean is larger, the more so in a strip."""
    tissue = tissue_of(mask)
    rng = np.random.default_rng(7)
    expected_um = 0.5 / sqrt(120 / (tissue.area_mm2 * 1e6))
    found = [nearest_neighbours(scattered(rng, tissue, 120), tissue) for _ in range(400)]
    corrected = np.array([one.mean_um for one in found])
    error_um = corrected.std() / sqrt(len(found))
    assert abs(corrected.mean() - expected_um) < 4 * error_um + 0.005 * expected_um
    assert np.mean([one.uncorrected_um for one in found]) > 1.02 * expected_um
    assert np.mean([one.clark_evans for one in found]) == pytest.approx(1, abs=0.02)


def test_clusters_are_below_1_and_a_lattice_is_above():
    tissue = tissue_of(np.ones((250, 250), dtype=np.bool_))
    rng = np.random.default_rng(9)
    clusters = (rng.uniform(200, 1800, (30, 1, 2)) + rng.normal(0, 25, (30, 10, 2))).reshape(-1, 2)
    lattice = np.stack(np.meshgrid(np.arange(50, 2000, 100), np.arange(50, 2000, 100)), axis=-1).reshape(
        -1, 2
    )
    assert nearest_neighbours(clusters, tissue).clark_evans < 0.5
    regular = nearest_neighbours(lattice.astype(float), tissue)
    assert regular.mean_um == pytest.approx(100)
    assert regular.clark_evans == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize(
    ("vessels", "uncorrected"), [([], None), ([[500, 500]], None), ([[10, 10], [1900, 1900]], True)]
)
def test_too_few_vessels_have_no_mean(vessels, uncorrected):
    found = nearest_neighbours(
        np.array(vessels, float).reshape(-1, 2), tissue_of(np.ones((250, 250), dtype=np.bool_))
    )
    assert (found.mean_um, found.clark_evans, found.used) == (None, None, 0)
    assert (found.uncorrected_um is not None) == bool(uncorrected)


def test_two_vessels_in_one_place_are_at_distance_0():
    tissue = tissue_of(np.ones((250, 250), dtype=np.bool_))
    assert nearest_neighbours(np.full((2, 2), 900.0), tissue).mean_um == 0


def test_vessels_beside_the_tissue_are_not_used():
    mask = np.zeros((250, 250), dtype=np.bool_)
    mask[:, :100] = True
    found = nearest_neighbours(np.array([[1500.0, 900], [1500, 900]]), tissue_of(mask))
    assert (found.mean_um, found.used, found.uncorrected_um) == (None, 0, 0)
