"""The report as a file: the same bytes for the same results, within its budget, and put right when a file is gone."""

import itertools
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from measured import HOSTILE, record_of
from PIL import Image

from mvd.batch import rebuild
from mvd.cli import cli
from mvd.errors import MvdError
from mvd.report.html import MOST_BYTES, _render, slide_bytes, write_report
from mvd.report.page.cells import shown
from mvd.report.page.folder import read_cohort
from mvd.report.page.histogram import histogram, nearest_um, nice
from mvd.report.page.lines import PER_UM, path_of
from mvd.report.page.look import reasons_to_look
from mvd.report.page.section import section
from mvd.report.page.small import Room, shrink
from mvd.report.page.strip import strip


@pytest.fixture
def out(measured, tmp_path):
    """A copy of the result folder."""
    return Path(shutil.copytree(measured, tmp_path / "out"))


def files(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and ".mvd" not in path.parts
    }


def test_nothing_changed_so_no_byte_does(out):
    before = files(out)
    assert b"<title>" in before["report.html"]
    rebuild(out)
    assert files(out) == before


def test_no_slide_is_needed(measured, tmp_path):
    """The slides are gone, and the folder lies elsewhere; a picture and a table too are made again without them."""
    place = Path(shutil.copytree(measured.parent, tmp_path / "elsewhere"))
    out = place / "out"
    before = files(out)
    shutil.rmtree(place / "slides")
    shutil.rmtree(place / "made")
    folder = next(path.parent for path in out.glob("slides/*/hotspot_01.png"))
    (folder / "hotspot_01.png").unlink()
    (folder / "hotspots.csv").unlink()
    (out / "results.xlsx").unlink()
    rebuild(out)
    assert files(out) == before


def test_what_is_missing_or_altered_is_made_again(out):
    before = files(out)
    folder = next(path.parent for path in out.glob("slides/*/hotspot_01.png"))
    (folder / "overview.png").unlink()
    (folder / "vessels.csv").write_bytes(b"nonsense")
    (out / "summary.csv").unlink()
    outcome = rebuild(out)
    assert [slide.slide_id for slide in outcome.slides if slide.resumed == "recounted"] == [folder.name]
    assert files(out) == before


def test_what_cannot_be_made_again_stops_nobody(out):
    one, two = sorted(path.parent for path in out.glob("slides/*/hotspot_01.png"))[:2]
    (one / "candidates.npz").unlink()
    (one / "overview.png").unlink()
    (two / "slide.json").write_bytes(b"{")
    outcome = rebuild(out)
    assert {slide.slide_id: slide.error for slide in outcome.failed}[two.name] == "unreadable"
    (kept,) = (slide for slide in outcome.slides if slide.slide_id == one.name)
    assert kept.row["mvd_tissue_per_mm2"] > 0
    assert (out / "report.html").exists()


def test_the_command_says_where_the_report_is(out):
    before = (out / "report.html").read_bytes()
    (out / "report.html").unlink()
    answer = CliRunner().invoke(cli, ["report", str(out)], prog_name="mvd")
    assert (answer.exit_code, answer.stdout.strip()) == (3, str(out / "report.html"))  # a slide had failed
    assert (out / "report.html").read_bytes() == before


@pytest.mark.parametrize("content", [None, b"{", b'{"state": "finished"}'])
def test_what_is_no_result_folder_is_one_line(tmp_path, content):
    if content:
        (tmp_path / "run.json").write_bytes(content)
    answer = CliRunner().invoke(cli, ["report", str(tmp_path)], prog_name="mvd")
    assert answer.exit_code == 1
    assert len(answer.stderr.splitlines()) == 1
    assert "mvd run" in answer.stderr


def test_a_slide_without_its_files_has_its_numbers_and_says_so(out):
    before = (out / "report.html").read_bytes()
    folder = next(path.parent for path in out.glob("slides/*/hotspot_01.png"))
    (folder / "plain_overview.jpg").write_bytes(b"no picture")
    write_report(out, record_of(out))
    now = (out / "report.html").read_text(encoding="utf-8")
    assert f"{folder.name}/plain_overview.jpg: is missing or damaged" in now
    assert before.count(b'class="headline"') == now.count('class="headline"') == 5


def test_nothing_of_the_machine_is_in_it(measured):
    text = (measured / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"/(tmp|home|root|work)/", text)
    assert "http" not in re.sub(r'http-equiv|xmlns="[^"]*"', "", re.sub(r"base64,[^\"]*", "", text))


