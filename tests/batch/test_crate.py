"""Where the numbers came from: run.json, settings.toml and the RO-Crate, read back by another library."""

import getpass
import json
import os
import shutil
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from batch_running import Quiet
from click.testing import CliRunner

from mvd.batch import How, recount, run
from mvd.batch.crate import CRATE_NAME, PROFILE, ROCRATE
from mvd.cli import cli
from mvd.errors import Cancelled
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.settings import Settings
from mvd.slide import find_slides

rocrate = pytest.importorskip("rocrate.rocrate")
OTHER = Settings.from_mapping(
    {"vessel": {"min_area_um2": 30.0}, "hotspot": {"field_mm2": 0.005}, "slide": {"mpp": 0.5}}
)
REGION = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"name": "tumour"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[5, 5], [290, 5], [290, 290], [5, 290], [5, 5]]],
            },
        }
    ],
}


@pytest.fixture(scope="module")
def slides(tmp_path_factory) -> Path:
    """Two slides of 0.15 mm on a side, and one that is none, with a name of every kind."""
    folder = tmp_path_factory.mktemp("slides")
    for seed, name in ((7, "one"), (8, "zwei \U0001f9ea <b>")):
        spec = PhantomSpec(seed, "clean", height_um=150, width_um=150, vessels_per_mm2=300, outline=False)
        write_phantom(make_phantom(spec), folder, name)
    (folder / "pear.tif").write_bytes(b"no slide")
    return folder


@pytest.fixture(scope="module")
def results(slides, tmp_path_factory) -> Path:
    top = tmp_path_factory.mktemp("results")
    (top / "tumour.geojson").write_text(json.dumps(REGION))
    command = ["mvd", "run", str(slides), "--out", str(top / "out")]
    regions = {"one.tif": top / "tumour.geojson"}
    how = How(command=command)
    run(find_slides([slides]), top / "out", OTHER, Quiet(), region_of=regions, how=how)
    return top / "out"


@pytest.fixture(scope="module")
def crate(results):
    return rocrate.ROCrate(results)


def action_of(crate):
    (action,) = [entity for entity in crate.get_entities() if entity.type == "CreateAction"]
    return action


def ids(entities) -> set[str]:
    return {entity.id for entity in entities}


def test_another_library_reads_it_as_what_it_is(crate, results, slides):
    assert crate.metadata["conformsTo"] == ROCRATE
    assert crate.root_dataset["conformsTo"].id == PROFILE
    assert crate.dereference(PROFILE).type == "CreativeWork"
    action = action_of(crate)
    assert action in crate.root_dataset["mentions"]
    assert action["instrument"]["name"] == "mvd"
    assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"
    assert {software["name"] for software in action["instrument"]["softwareRequirements"]} >= {"numpy"}
    names = {entity["name"]: entity for entity in action["object"]}
    assert set(names) == {path.name for path in slides.glob("*.tif")} | {"settings.toml", "tumour.geojson"}
    assert names["pear.tif"]["description"] == "not measured: unreadable"
    sha256 = {slide["slide"]: slide["sha256"] for slide in record_of(results)["slides"]}
    assert names["one.tif"]["sha256"] == sha256["one.tif"]


def test_everything_it_names_is_there_and_nothing_is_left_out(crate, results):
    parts = ids(crate.root_dataset["hasPart"])
    assert all((results / part).exists() for part in parts)
    there = {path.name for path in results.iterdir()} - {CRATE_NAME, ".mvd", "slides"}
    assert parts == there | {f"slides/{path.name}/" for path in (results / "slides").iterdir()}
    action = action_of(crate)
    assert ids(action["result"]) | {"settings.toml"} == parts
    known = ids(crate.get_entities())
    for entity in json.loads((results / CRATE_NAME).read_text())["@graph"]:
        for values in entity.values():
            for value in values if isinstance(values, list) else [values]:
                if isinstance(value, dict) and not value["@id"].startswith("http"):
                    assert value["@id"] in known


def test_the_other_library_writes_what_it_read(crate, results, tmp_path):
    crate.write(tmp_path / "copy")
    copied = tmp_path / "copy"
    assert (copied / "summary.csv").read_bytes() == (results / "summary.csv").read_bytes()
    again = rocrate.ROCrate(copied)
    assert ids(again.get_entities()) == ids(crate.get_entities())


