"""Tables -> ``results.xlsx``: numbers that are numbers, headings that stay, units, and no text that is a formula.

A heading's cell holds the column's name and shows its unit behind it. The same tables give the same bytes: nothing in
the file tells when it was written.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from mvd.report.table import FORMULA_STARTS, is_missing
from mvd.result import Cell, Column

MOST_ROWS = 1_048_575
"""Below the heading: what a sheet can hold. What is more goes on in a further sheet."""

_FROZEN = 2  # the first columns say which slide it is
_LONGEST = 32_767  # characters that a cell can hold
_WIDEST, _NARROWEST = 44, 9
_LOOKED_AT = 200  # rows that a column's width is chosen by
_MOMENT = datetime(2000, 1, 1)
_ZIPPED = (1980, 1, 1, 0, 0, 0)
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_UNITS = {"um": "µm", "um2": "µm²", "mm2": "mm²", "1/mm2": "per mm²", "um/px": "µm/px"}


class Sheet(NamedTuple):
    """A table of the workbook: its name, its columns and its rows (name -> value)."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Cell]]


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """Write tables as an Excel workbook.

    Parameters
    ----------
    sheets : sequence of Sheet
        In their order.

    Returns
    -------
    bytes
        The file: each sheet with one heading row that is frozen and filters, cells typed, missing ones empty. A text is
        a text whatever it begins with, and stays one when it is edited.
    """
    from openpyxl import Workbook
    from openpyxl.writer.excel import ExcelWriter

    book = Workbook(write_only=True)
    book.properties.creator = "mvd"
    book.properties.created = book.properties.modified = _MOMENT
    for sheet in sheets:
        for part in _parts(sheet):
            _write(book.create_sheet(part.name), part)
    written = io.BytesIO()
    # Workbook.save would put in the time.
    ExcelWriter(book, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED)).save()
    return _timeless(written)


def _parts(sheet: Sheet) -> Iterator[Sheet]:
    """Yield the sheets that hold the rows of one, the first by its name."""
    for number, start in enumerate(range(0, max(len(sheet.rows), 1), MOST_ROWS), 1):
        name = sheet.name if number == 1 else f"{sheet.name} {number}"
        yield Sheet(name, sheet.columns, sheet.rows[start : start + MOST_ROWS])


def _write(place: Any, sheet: Sheet) -> None:
    from openpyxl.utils import get_column_letter

    last = get_column_letter(len(sheet.columns))
    frozen = get_column_letter(min(_FROZEN, len(sheet.columns) - 1) + 1)
    place.freeze_panes = f"{frozen}2"
    place.auto_filter.ref = f"A1:{last}{len(sheet.rows) + 1}"
    for number, column in enumerate(sheet.columns, 1):
        place.column_dimensions[get_column_letter(number)].width = _width(column, sheet.rows)
    place.append([_heading(place, column) for column in sheet.columns])
    cells = [(_cell_of(place, column), _cell_of(place, column, is_quoted=True)) for column in sheet.columns]
    names = [column.name for column in sheet.columns]
    for row in sheet.rows:  # the cells are written as they are added, so one of each column is enough
        place.append([_filled(*pair, row.get(name)) for pair, name in zip(cells, names, strict=True)])


def _heading(place: Any, column: Column) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill

    cell = WriteOnlyCell(place, column.name)
    cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDE6EE")
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    if column.unit:
        cell.number_format = f'@" ({_UNITS.get(column.unit, column.unit)})"'  # shown, and no part of the text
    return cell


def _cell_of(place: Any, column: Column, is_quoted: bool = False) -> Any:
    """Return a cell with the form of a column's numbers; one that is quoted stays a text when it is edited."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(place)
    if column.kind == "int":
        cell.number_format = "0"
    elif column.kind == "float" and not column.significant:
        cell.number_format = "0." + "0" * column.decimals
    if is_quoted:
        cell.quotePrefix = 1
    return cell


def _filled(cell: Any, quoted: Any, value: Cell) -> Any:
    if is_missing(value):
        return None
    if not isinstance(value, str):
        cell.value = value
        return cell
    cell = quoted if value.startswith(FORMULA_STARTS) else cell
    cell.value = _NOT_IN_XML.sub(lambda found: found[0].encode("unicode_escape").decode(), value)[:_LONGEST]
    cell.data_type = "s"  # not a formula, whatever it begins with
    return cell


def _width(column: Column, rows: Sequence[Mapping[str, Cell]]) -> int:
    if column.kind != "text":
        return max(len(column.name) // 2 + 3, _NARROWEST)  # the heading takes two lines
    longest = max((len(str(row.get(column.name) or "")) for row in rows[:_LOOKED_AT]), default=0)
    return min(max(longest + 2, len(column.name) + 3, _NARROWEST), _WIDEST)


def _timeless(written: io.BytesIO) -> bytes:
    """Return an archive with the same files, none of which says when it was put in."""
    again = io.BytesIO()
    with zipfile.ZipFile(written) as old, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            about = zipfile.ZipInfo(name, _ZIPPED)
            about.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(about, old.read(name))
    return again.getvalue()
