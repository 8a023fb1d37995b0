"""Several readers, each by himself -> the CSV of what each counted; and slides in an order that tells them nothing."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from mvd.columns import Cell, Column
from mvd.errors import CorrectionsError
from mvd.report.atomic import write_atomically
from mvd.report.table import csv_of_rows

READING_COLUMNS = (
    Column("slide_id", "", "see summary.csv", "text"),
    Column("slide", "", "see summary.csv", "text"),
    Column("reader", "", "who counted", "text"),
    Column("field", "", "what the field is called; empty for the whole slide", "text"),
    Column("x_um", "um", "middle of the field from the slide's left edge; empty for the whole slide"),
    Column("y_um", "um", "middle of the field from the slide's top edge; empty for the whole slide"),
    Column("field_mm2", "mm2", "area of the field, or of the slide's tissue", decimals=6),
    Column("vessels", "", "counted vessels", "int"),
    Column("vessels_per_mm2", "1/mm2", "vessels / field_mm2"),
)

Row = Mapping[str, Cell]


def blinded_order(keys: Iterable[str], reader: str) -> list[str]:
    """Shuffle slides or fields for a reader: the same order each time for the same reader, another for each.

    Parameters
    ----------
    keys : iterable of str
        Names of slides or fields; the order in which they are given plays no part.
    reader : str
    """
    return sorted(set(keys), key=lambda key: hashlib.sha256(f"{reader}\n{key}".encode()).digest())


def write_readings(path: Path | str, rows: Sequence[Row]) -> None:
    """Write what was read, one line for each slide or field, in the order of their names.

    Parameters
    ----------
    path : Path or str
        It is replaced whole.
    rows : sequence of mapping
        Of ``Corrections.reading``.

    Raises
    ------
    CorrectionsError
        The same slide or field was read twice by one reader, or the file cannot be written.
    """
    ordered = sorted(rows, key=_key)
    for before, after in pairwise(ordered):
        if _key(before) == _key(after):
            raise CorrectionsError(
                f"{after['slide']}: {after['field'] or 'the slide'} was read twice by {after['reader']}; leave one out"
            )
    try:
        write_atomically(Path(path), csv_of_rows(ordered, READING_COLUMNS))
    except OSError as error:
        raise CorrectionsError(f"{path}: cannot be written ({error.strerror}); see to the folder") from None


def _key(row: Row) -> tuple[str, ...]:
    return tuple(str(row[name] or "") for name in ("slide_id", "field", "reader"))
