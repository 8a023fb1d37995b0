"""``mvd run --dry-run``: what it says is what the run then does; it reads no pixel and writes nothing."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
import tifffile

from mvd.batch.plan import PROCESS_S, Planned, total_mb, total_s

PAGE = Path(__file__).resolve().parents[2] / "docs" / "batch.md"


@pytest.fixture
def own(slides, tmp_path) -> Path:
    """The two slides, and one that is none."""
    folder = Path(shutil.copytree(slides, tmp_path / "in"))
    (folder / "pear.svs").write_text("no slide")
    return folder


@pytest.fixture
def planned(mvd, own, tmp_path):
    """Return what a dry run says, as JSON: what would become of each slide, and the whole."""

    def ask(*words):
        answer = mvd("run", own, "--out", tmp_path / "out", "--dry-run", "--json", *words)
        assert (answer.exit_code, answer.stderr) == (0, "")
        lines = [json.loads(line) for line in answer.stdout.splitlines()]
        assert [line["event"] for line in lines] == ["planned"] * (len(lines) - 1) + ["planned_run"]
        return {line["slide"]: line for line in lines[:-1]}, lines[-1]

    return ask


def would(slides: dict) -> dict:
    return {name: slide["would"] for name, slide in slides.items()}


def test_it_lists_slides_sizes_and_costs_and_writes_nothing(mvd, own, tmp_path):
    answer = mvd("run", own, "--out", tmp_path / "out", "--dry-run", "--jobs", 2, "--workers", 1)
    one, pear, two, whole, costs = answer.stdout.splitlines()
    assert re.fullmatch(
        r"one\.tif  one-tif-[0-9a-f]{8}  400 x 400 px, 0\.5 um/px \(tiff\), would be analysed: "
        r"about \d+ s of a processor, 0\.6 GB",
        one,
    )
    assert re.search(r"^pear\.svs  pear-svs-\w{8}  would fail \(unreadable\): (?!pear)", pear)
    assert two.startswith("ward/two.tif  ")
    assert whole == "3 slides: 2 to analyse, 0 to count again, 0 done, 1 would fail"
    assert re.match(
        r"Estimated with --jobs 2: about \d+ s and 1\.2 GB of memory\. These are estimates", costs
    )
    assert not (tmp_path / "out").exists()


def test_no_pixel_is_read(mvd, own, tmp_path):
    words = ("run", own, "--out", tmp_path / "out", "--dry-run")
    before = mvd(*words).stdout
    path = own / "one.tif"
    with tifffile.TiffFile(path) as tiff:
        places = list(zip(tiff.pages[0].dataoffsets, tiff.pages[0].databytecounts, strict=True))
    with path.open("r+b") as stream:
        for offset, count in places:
            stream.seek(offset)
            stream.write(bytes(count))
    assert mvd(*words).stdout == before


def test_what_it_says_is_what_the_run_does(mvd, own, planned, tmp_path):
    slides, whole = planned()
    assert would(slides) == {"one.tif": "analyse", "pear.svs": "fail", "ward/two.tif": "analyse"}
    assert (whole["analyse"], whole["fail"], whole["slides"]) == (2, 1, 3)
    assert slides["pear.svs"]["error"] == "unreadable"
    assert mvd("run", own, "--out", tmp_path / "out", "--quiet").exit_code == 3
    there = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}

    slides, whole = planned()
    assert would(slides) == {"one.tif": "keep", "pear.svs": "fail", "ward/two.tif": "keep"}
    assert (whole["seconds"], whole["memory_mb"], slides["one.tif"]["sure"]) == (0, 0, True)
    assert would(planned("--fresh")[0])["one.tif"] == "analyse"
    assert would(planned("--vessel-min-area-um2", 60)[0])["one.tif"] == "recount"
    assert would(planned("--report-hotspot-pictures", 1)[0])["one.tif"] == "recount"
    assert would(planned("--tissue-min-area-mm2", 0.002)[0])["one.tif"] == "analyse"

    os.utime(own / "one.tif")  # the same content, but only who reads it knows
    slides, _ = planned()
    assert [(slides[name]["would"], slides[name]["sure"]) for name in ("one.tif", "ward/two.tif")] == [
        ("keep", False),
        ("keep", True),
    ]
    assert (
        "is done, if its content is still the same"
        in mvd("run", own, "--out", tmp_path / "out", "--dry-run").stdout
    )
    next((tmp_path / "out").glob("slides/one*/vessels.csv")).unlink()
    assert would(planned()[0])["one.tif"] == "analyse"
    now = {path for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert {path for path in there if path not in now} == {
        next(path for path in there if "one" in path.parent.name and path.name == "vessels.csv")
    }


def test_pixel_sizes_and_regions_are_those_of_the_run(mvd, own, planned, tmp_path):
    (tmp_path / "sizes.csv").write_text("slide,mpp\none,0.25\nward/two.tif,1.5\n")
    (tmp_path / "regions").mkdir()
    (tmp_path / "regions" / "one.geojson").write_text(
        '{"type": "Polygon", "coordinates": [[[1, 1], [300, 1], [300, 300], [1, 1]]]}'
    )
    slides, _ = planned("--mpp-table", tmp_path / "sizes.csv")
    assert (slides["one.tif"]["mpp"], slides["one.tif"]["mpp_source"]) == (0.25, "user")
    assert (slides["ward/two.tif"]["would"], slides["ward/two.tif"]["error"]) == ("fail", "too_coarse")
    slides, _ = planned("--region", tmp_path / "regions")
    assert slides["one.tif"]["regions"] == "one.geojson"
    assert slides["ward/two.tif"]["error"] == "no_region"


def test_every_field_is_on_the_page(planned):
    table = PAGE.read_text(encoding="utf-8").partition("## What a run would do")[2].partition("\n## ")[0]
    slides, whole = planned()
    for event, found in (("planned", slides["one.tif"]), ("planned_run", whole)):
        told = re.search(rf"^\| `{event}` \| (.*?) \|", table, re.MULTILINE)[1]
        assert set(found) == {"event", *re.findall(r"`(\w+)`", told)}


def test_the_whole_is_what_its_slides_cost():
    costs = [
        Planned(n, "a", "a", "analyse", processor_s=s, memory_mb=m)
        for n, (s, m) in enumerate([(60.0, 700.0), (0.0, 0.0), (30.0, 900.0), (30.0, 600.0)])
    ]
    assert total_s(costs, jobs=1, at_once=1) == PROCESS_S + 120
    assert total_s(costs, jobs=2, at_once=2) == PROCESS_S + 60
    assert total_s(costs, jobs=8, at_once=8) == PROCESS_S + 60 / (8 / 3)
    assert total_mb(costs, jobs=2) == 1600
    assert total_s(costs[1:2], jobs=1, at_once=1) == 0
