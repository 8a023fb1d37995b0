"""``--json``: every line is what docs/batch.md says it is, however the run ends."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mvd.batch.lock import held
from mvd.result import SUMMARY_COLUMNS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "batch.md"
MVD = [sys.executable, "-c", "from mvd.cli import main; main()"]
ROW = {column.name for column in SUMMARY_COLUMNS}


def documented() -> dict[str, set[str]]:
    """Return the fields of each event, of the table on the page."""
    table = PAGE.read_text(encoding="utf-8").partition("## Events for other programs")[2]
    fields = {}
    for event, told, _ in re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", table, re.MULTILINE):
        fields[event] = {"event", *re.findall(r"`(\w+)`", told)}
    fields["slide_done"] |= ROW
    fields["slide_failed"] = fields["slide_done"]
    return fields


def constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def events_of(stdout: str) -> list[dict]:
    """Parse every line, and hold it to the page."""
    fields = documented()
    assert set(fields) == {
        *("started", "slide_started", "progress", "slide_done", "slide_failed", "finished")
    }
    events = [json.loads(line, parse_constant=constant) for line in stdout.splitlines()]
    for event in events:
        assert set(event) == fields[event["event"]], event["event"]
    assert [events[0]["event"], events[-1]["event"]] == ["started", "finished"]
    assert [event["event"] for event in events].count("finished") == 1
    return events


@pytest.fixture(scope="module")
def mixed(slides, tmp_path_factory) -> Path:
    """Two slides and one that is none."""
    folder = Path(shutil.copytree(slides, tmp_path_factory.mktemp("mixed") / "in"))
    (folder / "pear.svs").write_text("no slide")
    return folder


def run_json(*words: object) -> tuple[int, list[dict]]:
    answer = subprocess.run([*MVD, *map(str, words), "--json"], capture_output=True, text=True, check=False)
    return answer.returncode, events_of(answer.stdout)


def test_every_line_of_a_run_is_as_the_page_says(mixed, tmp_path):
    code, events = run_json("run", mixed, "--out", tmp_path, "--jobs", 2)
    assert code == events[-1]["exit_code"] == 3
    assert (events[-1]["done"], events[-1]["failed"], events[-1]["state"]) == (2, 1, "finished")
    names = {0: "one.tif", 1: "pear.svs", 2: "ward/two.tif"}
    for number, name in names.items():
        own = [event for event in events if event.get("number") == number]
        assert {event["slide"] for event in own} == {name}
        kinds = [event["event"] for event in own]
        assert kinds[0] == "slide_started"
        assert kinds[-1] == ("slide_failed" if number == 1 else "slide_done")
        assert set(kinds[1:-1]) <= {"progress"}
    stages = {event["stage"] for event in events if event["event"] == "progress"}
    told = re.search(r"a stage is (.*?) \|", PAGE.read_text(encoding="utf-8"))[1]
    assert stages == set(re.findall(r"`(\w+)`", told))
    (failed,) = [event for event in events if event["event"] == "slide_failed"]
    assert failed["error"] == "unreadable"
    assert failed["message"]
    assert failed["vessels"] is None
    code, events = run_json("run", mixed, "--out", tmp_path, "--report-hotspot-pictures", 1)
    resumed = [event["resumed"] for event in events if event["event"] == "slide_done"]
    assert (code, resumed) == (3, ["recounted", "recounted"])
    code, events = run_json("recount", tmp_path, "--vessel-min-area-um2", 60)
    assert (code, events[-1]["done"], events[-1]["failed"]) == (3, 2, 1)


def test_a_run_that_cannot_go_on_says_so_in_its_last_event(slides, tmp_path):
    with held(tmp_path):
        code, events = run_json("run", slides, "--out", tmp_path)
    assert code == events[-1]["exit_code"] == 1
    assert events[-1]["state"] == "could_not_run"
    assert "another run is at work" in events[-1]["message"]
    assert (events[-1]["done"], events[-1]["failed"]) == (None, None)
