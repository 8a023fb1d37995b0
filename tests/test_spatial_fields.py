"""Systematic fields against a loop over vessels and pixels, and their coefficient of error against the real spread."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mvd.settings import SpatialSettings
from mvd.spatial import sample_fields
from mvd.spatial.fields import error_gundersen, error_of_fields
from mvd.tissue import Tissue

Points = NDArray[np.float64]


def tissue_of(mask: NDArray[np.bool_], mpp: float = 8.0) -> Tissue:
    return Tissue(mask, ~mask, mpp, (240.0, 240.0, 240.0), "user")


def round_tissue(size: int = 900) -> Tissue:
    row, col = np.mgrid[:size, :size] - size / 2
    return tissue_of(np.hypot(row, col * 0.8) < size * 0.38)


def within(xy_um: Points, tissue: Tissue) -> Points:
    col, row = (xy_um // tissue.mpp).astype(int).T
    inside = (row >= 0) & (col >= 0) & (row < tissue.mask.shape[0]) & (col < tissue.mask.shape[1])
    inside[inside] = tissue.mask[row[inside], col[inside]]
    return xy_um[inside]


def even(rng: np.random.Generator, tissue: Tissue, per_mm2: float) -> Points:
    side_um = len(tissue.mask) * tissue.mpp
    return within(rng.random((rng.poisson(per_mm2 * side_um**2 / 1e6), 2)) * side_um, tissue)


def clustered(rng: np.random.Generator, tissue: Tissue, per_mm2: float) -> Points:
    side_um = len(tissue.mask) * tissue.mpp
    parents = rng.random((rng.poisson(per_mm2 * side_um**2 / 1e6 / 15), 1, 2)) * side_um
    return within((parents + rng.normal(0, 60, (len(parents), 15, 2))).reshape(-1, 2), tissue)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_and_areas_are_those_of_a_loop(seed):
    rng = np.random.default_rng(seed)
    tissue = tissue_of(rng.random((9, 11)).repeat(20, axis=0).repeat(20, axis=1) > 0.4)
    xy_um = rng.random((500, 2)) * [1760, 1440]
    settings = SpatialSettings(sample_fields=12, sample_field_mm2=0.04)
    sample = sample_fields(xy_um, tissue, settings, seed)
    assert sample.side_um == pytest.approx(200)
    assert len(sample.corners_um) > 8
    fine = tissue.mask.repeat(8, axis=0).repeat(8, axis=1)  # pixels of 1 um
    for (left, top), vessels, area_mm2 in zip(
        sample.corners_um, sample.vessels, sample.tissue_mm2, strict=True
    ):
        inside = np.all((xy_um >= [left, top]) & (xy_um < [left + 200, top + 200]), axis=1)
        assert vessels == np.count_nonzero(inside)
        rows, cols = (
            np.arange(max(start, 0), min(start + 200, size))
            for start, size in ((round(top), 1440), (round(left), 1760))
        )
        assert area_mm2 * 1e6 == pytest.approx(fine[np.ix_(rows, cols)].sum(), abs=420)
    assert sample.mean_per_mm2 == pytest.approx(sample.vessels.sum() / sample.tissue_mm2.sum())


def test_a_full_census_counts_every_vessel_once():
    tissue = round_tissue(120)
    xy_um = even(np.random.default_rng(1), tissue, 400)
    settings = SpatialSettings(sample_fields=10000, sample_field_mm2=0.01)
    for seed in range(5):
        sample = sample_fields(xy_um, tissue, settings, seed)
        assert sample.step_um == sample.side_um
        assert sample.vessels.sum() == len(xy_um)
        assert sample.tissue_mm2.sum() == pytest.approx(tissue.area_mm2)


def test_the_seed_decides_the_start_alone():
    tissue = round_tissue(300)
    xy_um = even(np.random.default_rng(2), tissue, 200)
    one, same, other = (sample_fields(xy_um, tissue, SpatialSettings(), seed) for seed in (4, 4, 5))
    assert np.array_equal(one.corners_um, same.corners_um)
    assert not np.array_equal(one.corners_um[0], other.corners_um[0])
    steps = (one.corners_um - one.corners_um[0]) / one.step_um
    assert np.allclose(steps, np.rint(steps), atol=1e-9)


@pytest.mark.parametrize(("pattern", "gundersen_holds"), [(even, True), (clustered, False)])
def test_the_error_is_the_spread_over_slides_and_starts(pattern, gundersen_holds):
    """Of a Poisson pattern both errors are right; of clusters only the one from the differences of fields."""
    tissue = round_tissue()
    rng = np.random.default_rng(8)
    settings = SpatialSettings(sample_fields=60, sample_field_mm2=0.05)
    samples = [sample_fields(pattern(rng, tissue, 150), tissue, settings, seed) for seed in range(150)]
    means = np.array([sample.mean_per_mm2 for sample in samples])
    spread = means.std() / means.mean()
    of_fields = np.sqrt(np.mean([sample.error_of_fields**2 for sample in samples]))
    gundersen = np.sqrt(np.mean([sample.error_gundersen**2 for sample in samples]))
    assert means.mean() == pytest.approx(150, rel=0.03)
    assert of_fields == pytest.approx(spread, rel=0.2)
    assert (gundersen == pytest.approx(spread, rel=0.25)) == gundersen_holds
    if not gundersen_holds:
        assert gundersen < spread


def test_a_slow_change_over_the_slide_is_no_error():
    """Ten times the vessels on one side: fields at random would differ far more than a systematic sample does."""
    tissue = round_tissue(600)
    rng = np.random.default_rng(9)
    settings = SpatialSettings(sample_fields=60, sample_field_mm2=0.05)
    xy_um = even(rng, tissue, 1000)
    xy_um = xy_um[rng.random(len(xy_um)) < 0.1 + 0.9 * (xy_um[:, 0] / 4800)]
    samples = [sample_fields(xy_um, tissue, settings, seed) for seed in range(60)]
    spread = np.std([sample.mean_per_mm2 for sample in samples]) / (len(xy_um) / tissue.area_mm2)
    independent = np.mean(
        [np.std(s.vessels / s.tissue_mm2) / np.sqrt(len(s.vessels)) / s.mean_per_mm2 for s in samples]
    )
    error = np.mean([sample.error_of_fields for sample in samples])
    assert spread < error < 0.75 * independent


def test_gundersens_error_is_the_published_formula():
    strips = np.array([4, 9, 16, 12, 5])
    squares, next_to, after_next = 522, 36 + 144 + 192 + 60, 64 + 108 + 80
    assert squares == (strips**2).sum()
    variance = 46 + max((3 * (522 - 46) - 4 * next_to + after_next) / 12, 0)
    assert error_gundersen(strips) == pytest.approx(variance**0.5 / 46)
    assert error_gundersen(np.array([30])) == pytest.approx((30 + 870 * 3 / 12) ** 0.5 / 30)


def test_where_nothing_can_be_said_nothing_is_said():
    empty = sample_fields(np.empty((0, 2)), round_tissue(200), SpatialSettings(), 1)
    assert (empty.mean_per_mm2, empty.error_of_fields, empty.error_gundersen) == (0, None, None)
    none = sample_fields(
        np.array([[5.0, 5.0]]), tissue_of(np.zeros((50, 50), dtype=np.bool_)), SpatialSettings(), 1
    )
    assert none.mean_per_mm2 is None
    assert len(none.corners_um) == len(none.vessels) == 0
    alone = np.zeros((3, 3))
    alone[1, 1] = 0.1
    assert error_of_fields((alone * 50).astype(int), alone) is None


def test_regions_that_cut_pixels_count_with_their_part():
    parts = np.full((100, 100), 102, np.uint8)
    tissue = replace(tissue_of(parts > 127), parts=parts)
    sample = sample_fields(
        np.empty((0, 2)), tissue, SpatialSettings(sample_fields=10000, sample_field_mm2=0.01), 1
    )
    assert sample.tissue_mm2.sum() == pytest.approx(tissue.area_mm2)
