"""Slides on a dask cluster of real processes: the bytes of a local run, and what becomes of a worker that dies."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from batch_running import Quiet

from mvd import __version__
from mvd.batch import Cluster, How, run
from mvd.batch.errand import refusal, versions_here
from mvd.errors import MissingDependency, MvdError
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.settings import Settings
from mvd.slide import find_slides

distributed = pytest.importorskip("distributed")
Client, LocalCluster = distributed.Client, distributed.LocalCluster
pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signals on this system")

NAMES = ("one", "two", "three")
BYTES = ("*.csv", "settings.toml", "slide.json", "*.geojson", "*.png", "*.npz", "plain_*.jpg")
MAIN = (  # Ctrl-C is heeded also where the tests run in the background
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from mvd.cli import main; main()"
)
# What a worker runs as it starts: at a slide for which there is a wish in the result folder, it does that in its midst.
WISHES = """
import os, signal, time
from mvd.batch import errand

def run_slide(job, progress, whole=errand.run_slide):
    wish = job.folder.parents[1] / f"{job.name}.wish"
    def midst(stage, done, total):
        progress(stage, done, total)
        if stage == "vessels" and wish.exists():
            kind, left = wish.read_text().split()
            wish.write_text(f"{kind} {int(left) - 1}") if int(left) > 1 else wish.unlink()
            os.kill(os.getpid(), signal.SIGKILL) if kind == "die" else time.sleep(60)
    return whole(job, midst)

