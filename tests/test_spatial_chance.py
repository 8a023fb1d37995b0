"""Random patterns lie evenly on the tissue; p-values are uniform without hot spots, and small where one was planted."""

from math import log

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chisquare, gumbel_r, kstest, poisson

from mvd.hotspots import find_hotspots
from mvd.settings import HotspotSettings
from mvd.spatial import NullMaxima, measure_nulls, tissue_runs
from mvd.tissue import Tissue

Points = NDArray[np.float64]

FIELD = HotspotSettings(field_mm2=0.1, count=1)


def tissue_of(mask: NDArray[np.bool_], mpp: float = 8.0) -> Tissue:
    return Tissue(mask, ~mask, mpp, (240.0, 240.0, 240.0), "user")


def ragged(seed: int, shape: tuple[int, int] = (250, 260)) -> Tissue:
    rng = np.random.default_rng(seed)
    row, col = np.mgrid[: shape[0], : shape[1]] / 50.0
    waves = [rng.normal(0, 1.5, 3) for _ in range(5)]
    return tissue_of(sum(np.sin(a * row + b * col + c) for a, b, c in waves) > -0.5)


def fullest_field(xy_um: Points) -> int:
    """Most vessels in one circle, over all centres: the exact search."""
    return find_hotspots(xy_um, FIELD, tissue_of(np.ones((1, 1), dtype=np.bool_)))[0].vessels


def null_maxima(maxima: list[int], vessels: int, tissue: Tissue) -> NullMaxima:
    return NullMaxima(np.array(maxima), vessels, vessels * FIELD.field_mm2 / tissue.area_mm2)


@pytest.mark.parametrize("seed", [1, 2])
def test_vessels_are_scattered_over_the_pixels_of_tissue(seed):
    tissue = ragged(seed)
    xy_um = tissue_runs(tissue).scatter(5000, np.random.SeedSequence(seed))
    draws = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed))).random((5000, 3))
    rows, cols = np.nonzero(tissue.mask)
    chosen = (draws[:, 0] * len(rows)).astype(int)
    assert np.array_equal(xy_um, (np.stack([cols[chosen], rows[chosen]], axis=1) + draws[:, 1:]) * 8.0)


