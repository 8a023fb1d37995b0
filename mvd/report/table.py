"""Columns of cells -> the text of a CSV file.

UTF-8, RFC 4180 (CRLF, quotes doubled), decimal point, a fixed number of decimals, empty for missing, so that
the same result gives the same bytes. A text cell that a spreadsheet would take for a formula gets a leading
``'``; numbers are never touched.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from mvd.result import Column

Value = object
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_TO_QUOTE = (",", '"', "\r", "\n")


def csv_of_rows(rows: Iterable[Mapping[str, Value]], columns: Sequence[Column]) -> bytes:
    """Write rows (name -> value; what is left out is missing) as CSV.

    Parameters
    ----------
    rows : iterable of mapping
    columns : sequence of Column
        In the order of the file.

    Returns
    -------
    bytes
        UTF-8, the header line first.
    """
    rows = list(rows)
    return csv_of_columns({c.name: [row.get(c.name) for row in rows] for c in columns}, columns)


def csv_of_columns(values: Mapping[str, Sequence[Value]], columns: Sequence[Column]) -> bytes:
    """Write columns of equal length (name -> values) as CSV; see ``csv_of_rows``."""
    cells = [[_quoted(cell) for cell in format_column(values[c.name], c)] for c in columns]
    lines = [",".join(column.name for column in columns), *map(",".join, zip(*cells, strict=True))]
    return ("\r\n".join(lines) + "\r\n").encode("utf-8", "backslashreplace")


def format_column(values: Iterable[Value], column: Column) -> list[str]:
    """Format the values of one column, not yet quoted; missing values are empty."""
    if column.kind == "float":
        return [_float(value, f"z.{column.decimals}f") for value in values]
    if column.kind == "int":
        return ["" if is_missing(value) else f"{value:d}" for value in values]
    if column.kind == "bool":
        return ["" if is_missing(value) else ("true" if value else "false") for value in values]
    return ["" if is_missing(value) else _inert(str(value)) for value in values]


def is_missing(value: Value) -> bool:
    """Whether a value is None or NaN."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _float(value: Value, form: str) -> str:
    """Format a number; ``z`` in ``form`` keeps a tiny negative one from being written as -0."""
    return format(value, form) if value is not None and math.isfinite(value) else ""  # type: ignore[arg-type]


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _quoted(cell: str) -> str:
    if any(mark in cell for mark in _TO_QUOTE):
        return '"' + cell.replace('"', '""') + '"'
    return cell
