"""Colours that would lie: what was not scanned, white filling, shading, tinted glass; and the warnings."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from painted_tissue import MPP, WHITE, disc, overview, painted, tissue_of

from mvd.errors import NoTissue
from mvd.settings import TissueSettings
from mvd.tissue import find_tissue


def island(mask: np.ndarray) -> None:
    disc(mask, 800, 800, 400)


ISLAND_MM2 = np.pi * 0.4**2


def test_what_was_not_scanned_is_neither_tissue_nor_glass() -> None:
    rgb = overview(island)
    scanned = np.ones(rgb.shape[:2], bool)
    scanned[:, :400] = False
    rgb[:, :400] = 255
    tissue = find_tissue(rgb, MPP, TissueSettings(), scanned=scanned)
    assert not (tissue.mask | tissue.bare)[:, :400].any()
    assert tissue.area_mm2 == pytest.approx(ISLAND_MM2 / 2, rel=0.02)
    assert tissue.mask[300:500, 400].all(), "right up to what was not scanned"
    assert tissue.white_point == pytest.approx(WHITE, abs=1.5)


def test_a_small_gap_in_the_scan_is_no_tissue() -> None:
    rgb = overview(island)
    scanned = np.ones(rgb.shape[:2], bool)
    scanned[390:410, 390:410] = False  # 0.0016 mm2: a hole so small in the tissue would be filled
    assert not find_tissue(rgb, MPP, TissueSettings(), scanned=scanned).mask[390:410, 390:410].any()


def test_nothing_scanned_is_no_tissue() -> None:
    rgb = overview(island)
    with pytest.raises(NoTissue, match="nothing of the slide was scanned"):
        find_tissue(rgb, MPP, TissueSettings(), scanned=np.zeros(rgb.shape[:2], bool))
    with pytest.raises(NoTissue, match="nothing of the slide was scanned"):
        tissue_of(np.zeros_like(rgb))


@pytest.mark.parametrize("mpp", [1.0, 2.0, 8.0])
@pytest.mark.parametrize("jpeg", [False, True])
def test_white_filling_beside_darker_glass_is_not_scanned(mpp: float, jpeg: bool) -> None:
    """An export with a quarter of the picture and a slanting edge filled up with 255."""

    def draw(mask: np.ndarray) -> None:
        cv2.circle(mask, (mask.shape[0] // 2,) * 2, round(400 / mpp), 1, cv2.FILLED)

    rgb = overview(draw, mpp=mpp)
    side = len(rgb)
    row, col = np.indices((side, side))
    filled = (row < side // 6) | (row + col > 1.7 * side)
    rgb[filled] = 255
    if jpeg:
        coded = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
        rgb = np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1])
    tissue = tissue_of(rgb, mpp)
    assert tissue.white_point == pytest.approx(WHITE, abs=2)
    assert tissue.area_mm2 == pytest.approx(ISLAND_MM2, rel=0.03)
    assert [warning.partition(":")[0] for warning in tissue.warnings] == ["white_filling"]
    assert tissue.bare[filled].mean() < 0.1  # JPEG rings at its rim


@pytest.mark.parametrize("colour", [(226, 220, 230), (214, 206, 220)])
def test_glass_that_the_camera_clips_to_white_is_glass(colour: tuple[int, int, int]) -> None:
    """Pale, hardly coloured tissue, with the unevenness of cells, on glass far above what the camera can tell."""
    rng = np.random.default_rng(4)
    mask = np.zeros((800, 800), np.uint8)
    island(mask)
    cells = cv2.GaussianBlur(rng.normal(0, 30, mask.shape), (0, 0), 3.0)
    light = np.where(mask[..., None] > 0, np.array(colour, float) + cells[..., None], 262.0)
    rgb = np.clip(np.rint(light + rng.normal(0, 0.8, light.shape)), 0, 255).astype(np.uint8)
    tissue = tissue_of(rgb)
    assert tissue.white_point == (255.0, 255.0, 255.0)
    assert tissue.area_mm2 == pytest.approx(ISLAND_MM2, rel=0.03)
    assert tissue.bare[20, 20]
    assert tissue.warnings == ()


def shaded(rgb: np.ndarray, light: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in rgb.shape[:2]), indexing="ij")
    return np.clip(np.rint(rgb * light(y, x)[..., None]), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "light",
    [
        lambda _y, x: 1 - 0.15 * (x + 1) / 2,
        lambda y, x: 1 - 0.15 * (x + y + 2) / 4,
        lambda y, x: 1 - 0.15 * (x**2 + y**2) / 2,
    ],
    ids=["to one side", "to a corner", "to all corners"],
)
def test_shading_of_15_percent_does_not_enlarge_the_tissue(light) -> None:
    even = overview(island, side_um=2400)
    tissue = tissue_of(shaded(even, light))
    assert tissue.area_mm2 == pytest.approx(tissue_of(even).area_mm2, rel=0.01)
    assert [warning.partition(":")[0] for warning in tissue.warnings] == ["uneven_light"]
    assert tissue.bare[5, 5]
    assert tissue.bare[-5, -5]


def test_pale_tissue_is_not_taken_for_shading() -> None:
    mask = np.zeros((800, 800), np.uint8)
    disc(mask, 800, 800, 600)
    pale = painted(mask > 0, colour=(224, 218, 228))
    assert tissue_of(pale).area_mm2 == pytest.approx(np.pi * 0.36, rel=0.03)


@pytest.mark.parametrize(("glass", "told"), [((243, 240, 236), False), ((250, 238, 214), True)])
def test_tinted_glass_is_told_of(glass: tuple[int, int, int], told: bool) -> None:
    rgb = np.clip(overview(island) * (np.array(glass) / WHITE), 0, 255).astype(np.uint8)
    tissue = tissue_of(rgb)
    assert tissue.area_mm2 == pytest.approx(ISLAND_MM2, rel=0.02)
    assert tissue.warnings == () or told
    assert [warning.partition(":")[0] for warning in tissue.warnings] == ["tinted_background"] * told


def test_strongly_coloured_light_is_glass_all_the_same_and_told_of() -> None:
    """A quarter less blue: such glass was no background, and the whole slide was tissue."""
    rgb = np.clip(overview(island) * (1.0, 0.93, 0.74), 0, 255).astype(np.uint8)
    tissue = tissue_of(rgb)
    assert tissue.area_mm2 == pytest.approx(ISLAND_MM2, rel=0.03)
    assert tissue.white_point_source == "background"
    assert tissue.warnings[0].startswith("tinted_background: bare glass is R 23")


def test_a_guessed_white_point_is_told_of() -> None:
    field = painted(np.ones((400, 400), bool))
    (warning,) = tissue_of(field).warnings
    assert warning.startswith("no_background: ")
    assert "\n" not in warning
    assert find_tissue(field, MPP, TissueSettings(), (250, 249, 248)).warnings == ()


def test_a_white_filling_round_tissue_without_glass_stays_out_where_the_file_says_so() -> None:
    rgb = painted(np.ones((400, 400), bool))
    scanned = np.zeros((400, 400), bool)
    scanned[100:300, 100:300] = True
    rgb[~scanned] = 255
    tissue = find_tissue(rgb, MPP, TissueSettings(), scanned=scanned)
    assert tissue.white_point_source == "brightest"
    np.testing.assert_array_equal(tissue.mask, scanned)
