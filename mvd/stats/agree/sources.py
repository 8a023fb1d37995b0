"""CSV files of readers -> each reader's rows by slide and field, and what all readers share. Nothing is
guessed.

A file is one reader's; one that `mvd.write_readings` wrote may hold several. A slide or field that not all have
stops the comparison, or is left out and counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mvd.errors import SettingsError
from mvd.settings.agree import AgreeSettings
from mvd.stats.tables import Row, Table, is_missing, plain_text, read_table

Key = tuple[str, str]
"""Slide and field; the field is empty where the slide is read as a whole."""
Counts = dict[str, list[str]]
"""What was left out or is worth knowing -> the slides or fields that it is about."""

_KEYS = ("slide_id", "slide")


@dataclass(frozen=True)
class Source:
    """The rows of one reader: ``key`` is the column with the slide."""

    reader: str
    key: str
    table: Table
    rows: tuple[Row, ...]


def key_text(key: Key) -> str:
    """Return a slide, or slide and field, as text."""
    return " / ".join(part for part in key if part)


def key_of(source: Source, row: Row) -> Key:
    """Return slide and field of a row; a row without a slide is an error."""
    slide = plain_text(row.cells[source.key])
    if is_missing(slide):
        raise source.table.wrong(row, source.key, "empty; every row needs its slide")
    return slide, plain_text(row.cells.get("field", ""))


def read_sources(paths: Sequence[Path], settings: AgreeSettings) -> tuple[Source, ...]:
    """Read the readers' files, in their order.

    Raises
    ------
    CohortError, SettingsError
        A file that is no table, or has no column with the slide.
    """
    tables = [
        replace(read_table(path), name=name) for path, name in zip(paths, _names(paths, ".csv"), strict=True)
    ]
    key = settings.reading.key or next(
        (name for name in _KEYS if all(name in table.columns for table in tables)), _KEYS[0]
    )
    sources = []
    ours = [_is_of_mvd(table) for table in tables]
    for table, name, is_mvd in zip(tables, _names(paths, ""), ours, strict=True):
        table.need(key, "reading.key, --key")
        sources += [
            Source(reader, key, table, rows)
            for reader, rows in _readers(table, "mvd" if is_mvd and sum(ours) == 1 else name)
        ]
    return tuple(_apart(sources))


def _names(paths: Sequence[Path], ending: str) -> list[str]:
    """Return what files are called: the folder too, or a number, where two have one name; never a whole path."""
    for named in (lambda p: p.stem, lambda p: f"{p.absolute().parent.name}/{p.stem}"):
        names = [named(path) + ending for path in paths]
        if len(set(names)) == len(names):
            return names
    return [f"{path.stem}{ending} ({i})" for i, path in enumerate(paths, 1)]


_OF_FIELDS, _OF_POINTS = ("field", "field_mm2"), ("x_um", "y_um")


def _is_of_mvd(table: Table) -> bool:
    """Whether a file is summary.csv or vessels.csv: mvd is the reader."""
    return "mvd_version" in table.columns or {"vessel_id", "counted"} <= set(table.columns)


def _readers(table: Table, name: str) -> list[tuple[str, tuple[Row, ...]]]:
    """Tell the readers of one file apart: what `mvd.write_readings` wrote, and points, may name them row by row."""
    names_them = any({"reader", *others} <= set(table.columns) for others in (_OF_FIELDS, _OF_POINTS))
    if not names_them or _is_of_mvd(table):
        return [(name, table.rows)]
    readers = sorted({plain_text(row.cells["reader"]) for row in table.rows})
    return [
        (reader or name, tuple(row for row in table.rows if plain_text(row.cells["reader"]) == reader))
        for reader in readers
    ]


def _apart(sources: list[Source]) -> list[Source]:
    """Name the file too where two files have a reader of one name."""
    names = [source.reader for source in sources]
    return [
        source
        if names.count(source.reader) == 1
        else replace(source, reader=f"{source.reader} ({source.table.name.removesuffix('.csv')})")
        for source in sources
    ]


def shared_keys(
    found: Sequence[tuple[Source, Mapping[Key, Row]]], settings: AgreeSettings, counts: Counts
) -> list[Key]:
    """Return the slides or fields that all readers have, sorted.

    Parameters
    ----------
    found : sequence of (Source, mapping)
        Of each reader the first row of each slide or field.
    settings : AgreeSettings
    counts : dict
        Gets what is left out, when that is asked for.

    Raises
    ------
    CohortError
        When a reader lacks one, and that is not to be left out.
    """
    every: set[Key] = set().union(*(keys.keys() for _, keys in found))
    shared = sorted(key for key in every if all(key in keys for _, keys in found))
    lost = sorted(every - set(shared))
    if lost and settings.reading.unmatched == "error":
        source, keys = next((source, keys) for source, keys in found if lost[0] in keys)
        lacks = next(other.reader for other, keys_there in found if lost[0] not in keys_there)
        others = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
        raise source.table.wrong(
            keys[lost[0]],
            source.key,
            f"{key_text(lost[0])!r} is not in {lacks}{others}; give all readers the same, or --unmatched leave_out",
        )
    if lost:
        counts["not in all readers' files"] = [key_text(key) for key in lost]
    return shared


def need_two(sources: Iterable[Source]) -> None:
    """Say it when there is nobody to compare with."""
    names = [source.reader for source in sources]
    if len(names) < 2:
        raise SettingsError(f"only one reader, {', '.join(names)}: give a file of each, two at least")
