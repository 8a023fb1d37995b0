"""``mvd run --region``: one file, a folder of files, and what is wrong with them."""

import hashlib
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from mvd.result import REGION_COLUMNS, SUMMARY_COLUMNS


def square(left: float, top: float, side: float, name: str = "Tumour") -> dict:
    ring = [[left, top], [left + side, top], [left + side, top + side], [left, top + side], [left, top]]
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"objectType": "annotation", "name": name},
    }


def collection(*features: dict) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features)})


@pytest.fixture
def rois(tmp_path) -> Path:
    """A folder with regions for ``one.tif`` and ``ward/two.tif``."""
    folder = tmp_path / "rois"
    (folder / "ward").mkdir(parents=True)
    (folder / "one.geojson").write_text(collection(square(100, 100, 200), square(300, 100, 80, "=Rim")))
    (folder / "ward" / "two.geojson").write_text(collection(square(0, 0, 300)))
    return folder


def test_one_file_for_one_slide(mvd, slides, rois, tmp_path):
    out = tmp_path / "out"
    for region in ([], ["--region", rois / "one.geojson"]):
        result = mvd("run", slides / "one.tif", "--out", out, *region)
        assert result.exit_code == 0
        summary = pd.read_csv(out / "summary.csv").iloc[0]
        assert (out / "regions.csv").exists() == bool(region)
    assert list(summary.index) == [column.name for column in SUMMARY_COLUMNS]
    assert summary["tissue_area_mm2"] == pytest.approx((200**2 + 80**2) * 0.25e-6, rel=0.01)
    regions = pd.read_csv(out / "regions.csv")
    assert list(regions.columns) == [column.name for column in REGION_COLUMNS]
    assert regions["region"].tolist() == ["Tumour", "'=Rim", "(all)"]
    assert regions["vessels"][2] == summary["vessels"] == regions["vessels"][:2].sum()
    own = out / "slides" / summary["slide_id"]
    assert (own / "regions.csv").read_bytes() == (out / "regions.csv").read_bytes()
    assert json.loads((own / "slide.json").read_text())["files"]["regions.csv"]


def test_what_was_used_is_recorded_and_the_fingerprint_is_not_touched(mvd, slides, rois, tmp_path):
    mvd("run", slides / "one.tif", "--out", tmp_path / "whole", "--quiet")
    mvd("run", slides / "one.tif", "--out", tmp_path / "out", "--quiet", "--region", rois / "one.geojson")
    whole, record = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("whole", "out"))
    assert record["settings_fingerprint"] == whole["settings_fingerprint"]
    digest = hashlib.sha256((rois / "one.geojson").read_bytes()).hexdigest()
    (slide,) = record["slides"]
    assert (slide["region_file"], slide["region_sha256"]) == ("one.geojson", digest)
    assert (whole["slides"][0]["region_file"], whole["slides"][0]["region_sha256"]) == ("", "")
    (path,) = (tmp_path / "out").glob("slides/*/slide.json")
    names = ["Tumour", "=Rim"]
    assert json.loads(path.read_text())["regions"] == {
        "file": "one.geojson",
        "sha256": digest,
        "names": names,
    }
    assert str(tmp_path) not in (tmp_path / "out" / "run.json").read_text()


def test_a_folder_has_a_file_for_each_slide_and_one_without_fails_alone(mvd, slides, rois, tmp_path):
    result = mvd("run", slides, "--out", tmp_path / "a", "--region", rois, "--jobs", 2)
    assert result.exit_code == 0
    regions = pd.read_csv(tmp_path / "a" / "regions.csv")
    assert regions.groupby("slide_id", sort=False).size().tolist() == [3, 2]
    (rois / "ward" / "two.geojson").unlink()
    result = mvd("run", slides, "--out", tmp_path / "b", "--region", rois)
    assert result.exit_code == 3
    summary = pd.read_csv(tmp_path / "b" / "summary.csv").set_index("slide")
    assert summary["status"].to_dict() == {"one.tif": "ok", "ward/two.tif": "failed"}
    assert summary.loc["ward/two.tif", "error"] == "no_region"
    failed = pd.read_csv(tmp_path / "b" / "failed.csv").iloc[0]
    assert "two.geojson" in failed["what_to_do"]
    assert str(tmp_path) not in failed["what_to_do"]
    dry = mvd("run", slides, "--out", tmp_path / "c", "--region", rois, "--dry-run").stdout.splitlines()
    assert ", regions: one.geojson, would be analysed" in dry[0]
    assert "would fail (no_region): two.geojson is missing" in dry[1]


