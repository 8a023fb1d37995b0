"""Bands -> the components of the whole slide.

Input: the runs of tiles, in any order. Output: ``Components``, in an order of their own. Each row of tiles becomes a
band as soon as it is complete, so that the runs of few tiles are held with all their sums.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numba
import numpy as np
from numpy.typing import NDArray

from mvd.geometry import Rect
from mvd.runs.bands import (
    AREA,
    BOTTOM,
    I64,
    LEFT,
    RIGHT,
    STRONGEST,
    TOP,
    WALL_AREA,
    Band,
    fuse,
    label_band,
    root,
)
from mvd.runs.encode import I32, ROW, START, STOP


@dataclass(frozen=True)
class Components:
    """The connected components of a slide, in the order of their first run (top, then left).

    Attributes
    ----------
    runs : (n, 4) int32
        Sorted by component, then row, then start; columns ``ROW``, ``START``, ``STOP``, ``KIND``; px.
    first : (k + 1,) int64
        Runs of component ``i`` are ``first[i]`` to ``first[i + 1] - 1``.
    boxes : (k, 4) int32
        Top, left, bottom and right edge (half open), px.
    area_px, od_sum, hematoxylin_sum, residual_sum : (k,) int64
        Pixels of wall (of skirt, where there is no wall), and milli-OD over them.
    od_max : (k,) int64
        Largest DAB, milli-OD.
    """

    runs: I32
    first: I64
    boxes: I32
    area_px: I64
    od_sum: I64
    hematoxylin_sum: I64
    residual_sum: I64
    od_max: I64

    def __len__(self) -> int:
        return len(self.boxes)

    def select(self, keep: NDArray[np.bool_]) -> "Components":
        """The components for which ``keep`` (k,) is true, in the same order."""
        runs = np.diff(self.first)
        first = np.concatenate([[0], np.cumsum(runs[keep])])
        sums = (self.area_px, self.od_sum, self.hematoxylin_sum, self.residual_sum, self.od_max)
        return Components(
            self.runs[np.repeat(keep, runs)], first, self.boxes[keep], *(part[keep] for part in sums)
        )


class Reduction:
    """The reduce over the tiles of one slide, done while they come.

    Parameters
    ----------
    cores : iterable of Rect
        The cores of all tiles to come: a grid, of which any may be left out.
    least_od_max : int
        Components are kept that reach so much DAB somewhere, milli-OD. This is hysteresis over the whole slide: runs
        are above the low threshold, and a component is kept when its maximum reaches the high one.
    """

    def __init__(self, cores: Iterable[Rect], least_od_max: int) -> None:
        self._missing = Counter((core.row, core.row_stop) for core in cores)
        self._tiles: dict[tuple[int, int], list[I32]] = {rows: [] for rows in self._missing}
        self._bands: list[Band] = []
        self._least_od_max = least_od_max

    def add(self, core: Rect, runs: I32) -> None:
        """Take the runs of one tile, (n, 8) int32 of ``encode``; tiles may come in any order."""
        rows = (core.row, core.row_stop)
        self._tiles[rows].append(runs)
        self._missing[rows] -= 1
        if not self._missing[rows]:
            self._bands.append(label_band(fuse(self._tiles.pop(rows)), rows, self._least_od_max))

    def components(self) -> Components:
        """The components, once all tiles were taken; the bands are used up."""
        if self._tiles:
            raise ValueError(f"{sum(self._missing.values())} tiles were not taken")
        bands, self._bands = sorted(self._bands, key=lambda band: band.top), []
        return _join(bands, self._least_od_max)


def connect(runs: I32, least_od_max: int) -> Components:
    """The components of a slide whose runs, (n, 8) int32 of ``fuse``, are all there at once."""
    return _join([label_band(runs, (-1, -1), least_od_max)], least_od_max)


def _join(bands: list[Band], least_od_max: int) -> Components:
    """Unite the parts of all bands, from top to bottom; takes the bands out of the list as they are used up."""
    offsets = np.cumsum([0, *(len(band.parts) for band in bands)])
    parents = np.arange(offsets[-1])
    for i, (upper, lower) in enumerate(pairwise(bands)):
        if upper.bottom == lower.top:
            _unite(parents, _last_row(upper), _first_row(lower), (offsets[i], offsets[i + 1]))
    parts = np.concatenate([np.empty((0, 13), np.int64), *(band.parts for band in bands)])
    # Parts are in the order of their first runs, and so are the roots, which are the first part of each component.
    numbers, count = _gather(parts, parents, least_od_max)
    first, ends = np.zeros(count + 1, np.int64), offsets[1:]
    for start, stop, band in zip(offsets, ends, bands, strict=False):
        _count(band.labels, numbers[start:stop], first[1:])
    np.cumsum(first, out=first)
    following, runs = first[:-1].copy(), np.empty((first[-1], 4), np.int32)
    for start, stop in zip(offsets, ends, strict=False):
        band = bands.pop(0)
        _place(band.runs, band.labels, numbers[start:stop], following, runs)
    return _components(runs, first, parts[:count])


def _last_row(band: Band) -> tuple[I32, I32]:
    start = int(np.searchsorted(band.runs[:, ROW], band.bottom - 1))
    return band.runs[start:], band.labels[start:]


def _first_row(band: Band) -> tuple[I32, I32]:
    stop = int(np.searchsorted(band.runs[:, ROW], band.top, side="right"))
    return band.runs[:stop], band.labels[:stop]


def _components(runs: I32, first: I64, parts: I64) -> Components:
    has_wall = parts[:, WALL_AREA, None] > 0
    sums = np.where(has_wall, parts[:, WALL_AREA : WALL_AREA + 4], parts[:, AREA : AREA + 4])
    boxes = parts[:, [TOP, LEFT, BOTTOM, RIGHT]].astype(np.int32)
    columns = [column.copy() for column in (*sums.T, parts[:, STRONGEST])]
    return Components(runs, first, boxes, *columns)


@numba.njit(cache=True, nogil=True)
def _unite(parents, upper, lower, offsets):  # type: ignore[no-untyped-def]
    """Unite the parts of two rows, one right below the other, that touch (8-connected)."""
    upper_runs, upper_labels = upper
    lower_runs, lower_labels = lower
    above = 0
    for i in range(len(lower_runs)):
        while above < len(upper_runs) and upper_runs[above, STOP] < lower_runs[i, START]:
            above += 1
        j = above
        while j < len(upper_runs) and upper_runs[j, START] <= lower_runs[i, STOP]:
            a = root(parents, upper_labels[j] + offsets[0])
            b = root(parents, lower_labels[i] + offsets[1])
            parents[max(a, b)] = min(a, b)
            j += 1


@numba.njit(cache=True, nogil=True)
def _gather(parts, parents, least_od_max):  # type: ignore[no-untyped-def]
    """Sum the parts up into their roots, and move those kept to the front; each part's component, or -1."""
    for i in range(len(parts)):
        whole, part = parts[root(parents, i)], parts[i]
        if parents[i] != i:
            whole[:STRONGEST] += part[:STRONGEST]
            whole[STRONGEST] = max(whole[STRONGEST], part[STRONGEST])
            whole[TOP] = min(whole[TOP], part[TOP])
            whole[LEFT] = min(whole[LEFT], part[LEFT])
            whole[BOTTOM] = max(whole[BOTTOM], part[BOTTOM])
            whole[RIGHT] = max(whole[RIGHT], part[RIGHT])
    numbers = np.full(len(parts), -1)
    count = 0
    for i in range(len(parts)):
        if parents[i] != i:
            numbers[i] = numbers[root(parents, i)]
        elif parts[i, STRONGEST] >= least_od_max:
            parts[count] = parts[i]
            numbers[i] = count
            count += 1
    return numbers, count


@numba.njit(cache=True, nogil=True)
def _count(labels, numbers, counts):  # type: ignore[no-untyped-def]
    for i in range(len(labels)):
        if numbers[labels[i]] >= 0:
            counts[numbers[labels[i]]] += 1


@numba.njit(cache=True, nogil=True)
def _place(runs, labels, numbers, following, out):  # type: ignore[no-untyped-def]
    for i in range(len(runs)):
        number = numbers[labels[i]]
        if number >= 0:
            out[following[number]] = runs[i]
            following[number] += 1
