"""`mvd agree` as it is called: what it prints and writes, and one line for each kind of bad input."""

import csv
import io
import re

import numpy as np
import pytest
from click.testing import CliRunner

from mvd.cli import cli
from mvd.corrections.readings import READING_COLUMNS, write_readings
from mvd.stats.finding import figure_text

RATINGS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def write(path, rows, head="slide_id,mvd"):
    lines = [head, *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def agree(*words):
    return CliRunner().invoke(cli, ["agree", *map(str, words)])


def numbers(answer, **which):
    """Return the rows of the printed CSV that have these cells."""
    assert answer.exit_code == 0, answer.output
    rows = csv.DictReader(io.StringIO(answer.stdout))
    return [row for row in rows if all(row[name] == value for name, value in which.items())]


def one(answer, **which):
    (row,) = numbers(answer, **which)
    return float(row["value"])


@pytest.fixture
def four(tmp_path):
    return [
        write(tmp_path / f"r{j}.csv", [*zip("abcdef", column, strict=True), ("g", "" if j else 3)])
        for j, column in enumerate(zip(*RATINGS, strict=True))
    ]


def test_the_command_prints_the_published_numbers_and_says_what_is_left_out(four):
    answer = agree(*four, "--measure", "mvd")
    assert one(answer, readers="r0, r1, r2, r3", measure="ICC(2,1)") == pytest.approx(0.2898, abs=0.0001)
    assert one(answer, readers="r0, r1, r2, r3", measure="ICC(3,1)") == pytest.approx(0.7148, abs=0.0001)
    assert len(numbers(answer, measure="bias")) == 6  # each two of four
    assert answer.stderr == "left out, a reading is missing: g\n"


def test_the_folder_has_page_figures_and_tables_and_the_toml_gives_the_same_bytes(four, tmp_path):
    asked = ("--measure", "mvd", "--split-value", 5)
    answer = agree(*four[:2], *asked, "--out", tmp_path / "a")
    again = agree(*four[:2], "--config", tmp_path / "a" / "agree.toml", "--out", tmp_path / "b")
    assert again.stdout == answer.stdout
    assert (
        answer.stdout.splitlines() == (tmp_path / "a" / "agree.csv").read_text(encoding="utf-8").splitlines()
    )
    names = {path.name for path in (tmp_path / "a").iterdir()}
    assert {
        "agree.html",
        "bland_altman_r0_r1.svg",
        "readings_r0_r1.png",
        "readings.csv",
        "counts.csv",
    } <= names
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    page = (tmp_path / "a" / "agree.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert "<svg" in page
    assert "upper limit" in (tmp_path / "a" / "bland_altman_r0_r1.svg").read_text(encoding="utf-8")
    assert str(tmp_path) not in page
    outside = re.sub(r'xmlns(:\w+)?="[^"]+"|"http://purl.org[^"]+"|http-equiv', "", page)
    assert "http" not in outside
    sentence = re.search(r"<blockquote>(Over 6 slides, r1 less r0.*?)</blockquote>", page)[1]
    for name in ("bias", "Lin&#x27;s concordance"):
        value = one(answer, measure=name.replace("&#x27;", "'"))
        assert f"{figure_text(value)} (95 % CI" in sentence


def test_rows_in_another_order_change_no_byte(four, tmp_path):
    answer = agree(*four[:2], "--measure", "mvd")
    lines = four[1].read_text().splitlines()
    four[1].write_text("\n".join([lines[0], *lines[:0:-1]]) + "\n")
    assert agree(*four[:2], "--measure", "mvd").stdout == answer.stdout


def test_a_summary_is_compared_with_what_readers_wrote(tmp_path):
    rng = np.random.default_rng(1)
    true = rng.uniform(30, 120, 8)
    write(tmp_path / "summary.csv", [(f"s{i}", f"ward/s{i}.svs", "ok", v, "AB") for i, v in enumerate(true)],
          "slide_id,slide,status,mvd_tissue_per_mm2,reader")  # fmt: skip
    rows = [
        dict.fromkeys((column.name for column in READING_COLUMNS), None)
        | {"slide_id": f"s{i}", "slide": f"ward/s{i}.svs", "reader": name, "field": ""}
        | {"field_mm2": 4.0, "vessels": 100, "vessels_per_mm2": v + rng.normal(0, 3)}
        for name in ("AB", "CD")
        for i, v in enumerate(true)
    ]
    write_readings(tmp_path / "read.csv", rows)
    answer = agree(tmp_path / "summary.csv", tmp_path / "read.csv")
    assert one(answer, readers="summary, AB, CD", measure="ICC(2,1)") > 0.95
    assert one(agree(tmp_path / "read.csv"), readers="AB, CD", measure="ICC(2,1)") > 0.95


def test_fields_that_moved_are_told_from_those_that_did_not(tmp_path):
    rng = np.random.default_rng(2)
    head = "slide_id,field,x_um,y_um,vessels_per_mm2"
    level = rng.uniform(40, 120, (2, 40))
    for name in ("ann", "bo"):
        rows = [(f"s{i}", "same", 100, 200, level[0, i] + rng.normal(0, 4)) for i in range(40)]
        rows += [
            (f"s{i}", "own", *rng.uniform(0, 9000, 2), level[1, i] + rng.normal(0, 13)) for i in range(40)
        ]
        write(tmp_path / f"{name}.csv", rows, head)
    answer = agree(tmp_path / "ann.csv", tmp_path / "bo.csv")
    assert one(answer, measure="SD of counting") == pytest.approx(4, rel=0.3)
    assert one(answer, measure="SD of choosing") == pytest.approx(math_root(13, 4), rel=0.3)
    for name in ("ann", "bo"):  # the same, in two files of each reader
        lines = (tmp_path / f"{name}.csv").read_text().splitlines()
        for kind in ("same", "own"):
            rows = [
                line.replace(f",{kind},", ",field,").split(",") for line in lines[1:] if f",{kind}," in line
            ]
            write(tmp_path / f"{name}_{kind}.csv", [(r[0], r[4]) for r in rows], "slide_id,vessels_per_mm2")
    files = [tmp_path / f"{name}_{kind}.csv" for kind in ("same", "own") for name in ("ann", "bo")]
    apart = agree(*files[:2], "--rechosen", files[2], "--rechosen", files[3], "--again", files[0],
                  "--out", tmp_path / "out")  # fmt: skip
    assert one(apart, measure="SD of choosing") == one(answer, measure="SD of choosing")
    assert one(apart, measure="CV within the reader, %") == 0
    command = (
        "mvd agree ann_same.csv bo_same.csv --rechosen ann_own.csv --rechosen bo_own.csv --again ann_same.csv"
    )
    assert f"{command} --config agree.toml" in (tmp_path / "out" / "agree.html").read_text(encoding="utf-8")
    assert one(apart, measure="CV by observers alone, %") == one(apart, measure="CV between readers, %")


def math_root(whole, part):
    return (whole**2 - part**2) ** 0.5


def test_points_are_compared_vessel_by_vessel_with_what_mvd_counted(tmp_path):
    head = "slide_id,vessel_id,x_um,y_um,counted"
    truth = [(i * 50, j * 50) for i in range(4) for j in range(5)]
    reader = [("s1", x + 3, y) for x, y in truth[:16]] + [("s1", 900, 900), ("s2", "", "")]
    ours = [("s1", n, x, y, "true") for n, (x, y) in enumerate(truth)]
    ours += [("s1", 99, 900, 900, "false"), ("s2", 1, 5, 5, "true")]
    a = write(tmp_path / "reader.csv", reader, "slide_id,x_um,y_um")
    b = write(tmp_path / "vessels.csv", ours, head)
    answer = agree("--points", a, b, "--within-um", 4, "--out", tmp_path / "out")
    assert one(answer, readers="reader, mvd", measure="precision") == pytest.approx(16 / 21)
    assert one(answer, readers="reader, mvd", measure="recall") == pytest.approx(16 / 17)
    assert one(answer, readers="reader, mvd", measure="F1") == pytest.approx(32 / 38, abs=1e-6)
    assert one(answer, readers="reader, mvd: s2", measure="matched") == 0
    unasked = agree(a, a)
    assert unasked.exit_code == 2
    assert "compare them with --points" in unasked.stderr
    assert one(agree("--points", a, b, "--within-um", 2.9), readers="reader, mvd", measure="matched") == 0
    matches = (tmp_path / "out" / "matches.csv").read_text().splitlines()
    assert len(matches) == 1 + 16 + 1 + 5
    assert "within 4 um" in (tmp_path / "out" / "agree.html").read_text(encoding="utf-8")


def test_points_of_two_readers_in_one_file_are_two_readers(tmp_path):
    rows = [("s1", "ann", 10, 10), ("s1", "bo", 12, 10), ("s1", "ann", 90, 90)]
    answer = agree("--points", write(tmp_path / "both.csv", rows, "slide_id,reader,x_um,y_um"))
    assert one(answer, readers="ann, bo", measure="matched") == 1
    assert one(answer, readers="ann, bo", measure="recall") == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ([("a", 1), ("b", "x"), ("c", 3)], "second.csv, row 3, column 'mvd': 'x' is no number"),
        ([("a", 1), ("b", 2), ("b", 3)], "second.csv, row 4, column 'slide_id': 'b' stands in row 3 already"),
        (
            [("a", 1), ("b", 2), ("d", 3)],
            "first.csv, row 4, column 'slide_id': 'c' is not in second (and 1 more)",
        ),
        ([("a", 1), ("", 2), ("c", 3)], "second.csv, row 3, column 'slide_id': empty"),
        ([("a", 1), ("b", "inf"), ("c", 3)], "second.csv, row 3, column 'mvd': 'inf' is not finite"),
        ([("a", 1), ("b", ""), ("c", 3)], "agreement needs 3"),
        ([("a", 1), ("b", 2, 9), ("c", 3)], "second.csv, row 3: 3 cells, but 2 columns"),
    ],
)
def test_bad_readings_are_one_line_and_nothing_is_written(tmp_path, second, said):
    first = write(tmp_path / "first.csv", [("a", 1), ("b", 2), ("c", 4)])
    answer = agree(
        first, write(tmp_path / "second.csv", second), "--measure", "mvd", "--out", tmp_path / "out"
    )
    refused(answer, said, tmp_path)