def test_a_file_beside_the_others_serves_a_slide_in_a_folder(mvd, slides, rois, tmp_path):
    (rois / "ward" / "two.geojson").rename(rois / "two.geojson")
    assert mvd("run", slides, "--out", tmp_path / "out", "--region", rois, "--quiet").exit_code == 0


def test_one_file_for_two_slides_is_refused(mvd, slides, rois, tmp_path):
    result = mvd("run", slides, "--out", tmp_path / "out", "--region", rois / "one.geojson")
    assert result.exit_code == 2
    assert "one.geojson is one file, and there are 2 slides" in result.stderr
    twins = tmp_path / "twins"
    for ward in ("a", "b"):
        (twins / ward).mkdir(parents=True)
        shutil.copy(slides / "one.tif", twins / ward / "one.tif")
    result = mvd("run", twins, "--out", tmp_path / "out", "--region", rois)
    assert result.exit_code == 2
    assert "one.geojson fits a/one.tif and b/one.tif" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"type":\n "Polygon",}', "one.geojson: line 2: is no JSON"),
        (
            collection(
                square(0, 0, 9),
                {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": {}},
            ),
            "one.geojson: feature 2 is a Point",
        ),
        (collection(), "one.geojson: holds no region"),
    ],
)
def test_a_malformed_file_is_named_and_nothing_is_overwritten(mvd, slides, rois, tmp_path, content, words):
    out = tmp_path / "out"
    mvd("run", slides, "--out", out, "--quiet")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    (rois / "one.geojson").write_text(content)
    result = mvd("run", slides, "--out", out, "--region", rois)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_regions_of_another_slide_fail_it_by_name(mvd, slides, rois, tmp_path):
    (rois / "one.geojson").write_text(collection(square(5000, 5000, 200, "Far")))
    result = mvd("run", slides / "one.tif", "--out", tmp_path / "out", "--region", rois)
    assert result.exit_code == 3
    assert "FAILED (region): " in result.stderr
    assert "region 'Far' lies outside the slide (400 x 400 px)" in result.stderr


def test_a_region_that_is_not_there_is_usage(mvd, slides, tmp_path):
    result = mvd("run", slides, "--out", tmp_path / "out", "--region", tmp_path / "none.geojson")
    assert result.exit_code == 2
    assert "none.geojson" in result.stderr


def test_a_table_line_without_a_slide_is_a_warning(mvd, slides, tmp_path):
    table = tmp_path / "sizes.csv"
    table.write_text("slide,mpp\none,0.5\nabsent,0.25\ngone.svs,0.25\n")
    words = ["run", slides / "one.tif", "--out", tmp_path / "out", "--mpp-table", table]
    result = mvd(*words)
    assert result.exit_code == 0
    warnings = [line for line in result.stderr.splitlines() if "warning: sizes.csv" in line]
    assert len(warnings) == 2
    assert "sizes.csv, line 3: there is no slide 'absent'" in warnings[0]
    assert mvd(*words, "--quiet").output == ""


def test_slides_of_an_earlier_run_stay_and_are_told(mvd, slides, tmp_path):
    out = tmp_path / "out"
    assert "earlier run" not in mvd("run", slides, "--out", out).stderr
    again = mvd("run", slides / "one.tif", "--out", out)
    (line,) = [line for line in again.stderr.splitlines() if "earlier run" in line]
    assert "in no table: ward-two-tif-" in line
    assert len(list(out.glob("slides/*/slide.json"))) == 2
    assert pd.read_csv(out / "summary.csv")["slide"].tolist() == ["one.tif"]
