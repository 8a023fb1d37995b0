"""CSV as the contract has it."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvd.report.table import csv_of_rows
from mvd.result import SUMMARY_COLUMNS, Column

TEXT = Column("name", "", "", "text")
NUMBER = Column("x", "um", "")
COLUMNS = (TEXT, NUMBER, Column("n", "", "", "int"), Column("yes", "", "", "bool"))


def one(value, column):
    return csv_of_rows([{column.name: value}], [column]).decode().split("\r\n")[1]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (1.23456, "1.235"),
        (-0.0001, "0.000"),
        (-0.0, "0.000"),
        (-2.5, "-2.500"),
        (1e7, "10000000.000"),
        (None, ""),
        (float("nan"), ""),
        (float("inf"), ""),
        (3, "3.000"),
    ],
)
def test_a_float_has_fixed_decimals_and_no_negative_zero(value, cell):
    assert one(value, NUMBER) == cell


def test_int_and_bool():
    assert (
        csv_of_rows([{"name": "a", "x": 1.0, "n": -7, "yes": False}], COLUMNS)
        == b"name,x,n,yes\r\na,1.000,-7,false\r\n"
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_a_spreadsheet_would_run_is_made_inert(start):
    assert next(
        csv.reader(io.StringIO(csv_of_rows([{"name": f"{start}cmd"}], [TEXT]).decode(), newline="")), None
    ) == ["name"]
    assert (
        csv_of_rows([{"name": f"{start}cmd"}], [TEXT])
        .decode()
        .split("\r\n", 1)[1]
        .lstrip('"')
        .startswith(f"'{start}")
    )


def test_a_negative_number_is_no_formula():
    assert one(-1.5, NUMBER) == "-1.500"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
def test_any_text_comes_back_from_a_csv_reader(names):
    written = csv_of_rows([{"name": name, "x": 1.0} for name in names], COLUMNS).decode()
    back = [row["name"] for row in csv.DictReader(io.StringIO(written, newline=""))]
    assert [b.removeprefix("'") if b[1:2] in tuple("=+-@\t\r") else b for b in back] == [
        n.removeprefix("'") if n[1:2] in tuple("=+-@\t\r") else n for n in names
    ]


def test_pandas_reads_line_ends_and_quotes():
    written = csv_of_rows([{"name": 'a "b",\nc', "x": 2.0}, {"name": "d", "x": None}], COLUMNS)
    table = pd.read_csv(io.BytesIO(written))
    assert table["name"].tolist() == ['a "b",\nc', "d"]
    assert table["x"].isna().tolist() == [False, True]


def test_a_name_that_is_no_utf8_is_escaped():
    assert one("a\udcff.svs", TEXT) == "a\\udcff.svs"


def test_the_header_is_the_contract():
    assert csv_of_rows([], SUMMARY_COLUMNS).decode() == ",".join(c.name for c in SUMMARY_COLUMNS) + "\r\n"
