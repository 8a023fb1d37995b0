"""Many slides: each on its own, the same bytes however they are done, and every way to end."""

import csv
import json
import multiprocessing
import os
import shutil
import signal
from pathlib import Path

import pandas as pd
import pytest

from mvd.batch import BatchOutcome, How, run, slide_id
from mvd.batch.record import without_folders
from mvd.errors import MvdError
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.settings import Settings
from mvd.slide import FoundSlide, find_slides


class Heard:
    """A reporter that remembers, and does what a test asks at a stage."""

    def __init__(self, at=None, do=None):
        self.at, self.do, self.done, self.stages = at, do, [], set()

    def slide_started(self, number, name):
        self.stages.add((number, "started"))

    def stage(self, number, stage, done, total):
        self.stages.add((number, stage))
        if self.do and (number, stage) == self.at:
            self.do()

    def slide_done(self, outcome):
        self.done.append(outcome.name)


@pytest.fixture(scope="module")
def slides(tmp_path_factory) -> Path:
    """Three slides, two of one name, 0.2 mm on a side."""
    folder = tmp_path_factory.mktemp("canary-clinic")
    for seed, name in ((7, "a/one"), (8, "b/one"), (9, "two")):
        spec = PhantomSpec(seed, "clean", height_um=200, width_um=200, vessels_per_mm2=200, outline=False)
        write_phantom(make_phantom(spec), (folder / name).parent, (folder / name).name)
    return folder


@pytest.fixture
def found(slides) -> list[FoundSlide]:
    return find_slides([slides])


def raising(error: BaseException):
    def do():
        raise error

    return do


def tree(out: Path, *patterns: str) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes() for pattern in patterns for path in out.rglob(pattern)
    }


def test_the_folder_has_what_the_contract_says(found, tmp_path):
    heard = Heard()
    outcome = run(found, tmp_path, Settings(), heard)
    assert (outcome.state, outcome.exit_code) == ("finished", 0)
    assert heard.done == ["a/one.tif", "b/one.tif", "two.tif"]
    assert {stage for _, stage in heard.stages} >= {"started", "tiles", "report"}
    files = "summary.csv hotspots.csv run.json settings.toml ro-crate-metadata.json report.html results.xlsx"
    others = "data_dictionary.csv mvd_mqc.tsv mvd_density_mqc.png import_into_qupath.groovy slides .mvd"
    assert {path.name for path in tmp_path.iterdir()} == {*files.split(), *others.split()}
    summary = pd.read_csv(tmp_path / "summary.csv")
    assert summary["slide"].tolist() == heard.done
    assert summary["slide_id"].is_unique
    hotspots = pd.read_csv(tmp_path / "hotspots.csv")
    for _, row in summary.iterrows():
        own = tmp_path / "slides" / row["slide_id"]
        vessels = pd.read_csv(own / "vessels.csv")
        assert vessels["counted"].sum() == row["vessels"] > 0
        assert set(vessels["slide_id"]) == {row["slide_id"]}
        assert len(pd.read_csv(own / "hotspots.csv")) == (hotspots["slide_id"] == row["slide_id"]).sum()


def test_the_same_bytes_however_it_is_done(found, tmp_path):
    run(found, tmp_path / "a", Settings(), Heard())
    run(found, tmp_path / "b", Settings(), Heard(), how=How(jobs=2, workers=1, tile_px=128))
    patterns = ("*.csv", "slide.json", "*.geojson", "*.png")
    first = tree(tmp_path / "a", *patterns)
    assert len(first) == 4 + 3 * 9  # data_dictionary.csv and the plot for MultiQC are of the whole
    assert tree(tmp_path / "b", *patterns) == first


def test_nothing_that_is_written_names_a_folder_of_this_machine(found, tmp_path, slides):
    (slides.parent / "canary-clinic-x").mkdir(exist_ok=True)
    broken = slides.parent / "canary-clinic-x" / "broken.svs"
    broken.write_text("no slide")
    heard = Heard(at=(0, "tiles"), do=raising(RuntimeError(f"{found[0].path} went wrong")))
    how = How(command=["mvd", "run", str(slides), f"--out={tmp_path}"])
    run([*found, FoundSlide(broken, "broken.svs")], tmp_path, Settings(), heard, how=how)
    written = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert tmp_path / "mvd-error.log" in written
    for path, content in written.items():
        given = content.replace(b'"canary-clinic0"', b"").replace(b"mvd run canary-clinic0 ", b"")
        assert b"canary-clinic" not in given, path
        assert str(slides.parent).encode() not in content, path
        assert os.path.expanduser("~/").encode() not in content, path


