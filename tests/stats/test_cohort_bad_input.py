"""Bad input of `mvd cohort`: one line that names row and column, the exit code, and nothing written."""

import json
from pathlib import Path

import pytest

pytest.importorskip("lifelines")

from cohort_folders import call, desk, finding, study

DENSITIES = {f"s{i}": 40.0 + 3 * i for i in range(8)}
FACTS = {
    "group": ["a", "b"] * 4,
    "months": [5, 9, 12.5, 3, 20, 30, 41, 18],
    "died": [1, 0, 1, 1, 0, 0, 1, 0],
    "vegf": [1, 2, 3, 4, 5, 6, 7, 8],
    "visit": ["before", "after"] * 4,
}
ASK = ("--group", "group", "--time", "months", "--event", "died", "--marker", "vegf")


@pytest.fixture
def folder(tmp_path) -> Path:
    return desk(tmp_path, DENSITIES, FACTS)


def edit(path: Path, row: int, old: str, new: str) -> None:
    """Change one text in a row, as a spreadsheet numbers them."""
    lines = path.read_text().splitlines()
    assert old in lines[row - 1]
    lines[row - 1] = lines[row - 1].replace(old, new, 1)
    path.write_text("\n".join(lines) + "\n")


def complaint(folder: Path, capsys, *flags: object) -> tuple[int, str]:
    """Call the command; it must write nothing but one line of error."""
    before = sorted(folder.rglob("*"))
    code = call(folder / "results", folder / "clinical.csv", *(flags or ASK))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1, said.err
    assert "Traceback" not in said.err
    assert "unexpected" not in said.err
    assert sorted(folder.rglob("*")) == before
    return code, said.err


@pytest.mark.parametrize(
    ("row", "old", "new", "words"),
    [
        (4, ",12.5,", ",2021-03-04,", ("row 4", "'months'", "2021-03-04", "is a date", "months are due")),
        (4, ",12.5,", ",4.3.2021,", ("row 4", "'months'", "is a date")),
        (4, ",12.5,", ",-3,", ("row 4", "'months'", "negative")),
        (4, ",12.5,", ",long,", ("row 4", "'months'", "'long' is no number")),
        (4, ",12.5,", ',"12,5",', ("row 4", "'months'", "decimal point")),
        (4, ",12.5,", ",inf,", ("row 4", "'months'", "not finite")),
        (4, ",12.5,1,", ",12.5,2,", ("row 4", "'died'", "'2'", "neither 1 (event) nor 0")),
        (4, ",3,before", ",high,before", ("row 4", "'vegf'", "'high' is no number")),
        (4, ",a,", ",rare,", ("row 4", "'group'", "'rare' is a group of one patient")),
        (4, "patient s2", "", ("row 4", "'patient'", "empty")),
        (4, "s2.svs", "s3.svs", ("row 5", "'slide'", "row 4 already")),
        (4, "s2.svs", "s9.svs", ("row 4", "'slide'", "'s9.svs' is no slide of the folder")),
        (4, "patient s2", "patient s1", ("row 4", "'group'", "row 3 of the same patient says 'b'")),
        (4, ",3,before", ",3,before,9", ("row 4", "8 cells, but 7 columns")),
        (1, "vegf", "months", ("row 1", "'months'", "twice")),
        (1, "slide,patient", "slide,case", ("row 1", "no column 'patient'", "--patient")),
        (1, "group", "grup", ("row 1", "no column 'group'", "did you mean 'grup'?")),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(folder, capsys, row, old, new, words):
    edit(folder / "clinical.csv", row, old, new)
    code, said = complaint(folder, capsys)
    assert code == (2 if "no column" in said else 1)
    for word in ("clinical.csv", *words):
        assert word in said


def test_a_slide_without_a_row_is_named(folder, capsys):
    path = folder / "clinical.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    code, said = complaint(folder, capsys)
    assert code == 1
    assert "summary.csv, row 9" in said
    assert "'s7.svs' is not in clinical.csv" in said


def test_a_patient_twice_in_a_table_of_patients_is_named(folder, capsys):
    path = folder / "clinical.csv"
    path.write_text("patient,group\n" + "".join(f"s{i},{'ab'[i % 2]}\n" for i in [*range(8), 2]))
    (folder / "c.toml").write_text('[join]\npatient_pattern = "^(s[0-9])"\n[group]\ncolumn = "group"\n')
    code, said = complaint(folder, capsys, "--config", folder / "c.toml")
    assert code == 1
    assert "clinical.csv, row 10, column 'patient': patient 's2' stands in row 4 already" in said


def test_a_table_of_patients_needs_a_pattern_and_works_with_one(folder, capsys):
    path = folder / "clinical.csv"
    path.write_text("patient,group\n" + "".join(f"s{i},{'ab'[i % 2]}\n" for i in range(8)))
    code, said = complaint(folder, capsys, "--group", "group")
    assert (code, "join.patient_pattern" in said) == (2, True)
    made = study(folder, join={"patient_pattern": "^(s[0-9])"}, group={"column": "group"})
    assert made.cohort.patients["patient"].tolist() == sorted(DENSITIES)


def test_one_group_is_no_comparison(folder, capsys):
    path = folder / "clinical.csv"
    path.write_text(path.read_text().replace(",b,", ",a,"))
    code, said = complaint(folder, capsys)
    assert code == 1
    assert "column 'group'" in said
    assert "only 'a'" in said


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[grop]\n", ("'grop'", "did you mean 'group'?")),
        ('[group]\ncolum = "group"\n', ("group.colum", "did you mean 'group.column'?", "--template")),
        ("[survival]\nknots = 9\n", ("survival.knots", "<= 5")),
        ('[survival]\ntime = ["months"]\n', ("time names 1 columns, event 0",)),
        (
            '[survival]\ntime = ["months", "vegf"]\nevent = ["died", "died"]\n',
            ("called 'died'", "give names"),
        ),
        ('[survival]\nsplit = "value"\n', ("needs split_value",)),
        ('[survival]\nsearch = "smallest_p"\n', ("Faraggi & Simon", "cross_validated", "5 to 10 times")),
        ('[group]\ncolumn = "group"\nreference = "c"\n', ("group.reference", "'c'", "a, b")),
        ('[join]\nmeasure = "mvd_tisue_per_mm2"\n', ("summary.csv", "did you mean 'mvd_tissue_per_mm2'?")),
        ("x = [", ("c.toml", "not valid TOML")),
    ],
)
def test_bad_settings_name_the_key(folder, capsys, toml, words):
    (folder / "c.toml").write_text(toml)
    code, said = complaint(folder, capsys, "--config", folder / "c.toml")
    assert code == 2
    for word in words:
        assert word in said


