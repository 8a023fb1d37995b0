"""CSV files of readers -> one table of ratings, a row a slide or field and a column a reader."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mvd.errors import CohortError
from mvd.stats.cohort.tables import Table, number, read_table


@dataclass(frozen=True)
class Readings:
    """What readers read: ``ratings`` is (slides or fields, readers) float64; ``left_out`` have a reading missing."""

    readers: tuple[str, ...]
    keys: tuple[str, ...]
    ratings: NDArray[np.float64]
    left_out: tuple[str, ...]


def read_readings(paths: Sequence[Path], measure: str, key: str = "slide_id") -> Readings:
    """Read the same slides or fields from each reader's CSV; a column ``field`` counts as part of the key.

    Parameters
    ----------
    paths : sequence of Path
        Of a reader each: two or more, such as summary.csv or what ``mvd.write_readings`` wrote.
    measure, key : str
        The columns with the number and with the slide, in each file.

    Raises
    ------
    CohortError, SettingsError
        No such column or file, no number, a slide twice, or a slide that only some files have.
    """
    found = [_by_key(read_table(path), measure, key) for path in paths]
    names = _names(paths)
    for name, values in zip(names[1:], found[1:], strict=True):
        for key_here in sorted(values.keys() ^ found[0].keys()):
            has, lacks = (names[0], name) if key_here in found[0] else (name, names[0])
            raise CohortError(
                f"{key_here}: in {has}, but not in {lacks}; give both the same slides or fields"
            )
    keys = sorted(found[0])
    whole = [each for each in keys if all(math.isfinite(values[each]) for values in found)]
    ratings = np.array([[values[each] for values in found] for each in whole], dtype=np.float64)
    left_out = tuple(each for each in keys if each not in set(whole))
    return Readings(names, tuple(whole), ratings.reshape(len(whole), len(found)), left_out)


def _names(paths: Sequence[Path]) -> tuple[str, ...]:
    stems = [path.stem for path in paths]
    return tuple(stems if len(set(stems)) == len(stems) else [str(path) for path in paths])


def _by_key(table: Table, measure: str, key: str) -> dict[str, float]:
    table.need(measure, "--measure")
    table.need(key, "--key")
    values: dict[str, float] = {}
    for row in table.rows:
        name = " / ".join(filter(None, (row.cells[key], row.cells.get("field", ""))))
        if name in values:
            raise table.wrong(row, key, f"{name!r} stands there twice; a file holds one reader")
        values[name] = number(table, row, measure)
    return values