def test_run_json_tells_what_was_run(found, tmp_path):
    how = How(command=["mvd", "run", "/somewhere/slides", "--out=/else/out", "--config", "x/mvd.toml"])
    run(found[:1], tmp_path, Settings(), Heard(), how=how)
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["command"] == ["mvd", "run", "slides", "--out=out", "--config", "mvd.toml"]
    assert record["settings_fingerprint"] == Settings().fingerprint
    assert record["state"] == "finished"
    assert "numpy" in record["libraries"]
    (slide,) = record["slides"]
    assert (slide["slide"], slide["status"], slide["error"]) == ("a/one.tif", "ok", "")
    assert len(slide["sha256"]) == 64
    assert slide["seconds"] > 0


def test_a_bad_slide_stops_nobody_and_leaves_no_number(found, slides, tmp_path):
    bad = tmp_path / "bad.tif"
    shutil.copy(slides / "two.tif", bad)
    mixed = [found[0], FoundSlide(bad, "bad.tif"), found[2]]
    out = tmp_path / "out"
    run(mixed, out, Settings(), Heard())
    own = out / "slides" / slide_id("bad.tif")
    assert (own / "slide.json").exists()
    bad.write_bytes(b"no slide any more")
    outcome = run(mixed, out, Settings(), Heard())
    assert outcome.exit_code == 3
    assert not own.exists()
    assert pd.read_csv(out / "summary.csv")["status"].tolist() == ["ok", "failed", "ok"]
    with (out / "failed.csv").open(newline="") as stream:
        (failed,) = csv.DictReader(stream)
    assert (failed["slide"], failed["error"]) == ("bad.tif", "unreadable")
    assert json.loads((out / "run.json").read_text())["slides"][1]["status"] == "failed"


def test_a_folder_that_cannot_be_emptied_stops_nobody(found, slides, tmp_path):
    stuck = tmp_path / "out" / "slides" / slide_id("bad.tif") / "vessels.csv"
    stuck.mkdir(parents=True)
    bad = tmp_path / "bad.tif"
    bad.write_bytes(b"no slide")
    outcome = run([FoundSlide(bad, "bad.tif"), found[0]], tmp_path / "out", Settings(), Heard())
    assert [slide.status for slide in outcome.slides] == ["failed", "ok"]
    assert outcome.slides[0].error == "unreadable"
    assert "could not be removed" in outcome.slides[0].message
    shutil.copy(slides / "two.tif", bad)
    outcome = run([FoundSlide(bad, "bad.tif"), found[0]], tmp_path / "out", Settings(), Heard())
    assert [slide.status for slide in outcome.slides] == ["failed", "ok"]


def test_an_unexpected_error_is_one_line_and_the_log_says_where(found, tmp_path):
    outcome = run(found, tmp_path, Settings(), Heard(at=(1, "tiles"), do=raising(KeyError("lost"))))
    assert [slide.status for slide in outcome.slides] == ["ok", "failed", "ok"]
    assert outcome.slides[1].error == "internal"
    assert "KeyError" in outcome.slides[1].message
    assert "\n" not in outcome.slides[1].message
    assert "test_batch.py:" in (tmp_path / "mvd-error.log").read_text()
    run(found, tmp_path, Settings(), Heard())
    assert not (tmp_path / "mvd-error.log").exists()
    assert not (tmp_path / "failed.csv").exists()


def test_too_little_memory_fails_that_slide(found, tmp_path):
    outcome = run(found, tmp_path, Settings(), Heard(at=(0, "tiles"), do=raising(MemoryError())))
    assert outcome.exit_code == 3
    assert "--workers" in outcome.slides[0].message