def test_a_visit_that_is_neither_is_named(folder, capsys):
    edit(folder / "clinical.csv", 3, "after", "later")
    code, said = complaint(folder, capsys, "--visit", "visit")
    assert code == 1
    assert "row 3, column 'visit': 'later' is neither 'before' nor 'after'" in said


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "empty"), (b"\xff\xfe\x00", "not UTF-8"), (b"slide,patient\n", "no row below")],
)
def test_a_file_that_is_no_table_is_named(folder, capsys, content, word):
    (folder / "clinical.csv").write_bytes(content)
    code, said = complaint(folder, capsys)
    assert code == 1
    assert f"clinical.csv: {word}" in said


def test_a_folder_without_results_is_named(folder, capsys):
    (folder / "results" / "summary.csv").unlink()
    assert "summary.csv: cannot be read" in complaint(folder, capsys)[1]


def test_what_is_missing_tied_censored_and_doubled_is_counted_by_name(folder):
    edit(folder / "clinical.csv", 2, ",a,5,1,1,", ",,5,1,NA,")
    edit(folder / "clinical.csv", 3, ",9,", ",,")
    summary = folder / "results" / "summary.csv"
    edit(summary, 5, "49.0", "46.0")
    edit(summary, 9, "ok", "failed")
    slides = [{"slide_id": f"s{i}-id", "sha256": "x" if i in (4, 5) else str(i)} for i in range(8)]
    (folder / "results" / "run.json").write_text(json.dumps({"slides": slides}))
    counts = study(
        folder,
        group={"column": "group"},
        marker={"columns": ["vegf"]},
        survival={"time": ["months"], "event": ["died"]},
    ).cohort.counts
    assert counts["slide without a number (failed or empty cell)"] == ["s7-id"]
    assert counts["slide whose file is that of another (duplicate)"] == ["s4-id", "s5-id"]
    assert counts["patient without group"] == ["patient s0"]
    assert counts["patient without vegf"] == ["patient s0"]
    assert counts["patient without months"] == ["patient s1"]
    assert counts["patient whose density is that of another (tie)"] == ["patient s2", "patient s3"]
    assert counts["patient censored (died)"] == ["patient s4", "patient s5"]


