"""Values of the tables -> what a page says: short numbers with units, names without control characters."""

from collections.abc import Mapping
from typing import NamedTuple

from mvd.report.page.folder import Row
from mvd.report.table import FORMULA_STARTS, format_column
from mvd.result import HOTSPOT_COLUMNS, SUMMARY_COLUMNS, Cell, Column

LABELS = {
    "slide": "Slide",
    "status": "Status",
    "tissue_area_mm2": "Tissue",
    "vessels": "Vessels",
    "mvd_tissue_per_mm2": "MVD",
    "mvd_low_per_mm2": "MVD, lower end",
    "mvd_high_per_mm2": "MVD, upper end",
    "hotspot_max_per_mm2": "Hot spot",
    "hotspot_max_vessels": "Vessels in the hot spot",
    "hotspot_mean3_per_mm2": "Mean of 3 hot spots",
    "hotspot_p": "p of the hot spot",
    "chalkley_mean3": "Chalkley",
    "vessel_area_fraction": "Vessel area, part of the tissue",
    "lumen_area_fraction": "Lumen area, part of the tissue",
    "nearest_neighbour_um": "Nearest neighbour",
    "far_tissue_fraction": "Tissue over 100 µm from a vessel",
    "far50_tissue_fraction": "Tissue over 50 µm from a vessel",
    "far150_tissue_fraction": "Tissue over 150 µm from a vessel",
    "mpp": "Pixel size",
    "analysis_mpp": "Pixel size analysed",
    "invalid_area_fraction": "Tissue that could not be read",
    "candidates": "Stained profiles",
    "hotspot_field_mm2": "Field of a hot spot",
    "hotspot_mean5_per_mm2": "Mean of 5 hot spots",
    "hotspot_mean10_per_mm2": "Mean of 10 hot spots",
    "hotspot_expected_max_vessels": "Vessels in a hot spot by chance",
    "clark_evans": "Nearest neighbour, 1 by chance",
    "ripley_p": "p of Ripley's L",
    "sampled_mvd_per_mm2": "MVD by systematic fields",
    "sampled_mvd_ce": "Coefficient of error of these",
}
"""Names for people; other columns are called as in the file, with spaces and a capital."""

SHOWN_FIRST = (
    "slide",
    "status",
    "tissue_area_mm2",
    "vessels",
    "mvd_tissue_per_mm2",
    "mvd_low_per_mm2",
    "mvd_high_per_mm2",
    "hotspot_max_per_mm2",
    "hotspot_p",
    "chalkley_mean3",
)
_UNITS = {"um": "µm", "um2": "µm²", "mm2": "mm²", "1/mm2": "per mm²", "um/px": "µm/px", "OD": "OD"}
_UNIT_ENDS = ("_per_mm2", "_mm2", "_um2", "_um")
_DIGITS = 4
_CHANCES = ("hotspot_p", "ripley_p", "p")
LEAST_P = 0.001
"""A smaller p is said to be smaller; the table's own cell, as it is downloaded, has it in full."""


class Head(NamedTuple):
    """A column as the table shows it."""

    name: str
    label: str
    unit: str
    meaning: str
    is_number: bool
    is_shown: bool


class Shown(NamedTuple):
    """A cell: what is read, and the text of the file (None where that is the same)."""

    words: str
    exact: str | None


class Number(NamedTuple):
    """A line of a list of numbers."""

    label: str
    words: str
    unit: str
    meaning: str


def heads() -> list[Head]:
    """Return the columns of summary.csv, in the order of the page: those shown first, then the others."""
    columns = {column.name: column for column in SUMMARY_COLUMNS}
    names = [*SHOWN_FIRST, *(name for name in columns if name not in SHOWN_FIRST)]
    return [
        Head(name, label(c), unit(c), _prose(c.meaning), c.kind in ("int", "float"), name in SHOWN_FIRST)
        for name in names
        for c in [columns[name]]
    ]


def cells(row: Row, order: list[Head]) -> list[Shown]:
    """Return a row's cells in that order."""
    columns = {column.name: column for column in SUMMARY_COLUMNS}
    return [_cell(row[head.name], columns[head.name]) for head in order]


def numbers(row: Row) -> list[Number]:
    """Return all numbers of a slide that it has."""
    return [
        Number(label(c), short(row[c.name], c), unit(c), _prose(c.meaning))
        for c in SUMMARY_COLUMNS
        if c.kind != "text" and row[c.name] is not None
    ]


def hotspot_words(row: Row) -> Mapping[str, str]:
    """Return the numbers of a hot spot in words, by column name."""
    return {column.name: short(row[column.name], column) for column in HOTSPOT_COLUMNS}


def chance(value: Cell, column: Column) -> str:
    """Return ``p = 0.025`` or ``p < 0.001``."""
    words = short(value, column)
    return f"p {words}" if words.startswith("<") else f"p = {words}"


def shown(name: str) -> str:
    """Return a name that may be shown: control characters, line ends and marks of direction escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def label(column: Column) -> str:
    """Return what a column is called."""
    if column.name in LABELS:
        return LABELS[column.name]
    name = column.name
    for end in _UNIT_ENDS:
        name = name.removesuffix(end) if unit(column) else name
    return name.replace("_", " ").capitalize()


def unit(column: Column) -> str:
    """Return a column's unit with its proper letters."""
    return _UNITS.get(column.unit, column.unit)


def short(value: Cell, column: Column) -> str:
    """Return a value for people: at most four significant digits, whole numbers as they are."""
    if value is None:
        return "–"
    if column.kind == "bool":
        return "yes" if value else "no"
    if column.kind != "float":
        return shown(str(value))
    return _decimal(float(value), column)


def _decimal(number: float, column: Column) -> str:
    if column.name in _CHANCES and number < LEAST_P:
        return f"< {LEAST_P}"
    if number and abs(number) < 10.0**-_DIGITS:
        return f"{number:.1e}"
    if abs(number) < 1:
        return f"{number:.3g}"
    whole = len(str(int(abs(number))))
    return f"{number:.{max(min(_DIGITS - whole, column.decimals), 0)}f}"


def _cell(value: Cell, column: Column) -> Shown:
    (exact,) = format_column([value], column)
    if column.kind == "text" and exact[1:].startswith(FORMULA_STARTS) and exact.startswith("'"):
        exact = exact[1:]
    words = short(value, column) if value is not None else ""
    return Shown(words, exact if exact != words else None)


def _prose(meaning: str) -> str:
    """Return a column's meaning with proper units."""
    for plain, proper in (("mm2", "mm²"), ("um2", "µm²"), (" um", " µm")):
        meaning = meaning.replace(plain, proper)
    return meaning