@pytest.mark.parametrize("stage", ["tiles", "report"])
def test_an_interruption_keeps_what_is_finished(found, tmp_path, stage):
    outcome = run(found, tmp_path, Settings(), Heard(at=(1, stage), do=raising(KeyboardInterrupt())))
    assert (outcome.state, outcome.exit_code) == ("interrupted", 130)
    assert pd.read_csv(tmp_path / "summary.csv")["slide"].tolist() == ["a/one.tif"]
    assert json.loads((tmp_path / "run.json").read_text())["state"] == "interrupted"


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_full_disk_stops_the_run_with_nothing_half_written(found, tmp_path, jobs):
    resource = pytest.importorskip("resource", reason="no file-size limit on this system")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
    try:
        outcome = run(found, tmp_path, Settings(), Heard(), how=How(jobs=jobs))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (outcome.state, outcome.exit_code) == ("disk_full", 4)
    assert not list(tmp_path.rglob("slide.json"))
    assert not list(tmp_path.rglob("*.part"))
    assert run(found, tmp_path, Settings(), Heard()).exit_code == 0


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signals on this system")
@pytest.mark.parametrize(
    ("name", "advice"), [("SIGSEGV", "copy it again"), ("SIGKILL", "out of memory: use fewer --jobs")]
)
def test_a_process_that_dies_takes_only_its_slide_with_it(found, tmp_path, name, advice):
    def kill():
        for process in multiprocessing.active_children():
            os.kill(process.pid, signal.Signals[name])

    outcome = run(found, tmp_path, Settings(), Heard(at=(0, "overview"), do=kill), how=How(jobs=2))
    assert outcome.exit_code == 3
    assert outcome.slides[0].error == "crashed"
    assert name in outcome.slides[0].message
    assert advice in outcome.slides[0].message
    assert outcome.slides[2].status == "ok"
    assert len(outcome.slides) == 3


def test_mpp_of_a_slide_wins_over_the_settings(found, tmp_path):
    settings = Settings.from_mapping({"slide": {"mpp": 0.4}})
    run(found[:2], tmp_path, settings, Heard(), mpp_of={"b/one.tif": 0.3})
    summary = pd.read_csv(tmp_path / "summary.csv")
    assert summary["mpp"].tolist() == [0.4, 0.3]
    for about in tmp_path.glob("slides/*/slide.json"):
        assert "mpp_overridden: 0." in " ".join(json.loads(about.read_text())["warnings"])
    assert summary["mpp_source"].tolist() == ["user", "user"]
    assert summary["settings_fingerprint"][0] == settings.fingerprint != summary["settings_fingerprint"][1]


def test_what_cannot_start_says_so(found, tmp_path):
    with pytest.raises(MvdError, match="no slide"):
        run([], tmp_path, Settings(), Heard())
    (tmp_path / "file").write_text("")
    with pytest.raises(MvdError, match="--out"):
        run(found, tmp_path / "file", Settings(), Heard())


def test_a_name_that_is_no_utf8_works(slides, tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.tif")
    try:
        shutil.copy(slides / "two.tif", path)
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    outcome = run(find_slides([path]), tmp_path / "out", Settings(), Heard())
    assert outcome.exit_code == 0
    assert pd.read_csv(tmp_path / "out" / "summary.csv")["slide"].tolist() == ["caf\\udce9.tif"]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Case 01.svs", "case-01-svs"),
        ("ward/Größe.tif", "ward-groe-tif"),
        ("\U0001f9ea", "slide"),
        ("-x.svs", "x-svs"),
        ("../up.tif", "up-tif"),
        ("a" * 300, "a" * 60),
        ("=cmd|'/C calc'!A0.tif", "cmd-c-calc-a0-tif"),
    ],
)
def test_a_slide_id_is_a_slug_and_a_hash(name, slug):
    start, _, digits = slide_id(name).rpartition("-")
    assert start == slug
    assert len(digits) == 8
    assert int(digits, 16) >= 0


def test_two_slides_of_one_name_have_two_ids():
    assert slide_id("a/one.tif") != slide_id("b/one.tif") != slide_id("a-one.tif") != slide_id("a/one.tif")


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("/a/b/c.svs", "c.svs"),
        ("--out=/a/b/", "--out=b"),
        ("--mpp", "--mpp"),
        ("0.27,0.5", "0.27,0.5"),
        ("a", "a"),
    ],
)
def test_folders_are_left_out_of_the_command(word, shown):
    assert without_folders(word) == shown


def test_exit_codes():
    codes = {state: BatchOutcome((), state).exit_code for state in ("finished", "interrupted", "disk_full")}
    assert codes == {"finished": 0, "interrupted": 130, "disk_full": 4}
