"""Readers' points -> how many vessels of each the others found too: precision, recall and F1, slide by slide
and in all.

A row is a vessel: slide, ``x_um``, ``y_um``, a ``field`` if there are any. Of mvd's vessels.csv only the
counted rows are vessels. A row with both places empty says that the slide or field was looked at and has no
vessel.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvd.settings.agree import AgreeSettings
from mvd.stats.agree.matching import Matches, match_points
from mvd.stats.agree.readings import Readings
from mvd.stats.agree.sources import Counts, Key, Source, key_of, shared_keys
from mvd.stats.tables import Row, number

_COUNTED = {"true": True, "false": False, "1": True, "0": False}


@dataclass(frozen=True)
class Pointed:
    """What readers marked: ``points`` has for each reader the places, (n, 2) um, sorted, of each slide or field."""

    readers: tuple[str, ...]
    keys: tuple[Key, ...]
    points: tuple[dict[Key, NDArray[np.float64]], ...]
    counts: Counts


def pointed(sources: Sequence[Source], settings: AgreeSettings) -> Pointed:
    """Read the points of all readers.

    Raises
    ------
    CohortError, SettingsError
        No such column, a cell that is no number, a vessel twice, or a slide or field that not all readers have.
    """
    found = [_of_reader(source) for source in sources]
    counts: Counts = {}
    rows = [(source, first) for source, (first, _) in zip(sources, found, strict=True)]
    keys = shared_keys(rows, settings, counts)
    return Pointed(
        tuple(source.reader for source in sources),
        tuple(keys),
        tuple({key: points[key] for key in keys} for _, points in found),
        counts,
    )


def _of_reader(source: Source) -> tuple[dict[Key, Row], dict[Key, NDArray[np.float64]]]:
    """Return the first row of each slide or field, and its points, sorted so that the order of rows plays no part."""
    for name in ("x_um", "y_um"):
        source.table.need(name, "points have x_um and y_um")
    first: dict[Key, Row] = {}
    places: dict[Key, dict[tuple[float, float], int]] = {}
    for row in source.rows:
        key = key_of(source, row)
        first.setdefault(key, row)
        here = places.setdefault(key, {})
        place = _place(source, row)
        if place is None or not _is_counted(source, row):
            continue
        if place in here:
            raise source.table.wrong(row, "x_um", f"the same place as row {here[place]}; one vessel, one row")
        here[place] = row.number
    return first, {key: np.array(sorted(here), dtype=float).reshape(-1, 2) for key, here in places.items()}


def _place(source: Source, row: Row) -> tuple[float, float] | None:
    x, y = (number(source.table, row, name) for name in ("x_um", "y_um"))
    if np.isnan(x) and np.isnan(y):
        return None
    for name, value in (("x_um", x), ("y_um", y)):
        if np.isnan(value):
            raise source.table.wrong(row, name, "empty, but the other place is given; a vessel needs both")
    return x, y


def _is_counted(source: Source, row: Row) -> bool:
    cell = row.cells.get("counted", "true")
    if cell.lower() not in _COUNTED:
        raise source.table.wrong(row, "counted", f"{cell!r} is neither true nor false")
    return _COUNTED[cell.lower()]


def counts_of(pointed: Pointed) -> Readings:
    """Return how many points each reader has on each slide or field, as readings."""
    ratings = np.array([[len(points[key]) for points in pointed.points] for key in pointed.keys], dtype=float)
    return Readings(pointed.readers, pointed.keys, ratings, "vessels", "counts of points", {})


def matched(pointed: Pointed, i: int, j: int, within_um: float) -> dict[Key, Matches]:
    """Match the points of two readers on every slide or field."""
    return {
        key: match_points(pointed.points[i][key], pointed.points[j][key], within_um) for key in pointed.keys
    }


def match_rows(pointed: Pointed, i: int, j: int, within_um: float) -> list[dict[str, object]]:
    """Return a row for each vessel of two readers: the pair of points, or the one without the other."""
    rows: list[dict[str, object]] = []
    for key, matches in matched(pointed, i, j, within_um).items():
        a, b = pointed.points[i][key], pointed.points[j][key]
        slide, field = key
        about = {"slide": slide, "field": field, "first": pointed.readers[i], "second": pointed.readers[j]}
        for m, n, distance in zip(matches.first, matches.second, matches.distance_um, strict=True):
            rows.append(about | _at("first", a[m]) | _at("second", b[n]) | {"distance_um": float(distance)})
        rows += [about | _at("first", a[m]) for m in np.setdiff1d(np.arange(len(a)), matches.first)]
        rows += [about | _at("second", b[n]) for n in np.setdiff1d(np.arange(len(b)), matches.second)]
    return rows


def _at(which: str, place: NDArray[np.float64]) -> dict[str, object]:
    return {f"{which}_x_um": float(place[0]), f"{which}_y_um": float(place[1])}