def test_every_part_of_the_tissue_gets_its_share():
    tissue = ragged(3)
    xy_um = tissue_runs(tissue).scatter(40000, np.random.SeedSequence(1))
    block = 10
    cells = (xy_um // (8 * block)).astype(int)
    found = np.bincount(cells[:, 1] * 26 + cells[:, 0], minlength=25 * 26)
    area = tissue.mask.reshape(25, block, 26, block).sum(axis=(1, 3)).ravel()
    assert found[area == 0].sum() == 0
    many = area > 20
    expected = area[many] / area[many].sum() * found[many].sum()
    assert 0.001 < chisquare(found[many], expected).pvalue < 0.999


def test_the_patterns_are_the_same_for_any_number_of_threads():
    runs = tissue_runs(ragged(4))
    one = measure_nulls(runs, 70, np.copy, nulls=30, seed=9)
    for workers in (2, 7):
        again = measure_nulls(runs, 70, np.copy, nulls=30, seed=9, workers=workers)
        assert all(np.array_equal(first, second) for first, second in zip(one, again, strict=True))
    assert not np.array_equal(one[0], one[1])
    assert not np.array_equal(one[0], measure_nulls(runs, 70, np.copy, nulls=1, seed=10)[0])
    fewer = measure_nulls(runs, 70, np.copy, nulls=3, seed=9)
    assert all(np.array_equal(first, second) for first, second in zip(fewer, one, strict=False))


def test_p_is_uniform_where_vessels_lie_at_random():
    """200 slides without hot spots. Ties among whole numbers are broken at random, here only, to make p continuous."""
    tissue = ragged(5)
    runs = tissue_runs(tissue)
    rng = np.random.default_rng(6)
    reported, continuous = [], []
    for seed, stream in enumerate(np.random.SeedSequence(77).spawn(200)):
        observed = fullest_field(runs.scatter(60, stream))
        nulls = null_maxima(measure_nulls(runs, 60, fullest_field, nulls=19, seed=seed), 60, tissue)
        above, equal = np.count_nonzero(nulls.maxima > observed), np.count_nonzero(nulls.maxima == observed)
        reported.append(nulls.p(observed))
        continuous.append((above + rng.random() * (1 + equal)) / 20)
    assert kstest(continuous, "uniform").pvalue > 0.01
    for level in (0.05, 0.1, 0.2, 0.5):
        assert np.mean(np.array(reported) <= level) <= level + 3 * (level * (1 - level) / 200) ** 0.5


def test_a_planted_hot_spot_is_found():
    tissue = ragged(5)
    runs = tissue_runs(tissue)
    rng = np.random.default_rng(8)
    nulls = null_maxima(measure_nulls(runs, 80, fullest_field, nulls=99, seed=1), 80, tissue)
    p = []
    for stream in np.random.SeedSequence(3).spawn(40):
        scattered = runs.scatter(80, stream)
        planted = scattered[0] + rng.normal(0, 60, (15, 2))
        p.append(nulls.p(fullest_field(np.concatenate([scattered[15:], planted]))))
    assert np.mean(np.array(p) <= 0.01) > 0.9
    assert max(p) < 0.3


def test_the_tail_goes_on_where_the_ranks_end():
    """Fits to 199 maxima, against how often 4,000 random patterns get so far."""
    tissue = ragged(2)
    many = np.array(measure_nulls(tissue_runs(tissue), 60, fullest_field, nulls=4000, seed=1))
    high = next(count for count in range(100) if np.mean(many >= count) < 0.004)
    truth = np.mean(many >= high)
    assert truth * 4000 >= 5
    fitted = [null_maxima(maxima, 60, tissue).tail(high) for maxima in many.reshape(-1, 200)[:, :199]]
    assert abs(log(np.median(fitted) / truth)) < log(1.8)


def test_the_tail_holds_far_out_where_the_truth_is_known():
    """The fullest of 400 fields that do not overlap: the chance of its count is a sum of known ones."""
    rng = np.random.default_rng(4)
    fields, mean = 400, 20.0
    for count in (42, 46, 50):
        truth = -np.expm1(fields * poisson.logcdf(count - 1, mean))
        fitted = [
            NullMaxima(rng.poisson(mean, (199, fields)).max(axis=1), round(fields * mean), mean).tail(count)
            for _ in range(40)
        ]
        assert abs(log(np.median(fitted) / truth)) < log(3), (count, truth, np.median(fitted))


def test_p_falls_as_the_count_rises():
    maxima = np.random.default_rng(2).poisson(9, 199) + 5
    nulls = NullMaxima(maxima, 500, 6.0)
    p = [nulls.p(count) for count in range(60)]
    assert p == sorted(p, reverse=True)
    assert p[0] == 1
    assert p[int(maxima.max())] == (1 + np.count_nonzero(maxima == maxima.max())) / 200
    assert p[int(maxima.max()) + 1] <= 1 / 200
    assert 0 < p[59] < 1e-6
    assert nulls.expected == maxima.mean()


def test_the_tail_is_that_of_the_gumbel_distribution_of_the_log_ratio():
    maxima = np.random.default_rng(1).poisson(20, 199) + 8

    def ratio(count: float) -> float:
        return count * log(count / 8) + (300 - count) * log((300 - count) / (300 - 8))

    ratios = np.array([ratio(count) for count in maxima])
    scale = ratios.std(ddof=1) * 6**0.5 / np.pi
    nulls = NullMaxima(maxima, 300, 8.0)
    for count in (20, 45, 80, 299):
        expected = gumbel_r.sf(ratio(count - 0.5), ratios.mean() - np.euler_gamma * scale, scale)
        assert nulls.tail(count) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("in_field", [3.0, 12.0, 90.0])
def test_maxima_that_are_all_the_same_have_no_tail(in_field):
    """A field as large as the tissue holds every vessel of any pattern."""
    nulls = NullMaxima(np.full(99, 12), 12, in_field)
    assert nulls.p(12) == 1
    assert nulls.p(13) == 1 / 100
    assert NullMaxima(np.array([4]), 12, in_field).p(5) == 1 / 2
    assert NullMaxima(np.array([4, 5, 7]), 7, 7.0).p(8) == 1 / 4
