"""A CSV file of clinical facts or readings -> rows that know their line, and cells as numbers, events or months.

Every complaint names the file, the row (as a spreadsheet counts: the header is row 1) and the column.
"""

import csv
import difflib
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path

from mvd.errors import CohortError, SettingsError
from mvd.report.table import FORMULA_STARTS

MISSING = {"", "na", "n/a", "nan", "none", "null", "."}
_EVENTS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1, "no": 0, "yes": 1}
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}")


@dataclass(frozen=True)
class Row:
    """One row: the number a spreadsheet shows beside it, and its cells by column."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """A CSV file as text."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def need(self, column: str, setting: str) -> str:
        """Return the column's name; one that there is not is a ``SettingsError`` that names the nearest."""
        if column in self.columns:
            return column
        near = difflib.get_close_matches(column, self.columns, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(self.columns)}"
        raise SettingsError(f"{self.name}, row 1: no column {column!r} ({setting}); {hint}")

    def wrong(self, row: Row, column: str, what: str) -> CohortError:
        """Return the error about one cell."""
        return CohortError(f"{self.name}, row {row.number}, column {column!r}: {what}")


def read_table(path: Path) -> Table:
    """Read a CSV file (UTF-8; commas, semicolons or tabs).

    Raises
    ------
    CohortError
        When it cannot be read, is empty, has a column twice, or a row of another length.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CohortError(f"{path.name}: cannot be read ({error.strerror}); check the path") from None
    except UnicodeDecodeError:
        raise CohortError(f"{path.name}: not UTF-8; save it as 'CSV UTF-8'") from None
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise CohortError(f"{path.name}: no CSV file ({error})") from None
    if not lines or not any(cell.strip() for cell in lines[0]):
        raise CohortError(f"{path.name}: empty; the first row must name the columns")
    columns = tuple(cell.strip() for cell in lines[0])
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise CohortError(f"{path.name}, row 1: column {twice[0]!r} stands there twice; rename one")
    rows = tuple(_rows(path.name, columns, lines))
    if not rows:
        raise CohortError(f"{path.name}: no row below the names of the columns")
    return Table(path.name, columns, rows)


def _rows(name: str, columns: tuple[str, ...], lines: list[list[str]]) -> list[Row]:
    rows = []
    for number, cells in enumerate(lines[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            raise CohortError(
                f"{name}, row {number}: {len(cells)} cells, but {len(columns)} columns; mend the row"
            )
        rows.append(Row(number, dict(zip(columns, (cell.strip() for cell in cells), strict=True))))
    return rows


def plain_text(cell: str) -> str:
    """Return a text without the mark that keeps a spreadsheet from calculating it."""
    return cell[1:] if cell[:2] in {f"'{start}" for start in FORMULA_STARTS} else cell


def is_missing(cell: str) -> bool:
    """Whether a cell says nothing: empty, NA, NaN and their like."""
    return cell.lower() in MISSING


def number(table: Table, row: Row, column: str) -> float:
    """Return a cell as a number; NaN when missing."""
    cell = row.cells[column]
    if is_missing(cell):
        return math.nan
    try:
        value = float(cell)
    except ValueError:
        comma = "; write a decimal point" if re.fullmatch(r"-?\d+,\d+", cell) else "; a number is due"
        raise table.wrong(row, column, f"{cell!r} is no number{comma}") from None
    if not math.isfinite(value):
        raise table.wrong(row, column, f"{cell!r} is not finite; leave the cell empty where it is unknown")
    return value


def event(table: Table, row: Row, column: str) -> float:
    """Return a cell as 1.0 (event), 0.0 (none, or censored) or NaN (missing)."""
    cell = row.cells[column]
    if is_missing(cell):
        return math.nan
    if cell.lower() not in _EVENTS:
        raise table.wrong(row, column, f"{cell!r} is neither 1 (event) nor 0 (censored)")
    return float(_EVENTS[cell.lower()])


def duration(table: Table, row: Row, column: str, unit: str) -> float:
    """Return a cell as a time of follow-up, >= 0; a date is an error."""
    cell = row.cells[column]
    if _DATE.fullmatch(cell.partition(" ")[0].partition("T")[0]) and not _is_number(cell):
        raise table.wrong(row, column, f"{cell!r} is a date, but {unit} are due: the time since surgery, say")
    value = number(table, row, column)
    if value < 0:
        raise table.wrong(row, column, f"{cell} {unit} is negative; follow-up begins at 0")
    return value


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
