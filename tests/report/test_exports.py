"""Excel, Parquet, MultiQC and the data dictionary: read back by other libraries, inert, the same bytes twice."""

import io
import json
import math
import shutil
import zipfile
from pathlib import Path

import cv2
import numpy as np
import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner
from measured import FORMULA, HOSTILE, LINES, record_of

from mvd.batch import rebuild
from mvd.cli import cli
from mvd.errors import MissingDependency, MvdError
from mvd.report.exports import write_exports
from mvd.report.exports.dictionary import TABLES
from mvd.report.exports.multiqc import SHOWN, multiqc_picture, multiqc_table
from mvd.report.exports.workbook import Sheet, workbook
from mvd.report.page.look import Reason
from mvd.report.page.place import EXPORTS, PARQUET, remove_report
from mvd.report.stored import rows_of_csv
from mvd.result import SUMMARY_COLUMNS, Column

TEXT, NUMBER = Column("name", "", "a name", "text"), Column("size_um", "um", "a size", "float", 2)
WHOLE, TRUTH = Column("count", "", "how many", "int"), Column("good", "", "whether", "bool")
COLUMNS = (TEXT, NUMBER, WHOLE, TRUTH)
NOT_SO = ('=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(1)", "\t=1", "#N/A", "1.5", "true", "two\nlines")


@pytest.fixture
def out(measured, tmp_path):
    """A copy of the result folder."""
    return Path(shutil.copytree(measured, tmp_path / "out"))


def opened(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def rows(out: Path, name: str) -> list[dict]:
    table = next(table for table in TABLES if table.name == name)
    return rows_of_csv((out / table.file_name).read_bytes(), table.columns)


def test_a_run_leaves_all_of_it_and_names_it(measured):
    there = {name for name in EXPORTS if (measured / name).exists()}
    assert there == set(EXPORTS) - set(PARQUET)
    crate = json.loads((measured / "ro-crate-metadata.json").read_text())
    assert {"results.xlsx", "data_dictionary.csv"} <= {entity["@id"] for entity in crate["@graph"]}


def test_the_workbook_holds_the_tables_cell_by_cell(measured):
    book = opened((measured / "results.xlsx").read_bytes())
    assert book.sheetnames == ["summary", "hotspots", "failed", "columns", "settings"]
    for table in TABLES:
        if table.name in book.sheetnames:
            heading, *lines = book[table.name].iter_rows(values_only=True)
            assert heading == tuple(column.name for column in table.columns)
            stored = [tuple(row[c.name] for c in table.columns) for row in rows(measured, table.name)]
            # Line ends and marks of direction are no control characters of XML: they stay.
            assert lines == stored


def test_cells_are_typed_and_headings_stay_with_their_unit(measured):
    sheet = opened((measured / "results.xlsx").read_bytes())["summary"]
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref.startswith("A1:")
    kinds = {"text": "s", "bool": "b", "int": "n", "float": "n"}
    for place, column in enumerate(SUMMARY_COLUMNS, 1):
        heading = sheet.cell(1, place)
        assert heading.font.b
        assert ("(" in heading.number_format) == bool(column.unit)
        for line in range(2, sheet.max_row + 1):
            cell = sheet.cell(line, place)
            assert cell.value is None or cell.data_type == kinds[column.kind]
    assert sheet["E1"].number_format == '@" (µm/px)"'
    frame = pd.read_excel(measured / "results.xlsx")
    assert frame["mvd_tissue_per_mm2"].dtype == float
    assert frame["mvd_tissue_per_mm2"].max() == max(
        row["mvd_tissue_per_mm2"] or 0 for row in rows(measured, "summary")
    )


def test_no_text_of_a_workbook_is_anything_else():
    sheet = opened(workbook([Sheet("a", COLUMNS, [{"name": text} for text in NOT_SO])]))["a"]
    for line, text in enumerate(NOT_SO, 2):
        cell = sheet.cell(line, 1)
        assert (cell.value, cell.data_type) == (text, "s")
        assert cell.quotePrefix == text.startswith(("=", "+", "-", "@", "\t"))
    whole = workbook([Sheet("a", COLUMNS, [{"name": text} for text in NOT_SO])])
    with zipfile.ZipFile(io.BytesIO(whole)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


def test_what_xml_cannot_hold_is_written_as_words():
    names = ["nul\x00 bell\x07", "half \ud800 of a pair", "\uffff", "x" * 40_000]
    sheet = opened(workbook([Sheet("a", COLUMNS, [{"name": name} for name in names])]))["a"]
    read = [sheet.cell(line, 1).value for line in range(2, 6)]
    assert read == ["nul\\x00 bell\\x07", "half \\ud800 of a pair", "\\uffff", "x" * 32_767]


def test_missing_numbers_are_empty_and_a_full_sheet_goes_on_in_the_next(monkeypatch):
    monkeypatch.setattr("mvd.report.exports.workbook.MOST_ROWS", 2)
    given = [{"name": "a", "size_um": math.nan, "count": None, "good": False}] * 5
    book = opened(workbook([Sheet("a", COLUMNS, given), Sheet("none", COLUMNS, [])]))
    assert book.sheetnames == ["a", "a 2", "a 3", "none"]
    assert list(book["a"].values)[1:] == [("a", None, None, False)] * 2
    assert list(book["a 3"].values)[1:] == [("a", None, None, False)]
    assert list(book["none"].values) == [tuple(c.name for c in COLUMNS)]


def test_every_column_of_every_table_has_its_meaning(measured):
    frame = pd.read_csv(measured / "data_dictionary.csv", keep_default_na=False)
    book = opened((measured / "results.xlsx").read_bytes())
    _, *lines = book["columns"].iter_rows(values_only=True)
    assert [tuple(cell or "" for cell in line) for line in lines] == list(
        frame.itertuples(index=False, name=None)
    )
    files = [*measured.glob("*.csv"), *measured.glob("slides/*/*.csv")]
    assert len(files) > 10
    for path in files:
        if path.name != "data_dictionary.csv":
            told = frame[frame["table"] == path.name]
            assert list(told["column"]) == path.read_text().splitlines()[0].split(",")
            assert told["meaning"].str.len().min() > 3


def test_settings_and_version_are_in_the_workbook(measured):
    record = record_of(measured)
    _, *lines = opened((measured / "results.xlsx").read_bytes())["settings"].iter_rows(values_only=True)
    values = {(section, name): value for section, name, value in lines}
    assert values["run", "settings_fingerprint"] == record["settings_fingerprint"]
    assert values["vessel", "min_area_um2"] == str(record["settings"]["vessel"]["min_area_um2"])
    assert len(lines) == 2 + sum(len(section) for section in record["settings"].values())


def test_parquet_on_request_holds_the_same(out):
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    answer = CliRunner().invoke(cli, ["report", str(out), "--parquet"])
    assert answer.exit_code == 3, answer.output  # a slide had failed
    import pyarrow.parquet

    for name in ("summary", "hotspots", "failed"):
        frame = pyarrow.parquet.read_table(out / f"{name}.parquet").to_pylist()
        assert frame == rows(out, name)
    vessels = pd.read_parquet(out / "vessels.parquet")
    tables = [pd.read_csv(path) for path in out.glob("slides/*/vessels.csv")]
    assert len(vessels) == sum(map(len, tables)) > 0
    assert vessels["area_um2"].sum() == pytest.approx(sum(table["area_um2"].sum() for table in tables))
    assert vessels["counted"].dtype == bool
    field = pyarrow.parquet.read_schema(out / "vessels.parquet").field("area_um2")
    assert (str(field.type), field.metadata[b"unit"]) == ("double", b"um2")
    before = {name: (out / name).read_bytes() for name in PARQUET if (out / name).exists()}
    rebuild(out, parquet=True)
    assert {name: (out / name).read_bytes() for name in before} == before
    rebuild(out, parquet=False)
    assert not [name for name in PARQUET if (out / name).exists()]


def test_without_pyarrow_nothing_is_touched(out, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (out / "report.html").unlink()
    with pytest.raises(MissingDependency, match=r"pip install 'mvd\[parquet\]'"):
        rebuild(out, parquet=True)
    assert not (out / "report.html").exists()


def test_multiqc_finds_a_head_and_a_table(measured):
    lines = (measured / "mvd_mqc.tsv").read_text(encoding="utf-8").splitlines()
    head = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    assert json.loads(head["plot_type"]) == "table"
    assert set(json.loads(head["headers"])) == {*SHOWN, "look_first"}
    frame = pd.read_csv(measured / "mvd_mqc.tsv", sep="\t", comment="#")
    stored = rows(measured, "summary")
    assert list(frame["status"]) == [row["status"] for row in stored]
    assert np.allclose(
        frame["mvd_tissue_per_mm2"],
        [np.nan if row["mvd_tissue_per_mm2"] is None else row["mvd_tissue_per_mm2"] for row in stored],
        equal_nan=True,
    )
    assert frame.set_index("status").loc["failed", "look_first"] == "failed"
    assert frame["slide"].is_unique


def test_names_are_inert_in_multiqc(measured):
    names = {line.split("\t")[0] for line in (measured / "mvd_mqc.tsv").read_text("utf-8").splitlines()[7:]}
    assert len(names) == 6
    assert not [name for name in names if set(name) & set('<&"`\n\u202e') or name[0] in "=+-@#"]
    told = {HOSTILE: "‹img", FORMULA: "'=cmd", LINES: "two\\nlines"}
    assert all(any(part in name for name in names) for part in told.values())


def test_the_picture_has_a_dot_a_slide():
    row = {column.name: None for column in SUMMARY_COLUMNS}
    odd = {"c": [Reason("odd stain", "odd")]}
    given = [
        row | {"slide_id": key, "slide": key, "status": "ok", "mvd_tissue_per_mm2": density}
        for key, density in (("a", 10.0), ("b", 50.0), ("c", 90.0))
    ]
    content = multiqc_picture(given, odd)
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)[70:, :, ::-1]
    for colour, dots in (((0, 114, 178), 2), ((213, 94, 0), 1)):
        count, _, about, _ = cv2.connectedComponentsWithStats(
            np.all(pixels == colour, axis=2).astype(np.uint8)
        )
        assert (about[1:, cv2.CC_STAT_AREA] > 60).sum() == dots == count - 1
    assert multiqc_picture(given, odd) == content
    assert multiqc_picture([row | {"slide_id": "d", "status": "failed"}], {}) is None
    assert multiqc_table([], {}).count(b"\n") == 7


def test_the_same_tables_give_the_same_bytes(out, tmp_path):
    before = {name: (out / name).read_bytes() for name in EXPORTS if (out / name).exists()}
    remove_report(out)
    assert not [name for name in EXPORTS if (out / name).exists()]
    write_exports(out, record_of(out))
    assert {name: (out / name).read_bytes() for name in before} == before
    assert str(tmp_path).encode() not in b"".join(before.values())


def test_a_table_of_another_version_is_said(out):
    (out / "hotspots.csv").write_bytes(b"rank\r\n1\r\n")
    with pytest.raises(MvdError, match=r"hotspots.csv: is damaged"):
        write_exports(out, record_of(out))
