"""Masks -> runs -> components. No seams.

Input: each tile's core as a mask with its DAB. Output: the 8-connected components of the whole slide. A run is a
row's stretch of candidate pixels with integer sums, so fusing abutting runs of two tiles gives exactly what one
tile would have given: components are identical for every tile size, order and number of workers.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from mvd.geometry import Rect
from mvd.segment import WALL, ZERO_MILLI_OD, Luts, MilliOd
from mvd.slide.base import Rgb
from mvd.stain import LUT_SCALE

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

ROW, START, STOP, OD_SUM, OD_MAX, HEMATOXYLIN_SUM, RESIDUAL_SUM, KIND = range(8)
"""Columns of the run array; ``KIND`` is ``segment.SKIRT`` or ``segment.WALL``."""

_HALF = LUT_SCALE // 2
_LUT_SHIFT = LUT_SCALE.bit_length() - 1
_MOST_MILLI_OD = 4000  # keeps 32-bit sums safe in rows of half a million pixels


@dataclass(frozen=True)
class Search:
    """Where vessels are looked for: a coarse mask and, for each fine row and column, its coarse index.

    Attributes
    ----------
    mask : (h, w) bool
    row_index, col_index : (H,), (W,) int32
        Coarse row of each row, and coarse column of each column, of the analysis level.
    """

    mask: NDArray[np.bool_]
    row_index: I32
    col_index: I32


@dataclass(frozen=True)
class Components:
    """The connected components of a slide, in the order of their first run (top, then left).

    Attributes
    ----------
    runs : (n, 8) int32
        Sorted by component, then row, then start; columns as ``ROW`` to ``KIND``; px and milli-OD.
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


def search_index(length: int, mpp: float, coarse_mpp: float, coarse_length: int) -> I32:
    """Coarse index of each of ``length`` pixels by its centre; the last coarse pixel goes on to the edge."""
    centres = (np.arange(length) + 0.5) * (mpp / coarse_mpp)
    return np.minimum(centres.astype(np.int32), coarse_length - 1)


def encode(
    rgb: Rgb, dab: MilliOd, mask: NDArray[np.uint8], luts: Luts, place: tuple[Rect, Rect], search: Search
) -> I32:
    """Turn one tile's core into runs.

    Parameters
    ----------
    rgb : (h, w, 3) uint8
        The tile with its halo.
    dab : (h, w) uint16
        Of ``segment.smooth_dab``.
    mask : (h, w) uint8
        Of ``segment.candidate_mask``.
    luts : (3, 3, 256) int32
    place : (Rect, Rect)
        The tile's core and the tile with its halo, px of the analysis level.
    search : Search
        Pixels outside it are dropped.

    Returns
    -------
    (n, 8) int32
        In the order of row and start.
    """
    core, halo = place
    rows, cols = core.slices(halo)
    return np.asarray(
        _encode(
            rgb[rows, cols],
            dab[rows, cols],
            mask[rows, cols],
            luts,
            (core.row, core.col),
            (
                search.mask,
                search.row_index[core.row : core.row_stop],
                search.col_index[core.col : core.col_stop],
            ),
        )
    )


def fuse(parts: Iterable[I32]) -> I32:
    """Put the runs of all tiles in order and fuse those that abut; (n, 8) int32."""
    runs = np.concatenate([np.empty((0, 8), np.int32), *parts])
    order = np.argsort(runs[:, ROW].astype(np.int64) << 32 | runs[:, START], kind="stable")
    return np.asarray(_fuse(runs[order]))


def connect(runs: I32, least_od_max: int) -> Components:
    """Label the runs that touch (8-connected) and keep what reaches ``least_od_max`` milli-OD somewhere.

    This is hysteresis over the whole slide: the runs are above the low threshold, and a component is kept when
    its maximum reaches the high one.
    """
    labels, count = _label(runs)
    strongest = np.full(count, -(2**31), np.int64)
    np.maximum.at(strongest, labels, runs[:, OD_MAX])
    keep = strongest >= least_od_max
    renumbered = np.cumsum(keep) - 1
    kept = keep[labels]
    return _components(runs[kept], renumbered[labels[kept]], int(keep.sum()))


def _components(runs: I32, labels: I64, count: int) -> Components:
    order = np.argsort(labels, kind="stable")
    runs, labels = runs[order], labels[order]
    first = np.searchsorted(labels, np.arange(count + 1))
    boxes, sums, od_max = (
        np.zeros((count, 4), np.int32),
        np.zeros((4, count), np.int64),
        np.zeros(count, np.int64),
    )
    if count:
        starts = first[:-1]
        boxes[:, 0] = np.minimum.reduceat(runs[:, ROW], starts)
        boxes[:, 1] = np.minimum.reduceat(runs[:, START], starts)
        boxes[:, 2] = np.maximum.reduceat(runs[:, ROW], starts) + 1
        boxes[:, 3] = np.maximum.reduceat(runs[:, STOP], starts)
        od_max[:] = np.maximum.reduceat(runs[:, OD_MAX], starts)
        has_wall = np.maximum.reduceat(runs[:, KIND], starts) == WALL
        measured = (runs[:, KIND] == WALL) | ~has_wall[labels]
        wide = runs.astype(np.int64)
        amounts = (
            wide[:, STOP] - wide[:, START],
            wide[:, OD_SUM],
            wide[:, HEMATOXYLIN_SUM],
            wide[:, RESIDUAL_SUM],
        )
        sums[:] = [np.add.reduceat(amount * measured, starts) for amount in amounts]
    return Components(runs, first, boxes, sums[0], sums[1], sums[2], sums[3], od_max)


