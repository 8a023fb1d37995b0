"""The columns of every table -> the data dictionary: rows of table, column, unit, type and meaning.

Input: the columns of ``mvd.result``, the one place where they are defined. docs/columns.md, the sheet of results.xlsx
and data_dictionary.csv are all made from here.
"""

from typing import NamedTuple

from mvd.report.table import csv_of_rows
from mvd.result import (
    FAILED_COLUMNS,
    HOTSPOT_COLUMNS,
    REGION_COLUMNS,
    SUMMARY_COLUMNS,
    VESSEL_COLUMNS,
    Cell,
    Column,
)

KINDS = {"text": "text", "bool": "true or false", "int": "whole number", "float": "number"}
"""Kind of a column -> its type in words."""


class Table(NamedTuple):
    """A table that mvd writes: its file, what a row of it is, and its columns."""

    file_name: str
    what: str
    columns: tuple[Column, ...]

    @property
    def name(self) -> str:
        """Name of the file without its ending."""
        return self.file_name.removesuffix(".csv")


TABLES = (
    Table("summary.csv", "A row per slide, failed ones included.", SUMMARY_COLUMNS),
    Table(
        "vessels.csv",
        "A row per candidate, counted or not: `slides/<slide_id>/vessels.csv`.",
        VESSEL_COLUMNS,
    ),
    Table(
        "hotspots.csv",
        "A row per hot spot, of all slides beside summary.csv and of one in its folder.",
        HOTSPOT_COLUMNS,
    ),
    Table(
        "regions.csv",
        "Only with `--region`: a row for each region of every slide as it was drawn, then one for all together; "
        "beside summary.csv and in the slide's folder.",
        REGION_COLUMNS,
    ),
    Table("failed.csv", "Only if a slide failed.", FAILED_COLUMNS),
)

DICTIONARY_COLUMNS = (
    Column("table", "", "file that has the column", "text"),
    Column("column", "", "name of the column", "text"),
    Column("unit", "", "unit of its numbers; empty where they have none", "text"),
    Column("type", "", "what its cells are", "text"),
    Column("meaning", "", "what it says", "text"),
)


def dictionary_rows() -> list[dict[str, Cell]]:
    """Return a row for each column of each table, by the names of ``DICTIONARY_COLUMNS``."""
    return [
        {
            "table": table.file_name,
            "column": column.name,
            "unit": column.unit,
            "type": KINDS[column.kind],
            "meaning": column.meaning,
        }
        for table in TABLES
        for column in table.columns
    ]


def dictionary_csv() -> bytes:
    """Return data_dictionary.csv, written as every other table is."""
    return csv_of_rows(dictionary_rows(), DICTIONARY_COLUMNS)
