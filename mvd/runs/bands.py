"""The runs of one row of tiles -> a band: fused, labelled, summed up and made small.

A run never leaves its row, so all runs of a band are known when its last tile is done. What cannot reach the high
threshold any more, because it touches no other band, is dropped at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from mvd.runs.encode import (
    HEMATOXYLIN_SUM,
    I32,
    KIND,
    OD_MAX,
    OD_SUM,
    RESIDUAL_SUM,
    ROW,
    START,
    STOP,
)
from mvd.segment import WALL

I64 = NDArray[np.int64]

AREA, WALL_AREA, STRONGEST, TOP, LEFT, BOTTOM, RIGHT = 0, 4, 8, 9, 10, 11, 12
"""Columns of the parts. From ``AREA`` on: area, sums of DAB, hematoxylin and residual over all pixels, px and
milli-OD; from ``WALL_AREA`` on: the same over those of wall; largest DAB, milli-OD; box, half open, px.
"""


@dataclass(frozen=True)
class Band:
    """The labelled runs of a stretch of whole rows.

    Attributes
    ----------
    top, bottom : int
        Its rows, half open, px.
    runs : (n, 4) int32
        In the order of row and start; columns ``ROW``, ``START``, ``STOP``, ``KIND``.
    labels : (n,) int32
        The part of the band that each run belongs to.
    parts : (k, 13) int64
        What touches within the band, in the order of its first run; columns as ``AREA`` to ``RIGHT``.
    """

    top: int
    bottom: int
    runs: I32
    labels: I32
    parts: I64


def fuse(tiles: Iterable[I32]) -> I32:
    """Put the runs of tiles, which do not overlap, in order and fuse those that abut; (n, 8) int32."""
    # Tiles that share a row share no column: in the order of any of their columns, a row's runs come in order.
    filled = sorted((runs for runs in tiles if len(runs)), key=lambda runs: int(runs[0, START]))
    if not filled:
        return np.empty((0, 8), np.int32)
    top = min(int(runs[0, ROW]) for runs in filled)
    bottom = max(int(runs[-1, ROW]) for runs in filled) + 1
    following = np.zeros(bottom - top + 1, np.int64)
    for runs in filled:
        _count_rows(runs, top, following[1:])
    np.cumsum(following, out=following)
    out = np.empty((following[-1], 8), np.int32)
    for runs in filled:
        _place_by_row(runs, top, following, out)
    return out[: _fuse(out)]


def label_band(runs: I32, rows: tuple[int, int], least_od_max: int) -> Band:
    """Label the runs that touch (8-connected) and keep what may belong to a component of the slide.

    Parameters
    ----------
    runs : (n, 8) int32
        Of ``fuse``.
    rows : (int, int)
        First row of the band and the row below it, px.
    least_od_max : int
        What the maximum of a component must reach, milli-OD.
    """
    top, bottom = rows
    labels, count = _label(runs)
    parts = _sum_up(runs, labels, count)
    keep = (parts[:, STRONGEST] >= least_od_max) | (parts[:, TOP] == top) | (parts[:, BOTTOM] == bottom)
    kept, kept_labels = _compact(runs, labels, keep)
    return Band(top, bottom, kept, kept_labels, parts[keep])


@numba.njit(cache=True, nogil=True)
def _count_rows(runs, top, counts):  # type: ignore[no-untyped-def]
    for i in range(len(runs)):
        counts[runs[i, ROW] - top] += 1


@numba.njit(cache=True, nogil=True)
def _place_by_row(runs, top, following, out):  # type: ignore[no-untyped-def]
    for i in range(len(runs)):
        row = runs[i, ROW] - top
        out[following[row]] = runs[i]
        following[row] += 1


@numba.njit(cache=True, nogil=True)
def _fuse(runs):  # type: ignore[no-untyped-def]
    """Fuse abutting runs in place; return how many there are."""
    count = 0
    for i in range(len(runs)):
        last = count - 1
        same = count and runs[last, ROW] == runs[i, ROW] and runs[last, STOP] == runs[i, START]
        if same and runs[last, KIND] == runs[i, KIND]:
            runs[last, STOP] = runs[i, STOP]
            runs[last, OD_MAX] = max(runs[last, OD_MAX], runs[i, OD_MAX])
            for column in (OD_SUM, HEMATOXYLIN_SUM, RESIDUAL_SUM):
                runs[last, column] += runs[i, column]
        else:
            if count < i:
                runs[count] = runs[i]
            count += 1
    return count


@numba.njit(cache=True, nogil=True)
def root(parents, i):  # type: ignore[no-untyped-def]
    """Return the root of ``i`` in a union-find forest, and halve the way to it."""
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i


@numba.njit(cache=True, nogil=True)
def _label(runs):  # type: ignore[no-untyped-def]
    """Union-find over runs of neighbouring rows; labels in the order of each part's first run."""
    count = len(runs)
    parents = np.arange(count).astype(np.int32)
    above = 0
    for i in range(count):
        while above < i and (
            runs[above, ROW] < runs[i, ROW] - 1
            or (runs[above, ROW] == runs[i, ROW] - 1 and runs[above, STOP] < runs[i, START])
        ):
            above += 1
        if i and runs[i - 1, ROW] == runs[i, ROW] and runs[i - 1, STOP] == runs[i, START]:
            a, b = root(parents, i), root(parents, i - 1)
            parents[max(a, b)] = min(a, b)
        j = above
        while j < i and runs[j, ROW] == runs[i, ROW] - 1 and runs[j, START] <= runs[i, STOP]:
            a, b = root(parents, i), root(parents, j)
            parents[max(a, b)] = min(a, b)
            j += 1
    used = 0
    # A root comes before all that point to it: labels take the parents' place one by one.
    for i in range(count):
        if parents[i] == i:
            parents[i] = used
            used += 1
        else:
            parents[i] = parents[parents[i]]
    return parents, used


