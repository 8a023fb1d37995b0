"""The files of a slide and of a cohort: complete, reproducible, or not there."""

import csv
import hashlib
import json

import pandas as pd
import pytest

from mvd.report import remove_slide, write_atomically, write_cohort, write_slide
from mvd.result import HOTSPOT_COLUMNS, VESSEL_COLUMNS

resource = pytest.importorskip("resource", reason="no file-size limit on this system")


@pytest.fixture
def folder(tmp_path, make_result):
    write_slide(make_result(), tmp_path / "slides" / "case-1", "case-1", "ward/=case.svs")
    return tmp_path / "slides" / "case-1"


def test_slide_json_names_the_hash_of_every_other_file(folder):
    done = json.loads((folder / "slide.json").read_bytes())
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    there.pop("slide.json")
    assert done["files"] == there
    ours = {"vessels.csv", "hotspots.csv", "vessels.geojson", "overview.png", "hotspot_01.png"}
    assert set(there) >= ours | {"plain_overview.jpg", "plain_hotspot_01.jpg"}


def test_slide_json_tells_how_the_numbers_came_about(folder):
    done = json.loads((folder / "slide.json").read_bytes())
    assert done["slide"] == "ward/=case.svs"
    assert done["summary"]["mvd_tissue_per_mm2"] == 15.432
    assert done["summary"]["hotspot_p"] is None
    assert done["stain"]["source"] == "preset"
    assert done["tissue"]["white_point"] == [240.0, 240.0, 240.0]
    assert done["settings"]["report"]["overview_px"] == 400
    assert "path" not in json.dumps(done)


def test_the_tables_have_the_columns_of_the_contract(folder):
    vessels = pd.read_csv(folder / "vessels.csv")
    assert list(vessels) == [column.name for column in VESSEL_COLUMNS]
    assert vessels["counted"].tolist() == [True, True, False, False]
    assert vessels["hotspot_rank"].isna().tolist() == [False, False, True, True]
    hotspots = pd.read_csv(folder / "hotspots.csv")
    assert list(hotspots) == [column.name for column in HOTSPOT_COLUMNS]
    assert hotspots["tissue_fraction"].tolist() == [0.9877, 0.0]
    assert hotspots["vessels_per_mm2_tissue"].isna().tolist() == [False, True]


def test_the_same_result_gives_the_same_bytes(tmp_path, make_result, folder):
    write_slide(make_result(), tmp_path / "again", "case-1", "ward/=case.svs")
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_a_new_result_leaves_nothing_of_the_old_but_what_people_made(folder, make_result):
    (folder / "corrections.json").write_text("{}")
    (folder / "hotspot_07.png").write_bytes(b"old")
    write_slide(make_result(empty=True), folder, "case-1", "case.svs")
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "slide.json",
        "vessels.csv",
        "hotspots.csv",
        "vessels.geojson",
        "overview.png",
        "plain_overview.jpg",
        "corrections.json",
    }
    assert (folder / "hotspots.csv").read_text().count("\n") == 1


def test_remove_slide_leaves_foreign_files(folder):
    (folder / "notes.txt").write_text("mine")
    remove_slide(folder)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    (folder / "notes.txt").unlink()
    remove_slide(folder)
    assert not folder.exists()
    remove_slide(folder)


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "big.bin"
    write_atomically(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            write_atomically(path, b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["big.bin"]


def test_failed_csv_is_there_only_when_a_slide_failed(tmp_path):
    row = {"slide_id": "a", "slide": "=a", "status": "failed", "error": "no_mpp"}
    write_cohort(tmp_path, [row], [], [{"slide": "=a", "error": "no_mpp", "what_to_do": "pass --mpp"}])
    with (tmp_path / "failed.csv").open(newline="") as stream:
        assert list(csv.reader(stream))[1] == ["'=a", "no_mpp", "pass --mpp"]
    write_cohort(tmp_path, [row], [], [])
    assert not (tmp_path / "failed.csv").exists()
    assert pd.read_csv(tmp_path / "summary.csv").iloc[0].dropna().to_dict() == {
        "slide_id": "a",
        "slide": "'=a",
        "status": "failed",
        "error": "no_mpp",
    }
