"""``mvd run``: what it says, what it writes, and how it ends."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

cv2 = pytest.importorskip("cv2")
MVD = [sys.executable, "-c", "from mvd.cli import main; main()"]


def test_lines_on_stderr_and_a_table_on_stdout(mvd, slides, tmp_path):
    result = mvd("run", slides, "--out", tmp_path / "out", "--jobs", 1)
    assert result.exit_code == 0
    first, second, last = [line for line in result.stderr.splitlines() if ": warning: " not in line]
    shape = r"\[1/2\] one\.tif: \d+ vessels, \d+\.\d per mm2, hot spot \d+ in 0\.74 mm2 \(\d+\.\d s\)"
    assert re.fullmatch(shape, first)
    assert second.startswith("[2/2] ward/two.tif: ")
    assert "summary.csv" in last
    header, *rows = result.stdout.splitlines()
    assert header.split() == ["slide", "vessels", "per", "mm2", "hot", "spot", "per", "mm2"]
    summary = pd.read_csv(tmp_path / "out" / "summary.csv")
    assert [row.split()[:2] for row in rows] == [
        [s, str(n)] for s, n in zip(summary["slide"], summary["vessels"], strict=True)
    ]
    assert "\x1b" not in result.output


def test_quiet_says_nothing(mvd, slides, tmp_path):
    assert mvd("run", slides, "--out", tmp_path / "out", "--quiet").output == ""


def test_json_prints_events(mvd, slides, tmp_path):
    result = mvd("run", slides, "--out", tmp_path / "out", "--json", "--jobs", 1)
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.stderr == ""
    assert (events[0]["event"], events[0]["slides"]) == ("started", 2)
    assert (events[-1]["event"], events[-1]["done"], events[-1]["exit_code"]) == ("finished", 2, 0)
    done = [event for event in events if event["event"] == "slide_done"]
    assert sorted(event["slide"] for event in done) == ["one.tif", "ward/two.tif"]
    assert done[0]["status"] == "ok"
    assert done[0]["vessels"] == pd.read_csv(tmp_path / "out" / "summary.csv")["vessels"][0]
    assert {event["stage"] for event in events if event["event"] == "progress"} >= {
        "overview",
        "tiles",
        "report",
    }


def test_dry_run_lists_and_writes_nothing(mvd, slides, tmp_path):
    (tmp_path / "text.svs").write_text("hello")
    result = mvd("run", slides, tmp_path / "text.svs", "--out", tmp_path / "out", "--dry-run")
    assert result.exit_code == 0
    assert "ward/two.tif" in result.stdout
    assert "0.5 um/px" in result.stdout
    assert "would fail (unreadable)" in result.stdout
    assert not (tmp_path / "out").exists()


def test_bad_slides_are_named_and_the_others_are_done(mvd, slides, tmp_path):
    rng = np.random.default_rng(0)
    bad = tmp_path / "in"
    bad.mkdir()
    (bad / "text.svs").write_text("not a slide")
    (bad / "empty.tif").write_bytes(b"")
    (bad / "cut.tif").write_bytes((slides / "one.tif").read_bytes()[:3000])
    cv2.imwrite(str(bad / "grey.png"), rng.integers(0, 255, (64, 64), dtype=np.uint8))
    cv2.imwrite(str(bad / "deep.png"), rng.integers(0, 60000, (64, 64, 3), dtype=np.uint16))
    cv2.imwrite(str(bad / "no_size.png"), rng.integers(0, 255, (64, 64, 3), dtype=np.uint8))
    shutil.copy(slides / "one.tif", bad / "fine.tif")
    result = mvd("run", bad, "--out", tmp_path / "out")
    assert result.exit_code == 3
    summary = pd.read_csv(tmp_path / "out" / "summary.csv").set_index("slide")
    assert summary["error"].dropna().to_dict() == {
        "cut.tif": "unreadable",
        "deep.png": "unsupported_pixels",
        "empty.tif": "unreadable",
        "grey.png": "unsupported_pixels",
        "no_size.png": "no_mpp",
        "text.svs": "unreadable",
    }
    assert summary.loc["fine.tif", "status"] == "ok"
    numbers = summary.drop(index="fine.tif").drop(
        columns=["slide_id", "status", "error", "settings_fingerprint", "mvd_version"]
    )
    assert numbers.isna().all(axis=None)
    with (tmp_path / "out" / "failed.csv").open(newline="") as stream:
        failed = {row["slide"]: row["what_to_do"] for row in csv.DictReader(stream)}
    assert len(failed) == 6
    assert "--mpp" in failed["no_size.png"]
    assert not any("\n" in line or str(tmp_path) in line for line in failed.values())
    assert "6 of 7 slides failed" in result.stderr
    assert result.stderr.splitlines()[-1].endswith("slides")  # where the pictures are
    assert len([line for line in result.stderr.splitlines() if "FAILED" in line]) == 6


def test_where_no_slide_was_done_no_pictures_are_promised(mvd, tmp_path):
    (tmp_path / "text.tif").write_text("not a slide")
    result = mvd("run", tmp_path / "text.tif", "--out", tmp_path / "out")
    assert result.exit_code == 3
    last = result.stderr.splitlines()[-1]
    assert last == f"Results: {tmp_path}/out/report.html, {tmp_path}/out/summary.csv"


def test_no_slide_and_no_place_to_write_exit_1_in_one_line(mvd, slides, tmp_path):
    (tmp_path / "none").mkdir()
    (tmp_path / "file").write_text("")
    for words in ([tmp_path / "none", "--out", tmp_path / "out"], [slides, "--out", tmp_path / "file"]):
        result = mvd("run", *words)
        assert result.exit_code == 1
        assert result.stderr.startswith("mvd: error: ")
        assert result.stderr.count("\n") == 1


def test_mpp_gives_a_picture_without_pixel_size_the_density_of_its_tagged_twin(mvd, slides, tmp_path):
    import tifffile

    pixels = tifffile.imread(slides / "one.tif")
    cv2.imwrite(str(tmp_path / "one.png"), pixels[..., ::-1])
    (tmp_path / "sizes.csv").write_text("slide,mpp\none,0.5\n")
    mvd("run", tmp_path / "one.png", "--mpp", "0.5", "--out", tmp_path / "flag", "--quiet")
    mvd(
        "run",
        tmp_path / "one.png",
        "--mpp-table",
        tmp_path / "sizes.csv",
        "--out",
        tmp_path / "table",
        "--quiet",
    )
    mvd("run", slides / "one.tif", "--out", tmp_path / "twin", "--quiet")
    flag, table, twin = (
        pd.read_csv(tmp_path / name / "summary.csv").iloc[0] for name in ("flag", "table", "twin")
    )
    assert (flag["mpp_source"], table["mpp_source"], twin["mpp_source"]) == ("user", "user", "tiff")
    for column in ("vessels", "tissue_area_mm2", "mvd_tissue_per_mm2"):
        assert flag[column] == table[column] == twin[column]


def test_a_terminal_gets_a_bar_without_colour_if_it_asks_so(slides, tmp_path):
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "xterm", "COLUMNS": "120"}
    words = [*MVD, "run", str(slides), "--out", str(tmp_path / "out")]
    with subprocess.Popen(words, stderr=theirs, stdout=subprocess.PIPE, env=environment) as process:
        os.close(theirs)
        said = _all_of(ours)
    assert process.returncode == 0
    assert "slides" in said
    assert "tiles" in said
    assert "one.tif: " in said
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", said)


def _all_of(terminal: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so when the other side has gone
            part = b""
        if not part:
            os.close(terminal)
            return b"".join(parts).decode()
        parts.append(part)


def _heed_control_c():
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize("jobs", [1, 2])
def test_control_c_keeps_what_is_finished(slides, tmp_path, jobs):
    for number in range(40):
        (tmp_path / "in").mkdir(exist_ok=True)
        shutil.copy(slides / "one.tif", tmp_path / "in" / f"{number:02d}.tif")
    words = [*MVD, "run", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--jobs", str(jobs)]
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    # What is started in the background ignores the signal, and so do its children.
    with subprocess.Popen(words, **pipes, preexec_fn=_heed_control_c) as process:  # noqa: PLW1509 - no threads here
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said = first + process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "interrupted after" in said
    summary = pd.read_csv(tmp_path / "out" / "summary.csv")
    assert 1 <= len(summary) < 40
    assert set(summary["status"]) == {"ok"}
    assert json.loads((tmp_path / "out" / "run.json").read_text())["state"] == "interrupted"


@pytest.mark.parametrize(("flags", "lines"), [(["--json"], 4), ([], 1)])
def test_a_pipe_that_is_closed_ends_the_run_quietly(slides, tmp_path, flags, lines):
    (tmp_path / "in").mkdir()
    for number in range(20):
        shutil.copy(slides / "one.tif", tmp_path / "in" / f"{number:02d}.tif")
    words = [*MVD, "run", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *flags]
    stderr = (
        (tmp_path / "stderr").open("wb") if flags else subprocess.STDOUT
    )  # without --json it tells of slides
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=stderr) as process:
        for _ in range(lines):
            process.stdout.readline()
        process.stdout.close()
    assert process.returncode == 130
    if flags:
        stderr.close()
        assert (tmp_path / "stderr").read_bytes() == b""
    assert json.loads((tmp_path / "out" / "run.json").read_text())["state"] == "interrupted"
    assert len(pd.read_csv(tmp_path / "out" / "summary.csv")) < 20


def test_a_table_that_nobody_reads_changes_nothing(slides, tmp_path):
    words = [*MVD, "run", str(slides), "--out", str(tmp_path / "out")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 0
    assert "Error" not in said
    assert json.loads((tmp_path / "out" / "run.json").read_text())["state"] == "finished"