@numba.njit(cache=True, nogil=True)
def _encode(rgb, dab, mask, luts, origin, search):  # type: ignore[no-untyped-def]
    height, width = mask.shape
    wanted, row_index, col_index = search
    kinds = np.empty(width + 1, np.uint8)
    # Two passes: an array that grows inside the loop costs ten times the scan.
    total = 0
    for row in range(height):
        total += _row_kinds(mask[row], wanted[row_index[row]], col_index, kinds)
    out = np.empty((total, 8), np.int32)
    count = 0
    for row in range(height):
        runs = _row_kinds(mask[row], wanted[row_index[row]], col_index, kinds)
        col = 0
        for _ in range(runs):
            while kinds[col] == 0:
                col += 1
            stop = col + 1
            while kinds[stop] == kinds[col]:
                stop += 1
            _measure_run(out[count], rgb[row, col:stop], dab[row, col:stop], luts)
            out[count, ROW], out[count, START], out[count, STOP] = (
                row + origin[0],
                col + origin[1],
                stop + origin[1],
            )
            out[count, KIND] = kinds[col]
            count += 1
            col = stop
    return out


@numba.njit(cache=True, nogil=True)
def _row_kinds(mask, wanted, col_index, kinds):  # type: ignore[no-untyped-def]
    """Write a row's kinds (0 outside of the search, and behind the end); return its number of runs."""
    width = len(mask)
    kinds[:width] = mask
    kinds[width] = 0
    runs = 0
    before = 0
    for col in range(width):
        if kinds[col] != 0:
            if not wanted[col_index[col]]:
                kinds[col] = 0
            elif kinds[col] != before:
                runs += 1
        before = kinds[col]
    return runs


@numba.njit(cache=True, nogil=True)
def _measure_run(out, rgb, dab, luts):  # type: ignore[no-untyped-def]
    od_sum, od_max, hematoxylin_sum, residual_sum = 0, -_MOST_MILLI_OD, 0, 0
    for i in range(len(dab)):
        od = min(int(dab[i]) - ZERO_MILLI_OD, _MOST_MILLI_OD)
        od_sum += od
        od_max = max(od_max, od)
        red, green, blue = rgb[i, 0], rgb[i, 1], rgb[i, 2]
        hematoxylin_sum += _milli_od(luts[0, 0, red] + luts[0, 1, green] + luts[0, 2, blue])
        residual_sum += _milli_od(luts[2, 0, red] + luts[2, 1, green] + luts[2, 2, blue])
    out[OD_SUM], out[OD_MAX], out[HEMATOXYLIN_SUM], out[RESIDUAL_SUM] = (
        od_sum,
        od_max,
        hematoxylin_sum,
        residual_sum,
    )


@numba.njit(cache=True, nogil=True, inline="always")
def _milli_od(scaled):  # type: ignore[no-untyped-def]
    # A shift rounds down for negative values too, as the floor division would, at a fraction of its cost.
    return min(max((scaled + _HALF) >> _LUT_SHIFT, -_MOST_MILLI_OD), _MOST_MILLI_OD)


@numba.njit(cache=True, nogil=True)
def _fuse(runs):  # type: ignore[no-untyped-def]
    out = np.empty_like(runs)
    count = 0
    for i in range(len(runs)):
        last = count - 1
        same = count and out[last, ROW] == runs[i, ROW] and out[last, STOP] == runs[i, START]
        if same and out[last, KIND] == runs[i, KIND]:
            out[last, STOP] = runs[i, STOP]
            out[last, OD_MAX] = max(out[last, OD_MAX], runs[i, OD_MAX])
            for column in (OD_SUM, HEMATOXYLIN_SUM, RESIDUAL_SUM):
                out[last, column] += runs[i, column]
        else:
            out[count] = runs[i]
            count += 1
    return out[:count].copy()


@numba.njit(cache=True, nogil=True)
def _root(parents, i):  # type: ignore[no-untyped-def]
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i


@numba.njit(cache=True, nogil=True)
def _label(runs):  # type: ignore[no-untyped-def]
    """Union-find over runs of neighbouring rows; labels in the order of each component's first run."""
    count = len(runs)
    parents = np.arange(count)
    above = 0
    for i in range(count):
        while above < i and (
            runs[above, ROW] < runs[i, ROW] - 1
            or (runs[above, ROW] == runs[i, ROW] - 1 and runs[above, STOP] < runs[i, START])
        ):
            above += 1
        if i and runs[i - 1, ROW] == runs[i, ROW] and runs[i - 1, STOP] == runs[i, START]:
            a, b = _root(parents, i), _root(parents, i - 1)
            parents[max(a, b)] = min(a, b)
        j = above
        while j < i and runs[j, ROW] == runs[i, ROW] - 1 and runs[j, START] <= runs[i, STOP]:
            a, b = _root(parents, i), _root(parents, j)
            if a != b:
                parents[max(a, b)] = min(a, b)
            j += 1
    labels = np.empty(count, np.int64)
    used = 0
    for i in range(count):
        root = _root(parents, i)
        if root == i:
            labels[i] = used
            used += 1
        else:
            labels[i] = labels[root]
    return labels, used
