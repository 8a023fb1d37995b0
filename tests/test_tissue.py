"""Tissue of known shape on blank glass: its area, holes, islands and border; and the white point."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from mvd.errors import NoTissue
from mvd.settings import TissueSettings
from mvd.tissue import Tissue, find_tissue

MPP = 2.0
WHITE, PINK, BROWN = (238, 236, 240), (196, 160, 204), (120, 80, 60)
Draw = Callable[[np.ndarray], object]


def overview(draw: Draw, side_um: float = 1600.0, seed: int = 0, mpp: float = MPP) -> np.ndarray:
    """Glass with sensor noise; ``draw`` puts the tissue into a mask of it."""
    side_px = round(side_um / mpp)
    mask = np.zeros((side_px, side_px), np.uint8)
    draw(mask)
    return painted(mask > 0, seed)


def painted(mask: np.ndarray, seed: int = 0, colour: tuple[int, int, int] = PINK) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rgb = np.where(mask[..., None], np.array(colour, float), np.array(WHITE, float))
    texture = rng.normal(0, 6, mask.shape) * mask + rng.normal(0, 0.8, mask.shape)
    return np.clip(np.rint(rgb + texture[..., None]), 0, 255).astype(np.uint8)


def tissue_of(rgb: np.ndarray, mpp: float = MPP, **settings: float) -> Tissue:
    return find_tissue(rgb, mpp, TissueSettings(**settings))


def disc(mask: np.ndarray, row_um: float, col_um: float, radius_um: float, value: int = 1) -> None:
    y, x = (np.indices(mask.shape) + 0.5) * MPP
    mask[np.hypot(y - row_um, x - col_um) <= radius_um] = value


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
    assert tissue.area_mm2 == pytest.approx(ISLAND_MM2, rel=0.02)
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
