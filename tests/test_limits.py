"""An analysis limited to regions: the area, the vessels and the hot spots of the region, and no others."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import mvd
from mvd.errors import NoTissue, RegionError
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.region import Region
from mvd.report import write_cohort, write_slide
from mvd.report.overlay import REGION, draw_overview
from mvd.report.rows import hotspot_rows, region_rows, summary_row
from mvd.result import REGION_COLUMNS, SlideResult
from mvd.slide import Slide, open_slide

SETTINGS = mvd.Settings.from_mapping(
    {"hotspot": {"field_mm2": 0.02, "count": 4}, "report": {"overview_px": 400, "hotspot_pictures": 1}}
)
MPP = 0.5
# In pixels of level 0: 0.09 mm2 on no pixel's edge, and a triangle that shares a part of it.
SQUARE = np.array([[500.3, 600.7], [1100.3, 600.7], [1100.3, 1200.7], [500.3, 1200.7]])
TRIANGLE = np.array([[800.0, 900.0], [1500.0, 900.0], [800.0, 1700.0]])
REGIONS = [Region.polygon("Tumour <1>", SQUARE), Region.polygon("Rand ö", TRIANGLE)]
LOOSE = ["vessel_id", "hotspot_rank"]
WHOLE = 100_000


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1800 x 1900 px of tissue."""
    spec = PhantomSpec(31, "typical", height_um=900, width_um=950, vessels_per_mm2=260, outline=False)
    return write_phantom(make_phantom(spec), tmp_path_factory.mktemp("slides"), "one")


@pytest.fixture(scope="module")
def whole(path: Path) -> SlideResult:
    return mvd.analyze(path, SETTINGS, workers=2)


@pytest.fixture(scope="module")
def result(path: Path) -> SlideResult:
    return mvd.analyze(path, SETTINGS, region=REGIONS, workers=2)


def inside(of: SlideResult, ring_px: np.ndarray) -> np.ndarray:
    """Which candidates have their centroid in a ring, by OpenCV's own test, (n,) bool."""
    contour = (ring_px * MPP).astype(np.float32).reshape(-1, 1, 2)
    xy_um = of.vessels.table[["x_um", "y_um"]].to_numpy(float).tolist()
    return np.array([cv2.pointPolygonTest(contour, tuple(point), False) >= 0 for point in xy_um])


def in_any(of: SlideResult) -> np.ndarray:
    return inside(of, SQUARE) | inside(of, TRIANGLE)