def refused(answer, said, folder):
    assert answer.exit_code in (1, 2)
    assert said in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert answer.stdout == ""
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("s1", 10, ""), "b.csv, row 3, column 'y_um': empty"),
        (("s1", 1, 1), "b.csv, row 3, column 'x_um': the same place as row 2"),
        (("s1", "left", 1), "b.csv, row 3, column 'x_um': 'left' is no number"),
        (("s2", 1, 1), "b.csv, row 3, column 'slide_id': 's2' is not in a;"),
    ],
)
def test_bad_points_are_one_line_and_nothing_is_written(tmp_path, row, said):
    a = write(tmp_path / "a.csv", [("s1", 1, 1)], "slide_id,x_um,y_um")
    b = write(tmp_path / "b.csv", [("s1", 1, 1), row], "slide_id,x_um,y_um")
    refused(agree("--points", a, b, "--out", tmp_path / "out"), said, tmp_path)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--measure", "mdv"), "first.csv, row 1: no column 'mdv' (reading.measure, --measure); did you mean 'mvd'?"),
        ((), "no column 'mvd_tissue_per_mm2'"),
        (("--measure", "mvd", "--key", "slide"), "no column 'slide' (reading.key, --key); did you mean 'slide_id'?"),
        (("--points",), "no column 'x_um'"),
        (("--within-um", "-1"), "points.within_um"),
        (("--unmatched", "guess"), "reading.unmatched"),
    ],
)  # fmt: skip
def test_bad_flags_are_one_line_and_nothing_is_written(tmp_path, words, said):
    files = [write(tmp_path / f"{name}.csv", [("a", 1), ("b", 2), ("c", 4)]) for name in ("first", "second")]
    refused(agree(*files, *words, "--out", tmp_path / "out"), said, tmp_path)