def test_what_has_no_counterpart_is_left_out_and_counted_when_asked(folder):
    edit(folder / "clinical.csv", 4, "s2.svs", "s9.svs")
    made = study(folder, join={"unmatched": "leave_out"})
    assert made.cohort.counts["row without its slide"] == ["s9.svs"]
    assert made.cohort.counts["slide without a row"] == ["s2.svs"]
    assert len(made.cohort.patients) == 7


def test_too_few_events_are_said_and_nothing_is_fitted(folder):
    made = study(folder, survival={"time": ["months"], "event": ["died"]})
    for name in ("cox_died", "shape_died", "c_index_died"):
        assert finding(made, name).estimates == ()
        assert "4 events for" in finding(made, name).notes[0]
        assert "not fitted" in finding(made, name).notes[0]


@pytest.mark.parametrize("died", ["0", "1"])
def test_no_events_at_all_and_no_censoring_end_in_words(folder, died):
    path = folder / "clinical.csv"
    lines = path.read_text().splitlines()
    cells = [line.split(",") for line in lines[1:]]
    rows = [",".join([*row[:4], died, *row[5:]]) for row in cells]
    path.write_text("\n".join([lines[0], *rows]) + "\n")
    asked = {"time": ["months"], "event": ["died"], "min_events_per_term": 1, "search": "cross_validated"}
    made = study(folder, survival=asked, resample={"bootstrap": 50, "permutations": 199})
    if died == "0":
        assert any("no events" in note for note in finding(made, "km_died").notes)
        assert finding(made, "cox_died").estimates == ()
    else:
        assert finding(made, "km_died").estimates[-1].quantity.startswith("log-rank")


def test_densities_that_are_all_the_same_end_in_words(folder):
    same = desk(folder, dict.fromkeys(DENSITIES, 50), FACTS)
    asked = {"time": ["months"], "event": ["died"], "min_events_per_term": 1}
    made = study(
        same,
        group={"column": "group"},
        marker={"columns": ["vegf"]},
        survival=asked,
        resample={"bootstrap": 50},
    )
    assert "no correlation" in finding(made, "marker_vegf").notes[0]
    assert "same for all" in finding(made, "cox_died").notes[0]
    assert "no spread" in finding(made, "power").notes[0]


def test_a_covariate_of_one_kind_is_said_and_nobody_followed_is_said(folder):
    path = folder / "clinical.csv"
    path.write_text(path.read_text().replace(",before", ",same").replace(",after", ",same"))
    asked = {"time": ["months"], "event": ["died"], "covariates": ["visit"], "min_events_per_term": 1}
    made = study(folder, survival=asked, resample={"bootstrap": 50})
    assert any("'visit' is the same for all" in note for note in finding(made, "cox_died").notes)
    lines = path.read_text().splitlines()
    rows = [line.split(",") for line in lines[1:]]
    path.write_text("\n".join([lines[0], *(",".join([*row[:3], "", *row[4:]]) for row in rows)]) + "\n")
    made = study(folder, survival=asked, resample={"bootstrap": 50})
    assert "no patient has density, time and event" in finding(made, "survival_died").notes


def test_two_end_points_are_both_told(folder):
    asked = {"time": ["months", "months"], "event": ["died", "died"], "names": ["death", "recurrence"]}
    names = {found.name for found in study(folder, survival=asked).findings}
    assert {"km_death", "km_recurrence", "power_recurrence"} <= names


def test_names_that_are_markup_or_formulas_are_inert(folder):
    path = folder / "clinical.csv"
    path.write_text(path.read_text().replace(",a,", ",=cmd(),").replace(",b,", ",<script>$x</script>,"))
    assert call(folder / "results", path, "--group", "group", "--quiet") == 0
    page = (folder / "results" / "cohort" / "cohort.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert ",'=cmd()\n" in (folder / "results" / "cohort" / "patients.csv").read_text()


def test_a_folder_that_cannot_be_made_is_named(folder, capsys):
    (folder / "taken").write_text("")
    code = call(folder / "results", folder / "clinical.csv", "--group", "group", "--out", folder / "taken")
    said = capsys.readouterr().err
    assert code == 1
    assert "taken: cannot be written" in said