def record_of(out: Path) -> dict:
    return json.loads((out / "run.json").read_text())


def test_times_are_in_run_json_and_the_crate_only(crate, results):
    record = record_of(results)
    started, ended = (datetime.fromisoformat(record[name]) for name in ("started", "ended"))
    assert started <= ended <= datetime.now(UTC)
    assert datetime.now(UTC) - started < timedelta(minutes=10)
    action = action_of(crate)
    assert (action["startTime"], action["endTime"]) == (record["started"], record["ended"])
    day = record["started"][:10].encode()
    assert {path.name for path in results.rglob("*") if path.is_file() and day in path.read_bytes()} == {
        "run.json",
        CRATE_NAME,
    }


def test_no_folder_person_or_machine_is_named(results, slides):
    for name in (CRATE_NAME, "run.json", "settings.toml"):
        content = (results / name).read_text()
        assert str(slides.parent) not in content
        assert socket.gethostname() not in content
        assert os.path.expanduser("~/") not in content
        assert f'"{getpass.getuser()}"' not in content


def test_the_settings_run_again_to_the_byte(slides, tmp_path):
    def mvd(*words):
        return CliRunner().invoke(cli, ["run", *map(str, words), "--quiet"]).exit_code

    flags = ["--vessel-min-area-um2", 30, "--hotspot-field-mm2", 0.005, "--mpp", 0.5]
    flags += ["--report-hotspot-pictures", 1]
    first, second = tmp_path / "first", tmp_path / "second"
    assert mvd(slides, "--out", first, *flags) == 3
    assert mvd(slides, "--out", second, "--config", first / "settings.toml") == 3
    assert (first / "settings.toml").read_bytes() == (second / "settings.toml").read_bytes()
    assert record_of(first)["settings_fingerprint"] == record_of(second)["settings_fingerprint"]
    assert record_of(first)["settings_fingerprint"] != Settings().fingerprint
    told = {"run.json", CRATE_NAME}
    trees = [
        {
            str(path.relative_to(out)): path.read_bytes()
            for path in out.rglob("*")
            if path.is_file() and ".mvd" not in path.parts and path.name not in told
        }
        for out in (first, second)
    ]
    assert len(trees[0]) > 20
    assert trees[0] == trees[1]


def test_what_an_earlier_run_measured_is_not_said_to_be_made_by_this_one(slides, results, tmp_path):
    out = Path(shutil.copytree(results, tmp_path / "out"))
    run(find_slides([slides]), out, OTHER, Quiet())
    action = action_of(rocrate.ROCrate(out))
    # One slide is the same as before, the other one had regions.
    (kept,) = [slide for slide in record_of(out)["slides"] if slide["resumed"] == "before"]
    assert kept["slide"].startswith("zwei")
    assert f"slides/{kept['slide_id']}/" in ids(action["object"])
    assert f"slides/{kept['slide_id']}/" not in ids(action["result"])
    assert len([name for name in ids(action["result"]) if name.startswith("slides/")]) == 1
    recount(out, {"vessel": {"min_area_um2": 60.0}}, Quiet())
    assert "min_area_um2 = 60.0" in (out / "settings.toml").read_text()
    action = action_of(rocrate.ROCrate(out))
    assert len([name for name in ids(action["result"]) if name.startswith("slides/")]) == 2


class StopsAtSecond(Quiet):
    """A reporter that has the run cancelled at the second slide."""

    def stage(self, number, stage, done, total):
        if (number, stage) == (1, "tiles"):
            raise Cancelled("enough")


def test_a_run_that_was_stopped_is_said_to_have_failed(slides, tmp_path):
    outcome = run(find_slides([slides / "one.tif", *slides.glob("zwei*")]), tmp_path, OTHER, StopsAtSecond())
    assert outcome.state == "interrupted"
    action = action_of(rocrate.ROCrate(tmp_path))
    assert action["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert action["error"] == "interrupted by the user"
    assert len([name for name in ids(action["result"]) if name.startswith("slides/")]) == 1
