"""A slide in a process of its own: what it does to that process costs the slide, and nothing else."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from batch_running import Bad, Lethal, Quiet, Unthinkable

from mvd.batch import How, free_memory_mb, jobs_for, memory_for, processors, run
from mvd.batch.last_words import last_words
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.settings import Settings
from mvd.slide import find_slides

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no such signals on this system")


@pytest.fixture(scope="module")
def slides(tmp_path_factory) -> Path:
    """Two slides of 0.15 mm on a side."""
    folder = tmp_path_factory.mktemp("slides")
    for seed, name in ((7, "one"), (8, "two")):
        spec = PhantomSpec(seed, "clean", height_um=150, width_um=150, vessels_per_mm2=300, outline=False)
        write_phantom(make_phantom(spec), folder, name)
    # Once without a limit of time: in a fresh checkout this is when the engine is compiled.
    assert run(find_slides([folder]), tmp_path_factory.mktemp("out"), Settings(), Quiet()).exit_code == 0
    return folder


APART = How(apart=True)


class AtFirstSlide(Quiet):
    """A reporter that sends a signal to the process that is at the first slide."""

    def __init__(self, name):
        self.name = name

    def stage(self, number, stage, done, total):
        if (number, stage, done) == (0, "overview", 0):
            for process in multiprocessing.active_children():
                os.kill(process.pid, signal.Signals[self.name])


def measured(slides, out, name, **how):
    return run(find_slides([slides]), out, Settings(), AtFirstSlide(name), how=How(apart=True, **how))


@pytest.mark.parametrize(
    ("name", "how", "code", "advice"),
    [
        ("SIGSEGV", {}, "crashed", "SIGSEGV"),
        ("SIGKILL", {}, "crashed", "out of memory"),
        ("SIGSTOP", {"timeout_s": 20}, "timeout", "--timeout"),
        ("SIGCONT", {"memory_mb": 60}, "out_of_memory", "--memory-mb"),
    ],
)
def test_it_costs_that_slide_only(slides, tmp_path, name, how, code, advice):
    outcome = measured(slides, tmp_path, name, **how)
    first, second = outcome.slides
    assert (outcome.exit_code, first.status, first.error) == (3, "failed", code)
    assert advice in first.message
    assert first.row["vessels"] is None
    assert not list(tmp_path.glob("slides/one*"))
    if code != "out_of_memory":  # which no slide could do with
        assert second.status == "ok"
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        (Lethal, "crashed", "code 1 at this slide (libthing: no memory for batch_running.py; mvd-error.log"),
        (Unthinkable, "crashed", "code 1 at this slide (StopIteration; mvd-error.log says more); report it"),
        (Bad, "internal", "unexpected RuntimeError: can't start new thread for one.tif; mvd-error.log says"),
    ],
)
def test_what_nobody_has_thought_of_is_told_with_its_reason(slides, tmp_path, capfd, kind, code, said):
    first, second = find_slides([slides])
    outcome = run([replace(first, path=kind(first.path)), second], tmp_path, Settings(), Quiet(), how=APART)
    assert [(slide.status, slide.error) for slide in outcome.slides] == [("failed", code), ("ok", "")]
    assert said in outcome.slides[0].message
    told = (tmp_path / "mvd-error.log").read_text()
    assert told.startswith(f"{outcome.slides[0].slide_id}:\n")
    assert str(Path(__file__).parent) not in told + outcome.slides[0].message
    assert capfd.readouterr() == ("", "")


def test_where_a_process_was_when_a_signal_ended_it(slides, tmp_path):
    outcome = measured(slides, tmp_path, "SIGSEGV")
    assert outcome.slides[0].message.split("at this slide (")[1].startswith("in ")
    assert "Fatal Python error: Segmentation fault" in (tmp_path / "mvd-error.log").read_text()


def test_where_it_was_is_found_among_many_threads():
    """With forty lines of other threads the beginning was cut off, and the last line told nothing."""
    others = [
        f"Thread 0x{n:x} (most recent call first):\n" + 3 * '  File "wait.py", line 1 in wait\n'
        for n in range(20)
    ]
    printed = (
        "libexample: what it says first\nFatal Python error: Segmentation fault\n\n"
        + "".join(others)
        + 'Current thread 0x99 (most recent call first):\n  File "/home/ann/read.py", line 7 in decode\n'
        + "\nExtension modules: numpy (total: 1)\n"
    )
    line, told = last_words(printed, Path("one.tif"), "one.tif")
    assert line == "in decode (read.py:7)"
    assert told.startswith("  libexample: what it says first\n  Fatal Python error: Segmentation fault\n")
    assert len(told.splitlines()) == 40
    assert last_words("", Path("one.tif"), "one.tif") == ("", "")


@pytest.mark.parametrize(
    ("slides", "cores", "free_mb", "jobs"),
    [(1, 8, 64e3, 1), (50, 8, 64e3, 8), (50, 8, 3500, 3), (50, 8, 10, 1)],
)
def test_as_many_slides_at_once_as_processors_and_memory_allow(slides, cores, free_mb, jobs):
    assert jobs_for(slides, cores, free_mb) == jobs
    assert jobs * memory_for(jobs, free_mb) <= max(free_mb, 1000)


def test_what_is_free_is_what_the_system_says():
    assert 1 <= processors() <= os.cpu_count()
    assert 0 < free_memory_mb() <= psutil.virtual_memory().total / 1e6


@pytest.mark.parametrize("writing", [False, True])
def test_a_command_that_is_asked_to_end_writes_what_is_measured(slides, tmp_path, writing):
    command = [str(Path(sys.executable).with_name("mvd")), "run", str(slides), "--out", str(tmp_path)]
    command += ["--jobs", "1", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as mvd:
        for line in mvd.stdout:
            if '"report"' in line if writing else '"progress"' in line:
                break
        mvd.terminate()
        mvd.stdout.read()
    assert mvd.returncode == 4
    done = (tmp_path / "summary.csv").read_text().splitlines()[1:]
    assert [row.split(",")[1] for row in done] == (["one.tif"] if writing else [])
    assert len(list(tmp_path.glob("slides/*/slide.json"))) == len(done)
    assert not list(tmp_path.rglob(".*.part"))


def test_no_process_outlives_a_run_that_is_killed(slides, tmp_path):
    mvd_command = Path(sys.executable).with_name("mvd")
    command = [str(mvd_command), "run", str(slides), "--out", str(tmp_path), "--quiet"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as mvd:
        own = psutil.Process(mvd.pid)
        while not (children := own.children(recursive=True)):
            assert mvd.poll() is None
            time.sleep(0.02)
        time.sleep(0.5)
        children = own.children(recursive=True)
        mvd.kill()
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive


SCRIPT = """
import sys
from pathlib import Path
from mvd.batch import How, run
from mvd.cli.progress import Silence
from mvd.settings import Settings
from mvd.slide import find_slides
{guard}
    print(run(find_slides(sys.argv[1:2]), Path(sys.argv[2]), Settings(), Silence(), how=How(jobs=2)).exit_code)
"""


@pytest.mark.parametrize(("guard", "code"), [("if True:", 1), ('if __name__ == "__main__":', 0)])
def test_a_script_without_its_guard_is_told_the_line(slides, tmp_path, guard, code):
    (tmp_path / "script.py").write_text(SCRIPT.format(guard=guard))
    words = [sys.executable, tmp_path / "script.py", slides, tmp_path / "out"]
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    assert answer.returncode == code, answer.stderr
    if code:
        (told,) = [line for line in answer.stderr.splitlines() if line.startswith("mvd.errors.")]
        assert 'below the line `if __name__ == "__main__":`' in told
        assert answer.stdout == ""
    else:
        assert answer.stdout == "0\n"
