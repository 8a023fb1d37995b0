"""A tile's mask -> runs.

Input: a tile's core as a mask with its DAB. Output: a row's stretches of candidate pixels with their integer sums.
"""

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from mvd.geometry import Rect
from mvd.segment import ZERO_MILLI_OD, Luts, MilliOd
from mvd.slide.base import Rgb
from mvd.stain import LUT_SCALE

I32 = NDArray[np.int32]

ROW, START, STOP, KIND, OD_SUM, OD_MAX, HEMATOXYLIN_SUM, RESIDUAL_SUM = range(8)
"""Columns of the run array; ``KIND`` is ``segment.SKIRT`` or ``segment.WALL``. Components keep the first four."""

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
