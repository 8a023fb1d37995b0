"""Unmixing against Beer-Lambert by hand, and the fit of the stain matrix on pixels of known stain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvd.errors import StainError
from mvd.settings import StainSettings
from mvd.stain import LUT_SCALE, StainMatrix, fit_stain_matrix, optical_density, stain_amounts, stain_luts

WHITE = (241.0, 239.0, 243.0)
PRESET = StainSettings()
amounts = st.floats(0.0, 0.9)


def unit(vector: object) -> np.ndarray:
    return np.asarray(vector, float) / np.linalg.norm(np.asarray(vector, float))


H, D = unit(PRESET.hematoxylin), unit(PRESET.dab)


def preset_matrix() -> StainMatrix:
    return fit_stain_matrix(np.zeros((0, 3), np.uint8), WHITE, StainSettings(method="preset"))


def light(hematoxylin: object, dab: object, vectors: tuple[np.ndarray, np.ndarray] = (H, D)) -> np.ndarray:
    """Intensity by Beer-Lambert, (n, 3) float; the +1 is that of the OD."""
    od = np.multiply.outer(np.asarray(hematoxylin), vectors[0]) + np.multiply.outer(
        np.asarray(dab), vectors[1]
    )
    return (np.array(WHITE) + 1) * 10**-od - 1


def rgb_of(intensity: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(intensity), 0, 255).astype(np.uint8)


def turned(vector: np.ndarray, towards: np.ndarray, degrees: float) -> np.ndarray:
    """``vector`` turned by so many degrees in the direction of ``towards``."""
    across = unit(towards - (towards @ vector) * vector)
    return np.cos(np.deg2rad(degrees)) * vector + np.sin(np.deg2rad(degrees)) * across


def angle_deg(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.rad2deg(np.arccos(min(1.0, float(unit(a) @ unit(b))))))


def sample(
    vectors: tuple[np.ndarray, np.ndarray], counts: tuple[int, int, int], seed: int = 0, noise: float = 1.0
) -> np.ndarray:
    """(n, 3) uint8: so many pixels of bare stroma, of hematoxylin alone and of DAB (on pale stroma)."""
    rng = np.random.default_rng(seed)
    stroma, nuclei, walls = counts
    hematoxylin = np.concatenate(
        [rng.uniform(0, 0.08, stroma), rng.uniform(0.3, 0.8, nuclei), rng.uniform(0, 0.03, walls)]
    )
    dab = np.concatenate([rng.uniform(0, 0.03, stroma + nuclei), rng.uniform(0.35, 1.1, walls)])
    intensity = light(hematoxylin, dab, vectors)
    return rgb_of(intensity + rng.normal(0, noise, intensity.shape))


@given(amounts, amounts)
def test_known_amounts_are_recovered_to_the_rounding_of_the_pixel(hematoxylin: float, dab: float) -> None:
    intensity = light([hematoxylin], [dab])
    found = stain_amounts(rgb_of(intensity), WHITE, preset_matrix())[0]
    # Half a grey level, as OD of each channel, through the unmixing.
    half_level = -np.log10(1 - 0.5 / (intensity[0] + 1))
    allowed = half_level @ np.abs(np.linalg.inv(preset_matrix().vectors)) + 1e-9
    assert (np.abs(found - [hematoxylin, dab, 0.0]) <= allowed).all()


def test_a_third_colour_shows_in_the_residual() -> None:
    red = rgb_of((np.array(WHITE) + 1) * 10 ** -np.array([0.05, 0.5, 0.15]) - 1)
    found = stain_amounts(red[None], WHITE, preset_matrix())[0]
    assert abs(found[2]) > 0.2


@given(st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_tables_equal_float_unmixing(seed: int, drift_deg: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = np.stack([H, turned(D, H, drift_deg), unit(np.cross(H, D))])
    matrix = StainMatrix(vectors, "fitted", drift_deg)
    white = tuple(rng.uniform(150, 255, 3))
    rgb = rng.integers(0, 256, (500, 3), dtype=np.uint8)
    luts = stain_luts(white, matrix)
    summed = sum(luts[:, channel, rgb[:, channel]] for channel in range(3)).T / LUT_SCALE
    assert np.abs(summed - 1000 * stain_amounts(rgb, white, matrix)).max() < 0.1  # milli-OD


@pytest.mark.parametrize("white", [(1.0, 1.0, 1.0), (255.0, 255.0, 255.0), WHITE])
def test_black_and_white_pixels_have_finite_amounts(white: tuple[float, float, float]) -> None:
    ends = np.array([[0, 0, 0], [255, 255, 255]], np.uint8)
    od = optical_density(ends, white)
    assert np.isfinite(stain_amounts(ends, white, preset_matrix())).all()
    luts = stain_luts(white, preset_matrix())
    assert luts.shape == (3, 3, 256)
    assert luts.dtype == np.int32
    # Far from the limit of 32 bits, with room to sum.
    assert np.abs(luts).max() < 2**24
    assert od[0] == pytest.approx(np.log10(np.array(white) + 1))


def test_white_has_no_stain() -> None:
    white = (240.0, 230.0, 220.0)
    found = stain_amounts(np.array([[240, 230, 220]], np.uint8), white, preset_matrix())
    assert found == pytest.approx(0, abs=1e-12)
    luts = stain_luts(white, preset_matrix())
    assert np.abs(luts[:, 0, 240] + luts[:, 1, 230] + luts[:, 2, 220]).max() <= 2


@pytest.mark.parametrize("drift", [(0, 0), (5, 0), (0, 6), (-6, 0), (4, -5), (-4, 5)])
@pytest.mark.parametrize("seed", [0, 1])
def test_drifted_vectors_are_found(drift: tuple[float, float], seed: int) -> None:
    residual = unit(np.cross(H, D))
    away = unit(residual + 0.5 * np.array([1.0, 0.0, 0.0]))
    truth = turned(H, away, drift[0]), turned(D, away, drift[1])
    found = fit_stain_matrix(sample(truth, (20000, 8000, 3000), seed), WHITE, PRESET)
    assert angle_deg(found.vectors[0], truth[0]) < 3
    assert angle_deg(found.vectors[1], truth[1]) < 3
    assert found.source == "fitted"
    assert found.angle_deg == pytest.approx(angle_deg(found.vectors[1], D), abs=1e-6)
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(1)


def test_a_far_vector_is_not_believed() -> None:
    far = unit([0.55, 0.20, 0.81])  # brown of another chromogen, well off the preset
    assert angle_deg(far, D) > 20
    found = fit_stain_matrix(sample((H, far), (20000, 8000, 3000)), WHITE, PRESET)
    assert found.source == "preset"
    assert found.angle_deg == 0
    assert found.vectors[1] == pytest.approx(D)


@pytest.mark.parametrize("degrees", [14, 15, 17])
def test_a_vector_just_beyond_the_bound_is_not_believed(degrees: float) -> None:
    away = unit(unit(np.cross(H, D)) + 0.5 * np.array([1.0, 0.0, 0.0]))
    pixels = sample((H, turned(D, away, degrees)), (20000, 8000, 3000))
    assert fit_stain_matrix(pixels, WHITE, PRESET).source == "preset"
    wider = fit_stain_matrix(pixels, WHITE, StainSettings(max_angle_deg=20))
    assert wider.angle_deg == pytest.approx(degrees, abs=3)


@pytest.mark.parametrize("counts", [(20000, 8000, 0), (20000, 8000, 40), (0, 0, 60), (0, 0, 0)])
def test_without_enough_dab_the_preset_stands(counts: tuple[int, int, int]) -> None:
    found = fit_stain_matrix(sample((H, D), counts), WHITE, PRESET)
    assert found.source == "preset"
    assert found.angle_deg == 0
    assert found.vectors[1] == pytest.approx(D)


def test_a_drifted_slide_without_dab_shows_none() -> None:
    drifted = turned(H, unit([1.0, 0.0, 0.0]), 5)
    pixels = sample((drifted, D), (20000, 8000, 0))
    found = fit_stain_matrix(pixels, WHITE, PRESET)
    dab = stain_amounts(pixels, WHITE, found)[:, 1]
    assert np.percentile(dab, 99) < 0.15


def test_a_slide_without_hematoxylin_keeps_its_dab() -> None:
    truth = (H, turned(D, H, -4))
    found = fit_stain_matrix(sample(truth, (20000, 0, 3000)), WHITE, PRESET)
    assert angle_deg(found.vectors[1], truth[1]) < 3
    assert found.vectors[0] == pytest.approx(H)


def test_the_bound_on_the_angle_is_a_setting() -> None:
    drifted = turned(D, unit([1.0, 0.0, 0.0]), 8)
    pixels = sample((H, drifted), (20000, 8000, 3000))
    near = fit_stain_matrix(pixels, WHITE, StainSettings(max_angle_deg=2))
    assert near.source == "preset"
    assert near.vectors[1] == pytest.approx(D)
    assert fit_stain_matrix(pixels, WHITE, PRESET).source == "fitted"


def test_the_preset_method_looks_at_no_pixel() -> None:
    drifted = (turned(H, D, 4), turned(D, H, -4))
    settings = StainSettings(method="preset")
    found = fit_stain_matrix(sample(drifted, (20000, 8000, 3000)), WHITE, settings)
    assert found.source == "preset"
    np.testing.assert_allclose(found.vectors[:2], [H, D])


def test_two_stains_of_one_direction_are_an_error() -> None:
    same = StainSettings().model_copy(update={"hematoxylin": (0.3, 0.5, 0.7), "dab": (0.6, 1.0, 1.4)})
    with pytest.raises(StainError, match=r"stain\.dab"):
        fit_stain_matrix(np.zeros((10, 3), np.uint8), WHITE, same)