def tissue_mm2(of: SlideResult, *rings_px: np.ndarray) -> float:
    """Area of tissue in rings, by the middles of pixels 4 times as fine as the overview's."""
    fine = cv2.resize(of.tissue.mask.astype(np.uint8), None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
    drawn = np.zeros_like(fine)
    for ring in rings_px:
        points = np.round(ring * MPP / of.tissue.mpp * 4 - 0.5).astype(np.int32)
        cv2.fillPoly(drawn, [points], 1)
    return float(np.count_nonzero(fine & drawn)) * (of.tissue.mpp / 4) ** 2 / 1e6


def test_vessels_inside_are_those_of_the_whole_slide_to_the_last_bit(
    whole: SlideResult, result: SlideResult
) -> None:
    expected = whole.vessels.table[in_any(whole)].drop(columns=LOOSE).reset_index(drop=True)
    found = result.vessels.table[in_any(result)].drop(columns=LOOSE).reset_index(drop=True)
    assert expected["counted"].sum() > 30
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert result.summary["vessels"] == expected["counted"].sum()


def test_what_lies_outside_is_listed_and_not_counted(result: SlideResult) -> None:
    outside = result.vessels.table[~in_any(result)]
    assert len(outside) > 20
    assert not outside["counted"].any()
    assert set(outside["reason"]) == {"out_of_region"}
    assert "out_of_region" not in set(result.vessels.table[in_any(result)]["reason"])


def test_thresholds_and_settings_are_those_of_the_whole_slide(
    whole: SlideResult, result: SlideResult
) -> None:
    assert (result.stain.low_od, result.stain.high_od) == (whole.stain.low_od, whole.stain.high_od)
    assert result.summary["settings_fingerprint"] == whole.summary["settings_fingerprint"]


def test_the_area_is_that_of_the_tissue_in_the_regions(whole: SlideResult, result: SlideResult) -> None:
    assert result.drawn is not None
    square, triangle = (region.summary for region in result.drawn.regions)
    for row, rings in ((square, [SQUARE]), (triangle, [TRIANGLE]), (result.summary, [SQUARE, TRIANGLE])):
        assert row["tissue_area_mm2"] == pytest.approx(tissue_mm2(whole, *rings), rel=2e-3)
    assert result.summary["mvd_tissue_per_mm2"] == pytest.approx(
        result.summary["vessels"] / result.summary["tissue_area_mm2"]
    )


def test_each_region_has_its_row_and_what_both_hold_counts_once_in_the_whole(result: SlideResult) -> None:
    square, triangle, both = region_rows(result, "one-1")
    assert [row["region"] for row in (square, triangle, both)] == ["Tumour <1>", "Rand ö", "(all)"]
    counted = result.vessels.table["counted"].to_numpy(bool)
    for row, members in (
        (square, inside(result, SQUARE)),
        (triangle, inside(result, TRIANGLE)),
        (both, in_any(result)),
    ):
        table = result.vessels.table[members & counted]
        assert row["vessels"] == len(table)
        assert row["vessel_area_fraction"] == pytest.approx(
            table["filled_area_um2"].sum() / 1e6 / row["tissue_area_mm2"]
        )
        assert set(row) == {column.name for column in REGION_COLUMNS}
    assert square["vessels"] + triangle["vessels"] > both["vessels"]
    assert both["hotspot_max_vessels"] == result.hotspots[0].vessels


def test_hot_spots_hold_vessels_of_the_regions_alone(whole: SlideResult, result: SlideResult) -> None:
    xy_um = whole.vessels.table[whole.vessels.table["counted"] & in_any(whole)][["x_um", "y_um"]].to_numpy(
        float
    )
    for spot in result.hotspots:
        assert spot.vessels == np.count_nonzero(
            np.hypot(*(xy_um - [spot.x_um, spot.y_um]).T) <= spot.radius_um
        )
    assert result.hotspots[0].vessels <= whole.hotspots[0].vessels


@pytest.mark.parametrize(("tile_px", "workers"), [(128, 2), (333, 1), (WHOLE, 1)])
def test_the_tables_are_the_same_bytes_however_the_slide_is_cut(
    path: Path, result: SlideResult, tmp_path: Path, tile_px: int, workers: int
) -> None:
    again = mvd.analyze(path, SETTINGS, region=REGIONS, tile_px=tile_px, workers=workers)
    assert written(again, tmp_path / "again") == written(result, tmp_path / "first")


def written(of: SlideResult, out: Path) -> dict[str, bytes]:
    write_slide(of, out / "one-1", "one-1", "one.tif")
    write_cohort(
        out, [summary_row(of, "one-1", "one.tif")], hotspot_rows(of, "one-1"), [], region_rows(of, "one-1")
    )
    files = {file.relative_to(out).as_posix(): file.read_bytes() for file in out.rglob("*.csv")}
    assert len(files) == 6
    return files


class Watched:
    """A slide that notes what is read of it."""

    def __init__(self, slide: Slide) -> None:
        self.slide, self.pixels, self.info = slide, 0, slide.info

    def read(self, rect: mvd.Rect, level: int = 0) -> np.ndarray:
        self.pixels += rect.area_px
        return self.slide.read(rect, level)

    def scanned(self, rect: mvd.Rect, level: int = 0) -> np.ndarray:
        return self.slide.scanned(rect, level)

    def damage(self, level: int = 0) -> tuple[mvd.Rect, ...]:
        return self.slide.damage(level)

    def close(self) -> None:
        self.slide.close()


@contextmanager
def watched(path: Path) -> Iterator[Watched]:
    slide = open_slide(path)
    try:
        yield Watched(slide)
    finally:
        slide.close()


def test_only_the_tiles_near_a_region_are_read(path: Path) -> None:
    corner = Region.polygon("corner", [[0, 0], [200, 0], [200, 200], [0, 200]])
    read = []
    for region in (None, [corner]):
        with watched(path) as slide:
            mvd.analyze(slide, SETTINGS, region=region, tile_px=256, workers=1)
            read.append(slide.pixels)
    tiles_px = 1800 * 1900
    assert read[0] - read[1] > 0.5 * tiles_px


def test_a_region_of_the_whole_slide_is_the_whole_slide(path: Path, whole: SlideResult) -> None:
    everywhere = Region.polygon("all", [[-10, -10], [4000, -10], [4000, 4000], [-10, 4000]])
    same = mvd.analyze(path, SETTINGS, region=[everywhere], workers=2)
    assert dict(same.summary) == dict(whole.summary)
    pd.testing.assert_frame_equal(same.vessels.table, whole.vessels.table, check_exact=True)


def test_regions_without_tissue_or_beside_the_slide_fail(tmp_path: Path) -> None:
    spec = PhantomSpec(3, "clean", height_um=500, width_um=500, vessels_per_mm2=200)
    slide = write_phantom(make_phantom(spec), tmp_path, "islet")
    glass = Region.polygon("glass", [[0, 0], [20, 0], [20, 20], [0, 20]])
    tissue = Region.polygon("tissue", [[300, 300], [700, 300], [700, 700], [300, 700]])
    with pytest.raises(NoTissue, match="inside the regions"):
        mvd.analyze(slide, SETTINGS, region=[glass])
    with pytest.raises(RegionError, match="'far' lies outside"):
        mvd.analyze(slide, SETTINGS, region=[tissue, Region.polygon("far", SQUARE + 5000)])
    both = mvd.analyze(slide, SETTINGS, region=[glass, tissue])
    assert both.drawn is not None
    empty = both.drawn.regions[0].summary
    assert (empty["tissue_area_mm2"], empty["vessels"], empty["mvd_tissue_per_mm2"]) == (0, 0, None)
    assert both.summary["vessels"] == both.drawn.regions[1].summary["vessels"] > 0


def test_regions_are_locked_annotations_and_their_names_are_inert(
    result: SlideResult, tmp_path: Path
) -> None:
    write_slide(result, tmp_path, "one-1", "one.tif")
    text = (tmp_path / "vessels.geojson").read_text()
    assert "<1>" not in text
    features = json.loads(text)["features"]
    regions = [f for f in features if f["properties"]["classification"]["name"] == "Region"]
    assert [f["properties"]["name"] for f in regions] == ["Tumour <1>", "Rand ö"]
    for feature, ring, row in zip(regions, (SQUARE, TRIANGLE), region_rows(result, "x")[:2], strict=True):
        assert feature["properties"]["isLocked"]
        assert feature["properties"]["objectType"] == "annotation"
        assert feature["properties"]["measurements"]["vessels"] == row["vessels"]
        corners = np.array(feature["geometry"]["coordinates"][0])
        assert (corners[0] == corners[-1]).all()
        assert {tuple(np.round(corner, 1)) for corner in ring} == {tuple(np.round(c, 1)) for c in corners}
    told = json.loads((tmp_path / "slide.json").read_text())["regions"]
    assert told["names"] == ["Tumour <1>", "Rand ö"]
    assert result.drawn is not None
    assert told["sha256"] == result.drawn.sha256


def test_regions_are_outlined_in_the_overview(whole: SlideResult, result: SlideResult) -> None:
    def painted(of: SlideResult) -> int:
        picture = cv2.imdecode(np.frombuffer(draw_overview(of), np.uint8), cv2.IMREAD_COLOR)
        return int((picture == np.array(REGION[::-1])).all(axis=2).sum())

    assert painted(result) > painted(whole) + 200
