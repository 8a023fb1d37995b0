"""The fit of a slide: thresholds that stand on the background, and vectors found through a real file."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mvd.errors import StainError
from mvd.fit import fit_stain, fit_thresholds
from mvd.segment import ZERO_MILLI_OD
from mvd.settings import Settings, VesselSettings
from mvd.slide import AnalysisLevel, at_mpp, open_slide
from mvd.stain import Stain
from mvd.tissue import find_tissue

VESSEL = VesselSettings()
H, D = np.array([0.651, 0.701, 0.290]), np.array([0.269, 0.568, 0.778])
WHITE = np.array([242.0, 241.0, 243.0])
MPP = 0.5


def dab_of(
    background_od: float, spread_od: float, stained: float = 0.0, seed: int = 0, shape: tuple = (400, 500)
) -> list[np.ndarray]:
    """DAB of a window: even tissue, and a part of it stained at 0.6 OD."""
    rng = np.random.default_rng(seed)
    od = rng.normal(background_od, spread_od, shape)
    od[rng.random(shape) < stained] = 0.6
    return [np.clip(np.rint(od * 1000) + ZERO_MILLI_OD, 0, 65535).astype(np.uint16)]


@pytest.mark.parametrize("background_od", [-0.05, 0.0, 0.08, 0.2])
@pytest.mark.parametrize("spread_od", [0.005, 0.02, 0.06])
def test_the_background_is_found_and_the_thresholds_stand_on_it(
    background_od: float, spread_od: float
) -> None:
    background, low, high = fit_thresholds(dab_of(background_od, spread_od), VESSEL)
    assert background == pytest.approx(background_od, abs=0.2 * spread_od + 0.005)
    # In spreads, but never below the bounds; a tenth of the spread is that of the estimate.
    slack = 0.5 * spread_od + 0.01
    least_low = max(VESSEL.min_low_od, VESSEL.low_spreads * spread_od)
    least_high = max(VESSEL.min_high_od, VESSEL.high_spreads * spread_od)
    assert low - background == pytest.approx(least_low, abs=slack)
    assert high - background == pytest.approx(least_high, abs=slack)
    assert low - background >= VESSEL.min_low_od - 1e-9
    assert high - background >= VESSEL.min_high_od - 1e-9
    assert high >= low


@pytest.mark.parametrize("stained", [0.01, 0.1, 0.3])
def test_vessels_do_not_lift_the_thresholds(stained: float) -> None:
    without, with_vessels = (fit_thresholds(dab_of(0.06, 0.02, part), VESSEL) for part in (0.0, stained))
    assert with_vessels == pytest.approx(without, abs=0.015)


def test_windows_are_pooled() -> None:
    parts = dab_of(0.05, 0.02, 0.05, seed=1) + dab_of(0.05, 0.02, 0.0, seed=2)
    assert fit_thresholds(parts, VESSEL) == fit_thresholds(parts[::-1], VESSEL)


def test_even_tissue_does_not_put_the_thresholds_into_the_noise() -> None:
    background, low, high = fit_thresholds([np.full((50, 50), ZERO_MILLI_OD + 30, np.uint16)], VESSEL)
    assert background == pytest.approx(0.03, abs=0.003)
    assert low >= background + VESSEL.min_low_od - 0.001
    assert high >= background + VESSEL.min_high_od - 0.001


def test_the_high_threshold_is_never_below_the_low_one() -> None:
    _, low, high = fit_thresholds(dab_of(0.05, 0.05), VesselSettings(low_spreads=9, high_spreads=1))
    assert high >= low


def picture(drift_deg: float, *, vessels: bool = True, seed: int = 0) -> np.ndarray:
    """500 x 500 um of tissue with nuclei, and 80 solid vessels of 10 um; DAB turned by so many degrees."""
    rng = np.random.default_rng(seed)
    side = 1000
    hematoxylin = np.full((side, side), 0.06)
    dab = np.full((side, side), 0.01)
    for row, col in rng.integers(60, side - 60, (1500, 2)):
        cv2.circle(hematoxylin, (int(col), int(row)), 6, float(rng.uniform(0.25, 0.5)), cv2.FILLED)
    for row, col in rng.integers(80, side - 80, (80 if vessels else 0, 2)):
        cv2.circle(dab, (int(col), int(row)), 10, float(rng.uniform(0.5, 1.0)), cv2.FILLED)
        cv2.circle(hematoxylin, (int(col), int(row)), 11, 0.02, cv2.FILLED)
    hematoxylin[:50], dab[:50] = 0, 0  # a strip of glass
    od = hematoxylin[..., None] * H / np.linalg.norm(H) + dab[..., None] * dab_vector(drift_deg)
    light = cv2.GaussianBlur((WHITE + 1) * 10**-od - 1, (0, 0), 0.6) + rng.normal(0, 1, od.shape)
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)


def dab_vector(drift_deg: float) -> np.ndarray:
    vector = D / np.linalg.norm(D)
    across = np.cross(vector, [0.0, 0.0, 1.0])
    across /= np.linalg.norm(across)
    return np.cos(np.deg2rad(drift_deg)) * vector + np.sin(np.deg2rad(drift_deg)) * across


def fitted(path: Path, rgb: np.ndarray, settings: Settings | None = None) -> Stain:
    settings = settings or Settings()
    cv2.imwrite(str(path), rgb[..., ::-1])
    slide = open_slide(path, mpp=MPP)
    try:
        level: AnalysisLevel = at_mpp(slide, settings.slide.analysis_mpp)
        tissue = find_tissue(rgb, MPP, settings.tissue)
        return fit_stain(level, rgb, tissue, settings)
    finally:
        slide.close()


@pytest.mark.parametrize("drift_deg", [-6.0, 0.0, 6.0])
def test_a_drifted_slide_is_fitted_from_its_file(tmp_path: Path, drift_deg: float) -> None:
    stain = fitted(tmp_path / "slide.png", picture(drift_deg))
    cosine = float(stain.matrix.vectors[1] @ dab_vector(drift_deg))
    assert np.rad2deg(np.arccos(min(1.0, cosine))) < 3
    assert stain.matrix.source == "fitted"
    assert stain.white_point == pytest.approx(WHITE, abs=2)
    assert -0.03 < stain.background_od < 0.05
    assert stain.background_od < stain.low_od <= stain.high_od < 0.4, "below the faintest of these walls"
    assert 0.03 < stain.background_hematoxylin_od < 0.3


def test_a_slide_without_dab_keeps_the_preset_and_the_bounds(tmp_path: Path) -> None:
    stain = fitted(tmp_path / "slide.png", picture(0, vessels=False))
    assert stain.matrix.source == "preset"
    assert stain.matrix.vectors[1] == pytest.approx(D / np.linalg.norm(D), abs=1e-3)
    assert stain.low_od >= stain.background_od + VESSEL.min_low_od - 1e-9
    assert stain.high_od >= stain.background_od + VESSEL.min_high_od - 1e-9


def test_the_fit_is_the_same_every_time_and_obeys_the_preset(tmp_path: Path) -> None:
    rgb = picture(5.0)
    one, two = (fitted(tmp_path / "slide.png", rgb) for _ in range(2))
    np.testing.assert_array_equal(one.matrix.vectors, two.matrix.vectors)
    assert (one.background_od, one.low_od, one.high_od) == (two.background_od, two.low_od, two.high_od)
    preset = fitted(
        tmp_path / "slide.png", rgb, Settings.from_mapping({"stain": {"method": "preset"}})
    ).matrix
    assert preset.source == "preset"
    assert preset.vectors[1] == pytest.approx(D / np.linalg.norm(D), abs=1e-3)


def test_a_threshold_that_black_would_not_reach_is_an_error(tmp_path: Path) -> None:
    beyond = Settings.from_mapping({"vessel": {"blur_um": 0, "high_spreads": 50}})
    noise = np.random.default_rng(0).normal(0, 25, picture(0).shape)
    rgb = np.clip(picture(0) + noise, 0, 255).astype(np.uint8)  # a wide spread of the background
    with pytest.raises(StainError, match=r"black has 2\.4; lower --vessel-high-spreads"):
        fitted(tmp_path / "slide.png", rgb, beyond)