def test_a_page_a_slide(out):
    one = (out / "report.html").read_bytes()
    rebuild(out, split=True)
    ids = [slide["slide_id"] for slide in record_of(out)["slides"]]
    pages = {page.stem: page.read_text(encoding="utf-8") for page in (out / "report").iterdir()}
    assert sorted(pages) == sorted(ids)
    index = (out / "report.html").read_text(encoding="utf-8")
    assert all(f'href="report/{key}.html"' in index for key in ids)
    assert "<image" not in index
    linked = re.findall(r'href="(\.\./[^"]+|[a-z0-9-]+\.html)"', "".join(pages.values()))
    assert len(linked) > 20
    assert all((out / "report" / link).exists() for link in linked)
    first = files(out)
    rebuild(out, split=True)
    assert files(out) == first
    rebuild(out, split=False)
    assert (out / "report.html").read_bytes() == one
    assert not (out / "report").exists()


def test_a_hundred_slides_are_at_most_25_mb(measured):
    most = Room(slide_bytes(100))
    cohort = read_cohort(measured, record_of(measured))
    lengths = [
        len(_render("slide.html", base="", level=2, **section(cohort, row, [], most))) for row in cohort.rows
    ]
    assert max(lengths) <= MOST_BYTES / 100
    table = (measured / "report.html").read_bytes().split(b"<tbody>")[1].split(b"</tbody>")[0]
    assert max(lengths) + len(table) / len(cohort.rows) <= MOST_BYTES / 100
    assert slide_bytes(500) == most.most_bytes < slide_bytes(50) <= slide_bytes(6)


def test_a_slide_of_many_vessels_fits_too(out):
    folder = next(path.parent for path in out.glob("slides/*/hotspot_01.png"))
    lines = (folder / "vessels.csv").read_text(encoding="utf-8").splitlines()
    features = (folder / "vessels.geojson").read_text(encoding="utf-8").splitlines()
    kept = [line for line in features if '"detection"' not in line][1:-1]
    square = "[[[{0},{1}],[{2},{1}],[{2},{3}],[{0},{3}],[{0},{1}]]]"
    rng = np.random.default_rng(5)
    for number in range(1, 20_001):
        cells = lines[1].split(",")
        x, y = rng.integers(0, 1200, 2).tolist()
        cells[1:4], cells[4] = [str(number), f"{x}.000", f"{y}.000"], ("true", "false")[number % 2]
        lines.append(",".join(cells))
        place = square.format(2 * x, 2 * y, 2 * x + 9, 2 * y + 9)
        kept.append(
            f'{{"type":"Feature","geometry":{{"type":"Polygon","coordinates":{place}}},'
            f'"properties":{{"objectType":"detection","name":"{number}","classification":{{"name":"Vessel"}}}}}},'
        )
    (folder / "vessels.csv").write_text("\r\n".join([lines[0], *lines[-20_000:]]), encoding="utf-8")
    (folder / "vessels.geojson").write_text("\n".join(kept), encoding="utf-8")
    cohort = read_cohort(out, record_of(out))
    (row,) = (row for row in cohort.rows if row["slide_id"] == folder.name)
    content = section(cohort, row, [], Room(slide_bytes(100)))
    assert not content["missing"]
    assert content["scene"].thinned > 5000
    assert len(_render("slide.html", base="", level=2, **content)) <= MOST_BYTES / 100


