"""Tiles that cannot be decoded: out of the area, the count and the hot spots; too many of them fail the slide."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

import mvd
from mvd.batch import How, run
from mvd.errors import UnreadableSlide
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.region import Region
from mvd.result import SlideResult
from mvd.slide import find_slides

TILE_UM, TILES_ACROSS = 128.0, 4
TILE_MM2 = TILE_UM**2 / 1e6
TILE = 17 * TILES_ACROSS + 1
LEFT, TOP = TILE_UM, 17 * TILE_UM
SETTINGS = mvd.Settings.from_mapping(
    {"hotspot": {"field_mm2": 0.04}, "report": {"overview_px": 200, "hotspot_pictures": 0}}
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A long slide, 1000 x 10000 px of tissue, whose overview is a level of its own: 2.5 mm2 in 4 x 40 tiles."""
    spec = PhantomSpec(5, "clean", height_um=5000, width_um=500, vessels_per_mm2=220, outline=False)
    return write_phantom(make_phantom(spec), tmp_path_factory.mktemp("slides"), "one")


@pytest.fixture
def slide(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sound, tmp_path / "one.tif"))


@pytest.fixture(scope="module")
def whole(sound: Path) -> SlideResult:
    return mvd.analyze(sound, SETTINGS, workers=2)


def spoil(path: Path, *tiles: int, page: int = 0) -> Path:
    """Overwrite the last two thirds of tiles by zeros."""
    with tifffile.TiffFile(path) as tiff:
        level = tiff.pages[page]
        places = [(level.dataoffsets[tile], level.databytecounts[tile]) for tile in tiles]
    with path.open("r+b") as stream:
        for offset, count in places:
            stream.seek(offset + count // 3)
            stream.write(bytes(count - count // 3))
    return path


@pytest.fixture(scope="module")
def spoiled(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return spoil(Path(shutil.copy(sound, tmp_path_factory.mktemp("spoiled") / "one.tif")), TILE)


@pytest.fixture(scope="module")
def result(spoiled: Path) -> SlideResult:
    return mvd.analyze(spoiled, SETTINGS, workers=2)


def tissue_mm2(of: SlideResult, left_um: float, top_um: float, right_um: float, bottom_um: float) -> float:
    """Area of the tissue in a rectangle along the overview's pixels."""
    left, top, right, bottom = (round(at / of.tissue.mpp) for at in (left_um, top_um, right_um, bottom_um))
    return float(np.count_nonzero(of.tissue.mask[top:bottom, left:right])) * of.tissue.mpp**2 / 1e6


def distance_um(xy_um: np.ndarray) -> np.ndarray:
    """How far points lie from the damaged tile, 0 inside."""
    low, high = np.array([LEFT, TOP]), np.array([LEFT + TILE_UM, TOP + TILE_UM])
    return np.hypot(*np.maximum(np.maximum(low - xy_um, xy_um - high), 0).T)


def test_the_area_of_the_tile_leaves_the_denominator(whole: SlideResult, result: SlideResult) -> None:
    before, after = whole.summary, result.summary
    assert after["tissue_area_mm2"] == pytest.approx(before["tissue_area_mm2"] - TILE_MM2, abs=1e-6)
    assert after["invalid_area_fraction"] == pytest.approx(TILE_MM2 / before["tissue_area_mm2"], rel=1e-4)
    assert np.allclose(
        result.damage_um, [(LEFT, TOP, LEFT + TILE_UM, TOP + TILE_UM)]
    )  # what pictures cross out
    assert whole.damage_um == ()
    assert before["invalid_area_fraction"] == 0
    assert after["mvd_tissue_per_mm2"] == after["vessels"] / after["tissue_area_mm2"]
    assert after["mvd_tissue_per_mm2"] == pytest.approx(before["mvd_tissue_per_mm2"], rel=0.02)


def test_what_the_tile_may_have_changed_is_not_counted_and_the_rest_is_as_ever(
    whole: SlideResult, result: SlideResult
) -> None:
    table = result.vessels.table
    xy_um = table[["x_um", "y_um"]].to_numpy(float)
    out = table["reason"] == "out_of_region"
    assert out.any()
    assert not table["counted"][out].any()
    assert (distance_um(xy_um[out]) < 60).all()
    assert not table["counted"][distance_um(xy_um) == 0].any()
    # Thresholds may move by a hair, for the fit has seen white: the same vessels, nearly the same measures.
    far = whole.vessels.counted
    far = far[distance_um(far[["x_um", "y_um"]].to_numpy(float)) > 60]
    found = result.vessels.counted
    pairs = np.hypot(
        *(far[["x_um", "y_um"]].to_numpy()[:, None] - found[["x_um", "y_um"]].to_numpy()[None]).T
    )
    assert np.mean(pairs.min(axis=0) < 1) > 0.98


def test_the_white_of_the_tile_is_no_background_of_the_stain(whole: SlideResult, result: SlideResult) -> None:
    for name in ("background_od", "background_hematoxylin_od", "low_od", "high_od"):
        assert getattr(result.stain, name) == pytest.approx(getattr(whole.stain, name), abs=0.002)
    assert result.tissue.white_point == whole.tissue.white_point


def test_no_hot_spot_overlaps_the_tile(whole: SlideResult, result: SlideResult) -> None:
    def gaps(of: SlideResult) -> np.ndarray:
        centres = np.array([(spot.x_um, spot.y_um) for spot in of.hotspots])
        return distance_um(centres) - of.hotspots[0].radius_um

    assert len(result.hotspots) == SETTINGS.hotspot.count
    assert (gaps(result) >= -1e-6).all()
    tile = np.array([[LEFT, TOP, LEFT + TILE_UM, TOP + TILE_UM]])
    xy_um = whole.vessels.counted[["x_um", "y_um"]].to_numpy(float)
    lured = xy_um[distance_um(xy_um) < 100]
    from mvd.hotspots import find_hotspots

    free = find_hotspots(lured, SETTINGS.hotspot, whole.tissue)
    assert (
        distance_um(np.array([[free[0].x_um, free[0].y_um]]))[0] < free[0].radius_um
    )  # else it proves nothing
    kept = find_hotspots(lured, SETTINGS.hotspot, whole.tissue, tile)
    assert kept[0].vessels <= free[0].vessels


@pytest.mark.parametrize(("tile_px", "workers"), [(128, 2), (333, 1), (100_000, 1)])
def test_the_same_numbers_however_the_slide_is_cut(
    spoiled: Path, result: SlideResult, tile_px: int, workers: int
) -> None:
    again = mvd.analyze(spoiled, SETTINGS, tile_px=tile_px, workers=workers)
    assert again.summary == result.summary
    pd.testing.assert_frame_equal(again.vessels.table, result.vessels.table, check_exact=True)
    assert again.hotspots == result.hotspots


def test_more_than_one_part_in_a_hundred_fails_the_slide(slide: Path) -> None:
    spoil(slide, TILE, TILE + 40)
    with pytest.raises(UnreadableSlide, match=r"one\.tif: 1\.\d % of the tissue cannot be decoded.*copy"):
        mvd.analyze(slide, SETTINGS)


def test_a_failed_slide_has_no_number_and_its_neighbour_has(slide: Path, sound: Path, tmp_path: Path) -> None:
    spoil(slide, TILE, TILE + 40, TILE + 80)
    shutil.copy(sound, slide.with_name("two.tif"))
    outcome = run(find_slides([slide.parent]), tmp_path / "out", SETTINGS, Quiet(), how=How(workers=2))
    assert outcome.exit_code == 3
    summary = pd.read_csv(tmp_path / "out" / "summary.csv").set_index("slide")
    assert summary["status"].to_dict() == {"one.tif": "failed", "two.tif": "ok"}
    assert summary.loc["one.tif", "error"] == "unreadable"
    assert np.isnan(summary.loc["one.tif", "mvd_tissue_per_mm2"])
    with (tmp_path / "out" / "failed.csv").open(newline="") as stream:
        (failed,) = csv.DictReader(stream)
    assert "cannot be decoded" in failed["what_to_do"]


def test_damage_outside_the_regions_costs_nothing(slide: Path, whole: SlideResult) -> None:
    spoil(slide, TILE, TILE + 40, TILE + 80)
    region = Region.polygon("top", [[0, 0], [1000, 0], [1000, 2000], [0, 2000]])
    limited = mvd.analyze(slide, SETTINGS, region=[region])
    assert limited.summary["invalid_area_fraction"] == 0
    assert limited.summary["tissue_area_mm2"] == pytest.approx(tissue_mm2(whole, 0, 0, 500, 1000), abs=1e-6)


def test_damage_inside_a_region_is_a_part_of_the_region(slide: Path, whole: SlideResult) -> None:
    spoil(slide, TILE)
    regions = [
        Region.polygon("hit", [[0, 3000], [1000, 3000], [1000, 9000], [0, 9000]]),
        Region.polygon("free", [[0, 0], [1000, 0], [1000, 2000], [0, 2000]]),
    ]
    limited = mvd.analyze(slide, SETTINGS, region=regions)
    assert limited.drawn is not None
    hit, free = (region.summary for region in limited.drawn.regions)
    sound_mm2 = tissue_mm2(whole, 0, 1500, 500, 4500)
    assert hit["tissue_area_mm2"] == pytest.approx(sound_mm2 - TILE_MM2, abs=1e-6)
    assert hit["invalid_area_fraction"] == pytest.approx(TILE_MM2 / sound_mm2, rel=1e-4)
    assert free["invalid_area_fraction"] == 0
    both_mm2 = sound_mm2 + tissue_mm2(whole, 0, 0, 500, 1000)
    assert limited.summary["invalid_area_fraction"] == pytest.approx(TILE_MM2 / both_mm2, rel=1e-4)


def test_an_overview_that_the_full_resolution_stands_in_for_costs_nothing(
    slide: Path, whole: SlideResult
) -> None:
    patched = mvd.analyze(spoil(slide, 3, page=1), SETTINGS, workers=2)
    assert patched.summary["invalid_area_fraction"] == 0
    assert patched.summary["tissue_area_mm2"] == pytest.approx(whole.summary["tissue_area_mm2"], rel=0.005)
    assert patched.summary["vessels"] == pytest.approx(whole.summary["vessels"], rel=0.02)


def test_what_neither_level_holds_is_lost_though_nobody_knows_if_it_was_tissue(
    slide: Path, whole: SlideResult
) -> None:
    """Tile 4 of the overview covers the 16 tiles from 16 on; one of those is damaged as well."""
    spoil(slide, 4, page=1)
    result = mvd.analyze(spoil(slide, TILE), SETTINGS, workers=2)
    assert result.summary["invalid_area_fraction"] == pytest.approx(
        TILE_MM2 / whole.summary["tissue_area_mm2"], rel=0.05
    )
    lost_mm2 = whole.summary["tissue_area_mm2"] - TILE_MM2
    assert result.summary["tissue_area_mm2"] == pytest.approx(lost_mm2, rel=0.005)


def test_a_slide_of_which_nothing_can_be_decoded_is_not_one_without_tissue(slide: Path) -> None:
    spoil(slide, *range(160))
    spoil(slide, *range(10), page=1)
    with pytest.raises(UnreadableSlide):
        mvd.analyze(slide, SETTINGS)


class Quiet:
    """A reporter that says nothing."""

    def slide_started(self, number: int, name: str) -> None:
        pass

    def stage(self, number: int, stage: str, done: int, total: int) -> None:
        pass

    def slide_done(self, outcome: object) -> None:
        pass
