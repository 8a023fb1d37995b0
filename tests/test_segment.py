"""One tile's candidate mask: the same in every tile, and what the thresholds mean."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvd.geometry import Rect
from mvd.segment import (
    SKIRT,
    WALL,
    ZERO_MILLI_OD,
    Segmenter,
    candidate_mask,
    local_filters,
    make_segmenter,
    smooth_dab,
    to_stored,
)
from mvd.settings import StainSettings, VesselSettings
from mvd.stain import Stain, fit_stain_matrix, stain_amounts

WHITE = (240.0, 240.0, 240.0)
MATRIX = fit_stain_matrix(np.zeros((0, 3), np.uint8), WHITE, StainSettings(method="preset"))
STAIN = Stain(WHITE, MATRIX, 0.05, 0.1, 0.15, 0.25)
SIZES = (0.25, 0.37, 0.5, 0.9)  # um/px


def segmenter_at(mpp: float, **changes: float) -> Segmenter:
    return make_segmenter(STAIN, VesselSettings(**changes), mpp)


def field(shape_px: tuple[int, int], seed: int, grain_px: float = 2.0) -> np.ndarray:
    """Blotches of DAB round the thresholds, with hematoxylin and noise, (h, w, 3) uint8."""
    rng = np.random.default_rng(seed)
    od = np.zeros((*shape_px, 3))
    for vector, mean, spread in ((MATRIX.vectors[0], 0.15, 0.1), (MATRIX.vectors[1], 0.15, 0.15)):
        blotches = cv2.GaussianBlur(rng.normal(0, 1, shape_px), (0, 0), grain_px)
        amount = np.clip(mean + spread * blotches / blotches.std(), 0, None)
        od += amount[..., None] * vector
    light = 241 * 10**-od - 1 + rng.normal(0, 1, od.shape)
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)


def segment(rgb: np.ndarray, segmenter: Segmenter) -> tuple[np.ndarray, np.ndarray]:
    dab = smooth_dab(rgb, segmenter.luts, segmenter.filters)
    return dab, candidate_mask(dab, segmenter)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(SIZES),
    st.tuples(st.integers(0, 89), st.integers(0, 99)),
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.sampled_from([{}, {"close_um": 3.0}, {"blur_um": 0.0}, {"edge_reach_um": 5.0, "blur_um": 1.5}]),
)
@settings(max_examples=150, deadline=None)
def test_a_tile_with_its_halo_gives_what_the_whole_gives(
    seed: int, mpp: float, corner: tuple[int, int], size: tuple[int, int], changes: dict[str, float]
) -> None:
    rgb = field((90, 100), seed)
    segmenter = segmenter_at(mpp, **changes)
    core = Rect(*corner, *size).clipped(rgb.shape[:2])
    halo = core.grown(segmenter.filters.reach_px).clipped(rgb.shape[:2])
    for whole, part in zip(segment(rgb, segmenter), segment(rgb[halo.slices()], segmenter), strict=True):
        np.testing.assert_array_equal(whole[core.slices()], part[core.slices(halo)])


@pytest.mark.parametrize("mpp", SIZES)
def test_the_reach_is_enough_and_not_much_too_much(mpp: float) -> None:
    """Change one pixel, and see how far away an answer changes."""
    segmenter = segmenter_at(mpp)
    reach = segmenter.filters.reach_px
    side = 4 * reach + 21
    farthest = 0
    for seed in range(60):
        rgb = field((side, side), seed, grain_px=1.0)
        changed = rgb.copy()
        changed[side // 2, side // 2] = (10, 5, 0) if seed % 2 else 255
        moved = segment(rgb, segmenter)[1] != segment(changed, segmenter)[1]
        if moved.any():
            farthest = max(farthest, int(np.abs(np.argwhere(moved) - side // 2).max()))
    assert reach / 2 <= farthest <= reach


@pytest.mark.parametrize("mpp", SIZES)
@pytest.mark.parametrize("changes", [{}, {"blur_um": 0.0, "close_um": 0.0, "edge_reach_um": 0.0}])
def test_windows_are_odd_and_follow_the_settings(mpp: float, changes: dict[str, float]) -> None:
    settings = VesselSettings(**changes)
    filters = local_filters(settings, mpp)
    for side in (filters.blur_px, filters.edge_px, filters.close_px):
        assert side % 2 == 1
    assert filters.blur_sigma_px == pytest.approx(settings.blur_um / mpp)
    assert filters.edge_px * mpp == pytest.approx(2 * settings.edge_reach_um + mpp, abs=mpp + 1e-9)
    assert filters.close_px * mpp == pytest.approx(2 * settings.close_um + mpp, abs=mpp + 1e-9)
    assert (filters.reach_px == 0) == bool(changes)


def test_dab_is_the_unmixed_dab() -> None:
    rgb = field((50, 60), 1)
    segmenter = segmenter_at(0.5, blur_um=0.0)
    dab = smooth_dab(rgb, segmenter.luts, segmenter.filters).astype(int) - ZERO_MILLI_OD
    truth = 1000 * stain_amounts(rgb, WHITE, MATRIX)[..., 1]
    assert np.abs(dab - truth).max() <= 0.6  # rounding to whole milli-OD, and the tables


def test_blur_keeps_the_mean_and_takes_the_noise() -> None:
    rng = np.random.default_rng(0)
    rgb = np.clip(rng.normal((190, 170, 160), 5, (200, 200, 3)), 0, 255).astype(np.uint8)
    raw, smooth = (
        smooth_dab(rgb, STAIN_LUTS, local_filters(VesselSettings(blur_um=blur_um), 0.5))
        for blur_um in (0.0, 0.5)
    )
    assert smooth.mean() == pytest.approx(raw.mean(), abs=1.0)
    assert smooth.std() < 0.5 * raw.std()


STAIN_LUTS = segmenter_at(0.5).luts


def test_no_pixel_overflows() -> None:
    ends = np.array([[[0, 0, 0], [255, 255, 255], [255, 255, 0], [0, 0, 255]]], np.uint8)
    dab = smooth_dab(ends, STAIN_LUTS, local_filters(VesselSettings(blur_um=0.0), 0.5)).astype(int)
    truth = 1000 * stain_amounts(ends, WHITE, MATRIX)[..., 1] + ZERO_MILLI_OD
    np.testing.assert_allclose(dab, np.clip(truth, 0, 65535), atol=0.6)


def plain(**changes: int) -> Segmenter:
    """No closing; edges looked for 4 px around; background 50, low 150 milli-OD."""
    segmenter = segmenter_at(0.5, close_um=0.0, edge_reach_um=2.0)
    return replace(segmenter, **changes)


def stored(milli_od: np.ndarray) -> np.ndarray:
    return (milli_od + ZERO_MILLI_OD).astype(np.uint16)


def test_a_candidate_reaches_the_low_threshold_exactly() -> None:
    dab = stored(np.array([[149, 150, 151, 0, -200, 149]]))
    assert (candidate_mask(dab, plain()) > 0).tolist() == [[False, True, True, False, False, False]]


def test_the_threshold_in_od_is_the_one_in_milli_od() -> None:
    segmenter = segmenter_at(0.5)
    assert segmenter.low == to_stored(STAIN.low_od) == 150 + ZERO_MILLI_OD
    assert segmenter.background == to_stored(STAIN.background_od)


def test_the_edge_of_a_wall_lies_at_its_part_of_the_strongest_nearby() -> None:
    profile = np.full((1, 40), 50)
    profile[0, 10:15] = [200, 299, 300, 400, 550]  # half of (550 - 50) above 50 is 300
    mask = candidate_mask(stored(profile), plain(edge_most=2000))
    assert mask[0, 9:16].tolist() == [0, SKIRT, SKIRT, WALL, WALL, WALL, 0]
    faint = candidate_mask(stored(np.where(profile == 550, 50, profile)), plain(edge_most=2000))
    assert faint[0, 11] == WALL, "without the strong neighbour, the same pixel is wall"


def test_what_is_dark_enough_is_wall_beside_any_neighbour() -> None:
    profile = np.full((1, 40), 50)
    profile[0, 10:13] = [349, 350, 1500]
    mask = candidate_mask(stored(profile), plain(edge_most=300))
    assert mask[0, 9:14].tolist() == [0, SKIRT, WALL, WALL, 0]


@given(st.integers(0, 2**32 - 1), st.sampled_from(SIZES), st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_wall_is_never_without_candidate_and_a_higher_threshold_never_adds(
    seed: int, mpp: float, percent: int
) -> None:
    segmenter = replace(segmenter_at(mpp), edge_percent=percent)
    dab, mask = segment(field((60, 60), seed), segmenter)
    assert set(np.unique(mask)) <= {0, SKIRT, WALL}
    assert ((mask > 0) >= (dab >= segmenter.low)).all(), "closing only adds"
    higher = candidate_mask(dab, replace(segmenter, low=segmenter.low + 40))
    assert ((higher > 0) <= (mask > 0)).all()
    assert ((higher == WALL) <= (mask == WALL)).all()


@pytest.mark.parametrize(("gap_px", "closes"), [(1, True), (2, True), (8, False)])
def test_gaps_up_to_the_closing_are_closed(gap_px: int, closes: bool) -> None:
    profile = np.full((21, 60), 50)
    profile[8:13, 10:30] = profile[8:13, 30 + gap_px : 50] = 600
    segmenter = replace(segmenter_at(0.5, close_um=1.0), background=to_stored(0.05))
    mask = candidate_mask(stored(profile), segmenter)
    assert bool((mask[10, 10:50] > 0).all()) is closes
    assert not (mask[:7] > 0).any()


def test_tissue_at_the_background_has_no_candidate() -> None:
    even = np.full((40, 40), 50)
    assert not candidate_mask(stored(even), segmenter_at(0.5)).any()
