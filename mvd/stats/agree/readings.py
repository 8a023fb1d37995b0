"""Readers' rows -> ratings, a row a slide or field and a column a reader; fields at the same place apart from
those that each reader chose anew.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mvd.errors import CohortError, SettingsError
from mvd.settings.agree import AgreeSettings
from mvd.stats.agree.sources import Counts, Key, Source, key_of, key_text, shared_keys
from mvd.stats.tables import Row, number

_MEASURES = ("mvd_tissue_per_mm2", "vessels_per_mm2")
_SAME_PLACE_UM = (
    1.0  # the middle of a field is printed to 0.001 um; a hand that chooses anew is never so near
)


@dataclass(frozen=True)
class Readings:
    """What readers read.

    ``readers`` : names. ``keys`` : slides or fields. ``ratings`` : (keys, readers) float64, finite. ``measure`` : the
    columns that were read. ``what`` : of which fields ("" for plain readings). ``counts`` : what was left out.
    """

    readers: tuple[str, ...]
    keys: tuple[Key, ...]
    ratings: NDArray[np.float64]
    measure: str
    what: str
    counts: Counts

    @property
    def slides(self) -> int:
        """How many slides there are; fewer than ``keys`` where a slide has several fields."""
        return len({slide for slide, _ in self.keys})

    @property
    def unit(self) -> str:
        """What a row is: "slides" or "fields"."""
        return "fields" if any(field for _, field in self.keys) else "slides"


def collate(sources: Sequence[Source], settings: AgreeSettings) -> tuple[Readings, Readings | None]:
    """Put the readings of all readers side by side.

    Parameters
    ----------
    sources : sequence of Source
        Of two readers or more.
    settings : AgreeSettings

    Returns
    -------
    readings : Readings
    moved : Readings or None
        Where ``x_um, y_um`` tell that some fields lie at the same place for all readers and others do not:
        those others.

    Raises
    ------
    CohortError, SettingsError
        No such column, a cell that is no number, a slide or field twice, or one that not all readers have.
    """
    measures = _measures(sources, settings)
    found = [(source, _by_key(source)) for source in sources]
    counts: Counts = {}
    keys = shared_keys(found, settings, counts)
    ratings = np.array(
        [
            [
                number(source.table, rows[key], name)
                for (source, rows), name in zip(found, measures, strict=True)
            ]
            for key in keys
        ],
        dtype=np.float64,
    ).reshape(len(keys), len(sources))
    whole: NDArray[np.bool_] = np.array([bool(np.isfinite(row).all()) for row in ratings], dtype=bool)
    if not whole.all():
        counts["a reading is missing"] = [
            key_text(key) for key, is_whole in zip(keys, whole, strict=True) if not is_whole
        ]
    moved = np.array([_is_moved(found, key) for key in keys], dtype=bool) & whole
    all_of = Readings(
        tuple(source.reader for source in sources),
        tuple(key for key, is_whole in zip(keys, whole, strict=True) if is_whole),
        ratings[whole],
        ", ".join(dict.fromkeys(measures)),
        "",
        counts,
    )
    if not moved.any():
        return all_of, None
    if moved[whole].all():
        return replace(all_of, what="re-chosen fields"), None
    return (
        replace(_chosen(all_of, ~moved[whole]), what="the same fields"),
        replace(_chosen(all_of, moved[whole]), what="re-chosen fields", counts={}),
    )


def _chosen(readings: Readings, which: NDArray[np.bool_]) -> Readings:
    keys = tuple(key for key, is_in in zip(readings.keys, which, strict=True) if is_in)
    return replace(readings, keys=keys, ratings=readings.ratings[which])


def _measures(sources: Sequence[Source], settings: AgreeSettings) -> list[str]:
    """Return the column of each reader; files, not readers, have them in the order of the settings."""
    asked = settings.reading.measure
    tables = list(dict.fromkeys(source.table.name for source in sources))
    if len(asked) > 1 and len(asked) != len(tables):
        raise SettingsError(
            f"reading.measure: {len(asked)} columns for {len(tables)} files; give one, or one for each"
        )
    found = []
    for source in sources:
        if asked:
            name = asked[tables.index(source.table.name)] if len(asked) > 1 else asked[0]
        else:
            name = next((each for each in _MEASURES if each in source.table.columns), _MEASURES[0])
            if name not in source.table.columns and {"x_um", "y_um"} <= set(source.table.columns):
                raise SettingsError(
                    f"{source.table.name}, row 1: no column {name!r}, but points; compare them with --points"
                )
        found.append(source.table.need(name, "reading.measure, --measure"))
    return found


def _by_key(source: Source) -> dict[Key, Row]:
    rows: dict[Key, Row] = {}
    for row in source.rows:
        key = key_of(source, row)
        if key in rows:
            twice = f"{key_text(key)!r} stands in row {rows[key].number} already; "
            twice += "a file holds one reader, each slide or field once"
            raise source.table.wrong(row, source.key, twice)
        rows[key] = row
    return rows


def _is_moved(found: Sequence[tuple[Source, Mapping[Key, Row]]], key: Key) -> bool:
    places = [_place(source, rows[key]) for source, rows in found]
    known = [place for place in places if place is not None]
    return any(math.dist(place, known[0]) > _SAME_PLACE_UM for place in known[1:])


def _place(source: Source, row: Row) -> tuple[float, float] | None:
    if not {"x_um", "y_um"} <= set(source.table.columns):
        return None
    x, y = (number(source.table, row, name) for name in ("x_um", "y_um"))
    return None if math.isnan(x) or math.isnan(y) else (x, y)


def same_readers(first: Readings, others: Readings, flag: str) -> None:
    """Say it when a second set of files is not of as many readers as the first."""
    if len(others.readers) != len(first.readers):
        raise CohortError(
            f"{flag}: {len(others.readers)} readers, but {len(first.readers)} in the first files; "
            "give one for each, in the same order"
        )