def test_what_only_some_have_is_left_out_and_counted_when_asked(tmp_path):
    first = write(tmp_path / "first.csv", [("a", 1), ("b", 2), ("c", 4), ("d", 3)])
    second = write(tmp_path / "second.csv", [("a", 2), ("b", 2), ("c", 5), ("e", 3)])
    answer = agree(first, second, "--measure", "mvd", "--unmatched", "leave_out")
    assert numbers(answer, measure="bias")[0]["n"] == "3"
    assert answer.stderr == "left out, not in all readers' files: d, e\n"


def test_one_reader_is_no_comparison_and_readers_that_say_the_same_are_told(tmp_path):
    first = write(tmp_path / "first.csv", [("a", 1), ("b", 2), ("c", 4)])
    refused(agree(first, "--measure", "mvd"), "only one reader, first", tmp_path)
    second = write(tmp_path / "second.csv", [("a", 3), ("b", 3), ("c", 3)])
    answer = agree(first, second, "--measure", "mvd", "--out", tmp_path / "out")
    assert not numbers(answer, measure="Lin's concordance")
    assert "all the same" in (tmp_path / "out" / "agree.html").read_text(encoding="utf-8")
    assert one(agree(first, first, "--measure", "mvd"), measure="ICC(2,1)") == 1
