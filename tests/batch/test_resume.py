"""A run goes on where an earlier one ended, and does anew only what no longer holds."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
from batch_running import Quiet, started

from mvd.batch import How, recount, run
from mvd.errors import MvdError
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.settings import Settings
from mvd.slide import find_slides

KILLS = 20
BYTES = ("*.csv", "settings.toml", "slide.json", "*.geojson", "*.png", "*.npz", "plain_*.jpg")


@pytest.fixture(scope="module")
def slides(tmp_path_factory) -> Path:
    """Two slides of 0.15 mm on a side."""
    folder = tmp_path_factory.mktemp("slides")
    for seed, name in ((7, "one"), (8, "two")):
        spec = PhantomSpec(seed, "clean", height_um=150, width_um=150, vessels_per_mm2=300, outline=False)
        write_phantom(make_phantom(spec), folder, name)
    return folder


@pytest.fixture(scope="module")
def uninterrupted(slides, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("results") / "out"
    assert run(find_slides([slides]), out, Settings(), Quiet()).exit_code == 0
    return out


@pytest.fixture
def results(uninterrupted, tmp_path) -> Path:
    return Path(shutil.copytree(uninterrupted, tmp_path / "out"))


def tree(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for pattern in BYTES for p in out.rglob(pattern)}


def resumed(slides: Path, out: Path, settings: Settings | None = None, **how) -> list[str]:
    outcome = run(find_slides([slides]), out, settings or Settings(), Quiet(), how=How(**how))
    assert outcome.exit_code == 0
    return [slide.resumed for slide in outcome.slides]


def changed(section: str, **values) -> Settings:
    return Settings.from_mapping({section: values})


def test_what_is_done_is_not_done_again(slides, results, uninterrupted):
    before = {path: path.stat().st_mtime_ns for path in results.glob("slides/*/*")}
    assert resumed(slides, results) == ["before", "before"]
    assert {path: path.stat().st_mtime_ns for path in results.glob("slides/*/*")} == before
    assert tree(results) == tree(uninterrupted)
    assert resumed(slides, results, jobs=2) == ["before", "before"]
    assert resumed(slides, results, fresh=True) == ["", ""]
    assert tree(results) == tree(uninterrupted)


def test_a_finished_slide_is_not_even_read_while_its_file_is_the_same(slides, results, tmp_path):
    own = Path(shutil.copytree(slides, tmp_path / "own"))
    resumed(own, results)
    memory = next((results / ".mvd").glob("one*.json"))
    known = json.loads(memory.read_text())
    memory.write_text(json.dumps(known | {"sha256": "0" * 64}))
    assert resumed(own, results) == ["", "before"]  # the hash was believed, for nothing else had changed
    os.utime(own / "one.tif")
    assert resumed(own, results) == ["", "before"]  # looked at again: what was made of zeros holds no longer
    assert json.loads(memory.read_text())["sha256"] == known["sha256"]
    os.utime(own / "one.tif")
    assert resumed(own, results) == ["before", "before"]


def test_same_name_and_new_content_is_done_anew(slides, results, tmp_path):
    own = Path(shutil.copytree(slides, tmp_path / "own"))
    resumed(own, results)
    shutil.copy2(own / "two.tif", own / "one.tif")
    assert resumed(own, results) == ["", "before"]
    first, second = pd.read_csv(results / "summary.csv")["mvd_tissue_per_mm2"]
    assert first == second


@pytest.mark.parametrize(
    ("settings", "how"),
    [
        (changed("vessel", min_area_um2=60.0), "recounted"),
        (changed("hotspot", field_mm2=0.005), "recounted"),
        (changed("report", hotspot_pictures=1), "recounted"),
        (changed("tissue", min_area_mm2=0.002), ""),
    ],
    ids=["rule", "field", "report", "reading"],
)
def test_another_setting_costs_what_it_affects(slides, results, tmp_path, settings, how):
    assert resumed(slides, results, settings) == [how, how]
    assert resumed(slides, results, settings) == ["before", "before"]
    anew = tmp_path / "anew"
    resumed(slides, anew, settings)
    tables = {path: content for path, content in tree(results).items() if path.endswith(".csv")}
    assert tables == {path: content for path, content in tree(anew).items() if path.endswith(".csv")}


def test_a_slide_that_was_recounted_is_known_by_its_new_rules(slides, results):
    recount(results, {"vessel": {"min_area_um2": 60.0}}, Quiet())
    assert resumed(slides, results, changed("vessel", min_area_um2=60.0)) == ["before", "before"]
    assert resumed(slides, results) == ["recounted", "recounted"]


@pytest.mark.parametrize("how", [{"settings": changed("vessel", min_area_um2=60.0)}, {"fresh": True}])
def test_what_people_put_into_a_slides_folder_stays(slides, results, how):
    folder = next(results.glob("slides/one*"))
    mine = {
        "my notes.txt": b"see hot spot 2",
        "hotspot_1_zoom.png": b"\x89PNG",
        "plain.jpg": b"\xff\xd8",
        ".hidden": b".",
    }
    for name, content in mine.items():
        (folder / name).write_bytes(content)
    (folder / "figures" / "of paper").mkdir(parents=True)
    (folder / "figures" / "of paper" / "a.svg").write_bytes(b"<svg/>")
    (folder / "elsewhere").symlink_to("no such file")
    pictures = len(list(folder.glob("hotspot_[0-9][0-9].png")))
    (folder / f"hotspot_{pictures + 1:02d}.png").write_bytes(b"of an earlier run")
    assert resumed(slides, results, **how) != ["before", "before"]
    assert {name: (folder / name).read_bytes() for name in mine} == mine
    assert (folder / "figures" / "of paper" / "a.svg").read_bytes() == b"<svg/>"
    assert (folder / "elsewhere").is_symlink()
    assert len(list(folder.glob("hotspot_[0-9][0-9].png"))) == pictures


@pytest.mark.parametrize("name", ["vessels.csv", "candidates.npz", "overview.png", "slide.json"])
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-9])])
def test_a_file_that_is_missing_or_altered_is_made_again(slides, results, uninterrupted, name, damage):
    damage(next(results.glob(f"slides/one*/{name}")))
    assert resumed(slides, results) == ["", "before"]
    assert tree(results) == tree(uninterrupted)


def test_tables_hold_the_slides_of_the_command_and_no_work_is_lost(slides, results, uninterrupted):
    expected, (one, two) = tree(uninterrupted), find_slides([slides])
    outcome = run([two], results, Settings(), Quiet())
    assert pd.read_csv(results / "summary.csv")["slide"].tolist() == ["two.tif"]
    assert [name.split("-")[0] for name in outcome.stale] == ["one"]
    assert run([one], results, Settings(), Quiet()).slides[0].resumed == "before"
    assert resumed(slides, results) == ["before", "before"]
    assert tree(results) == expected


def test_another_version_does_it_anew(slides, results, monkeypatch):
    monkeypatch.setattr("mvd.batch.earlier.__version__", "0.0.1")
    assert resumed(slides, results) == ["", ""]


def test_a_slide_that_failed_is_tried_again(slides, results, tmp_path):
    own = Path(shutil.copytree(slides, tmp_path / "own"))
    content = (own / "one.tif").read_bytes()
    (own / "one.tif").write_bytes(content[:500])
    assert run(find_slides([own]), results, Settings(), Quiet()).exit_code == 3
    (own / "one.tif").write_bytes(content)
    assert resumed(own, results) == ["", "before"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signals on this system")
def test_killed_at_any_moment_and_run_again_it_gives_the_same_bytes(slides, uninterrupted, tmp_path):
    began = time.monotonic()
    whole = started(slides, tmp_path / "whole")
    whole.join()
    seconds = time.monotonic() - began
    expected, seen = tree(uninterrupted), set()
    for number in range(KILLS):
        out = tmp_path / str(number)
        process = started(slides, out)
        process.join(seconds * (number + 1) / (KILLS + 1))
        process.kill()
        process.join()
        seen.add(tuple(sorted(path.name for path in out.rglob("*"))))
        resumed(slides, out)
        assert tree(out) == expected
        assert not [*out.rglob(".*.part"), *out.rglob(".*.new"), *out.rglob(".*.old")]
        shutil.rmtree(out)
    assert len(seen) > 3  # it was ended at several states


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signals on this system")
def test_a_second_run_says_who_holds_the_folder_and_a_killed_one_frees_it(slides, tmp_path):
    first = started(slides, tmp_path)
    try:
        while not (tmp_path / ".mvd" / "holder.json").exists():
            assert first.is_alive()
            time.sleep(0.005)
        os.kill(first.pid, signal.SIGSTOP)
        with pytest.raises(MvdError, match=f"process {first.pid} on .*, since 20"):
            run(find_slides([slides]), tmp_path, Settings(), Quiet())
    finally:
        first.kill()
        first.join()
    assert len(resumed(slides, tmp_path)) == 2


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signals on this system")
def test_a_run_that_is_asked_to_end_stops_and_is_gone_on_with(slides, uninterrupted, tmp_path):
    process = started(slides, tmp_path)
    while not list(tmp_path.glob("slides/*/slide.json")):
        assert process.is_alive()
        time.sleep(0.005)
    process.terminate()
    process.join()
    assert process.exitcode == 4
    assert json.loads((tmp_path / "run.json").read_text())["state"] == "terminated"
    assert pd.read_csv(tmp_path / "summary.csv")["slide"].tolist() == ["one.tif"]
    assert resumed(slides, tmp_path) == ["before", ""]
    assert tree(tmp_path) == tree(uninterrupted)
