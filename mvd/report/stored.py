"""Tables and ``slide.json`` of a slide's folder -> the rows that they were made from."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mvd.report.table import FORMULA_STARTS
from mvd.result import SUMMARY_COLUMNS, Cell, Column

_READ: Mapping[str, Callable[[str], Cell]] = {
    "float": float,
    "int": int,
    "bool": lambda text: text == "true",
    "text": lambda text: text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA_STARTS) else text,
}


def rows_of_csv(content: bytes, columns: Sequence[Column]) -> list[dict[str, Cell]]:
    """Read a table that mvd wrote: written again, its rows give the same bytes.

    Parameters
    ----------
    content : bytes
        A whole CSV file.
    columns : sequence of Column
        Those that it was written with.

    Raises
    ------
    ValueError
        It has other columns, or a cell that is not of its column's kind.
    """
    lines = list(csv.reader(io.StringIO(content.decode(), newline="")))
    if not lines or lines[0] != [column.name for column in columns]:
        raise ValueError("the table has other columns")
    return [
        {c.name: _READ[c.kind](cell) if cell else None for c, cell in zip(columns, line, strict=True)}
        for line in lines[1:]
    ]


def stored_summary(about: Mapping[str, Any]) -> dict[str, Cell]:
    """Return the row of summary.csv that ``slide.json`` holds; ``KeyError`` where a column is missing."""
    return {column.name: about["summary"][column.name] for column in SUMMARY_COLUMNS}
