"""Names of every kind: each slide is measured, has a safe id, and its name comes back from every table and page."""

import csv
import html
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mvd.batch import slide_id
from mvd.phantom import PhantomSpec, make_phantom, write_phantom

MVD = [sys.executable, "-c", "from mvd.cli import main; main()"]
NAMES = {
    "plain": "plain.tif",
    "emoji": "\U0001f9ea \U0001f469\u200d\U0001f52c.tif",
    "accents, decomposed": "Gro\u0308ße.tif",
    "right to left": "\u202eftr.tif",
    "newline": "new\nline.tif",
    "carriage return and tab": "a\r\n\tb.tif",
    "escape of a terminal": "\x1b[31mred\x07.tif",
    "leading dash": "-dash.tif",
    "an option": "--out=x.tif",
    "spaces": "  two  spaces .tif",
    "quotes": 'it\'s "quoted" `so`.tif',
    "formula": "=cmd|'C calc'!A0.tif",
    "a leading quote": "'=1+1.tif",
    "255 bytes": "n" * 251 + ".tif",
    "255 bytes of emoji": "\U0001f9ea" * 62 + "aaa.tif",
    "percent": "100%s %n %20 %(x)d.tif",
    "for shells": "{0} $HOME `id` $(id) [a-z]*?#1&z.tif",
    "script": "<script>alert(1)<\\script>.tif",
    "image": '"><img src=x onerror=alert(1)>.tif',
    "comma and semicolon": "a,b;c.tif",
    "backslash": "a\\b\\..\\c.tif",
    "no UTF-8": os.fsdecode(b"caf\xe9.tif"),
    "two folders, one": "ward 1/same.tif",
    "two folders, two": "ward 2/same.tif",
    "a folder of markup": "<b>/-x/=y.tif",
}


def told(name: str) -> str:
    """Return a name as tables and pages have it: what is no UTF-8 is escaped."""
    return name.encode("utf-8", "backslashreplace").decode()


@pytest.fixture(scope="module")
def slides(tmp_path_factory) -> Path:
    """A slide of 0.1 mm on a side under each name, and folders that run in circles."""
    spec = PhantomSpec(7, "clean", height_um=100, width_um=100, vessels_per_mm2=300, outline=False)
    top = tmp_path_factory.mktemp("names")
    write_phantom(make_phantom(spec), top / "elsewhere", "first")
    folder = top / "in"
    for name in NAMES.values():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy(top / "elsewhere" / "first.tif", folder / name)
        except OSError as error:
            pytest.skip(f"this file system does not take {name!r}: {error.strerror}")
    (folder / "ward 1" / "loop").symlink_to(folder)
    (folder / "self").symlink_to("self")
    (folder / "up").symlink_to("../in")
    return folder


@pytest.fixture(scope="module")
def said(slides) -> subprocess.CompletedProcess[bytes]:
    words = [*MVD, "run", str(slides), "--out", "out", "--tissue-min-area-mm2", "0.001", "--workers", "1"]
    return subprocess.run(words, cwd=slides.parent, capture_output=True, check=False)


@pytest.fixture(scope="module")
def out(slides, said) -> Path:
    assert said.returncode == 0, said.stderr.decode()
    return slides.parent / "out"


@pytest.fixture(scope="module")
def rows(out) -> dict[str, dict[str, str]]:
    """Rows of summary.csv by slide_id."""
    with (out / "summary.csv").open(newline="", encoding="utf-8") as stream:
        return {row["slide_id"]: row for row in csv.DictReader(stream, strict=True)}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_name_of_any_kind_works(out, rows, name):
    row = rows[slide_id(name)]
    assert row["status"] in ("ok", "empty")
    assert row["slide"] == ("'" if name[0] in "=+-@\t\r" else "") + told(name)
    assert re.fullmatch(r"[a-z0-9-]{1,60}-[0-9a-f]{8}", row["slide_id"])
    folder = out / "slides" / row["slide_id"]
    about = json.loads((folder / "slide.json").read_bytes())
    assert about["slide"] == told(name)
    json.loads((folder / "vessels.geojson").read_bytes())
    (noted,) = [slide for slide in _record(out)["slides"] if slide["slide_id"] == row["slide_id"]]
    assert (noted["slide"], noted["status"]) == (told(name), row["status"])


def _record(out: Path) -> dict:
    return json.loads((out / "run.json").read_bytes())


def test_each_is_there_once_and_no_circle_is_followed(out, rows):
    assert set(rows) == {slide_id(name) for name in NAMES.values()}
    assert len(list((out / "slides").iterdir())) == len(NAMES)
    measured = {(row["vessels"], row["tissue_area_mm2"]) for row in rows.values()}
    assert len(measured) == 1  # it is one slide under many names


def test_nothing_said_moves_the_terminal_or_breaks_a_line(said):
    lines = said.stderr.decode().splitlines()
    assert sum(bool(re.match(r"\[\d+/\d+\] ", line)) for line in lines) == len(NAMES)
    for stream in (said.stdout, said.stderr):
        assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", stream)
        assert "\u202e" not in stream.decode()


class Tags(HTMLParser):
    """Collects what a browser would take for tags and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, attrs))


def test_markup_in_a_name_is_text(out):
    for page in out.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        tags = Tags()
        tags.feed(re.sub(r"(<script[^>]*>).*?(</script>)", r"\1\2", text, flags=re.DOTALL))
        assert not [tag for tag, attrs in tags.found if any(name == "onerror" for name, _ in attrs)]
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert html.escape("<script>alert(1)") in text or page.name != "report.html"
    for page in [*out.rglob("*.json"), *out.rglob("*.geojson")]:
        json.loads(page.read_bytes())


def test_the_same_again_is_done(slides, out):
    words = [*MVD, "run", str(slides), "--out", "out", "--tissue-min-area-mm2", "0.001", "--json"]
    answer = subprocess.run(words, cwd=slides.parent, capture_output=True, check=False)
    events = [json.loads(line) for line in answer.stdout.splitlines()]
    done = [event for event in events if event["event"] == "slide_done"]
    assert {event["resumed"] for event in done} == {"before"}
    assert {event["slide"] for event in done} == {told(name) for name in NAMES.values()}


def test_a_dry_run_says_the_same(slides, out):
    words = [*MVD, "run", str(slides), "--out", "out", "--tissue-min-area-mm2", "0.001", "--dry-run"]
    answer = subprocess.run(words, cwd=slides.parent, capture_output=True, check=False)
    *lines, whole = answer.stdout.decode().splitlines()
    assert whole == f"{len(NAMES)} slides: 0 to analyse, 0 to count again, {len(NAMES)} done, 0 would fail"
    assert len(lines) == len(NAMES)
    assert all(any(slide_id(name) in line for line in lines) for name in NAMES.values())


@pytest.mark.parametrize("name", ["-dash.tif", "--out=x.tif"])
def test_a_leading_dash_is_told_how_it_is_given(slides, out, name):
    def mvd(*words):
        return subprocess.run([*MVD, *words], cwd=slides, capture_output=True, text=True, check=False)

    answer = mvd("info", name)
    assert answer.returncode == 2
    assert f"write ./{name}, or put -- before it" in answer.stderr
    assert mvd("info", f"./{name}").returncode == 0
    assert mvd("info", "--", name).returncode == 0