@numba.njit(cache=True, nogil=True)
def _sum_up(runs, labels, count):  # type: ignore[no-untyped-def]
    parts = np.zeros((count, 13), np.int64)
    parts[:, STRONGEST] = -(2**31)
    parts[:, TOP] = parts[:, LEFT] = 2**31
    for i in range(len(runs)):
        part = parts[labels[i]]
        _add_pixels(part[AREA:], runs[i])
        if runs[i, KIND] == WALL:
            _add_pixels(part[WALL_AREA:], runs[i])
        part[STRONGEST] = max(part[STRONGEST], runs[i, OD_MAX])
        part[TOP] = min(part[TOP], runs[i, ROW])
        part[LEFT] = min(part[LEFT], runs[i, START])
        part[BOTTOM] = max(part[BOTTOM], runs[i, ROW] + 1)
        part[RIGHT] = max(part[RIGHT], runs[i, STOP])
    return parts


@numba.njit(cache=True, nogil=True)
def _add_pixels(sums, run):  # type: ignore[no-untyped-def]
    sums[0] += run[STOP] - run[START]
    sums[1] += run[OD_SUM]
    sums[2] += run[HEMATOXYLIN_SUM]
    sums[3] += run[RESIDUAL_SUM]


@numba.njit(cache=True, nogil=True)
def _compact(runs, labels, keep):  # type: ignore[no-untyped-def]
    """The first four columns of the runs whose part is kept, and their new labels."""
    renumbered = (np.cumsum(keep) - 1).astype(np.int32)
    count = 0
    for i in range(len(runs)):
        count += keep[labels[i]]
    kept, kept_labels = np.empty((count, 4), np.int32), np.empty(count, np.int32)
    at = 0
    for i in range(len(runs)):
        if keep[labels[i]]:
            kept[at] = runs[i, :4]
            kept_labels[at] = renumbered[labels[i]]
            at += 1
    return kept, kept_labels
