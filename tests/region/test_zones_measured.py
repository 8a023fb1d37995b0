"""Classes and margins measured on a slide: rows, vessels of each, no dependence on tiles, the drawn rows untouched."""

import json
from pathlib import Path

import numpy as np
import pytest

import mvd
from mvd.errors import SettingsError
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.region import Region
from mvd.report.geojson import geojson
from mvd.report.rows import region_rows
from mvd.result import REGION_COLUMNS, SlideResult

MPP, MARGIN_UM = 0.5, 80.0
FEW = {"hotspot": {"field_mm2": 0.02, "count": 1, "nulls": 0}, "report": {"overview_px": 400}}
PLAIN = mvd.Settings.from_mapping(FEW)
MARGIN = mvd.Settings.from_mapping({**FEW, "region": {"margin_um": MARGIN_UM}})
TUMOUR_UM = (250.0, 250.0, 550.0, 550.0)
REGIONS = [
    Region.polygon("T", np.array([[500, 500], [1100, 500], [1100, 1100], [500, 1100]]), (), "Tumor"),
    Region.polygon("S1", np.array([[1300, 200], [1500, 200], [1500, 500], [1300, 500]]), (), "Stroma"),
    Region.polygon("S2", np.array([[1400, 400], [1600, 400], [1600, 700], [1400, 700]]), (), "Stroma"),
]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1700 x 1600 px of tissue."""
    spec = PhantomSpec(47, "typical", height_um=800, width_um=850, vessels_per_mm2=260, outline=False)
    return write_phantom(make_phantom(spec), tmp_path_factory.mktemp("slides"), "one")


@pytest.fixture(scope="module")
def result(path: Path) -> SlideResult:
    return mvd.analyze(path, MARGIN, region=REGIONS, workers=2)


def rows_of(result: SlideResult) -> dict[str, dict[str, object]]:
    return {str(row["region"]): row for row in region_rows(result, "one-1")}


def test_every_zone_has_its_row(result: SlideResult) -> None:
    rows = region_rows(result, "one-1")
    assert [(row["kind"], row["classification"]) for row in rows] == [
        *[("drawn", "Tumor"), ("drawn", "Stroma"), ("drawn", "Stroma")],
        *[("class", "Tumor"), ("class", "Stroma")],
        *[(kind, "Tumor") for kind in ("margin", "margin_inside", "margin_outside", "core")],
        ("all", None),
    ]
    assert all(set(row) == {column.name for column in REGION_COLUMNS} for row in rows)


def test_vessels_of_the_margin_are_those_within_its_width_of_the_border(
    path: Path, result: SlideResult
) -> None:
    """Of the whole slide's vessels, by the distance of their centroids from the square."""
    table = mvd.analyze(path, PLAIN, workers=2).vessels.counted
    xy_um = table[["x_um", "y_um"]].to_numpy(float)
    low, high = np.array(TUMOUR_UM[:2]), np.array(TUMOUR_UM[2:])
    outside = np.hypot(*np.maximum(np.maximum(low - xy_um, xy_um - high), 0).T)
    depth = np.minimum(xy_um - low, high - xy_um).min(axis=1)
    rows = rows_of(result)
    expected = {
        "(margin of Tumor, 80 um, outside)": (outside > 0) & (outside <= MARGIN_UM),
        "(margin of Tumor, 80 um, inside)": (depth >= 0) & (depth <= MARGIN_UM),
        "(Tumor without its margin)": depth > MARGIN_UM,
    }
    for name, members in expected.items():
        assert rows[name]["vessels"] == members.sum() > 0, name
    both = rows["(margin of Tumor, 80 um)"]["vessels"]
    assert both == sum(int(members.sum()) for members in list(expected.values())[:2])


def test_areas_are_those_of_the_geometry(result: SlideResult) -> None:
    rows = rows_of(result)
    area = {name: float(str(row["tissue_area_mm2"])) for name, row in rows.items()}
    assert area["(Tumor without its margin)"] == pytest.approx(0.14**2, rel=0.01)
    assert area["(margin of Tumor, 80 um, inside)"] == pytest.approx(0.3**2 - 0.14**2, rel=0.01)
    assert area["(class Stroma)"] == pytest.approx(2 * 0.1 * 0.15 - 0.05**2, rel=0.01)
    assert area["(class Tumor)"] == area["T"]


def test_a_margin_changes_no_row_of_what_was_drawn(path: Path, result: SlideResult) -> None:
    plain = rows_of(mvd.analyze(path, PLAIN, region=REGIONS, workers=2))
    assert len(plain) == 6
    for name, row in plain.items():
        assert rows_of(result)[name] == row


def test_tiles_and_workers_change_nothing(path: Path, result: SlideResult) -> None:
    small = mvd.analyze(path, MARGIN, region=REGIONS, workers=1, tile_px=192)
    assert region_rows(small, "one-1") == region_rows(result, "one-1")
    assert b"".join(geojson(small, "one-1")) == b"".join(geojson(result, "one-1"))


def test_qupath_gets_both_sides_of_the_margin(result: SlideResult) -> None:
    features = json.loads(b"".join(geojson(result, "one-1")))["features"]
    regions = [f["properties"]["name"] for f in features if str(f["properties"].get("name")).startswith("(")]
    assert regions == ["(margin of Tumor, 80 um, inside)", "(margin of Tumor, 80 um, outside)"]


def test_a_tumour_without_a_core_has_an_empty_row(path: Path) -> None:
    wide = mvd.Settings.from_mapping({**FEW, "region": {"margin_um": 150.5}})
    core = rows_of(mvd.analyze(path, wide, region=REGIONS[:1], workers=2))["(Tumor without its margin)"]
    assert (core["vessels"], core["tissue_area_mm2"]) == (0, 0)
    assert core["mvd_tissue_per_mm2"] is None


def test_a_margin_without_regions_is_refused(path: Path) -> None:
    with pytest.raises(SettingsError, match=r"region\.margin_um lays a margin round drawn regions"):
        mvd.analyze(path, MARGIN)