def test_pictures_fit(tmp_path):
    noise = np.random.default_rng(3).integers(0, 255, (600, 900, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    for most in (300_000, 20_000, 3000):
        small = shrink(tmp_path / "noise.png", Room(most, for_print=most < 5000), 800)
        assert len(small.uri) <= most + 40
        assert small.width_px <= 800
        assert small.width_px / small.height_px == pytest.approx(1.5, rel=0.05)
        assert small.full_px == (900, 600)
    flat = np.full((600, 900, 3), 200, np.uint8)
    Image.fromarray(flat).save(tmp_path / "flat.png")
    assert shrink(tmp_path / "flat.png", Room(5000), 2000).width_px == 900  # not enlarged


def changed(cohort, number: int, **cells):
    rows = list(cohort.rows)
    rows[number] = {**rows[number], **cells}
    return replace(cohort, rows=tuple(rows))


def test_slides_that_need_a_look_are_named_with_the_reason(measured):
    cohort = read_cohort(measured, record_of(measured))
    place = next(n for n, row in enumerate(cohort.rows) if row["slide"] == HOSTILE)
    key = str(cohort.rows[place]["slide_id"])

    def short(cohort) -> list[str]:
        return [reason.short for reason in reasons_to_look(cohort).get(key, [])]

    certain = changed(cohort, place, mvd_low_per_mm2=139.0, mvd_high_per_mm2=139.2, hotspot_p=0.01)
    certain = changed(certain, place, tissue_area_mm2=2.0, hotspot_field_mm2=0.74)
    assert short(certain) == []
    assert short(changed(certain, place, hotspot_p=0.06)) == ["p > 0.05"]
    assert short(changed(certain, place, invalid_area_fraction=0.004)) == ["damaged"]
    assert short(changed(certain, place, tissue_area_mm2=0.18, hotspot_field_mm2=0.74)) == [
        "small for a hot spot"
    ]
    assert "uncertain" in short(changed(certain, place, mvd_low_per_mm2=100.0, mvd_high_per_mm2=150.0))
    assert short(changed(certain, place, mvd_low_per_mm2=0.0, mvd_high_per_mm2=900.0))[-1] == "rank unstable"
    about = json.loads(json.dumps(dict(cohort.abouts[key])))
    about["warnings"] = ["tinted_background: the glass is yellow"]
    about["stain"] |= {"source": "preset"}
    assert short(replace(certain, abouts={key: about})) == ["odd stain", "tinted_background"]
    assert short(replace(certain, abouts={})) == ["files missing"]
    failed = next(row for row in cohort.rows if row["status"] == "failed")
    (reason,) = reasons_to_look(cohort)[str(failed["slide_id"])]
    assert "copy or export the file again" in reason.words


@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=300))
def test_a_histogram_holds_every_value_once(values):
    made = histogram(np.array(values), "Area", "um2")
    assert sum(int(bar.words.rsplit(" ", 1)[1]) for bar in made.bars) == len(values)
    assert all(bar.y >= 10 and bar.y + bar.height <= made.base_y + 0.2 for bar in made.bars)


@given(st.floats(1e-3, 1e9))
def test_a_round_number_is_not_below_and_not_far_above(number):
    assert number * (1 - 1e-8) <= nice(number) <= number * 1.5


def test_nearest_neighbours_are_those_of_all_pairs():
    x, y = np.random.default_rng(1).uniform(0, 1000, (2, 60))
    apart = np.hypot(x[:, None] - x, y[:, None] - y) + np.diag(np.full(60, np.inf))
    assert nearest_um(x, y) == pytest.approx(apart.min(axis=1))
    assert len(nearest_um(x[:1], y[:1])) == 0


@given(st.lists(st.floats(0, 400), min_size=1, max_size=60))
def test_no_dot_of_the_plot_hides_another(densities):
    rows = [
        {"slide_id": str(n), "mvd_tissue_per_mm2": d, "mvd_low_per_mm2": d * 0.9, "mvd_high_per_mm2": None}
        for n, d in enumerate(densities)
    ]
    plot = strip(rows, {str(n): "" for n in range(len(rows))}, {})
    assert all(dot.low_x <= dot.x <= dot.high_x for dot in plot.dots)
    assert all(0 < dot.y < plot.height - 38 for dot in plot.dots)
    for a, b in itertools.combinations(plot.dots, 2):
        assert abs(a.x - b.x) >= 11.9 or abs(a.y - b.y) >= 4


@given(st.floats(0, 1e4), st.floats(0, 1e4), st.floats(3, 200))
def test_a_path_keeps_to_its_ring(x, y, radius):
    angles = np.linspace(0, 2 * np.pi, 50, endpoint=False)
    ring = np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles)])
    path = path_of([ring], 0.5)
    numbers = [int(number) for number in re.findall(r"-?\d+", path)]
    corners = np.cumsum(np.array(numbers).reshape(-1, 2), axis=0) / PER_UM
    away = np.hypot(*(corners - [x, y]).T)
    assert np.abs(away - radius).max() < 0.5
    assert re.fullmatch(r"M\d+[ -]\d+l[-\d ]+z", path)


def test_names_are_shown_without_what_cannot_be_seen():
    assert shown("a\u202eb\nc\x00é") == "a\\u202eb\\nc\\x00é"


def test_tables_of_another_version_are_refused(out):
    text = (out / "summary.csv").read_text(encoding="utf-8")
    (out / "summary.csv").write_text(text.replace("clark_evans", "clark"), encoding="utf-8")
    with pytest.raises(MvdError, match="of another version"):
        write_report(out, record_of(out))
