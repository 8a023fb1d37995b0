"""Slides that come while a folder is watched: each is done once it is whole, and the tables are those of one run."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from batch_running import Quiet

from mvd.batch import How, run
from mvd.batch.arrivals import PATIENCE, Arrivals
from mvd.batch.watch import Given, Times, watch
from mvd.errors import MvdError
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.settings import Settings
from mvd.slide import FoundSlide, find_slides

SETTLED_S = 0.4
QUICK = Times(every_s=0.1, settled_s=SETTLED_S, idle_stop_s=1.5)
MAIN = (  # Ctrl-C is heeded also where the tests run in the background
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from mvd.cli import main; main()"
)
TABLES = ("summary.csv", "hotspots.csv", "failed.csv")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, bytes]:
    """The contents of two slides of 0.15 mm on a side."""
    folder = tmp_path_factory.mktemp("made")
    for seed, name in ((7, "one"), (8, "two")):
        spec = PhantomSpec(seed, "clean", height_um=150, width_um=150, vessels_per_mm2=300, outline=False)
        write_phantom(make_phantom(spec), folder, name)
    return {name: (folder / f"{name}.tif").read_bytes() for name in ("one", "two")}


@pytest.fixture
def scans(tmp_path) -> Path:
    (tmp_path / "scans").mkdir()
    return tmp_path / "scans"


class Noting(Quiet):
    """Answers a watch, and notes what it does."""

    def __init__(self, after_pass=lambda: None):
        self.begun, self.passes, self.said, self.after_pass = [], 0, [], after_pass

    def slide_started(self, number, name):
        self.begun.append(name)

    def given(self, found):
        return Given({}, {})

    def how(self, slides):
        return How()

    def reporter(self, slides):
        return self

    def passed(self, reporter, outcome):
        self.passes += 1
        self.after_pass()

    def say(self, words):
        self.said.append(words)


def tables(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in TABLES if (out / name).exists()}


def of_one_run(scans: Path, out: Path) -> dict[str, bytes]:
    run(find_slides([scans]), out, Settings(), Quiet())
    return tables(out)


def test_a_slide_is_complete_when_it_stayed_the_same(tmp_path):
    now_s = [0.0]
    arrivals = Arrivals(10, clock=lambda: now_s[0])
    slide = FoundSlide(tmp_path / "one.tif", "one.tif")
    marks = []
    for at_s, content in (
        (0, b"II"),
        (9, None),
        (9.5, b"III"),
        (19, None),
        (19.5, None),
        (60, None),
        (61, b"I"),
    ):
        now_s[0] = at_s
        if content:
            slide.path.write_bytes(content)
        marks.append(arrivals.look([slide]).get(slide.name))
    assert [mark is not None for mark in marks] == [False, False, False, False, True, True, False]
    assert marks[4] == marks[5]
    now_s[0] = 71
    assert arrivals.look([slide])[slide.name] != marks[4]


def test_all_files_of_a_slide_count(tmp_path):
    now_s = [0.0]
    arrivals = Arrivals(10, clock=lambda: now_s[0])
    slide = FoundSlide(tmp_path / "one.mrxs", "one.mrxs")
    slide.path.write_bytes(b"II*\0")
    assert not arrivals.look([slide])
    now_s[0] = 9
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "Data0001.dat").write_bytes(b"x")
    assert not arrivals.look([slide])
    now_s[0] = 18
    assert not arrivals.look([slide])
    now_s[0] = 19
    assert arrivals.look([slide])


def test_one_that_cannot_be_read_is_waited_for_and_told_in_the_end(tmp_path):
    now_s = [0.0]
    arrivals = Arrivals(10, clock=lambda: now_s[0])
    slide = FoundSlide(tmp_path / "one.tif", "one.tif")
    slide.path.symlink_to(tmp_path / "not mounted yet")
    complete = []
    for now_s[0] in (0, 10, 10 * PATIENCE - 1, 10 * PATIENCE):
        complete.append(bool(arrivals.look([slide])))
    assert complete == [False, False, False, True]


def test_slides_are_done_as_they_become_whole(made, scans, tmp_path):
    """One comes whole, one in three parts, one is cut off at first: each pass is of what is new."""
    host, out = Noting(), tmp_path / "out"
    (scans / "cut.tif").write_bytes(made["two"][:20_000])

    def scan():
        with (scans / "slow.tif").open("wb") as stream:
            size = len(made["one"])
            for part in range(3):
                stream.write(made["one"][part * size // 3 : (part + 1) * size // 3])
                stream.flush()
                time.sleep(SETTLED_S * 0.6)
        while not (out / "failed.csv").exists():
            time.sleep(0.02)
        (scans / "whole.tif.part").write_bytes(made["two"])
        os.replace(scans / "whole.tif.part", scans / "whole.tif")
        (scans / "cut.tif").write_bytes(made["two"])

    scanner = threading.Thread(target=scan)
    scanner.start()
    outcome = watch(scans, out, Settings(), host, QUICK)
    scanner.join()
    assert outcome.exit_code == 0
    assert sorted(host.begun) == ["cut.tif", "cut.tif", "slow.tif", "whole.tif"]
    assert tables(out) == of_one_run(scans, tmp_path / "expected")


def test_one_that_failed_is_not_tried_again_before_it_changes(made, scans, tmp_path):
    (scans / "bad.tif").write_bytes(b"II*\0 no more")
    host = Noting(lambda: (scans / "one.tif").exists() or (scans / "one.tif").write_bytes(made["one"]))
    outcome = watch(scans, tmp_path / "out", Settings(), host, QUICK)
    assert (host.passes, host.begun, outcome.exit_code) == (2, ["bad.tif", "one.tif"], 3)
    assert tables(tmp_path / "out") == of_one_run(scans, tmp_path / "expected")


def test_what_was_measured_stays_when_it_is_moved_away_also_for_the_next_watch(made, scans, tmp_path):
    for name in made:
        (scans / f"{name}.tif").write_bytes(made[name])
    (scans / "bad.tif").write_bytes(b"II*\0 no more")
    expected = of_one_run(scans, tmp_path / "expected")
    out = tmp_path / "out"

    def move():
        (scans / "one.tif").unlink(missing_ok=True)
        (scans / "bad.tif").unlink(missing_ok=True)

    assert watch(scans, out, Settings(), Noting(move), QUICK).exit_code == 3
    assert tables(out) == expected
    (scans / "three.tif").write_bytes(made["two"])
    host = Noting()
    assert watch(scans, out, Settings(), host, QUICK).exit_code == 0
    assert sorted(host.begun) == ["three.tif", "two.tif"]
    del expected["failed.csv"]
    (scans / "one.tif").write_bytes(made["one"])
    assert tables(out) == of_one_run(scans, tmp_path / "all")


def test_a_folder_that_is_gone_for_a_while_is_waited_for(made, scans, tmp_path):
    (scans / "one.tif").write_bytes(made["one"])

    def away():
        if host.passes == 1:
            scans.rename(tmp_path / "elsewhere")
            threading.Timer(0.5, back).start()

    def back():
        (tmp_path / "elsewhere" / "two.tif").write_bytes(made["two"])
        (tmp_path / "elsewhere").rename(scans)

    host = Noting(away)
    watch(scans, tmp_path / "out", Settings(), host, QUICK)
    assert len(host.said) == 1
    assert "no such file" in host.said[0]
    assert host.begun == ["one.tif", "two.tif"]
    assert tables(tmp_path / "out") == of_one_run(scans, tmp_path / "expected")


def test_the_watched_folder_is_no_result_folder(scans):
    with pytest.raises(MvdError, match=r"is the folder that is watched; .*--out"):
        watch(scans, scans, Settings(), Noting(), QUICK)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signals on this system")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 4)])
def test_it_is_ended_by_a_signal_and_gone_on_with(made, scans, tmp_path, name, code):
    """It comes as soon as there is a table, often while the report is drawn: what was measured is told all the same."""
    (scans / "one.tif").write_bytes(made["one"])
    out, stage = tmp_path / "out", tmp_path / "stage"
    command = [sys.executable, "-c", MAIN, "watch", str(scans), "--out", str(out), "--stage-dir", str(stage)]
    command += ["--every", "0.1", "--settled", "0.2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        while not (out / "summary.csv").exists():
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(getattr(signal, name))
        printed, said = process.communicate(timeout=120)
    assert process.returncode == code
    assert "one.tif" in printed
    assert "Traceback" not in said
    assert list(stage.iterdir()) == []
    (scans / "two.tif").write_bytes(made["two"])
    host = Noting()
    watch(scans, out, Settings(), host, QUICK)
    assert tables(out) == of_one_run(scans, tmp_path / "expected")


def test_it_resumes_what_was_done_before(made, scans, tmp_path):
    (scans / "one.tif").write_bytes(made["one"])
    expected = of_one_run(scans, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("slides/*/*")}
    assert watch(scans, tmp_path / "out", Settings(), Noting(), QUICK).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert tables(tmp_path / "out") == expected
