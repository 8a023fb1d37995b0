"""Tissue of known shape on blank glass: its area, holes, islands and border; and the white point."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from painted_tissue import BROWN, MPP, PINK, WHITE, disc, overview, painted, tissue_of

from mvd.errors import NoTissue
from mvd.phantom import Difficulty, PhantomSpec, make_phantom
from mvd.settings import TissueSettings
from mvd.tissue import find_tissue

SAMPLES = Path(__file__).parents[1] / "sample_images"


@pytest.mark.parametrize("mpp", [2.0, 4.0, 8.0])
@pytest.mark.parametrize("angle_deg", [0.0, 33.0])
def test_area_of_an_ellipse(mpp: float, angle_deg: float) -> None:
    def draw(mask: np.ndarray) -> None:
        middle = mask.shape[0] / 2
        cv2.ellipse(mask, ((middle, middle), (2400 / mpp, 1500 / mpp), angle_deg), 1, cv2.FILLED)

    tissue = tissue_of(overview(draw, 3200.0, mpp=mpp), mpp)
    assert tissue.area_mm2 == pytest.approx(np.pi * 1.2 * 0.75, rel=0.02)
    assert tissue.white_point_source == "background"


def test_white_point_is_the_colour_of_the_glass_not_of_dust_and_pale_tissue() -> None:
    rgb = overview(lambda mask: disc(mask, 900, 900, 500))
    rgb[100:103, 100:103] = 20
    rgb[30:60, 500:700] = (228, 222, 230)
    assert tissue_of(rgb).white_point == pytest.approx(WHITE, abs=1.5)


def test_large_holes_are_left_out_and_small_ones_belong_to_the_tissue() -> None:
    def draw(mask: np.ndarray) -> None:
        disc(mask, 800, 800, 700)
        disc(mask, 600, 600, 150, 0)  # 0.071 mm2
        disc(mask, 1000, 1000, 40, 0)  # 0.005 mm2

    rgb = overview(draw)
    tissue = tissue_of(rgb)
    assert tissue.area_mm2 == pytest.approx(np.pi * (0.7**2 - 0.15**2), rel=0.02)
    assert not tissue.mask[300, 300]
    assert tissue.mask[500, 500]
    assert tissue.bare[500, 500], "a lumen is tissue, and yet it is empty"
    assert not tissue.bare[400, 400]
    all_filled = tissue_of(rgb, max_hole_mm2=0.1)
    assert all_filled.area_mm2 == pytest.approx(np.pi * 0.7**2, rel=0.02)


def test_islands_count_from_the_least_area_on() -> None:
    def draw(mask: np.ndarray) -> None:
        disc(mask, 600, 600, 400)
        disc(mask, 1300, 1300, 60)  # 0.011 mm2

    rgb = overview(draw)
    assert tissue_of(rgb, min_area_mm2=0.005).mask[650, 650]
    dropped = tissue_of(rgb, min_area_mm2=0.05)
    assert not dropped.mask[650, 650]
    assert dropped.area_mm2 == pytest.approx(np.pi * 0.4**2, rel=0.03)


def test_gaps_between_cells_are_tissue() -> None:
    def draw(mask: np.ndarray) -> None:
        mask[200:600, 200:600] = 1
        mask[200:600, 398:402] = 0  # 8 um

    tissue = tissue_of(overview(draw))
    assert tissue.mask[210:590, 390:410].all()


def test_gaps_between_cells_are_closed_right_to_the_slides_edge() -> None:
    def draw(mask: np.ndarray) -> None:
        mask[:600, 200:600] = 1
        mask[:600, 395:405] = 0  # 20 um

    assert tissue_of(overview(draw), max_hole_mm2=0).mask[:590, 380:420].all()


def test_tissue_that_goes_on_beyond_the_slide_fills_its_edge() -> None:
    def draw(mask: np.ndarray) -> None:
        mask[:, :500] = 1

    tissue = tissue_of(overview(draw))
    assert tissue.mask[:, :495].all()
    assert tissue.area_mm2 == pytest.approx(1.0 * 1.6, rel=0.02)


def test_glass_that_the_slides_edge_cuts_is_no_hole() -> None:
    def draw(mask: np.ndarray) -> None:
        mask[:] = 1
        mask[:40, 300:350] = 0  # 80 x 100 um: below the least hole, but it may go on
        mask[700:, :] = 0

    tissue = tissue_of(overview(draw))
    assert not tissue.mask[:20, 315:335].any()


def test_a_field_without_glass_takes_its_brightest_for_white() -> None:
    rgb = painted(np.ones((400, 400), bool))
    tissue = tissue_of(rgb)
    assert tissue.white_point_source == "brightest"
    assert all(PINK[i] < tissue.white_point[i] < 255 for i in range(3))
    assert tissue.area_mm2 > 0.9 * 0.8**2


def test_the_users_white_point_is_taken_as_it_is() -> None:
    rgb = painted(np.ones((400, 400), bool))
    tissue = find_tissue(rgb, MPP, TissueSettings(), (250, 249, 248))
    assert tissue.white_point == (250.0, 249.0, 248.0)
    assert tissue.white_point_source == "user"
    assert tissue.mask.all()


@pytest.mark.parametrize("level", [255, 240, 200])
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_blank_glass_has_no_tissue(level: int, noise: float) -> None:
    rng = np.random.default_rng(3)
    rgb = np.clip(rng.normal(level, noise, (300, 400, 3)), 0, 255).astype(np.uint8)
    with pytest.raises(NoTissue, match="--tissue-min-od"):
        tissue_of(rgb)


def test_least_od_decides_what_is_tissue() -> None:
    def draw(mask: np.ndarray) -> None:
        disc(mask, 800, 800, 500)

    mask = np.zeros((800, 800), np.uint8)
    draw(mask)
    pale = painted(mask > 0, colour=(222, 216, 226))  # about 0.03 OD
    assert tissue_of(pale).area_mm2 == pytest.approx(np.pi * 0.25, rel=0.05)
    with pytest.raises(NoTissue):
        tissue_of(pale, min_od=0.1)


def test_vessels_do_not_change_the_tissue() -> None:
    mask = np.zeros((800, 800), np.uint8)
    disc(mask, 800, 800, 600)
    plain = painted(mask > 0)
    full = plain.copy()
    for row in range(300, 500, 25):
        for col in range(300, 500, 25):
            cv2.circle(full, (col, row), 5, BROWN, cv2.FILLED)
    np.testing.assert_array_equal(tissue_of(full).mask, tissue_of(plain).mask)


@pytest.mark.parametrize("factor", [1, 2, 4])
@pytest.mark.parametrize(
    ("name", "x", "y", "width", "height"),
    [
        ("control_1", 300, 400, 1400, 1500),
        ("treated_1", 700, 800, 1000, 1000),
        ("treated_2", 900, 900, 1000, 1100),
        ("treated_1", 500, 284, 624, 1572),
    ],
)
def test_a_field_cut_out_of_tissue_is_all_tissue(
    name: str, x: int, y: int, width: int, height: int, factor: int
) -> None:
    """Gaps between the nuclei of pale stroma were glass, where the field held little that was brighter."""
    pixels = tifffile.imread(SAMPLES / f"{name}.tif", key=0)[y : y + height, x : x + width]
    size_px = (width // factor, height // factor)
    pixels = cv2.resize(pixels, size_px, interpolation=cv2.INTER_AREA)
    found = find_tissue(pixels, 0.5 * factor, TissueSettings())
    assert found.mask.mean() > 0.985
    assert min(found.white_point) > 230


@pytest.mark.parametrize(
    ("seed", "difficulty", "side_um", "brightness"),
    [
        (51, "hard", 1500.0, 1.0),
        (62, "hard", 1500.0, 1.0),
        (31101, "hard", 1000.0, 1.0),  # the glass beside the tissue is narrow
        (502, "hard", 1000.0, 1.1),  # clipped to white in the middle, and not in the corners
        (503, "clean", 1000.0, 1.1),  # all of the glass is clipped, so that stroma seems paler
    ],
)
def test_light_makes_the_tissue_neither_larger_nor_smaller(
    seed: int, difficulty: Difficulty, side_um: float, brightness: float
) -> None:
    phantom = make_phantom(PhantomSpec(seed, difficulty, side_um, side_um))
    height, width = (side // 4 * 4 for side in phantom.rgb.shape[:2])
    size_px = (width // 4, height // 4)
    bright = np.clip(np.rint(phantom.rgb[:height, :width] * brightness), 0, 255).astype(np.uint8)
    pixels = cv2.resize(bright, size_px, interpolation=cv2.INTER_AREA)
    found = find_tissue(pixels, 4 * phantom.mpp, TissueSettings())
    assert found.mask.mean() == pytest.approx(phantom.tissue.mean(), rel=0.035)
    assert not [warning for warning in found.warnings if warning.startswith("white_filling")]
