"""Runs, other rules, merging, regions and crashes with corrections: kept, applied where they fit, else named."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from correcting import FIELD, correct, files, mvd, rows, square

from mvd import Corrections
from mvd.corrections import JOURNAL, NAME


def test_a_run_applies_corrections_and_never_changes_them(out: Path, folder: Path, phantoms: Path) -> None:
    correct(Corrections.open(folder, "AB"))
    mvd("report", out)
    reported, kept = files(out), [(folder / name).read_bytes() for name in (NAME, JOURNAL)]
    for words in ((), ("--fresh",)):
        assert mvd("run", phantoms, "--out", out, "--quiet", *FIELD, *words).exit_code == 0
        assert files(out) == reported
        assert [(folder / name).read_bytes() for name in (NAME, JOURNAL)] == kept


def test_corrections_that_came_after_the_report_are_in_the_next_run(
    out: Path, folder: Path, phantoms: Path
) -> None:
    Corrections.open(folder, "AB").add(point_um=(60, 300))
    assert mvd("run", phantoms, "--out", out, "--quiet", *FIELD).exit_code == 0
    assert rows(out / "summary.csv")[0]["reviewed"] == "true"


def test_what_still_fits_other_rules_is_applied_and_flagged(out: Path, folder: Path) -> None:
    opened = Corrections.open(folder, "AB")
    ids = [int(i) for i in opened.vessels.counted["vessel_id"]]
    opened.delete(ids[0])
    # Touching rings are found as two vessels; where none is split, these are not there any more.
    split = opened.vessels.table.query("reason == 'split'")["vessel_id"].tolist()
    assert split
    opened.count(split[0], False)
    assert mvd("recount", out, "--quiet", "--vessel-own-lumen-um2", "5000").exit_code == 0
    one = rows(out / "summary.csv")[0]
    assert (one["reviewed"], one["corrections"], one["corrections_not_applied"]) == ("true", "1", "1")
    warnings = json.loads((folder / "slide.json").read_text())["warnings"]
    assert any("correction 2 (count)" in line and "not among those found now" in line for line in warnings)
    assert any("1 were made of other settings" in line for line in warnings)
    assert "corrections" in (out / "report.html").read_text(encoding="utf-8")
    assert len(json.loads((folder / NAME).read_text())["edits"]) == 2


def test_a_vessel_added_where_one_is_counted_now_is_not_counted_twice(
    measured: Path, out: Path, folder: Path
) -> None:
    strict = ("--vessel-min-area-um2", "60")
    mvd("recount", out, "--quiet", *strict)
    opened = Corrections.open(folder, "AB")
    small = opened.vessels.table.query("reason == 'too_small' and filled_area_um2 > 30").iloc[0]
    opened.add([square(small.x_um, small.y_um, 8)])
    with_it = opened.summary()["vessels"]
    assert mvd("report", out).exit_code == 0
    assert int(rows(out / "summary.csv")[0]["vessels"]) == with_it
    mvd("recount", out, "--quiet", "--vessel-min-area-um2", "12")
    one, before = rows(out / "summary.csv")[0], rows(measured / "summary.csv")[0]
    assert (one["corrections"], one["corrections_not_applied"], one["reviewed"]) == ("0", "1", "false")
    assert one["vessels"] == before["vessels"]
    assert "a vessel is counted there now" in (folder / "slide.json").read_text()


def test_corrections_of_another_content_are_kept_and_not_applied(out: Path, folder: Path) -> None:
    Corrections.open(folder, "AB").add(point_um=(60, 300))
    text = (folder / NAME).read_text()
    sha256 = json.loads(text)["basis"]["slide_sha256"]
    (folder / JOURNAL).unlink()
    (folder / NAME).write_text(text.replace(sha256, "0" * 64))
    before = rows(out / "summary.csv")[0]
    assert mvd("report", out).exit_code == 0
    one = rows(out / "summary.csv")[0]
    assert (one["vessels"], one["reviewed"], one["corrections"]) == (before["vessels"], "false", "0")
    assert "other content" in (folder / "slide.json").read_text()
    assert "0" * 64 in (folder / NAME).read_text()


def test_regions_keep_both_numbers(phantoms: Path, tmp_path: Path) -> None:
    ring = [[0, 0], [800, 0], [800, 400], [0, 400], [0, 0]]
    feature = {
        "type": "Feature",
        "properties": {"name": "top"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    drawn = tmp_path / "top.geojson"
    drawn.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    out = tmp_path / "out"
    slide = next(phantoms.glob("one*.tif"))
    assert mvd("run", slide, "--out", out, "--quiet", "--region", drawn).exit_code == 0
    folder = next((out / "slides").iterdir())
    before = rows(out / "regions.csv")[0]
    opened = Corrections.open(folder, "AB")
    opened.add(point_um=(200, 100))
    opened.add(point_um=(200, 300))  # outside
    assert opened.summary()["vessels"] == opened.summary()["automatic_vessels"] + 1
    assert mvd("report", out).exit_code == 0
    top = rows(out / "regions.csv")[0]
    assert int(top["vessels"]) == int(before["vessels"]) + 1
    assert top["automatic_vessels"] == before["vessels"]
    made = rows(folder / "vessels.csv")[-2:]
    assert [row["reason"] for row in made] == ["by_hand", "out_of_region"]


def test_merging_waits_for_the_report(out: Path, folder: Path, tmp_path: Path) -> None:
    Corrections.open(folder, "AB").add(point_um=(60, 300))
    answer = mvd("merge", out, "--out", tmp_path / "merged")
    assert answer.exit_code == 1
    assert "run `mvd report` there first" in answer.output
    assert not (tmp_path / "merged" / "summary.csv").exists()
    mvd("report", out)
    assert mvd("merge", out, "--out", tmp_path / "merged").exit_code == 0
    assert rows(tmp_path / "merged" / "summary.csv")[0]["reviewed"] == "true"
    assert (tmp_path / "merged" / "slides" / folder.name / NAME).is_file()


def test_killed_while_the_report_is_written(out: Path, folder: Path) -> None:
    correct(Corrections.open(folder, "AB"))
    kept = [(folder / name).read_bytes() for name in (NAME, JOURNAL)]
    command = [sys.executable, "-c", "from mvd.cli import main; main()", "report", str(out), "--quiet"]
    for tenths in (9, 14, 18, 22):
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            time.sleep(tenths / 10)
            process.send_signal(signal.SIGKILL)
    assert mvd("report", out).exit_code == 0
    assert [(folder / name).read_bytes() for name in (NAME, JOURNAL)] == kept
    assert rows(out / "summary.csv")[0]["reviewed"] == "true"
    assert not list((out / "slides").glob(".*"))
