"""Ripley's L against a double loop over pairs and pixels, and the envelope against its promise of 5 %."""

from math import cos, pi, sin, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kstest

from mvd.spatial import measure_nulls, pair_window, ripley_test, tissue_runs
from mvd.spatial.pairs import pair_counts
from mvd.tissue import Tissue

Points = NDArray[np.float64]


def tissue_of(mask: NDArray[np.bool_], mpp: float = 8.0) -> Tissue:
    return Tissue(mask, ~mask, mpp, (240.0, 240.0, 240.0), "user")


def ragged(seed: int, shape: tuple[int, int]) -> NDArray[np.bool_]:
    rng = np.random.default_rng(seed)
    row, col = np.mgrid[: shape[0], : shape[1]] / 25.0
    waves = [rng.normal(0, 1.5, 3) for _ in range(5)]
    return sum(np.sin(a * row + b * col + c) for a, b, c in waves) > -0.5


def overlap_mm2(mask: NDArray[np.bool_], mpp: float, x_um: float, y_um: float) -> float:
    """Area that a mask of square pixels shares with itself moved by (x, y), pixel pair by pixel pair."""
    row, col = int(y_um // mpp), int(x_um // mpp)
    down, right = y_um / mpp - row, x_um / mpp - col
    padded = np.pad(mask, 60).astype(float)
    total = 0.0
    for i, part_i in ((row, 1 - down), (row + 1, down)):
        for j, part_j in ((col, 1 - right), (col + 1, right)):
            total += part_i * part_j * (padded * np.roll(padded, (i, j), (0, 1))).sum()
    return total * mpp**2 / 1e6


@pytest.mark.parametrize("seed", range(6))
def test_pairs_are_those_of_a_double_loop(seed):
    rng = np.random.default_rng(seed)
    xy_um = rng.random((rng.integers(0, 150), 2)) * rng.choice([30, 900, 5000])
    if seed % 2:
        xy_um = np.round(xy_um, -1)  # a lattice: many at one distance, and some in one place
    apart = np.hypot(*(xy_um[:, None] - xy_um[None]).transpose(2, 0, 1))[np.triu_indices(len(xy_um), 1)]
    counts = pair_counts(xy_um, 200.0, 40)
    limits = np.arange(1, 41) * 5.0
    assert np.cumsum(counts).tolist() == [np.count_nonzero(apart <= limit) for limit in limits]
    assert np.array_equal(counts, pair_counts(rng.permutation(xy_um) + 1e4, 200.0, 40)) or not seed % 2


def test_the_overlap_is_the_mean_over_all_directions():
    mask = ragged(2, (70, 90))
    window = pair_window(tissue_of(mask, 16.0), 250.0)
    assert window.area_mm2 == pytest.approx(mask.sum() * 256e-6)
    for k in (0, 40, 111, 249):
        lag_um = (k + 0.5) * 1.0
        angles = (np.arange(200) + 0.5) * 2 * pi / 200
        mean = np.mean([overlap_mm2(mask, 16.0, lag_um * cos(a), lag_um * sin(a)) for a in angles])
        assert window.overlap_mm2[k] == pytest.approx(mean, rel=2e-4)


def test_l_is_the_sum_over_pairs():
    mask = ragged(4, (70, 90))
    tissue = tissue_of(mask, 16.0)
    window = pair_window(tissue, 200.0)
    xy_um = tissue_runs(tissue).scatter(80, np.random.SeedSequence(3))
    k_um2 = np.zeros(50)
    for i in range(80):
        for j in range(80):
            distance = float(np.hypot(*(xy_um[i] - xy_um[j])))
            if i != j and distance <= 200:
                weight = np.interp(distance, (np.arange(250) + 0.5) * 0.8, window.overlap_mm2)
                k_um2[window.radii_um >= distance] += window.area_mm2**2 / (80 * 79) / weight * 1e6
    assert window.l_um(window.pairs(xy_um), 80) == pytest.approx(np.sqrt(k_um2 / pi), rel=1e-3)


@pytest.mark.parametrize(
    "mask", [np.ones((120, 120), dtype=np.bool_), ragged(6, (130, 150))], ids=["square", "ragged"]
)
def test_vessels_at_random_have_l_equal_to_r(mask):
    """K without correction would be a quarter too low at 250 um in a square of 1 mm."""
    tissue = tissue_of(mask)
    window, runs = pair_window(tissue, 250.0), tissue_runs(tissue)
    streams = np.random.SeedSequence(11).spawn(300)
    curves = [window.l_um(window.pairs(runs.scatter(150, stream)), 150) ** 2 for stream in streams]
    mean, error = np.mean(curves, axis=0), np.std(curves, axis=0) / sqrt(len(curves))
    assert np.all(np.abs(mean - window.radii_um**2) < 4 * error + 0.004 * window.radii_um**2)


def test_one_slide_in_twenty_leaves_the_envelope_by_chance():
    tissue = tissue_of(ragged(6, (130, 150)))
    window, runs = pair_window(tissue, 250.0), tissue_runs(tissue)
    streams = np.random.SeedSequence(21).spawn(200)
    p = []
    for k, stream in enumerate(streams):
        nulls = measure_nulls(runs, 60, window.pairs, nulls=39, seed=1000 + k)
        test = ripley_test(runs.scatter(60, stream), window, nulls)
        left = np.any((test.l_um > test.high_um) | ((test.l_um < test.low_um) & (test.low_um > 0)))
        assert not left or test.p <= 0.05
        p.append(test.p)
    assert kstest(np.array(p) - np.random.default_rng(0).random(200) / 40, "uniform").pvalue > 0.01
    assert 0.01 <= np.mean(np.array(p) <= 0.05) <= 0.10


def test_clusters_and_lattices_leave_the_envelope():
    tissue = tissue_of(np.ones((250, 250), dtype=np.bool_))
    window, runs = pair_window(tissue, 250.0), tissue_runs(tissue)
    rng = np.random.default_rng(5)
    parents = rng.uniform(200, 1800, (40, 1, 2))
    clustered = (parents + rng.normal(0, 40, (40, 5, 2))).reshape(-1, 2)
    lattice = np.stack(np.meshgrid(*[np.arange(70, 2000, 140.0)] * 2), axis=-1).reshape(-1, 2)[:196]
    for xy_um, above in ((clustered, True), (lattice + rng.normal(0, 5, lattice.shape), False)):
        nulls = measure_nulls(runs, len(xy_um), window.pairs, nulls=199, seed=1)
        test = ripley_test(xy_um, window, nulls)
        assert test.p == 1 / 200
        outside = test.l_um > test.high_um if above else test.l_um < test.low_um
        assert outside.any()
        assert np.all(test.low_um <= test.expected_um)
        assert np.all(test.expected_um <= test.high_um)


def test_where_nothing_can_be_said_nothing_is_said():
    tissue = tissue_of(np.ones((100, 100), dtype=np.bool_))
    window = pair_window(tissue, 250.0)
    some = [np.zeros(250, np.int64)] * 19
    assert ripley_test(np.zeros((1, 2)), window, some) is None
    assert ripley_test(np.zeros((2, 2)), window, some[:18]) is None
    speck = pair_window(tissue_of(np.eye(3, dtype=np.bool_)), 250.0)
    assert len(speck.radii_um) < 10
    assert (
        ripley_test(np.zeros((2, 2)), pair_window(tissue_of(np.zeros((9, 9), dtype=np.bool_)), 250.0), some)
        is None
    )