errand.run_slide = run_slide
"""


@pytest.fixture(scope="module")
def slides(tmp_path_factory) -> Path:
    """Three slides of 0.15 mm on a side, and one that is none."""
    folder = tmp_path_factory.mktemp("slides")
    for seed, name in enumerate(NAMES, 7):
        spec = PhantomSpec(seed, "clean", height_um=150, width_um=150, vessels_per_mm2=300, outline=False)
        write_phantom(make_phantom(spec), folder, name)
    (folder / "bad.tif").write_bytes(b"II*\0 no more")
    return folder


@pytest.fixture(scope="module")
def local(slides, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("local") / "out"
    assert run(find_slides([slides]), out, Settings(), Quiet()).exit_code == 3
    return out


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory) -> str:
    """The address of a cluster of two processes, each with a nanny that begins it anew when it dies."""
    preload = tmp_path_factory.mktemp("preload") / "wishes.py"
    preload.write_text(WISHES)
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", preload=[str(preload)]
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def lonely() -> str:
    """The address of a scheduler without a worker."""
    with LocalCluster(n_workers=0, dashboard_address=":0") as cluster:
        yield cluster.scheduler_address


class Noting(Quiet):
    def __init__(self):
        self.begun, self.stages = [], set()

    def slide_started(self, number, name):
        self.begun.append(name)

    def stage(self, number, stage, done, total):
        self.stages.add((number, stage))


def on_cluster(slides: Path, out: Path, scheduler: str = "", **how):
    reporter, said = Noting(), []
    file = how.pop("file", None)
    cluster = Cluster(
        scheduler, file, say=said.append, connect_s=1 if scheduler.endswith(":1") or file else 20
    )
    outcome = run(find_slides([slides]), out, Settings(), reporter, how=How(cluster=cluster, **how))
    return outcome, reporter, said


def tree(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for pattern in BYTES for p in out.rglob(pattern)}


def test_the_bytes_are_those_of_a_local_run(slides, local, scheduler, tmp_path):
    outcome, reporter, said = on_cluster(slides, tmp_path, scheduler)
    assert (outcome.exit_code, said) == (3, [])
    assert tree(tmp_path) == tree(local)
    assert {(1, "overview"), (1, "report")} <= reporter.stages
    assert not list(tmp_path.rglob("at_work"))
    address = tmp_path / "scheduler.json"
    address.write_text(json.dumps({"address": scheduler}))
    outcome, *_ = on_cluster(slides, tmp_path, file=address)
    assert [slide.resumed for slide in outcome.slides] == ["", "before", "before", "before"]
    assert tree(tmp_path) == tree(local)


def test_a_slide_whose_worker_dies_is_tried_once_more(slides, local, scheduler, tmp_path):
    (tmp_path / "one.tif.wish").write_text("die 1")
    (tmp_path / "two.tif.wish").write_text("die 2")
    outcome, reporter, _ = on_cluster(slides, tmp_path, scheduler)
    assert sorted(reporter.begun) == sorted(["bad.tif", "three.tif", *["one.tif"] * 2, *["two.tif"] * 2])
    ended = {slide.name: slide for slide in outcome.slides}
    assert (outcome.exit_code, ended["two.tif"].error) == (3, "crashed")
    assert "its worker ended twice at this slide; give workers more memory" in ended["two.tif"].message
    assert [name for name, slide in ended.items() if slide.status == "ok"] == ["one.tif", "three.tif"]
    assert not list(tmp_path.glob("slides/two*"))
    outcome, *_ = on_cluster(slides, tmp_path, scheduler)
    assert tree(tmp_path) == tree(local)


def test_a_slide_that_takes_too_long_is_ended_with_its_worker(slides, scheduler, tmp_path):
    (tmp_path / "one.tif.wish").write_text("sleep 1")
    outcome, *_ = on_cluster(slides, tmp_path, scheduler, timeout_s=12)
    assert [slide.error for slide in outcome.slides] == ["unreadable", "timeout", "", ""]


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGKILL", -9)])
def test_a_command_that_is_ended_leaves_no_worker_at_work_for_it(
    slides, local, scheduler, tmp_path, name, code
):
    command = [sys.executable, "-c", MAIN, "run", str(slides), "--out", str(tmp_path), "--json"]
    with subprocess.Popen([*command, "--scheduler", scheduler], stdout=subprocess.PIPE, text=True) as mvd:
        for line in mvd.stdout:
            if '"progress"' in line:
                break
        mvd.send_signal(getattr(signal, name))
        printed = mvd.stdout.read()
    assert mvd.returncode == code
    assert ('"finished"' in printed) == (name != "SIGKILL")
    outcome = run(find_slides([slides]), tmp_path, Settings(), Quiet())  # here, and at once
    assert outcome.exit_code == 3
    time.sleep(0.5)
    assert tree(tmp_path) == tree(local)


@contextmanager
def another_worker(scheduler: str, place: Path, *before: str, preload: str = "") -> Iterator[None]:
    """Have one more worker, started like a user does but without a nanny, by a command of its own."""
    command = [*before, sys.executable, "-m", "distributed.cli.dask_worker", scheduler, "--no-nanny"]
    command += ["--nthreads", "1", "--no-dashboard", *(["--preload", preload] if preload else [])]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=place) as worker:
        try:
            yield
        finally:
            worker.kill()


def test_a_worker_of_another_version_is_not_used(slides, lonely, tmp_path):
    with (
        another_worker(lonely, tmp_path, preload="import mvd; mvd.__version__ = '0.0.1'"),
        pytest.raises(
            MvdError, match=rf"worker tcp://.* has mvd 0\.0\.1, and this run {__version__}; install"
        ),
    ):
        on_cluster(slides, tmp_path / "out", lonely)


def test_a_worker_that_does_not_see_the_folder_is_not_used(slides, lonely, tmp_path):
    hidden = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"', str(tmp_path)]
    if (
        not shutil.which("unshare")
        or subprocess.run([*hidden, "true"], check=False, stderr=subprocess.DEVNULL).returncode
    ):
        pytest.skip("no mounts of one's own on this system")
    with (
        another_worker(lonely, slides, *hidden),
        pytest.raises(
            MvdError, match=r"worker tcp://.* cannot see .*; put slides and results where all machines see"
        ),
    ):
        on_cluster(slides, tmp_path / "out", lonely)


def test_one_that_is_not_fit_costs_the_others_nothing(slides, local, scheduler, tmp_path):
    with another_worker(scheduler, tmp_path, preload="import mvd; mvd.__version__ = '0.0.1'"):
        with Client(scheduler, set_as_default=False) as client:
            client.wait_for_workers(3, timeout=30)
        outcome, _, said = on_cluster(slides, tmp_path / "out", scheduler)
    assert outcome.exit_code == 3
    assert tree(tmp_path / "out") == tree(local)
    assert len(said) == 1
    assert "gets no slides: it has mvd 0.0.1" in said[0]


def test_a_worker_with_another_library_would_give_other_bytes(tmp_path):
    assert refusal(versions_here(), (tmp_path,)) == ""
    assert "has numpy " in refusal(versions_here() | {"numpy": "1.0"}, ())


def test_a_scheduler_that_goes_leaves_a_run_to_go_on_with(slides, tmp_path):
    with LocalCluster(n_workers=0, dashboard_address=":0") as cluster:
        threading.Timer(2, cluster.close).start()
        outcome, _, said = on_cluster(slides, tmp_path, cluster.scheduler_address)
    assert (outcome.exit_code, outcome.state, len(said)) == (4, "terminated", 2)
    assert "no worker is there; waiting" in said[0]
    assert "the scheduler has gone; the same command" in said[1]
    assert json.loads((tmp_path / "run.json").read_text())["state"] == "terminated"


def test_no_scheduler_no_file_no_dask(slides, tmp_path, monkeypatch):
    tables = {"summary.csv": b"of before"}
    (tmp_path / "summary.csv").write_bytes(tables["summary.csv"])
    with pytest.raises(
        MvdError, match=r"^tcp://127.0.0.1:1: no dask scheduler answers there .*; start one with"
    ):
        on_cluster(slides, tmp_path, "tcp://127.0.0.1:1")
    with pytest.raises(MvdError, match=r"no.json: is no file of a dask scheduler; start one with"):
        on_cluster(slides, tmp_path, file=tmp_path / "no.json")
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setitem(sys.modules, "distributed.client", None)
    with pytest.raises(MissingDependency, match=r"pip install 'mvd\[cluster\]'"):
        on_cluster(slides, tmp_path, "tcp://127.0.0.1:1")
    assert (tmp_path / "summary.csv").read_bytes() == tables["summary.csv"]
