"""Staging changes where a slide is read from, and nothing else; no copy outlives its run."""

import shutil
import signal
import time
from pathlib import Path

import pytest
from batch_running import Quiet, started
from filelock import FileLock

from mvd.batch import How, run
from mvd.batch import staging as staging_module
from mvd.batch.copying import copied
from mvd.errors import Cancelled, MvdError
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.settings import Settings
from mvd.slide import find_slides

NOT_OF_THE_RESULT = {"run.json", "ro-crate-metadata.json"}  # they tell when, and by which command


@pytest.fixture(scope="module")
def slides(tmp_path_factory) -> Path:
    """Two slides, one in a folder; one cut off, one that is none, and one that leads nowhere."""
    folder = tmp_path_factory.mktemp("slides")
    for seed, name, place in ((7, "one", folder), (8, "two", folder / "deeper")):
        spec = PhantomSpec(seed, "clean", height_um=150, width_um=150, vessels_per_mm2=300, outline=False)
        write_phantom(make_phantom(spec), place, name)
    (folder / "cut.tif").write_bytes((folder / "one.tif").read_bytes()[:-40_000])
    (folder / "none of\nours.svs").write_bytes(b"II*\0 not really")
    (folder / "nowhere.tif").symlink_to(folder / "gone.tif")
    return folder


@pytest.fixture(scope="module")
def unstaged(slides, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("results") / "out"
    assert run(find_slides([slides]), out, Settings(), Quiet()).exit_code == 3
    return out


def tree(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name not in NOT_OF_THE_RESULT and ".mvd" not in path.parts
    }


def copies(stage_dir: Path) -> list[str]:
    """The places of the slides in the list that have a copy."""
    return sorted(str(int(path.name)) for path in stage_dir.glob(".mvd-stage-*/*"))


@pytest.mark.parametrize("how", [{}, {"jobs": 2, "apart": True}], ids=["one process", "two more"])
def test_results_are_the_same_to_the_byte(slides, unstaged, tmp_path, how):
    stage, out = tmp_path / "the-stage", tmp_path / "out"
    outcome = run(find_slides([slides]), out, Settings(), Quiet(), how=How(stage_dir=stage, **how))
    assert (outcome.exit_code, outcome.notes) == (3, ())
    assert tree(out) == tree(unstaged)
    assert list(stage.iterdir()) == []
    assert not [path for path in out.rglob("*") if path.is_file() and b"the-stage" in path.read_bytes()]
    known = {path.name: path.read_bytes() for path in (unstaged / ".mvd").glob("*.json")}
    assert {path.name: path.read_bytes() for path in (out / ".mvd").glob("*.json")} == known


class Looking(Quiet):
    """Notes which copies there are while each slide is analysed."""

    def __init__(self, stage_dir):
        self.stage_dir, self.seen = stage_dir, {}

    def stage(self, number, stage, done, total):
        if stage == "overview" and done == 0 and number not in self.seen:
            time.sleep(0.5)  # time enough for the next copy
            self.seen[number] = copies(self.stage_dir)


def test_the_next_slide_is_copied_meanwhile_and_no_more(slides, tmp_path):
    paths = [slides / "one.tif", slides / "deeper" / "two.tif"]
    paths += [Path(shutil.copy(paths[0], tmp_path / name)) for name in ("three.tif", "four.tif")]
    looking = Looking(tmp_path / "stage")
    run(find_slides(paths), tmp_path / "out", Settings(), looking, how=How(stage_dir=tmp_path / "stage"))
    assert looking.seen == {0: ["0", "1"], 1: ["1", "2"], 2: ["2", "3"], 3: ["3"]}


def test_what_an_earlier_run_finished_is_not_copied(slides, unstaged, tmp_path):
    out, stage = Path(shutil.copytree(unstaged, tmp_path / "out")), tmp_path / "stage"
    jobs, looked = [], staging_module.staged
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            staging_module, "staged", lambda job, *rest: jobs.append(job.name) or looked(job, *rest)
        )
        run(find_slides([slides]), out, Settings(), Quiet(), how=How(stage_dir=stage))
    assert sorted(jobs) == ["cut.tif", "none of\nours.svs"]
    assert tree(out) == tree(unstaged)


