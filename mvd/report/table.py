"""Columns of cells -> the text of a CSV file.

UTF-8, RFC 4180 (CRLF, quotes doubled), decimal point, a fixed number of decimals, empty for missing, so that
the same result gives the same bytes. A text cell that a spreadsheet would take for a formula gets a leading
``'``; numbers are never touched.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

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
    return b"".join(csv_pieces([values], columns))


def csv_pieces(parts: Iterable[Mapping[str, Sequence[Value]]], columns: Sequence[Column]) -> Iterator[bytes]:
    """Write the header line, and then the rows of each part, as bytes; see ``csv_of_columns``."""
    yield ",".join(column.name for column in columns).encode() + b"\r\n"
    for values in parts:
        cells = [_quoted(format_column(values[c.name], c), c) for c in columns]
        lines = [*map(",".join, zip(*cells, strict=True)), ""]
        yield "\r\n".join(lines).encode("utf-8", "backslashreplace")


def format_column(values: Iterable[Value], column: Column) -> list[str]:
    """Format the values of one column, not yet quoted; missing values are empty."""
    if column.kind == "float":
        if column.significant:
            return ["" if is_missing(value) else f"{value:.{column.significant}g}" for value in values]
        return _floats(list(values), column.decimals)
    if column.kind == "int":
        return ["" if is_missing(value) else f"{value:d}" for value in values]
    if column.kind == "bool":
        return ["" if is_missing(value) else ("true" if value else "false") for value in values]
    return ["" if is_missing(value) else _inert(str(value)) for value in values]


def is_missing(value: Value) -> bool:
    """Whether a value is None or NaN."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _floats(values: list[Value], decimals: int) -> list[str]:
    """Format numbers; a tiny negative one is not written as -0."""
    numbers = np.array(values, np.float64)  # None becomes NaN
    if np.isfinite(numbers).all() and not np.signbit(numbers).any():  # nearly always, and many times as fast
        return (f"%.{decimals}f\n" * len(numbers) % tuple(numbers.tolist())).splitlines()
    return [format(number, f"z.{decimals}f") if math.isfinite(number) else "" for number in numbers.tolist()]


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _quoted(cells: list[str], column: Column) -> list[str]:
    if column.kind != "text":
        return cells
    quoted = {cell: _quote(cell) for cell in set(cells)}
    return [quoted[cell] for cell in cells]


def _quote(cell: str) -> str:
    if any(mark in cell for mark in _TO_QUOTE):
        return '"' + cell.replace('"', '""') + '"'
    return cell