class Breaking(Quiet):
    """Ends the run with an error while the second slide is analysed."""

    def __init__(self, error):
        self.error = error

    def stage(self, number, stage, done, total):
        if stage == "tiles":
            raise self.error


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (Cancelled("enough"), 130), (OSError(28, "full"), 4)]
)
def test_copies_go_however_the_run_ends(slides, tmp_path, error, code):
    how = How(stage_dir=tmp_path / "stage")
    outcome = run(find_slides([slides]), tmp_path / "out", Settings(), Breaking(error), how=how)
    assert outcome.exit_code == code
    assert list((tmp_path / "stage").iterdir()) == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signals on this system")
@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_copies_of_a_run_that_was_ended_go_at_the_latest_with_the_next(slides, unstaged, tmp_path, end):
    stage, out = tmp_path / "stage", tmp_path / "out"
    process = started(slides, out, stage)
    while not copies(stage):
        assert process.is_alive()
        time.sleep(0.002)
    getattr(process, end)()
    process.join()
    assert bool(copies(stage)) == (end == "kill")
    run(find_slides([slides]), out, Settings(), Quiet(), how=How(stage_dir=stage))
    assert list(stage.iterdir()) == []
    assert tree(out) == tree(unstaged)


def test_copies_of_a_run_that_is_at_work_stay(slides, tmp_path):
    theirs = tmp_path / ".mvd-stage-theirs"
    (theirs / "000001").mkdir(parents=True)
    with FileLock(f"{theirs}.lock"):
        run(
            find_slides([slides / "one.tif"]),
            tmp_path / "out",
            Settings(),
            Quiet(),
            how=How(stage_dir=tmp_path),
        )
        assert copies(tmp_path) == ["1"]
    run(find_slides([slides / "one.tif"]), tmp_path / "out", Settings(), Quiet(), how=How(stage_dir=tmp_path))
    assert not theirs.exists()


def test_where_there_is_no_room_the_slide_is_read_in_place_and_the_user_is_told(
    slides, unstaged, tmp_path, monkeypatch
):
    monkeypatch.setattr(staging_module, "_KEPT_FREE_BYTES", 2**62)
    how = How(stage_dir=tmp_path / "stage")
    outcome = run(find_slides([slides]), tmp_path / "out", Settings(), Quiet(), how=how)
    assert tree(tmp_path / "out") == tree(unstaged)
    assert outcome.notes[0].startswith("4 slides were read in place")
    assert str(tmp_path) not in outcome.notes[0]


def test_a_place_that_cannot_hold_copies_is_refused_before_anything_is_done(slides, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MvdError, match=r"cannot be used for copies .*--stage-dir"):
        run(
            find_slides([slides]), tmp_path / "out", Settings(), Quiet(), how=How(stage_dir=tmp_path / "file")
        )
    assert not (tmp_path / "out" / "run.json").exists()


def test_a_file_that_grows_while_it_is_copied_is_no_good_copy(tmp_path):
    source = tmp_path / "growing.tif"
    source.write_bytes(bytes(9_000_000))

    def grow():
        with source.open("ab") as stream:
            stream.write(b"more")

    with pytest.raises(OSError, match="being written to"):
        copied(source, tmp_path / "copy", grow)


def test_a_copy_that_is_not_what_was_read_is_noticed(tmp_path):
    source, target = tmp_path / "slide.tif", tmp_path / "copy"
    source.write_bytes(bytes(9_000_000))

    def spoil():
        if target.stat().st_size > 4_000_000:
            with target.open("r+b") as stream:
                stream.write(b"x")

    with pytest.raises(OSError, match="not what was read"):
        copied(source, target, spoil)
