"""Overview -> haze: the slowly varying brown that lies over a slide, and its removal from any tile.

Input: the DAB of the overview. Output: ``Haze``, a coarse grid that is interpolated at each pixel by integer
arithmetic on the pixel's own coordinates. It is fitted once per slide and needs no halo, so tiles leave no seams.
Never touches what is as small as a vessel.
"""

from dataclasses import dataclass

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from mvd.geometry import Rect

CELL_UM = 50.0
"""Side of a grid cell: several capillaries wide, so that their walls are the smaller part of it."""

_CELL_PERCENT = 30  # of the tissue in a cell; below the walls, above the hematoxylin-rich nuclei
_BASE_PERCENT = 10  # of the cells: what all of the slide has is no haze but its background
_LEAST_CELL_PIXELS = 8
_STEPS_SHIFT = 8
_STEPS = 1 << _STEPS_SHIFT  # steps of interpolation between two cells


@dataclass(frozen=True)
class Haze:
    """DAB above the background of the slide, on a grid.

    Attributes
    ----------
    milli_od : (gh, gw) int32
        At the centres of the cells, milli-OD, >= 0.
    cell_um : float
        Side of a cell, um; the first cell begins at the slide's top left corner.
    """

    milli_od: NDArray[np.int32]
    cell_um: float

    @property
    def most_od(self) -> float:
        """Most haze anywhere on the slide, OD."""
        return float(self.milli_od.max(initial=0)) / 1000


NO_HAZE = Haze(np.zeros((1, 1), np.int32), CELL_UM)


def fit_haze(dab_milli_od: NDArray[np.int64], tissue: NDArray[np.bool_], mpp: float) -> Haze:
    """Estimate the haze from the overview.

    A cell's value is a low percentile of the DAB of its tissue, smoothed over its neighbours; cells without enough
    tissue take the mean of those around. What a tenth of the cells do not exceed is background, and subtracted.

    Parameters
    ----------
    dab_milli_od : (h, w) int64
        DAB of the overview, milli-OD.
    tissue : (h, w) bool
        Tissue, lumens and clefts left out.
    mpp : float
        Pixel size of the overview, um/px.
    """
    side = max(1, round(CELL_UM / mpp))
    cells = _cell_percentiles(dab_milli_od, tissue, side)
    known = ~np.isnan(cells)
    if not known.any():
        return NO_HAZE
    base = np.percentile(cells[known], _BASE_PERCENT)
    excess = np.where(known, cells - base, 0.0)
    weight = cv2.GaussianBlur(known.astype(np.float64), (5, 5), 1.0, borderType=cv2.BORDER_REPLICATE)
    smooth = cv2.GaussianBlur(excess, (5, 5), 1.0, borderType=cv2.BORDER_REPLICATE) / np.maximum(weight, 1e-6)
    return Haze(np.rint(np.where(weight > 0.01, smooth, 0.0)).clip(0).astype(np.int32), side * mpp)


def _cell_percentiles(dab: NDArray[np.int64], tissue: NDArray[np.bool_], side: int) -> NDArray[np.float64]:
    """Percentile of the tissue of each cell of ``side`` px, NaN without enough of it; (gh, gw) float64."""
    rows, cols = -(-dab.shape[0] // side), -(-dab.shape[1] // side)
    nothing = np.iinfo(np.int16).max
    padded = np.full((rows * side, cols * side), nothing, np.int16)
    padded[: dab.shape[0], : dab.shape[1]] = np.where(tissue, dab.clip(-nothing, nothing - 1), nothing)
    # What is no tissue sorts behind all that is, so that a cell's tissue is the front of its row.
    values = np.sort(padded.reshape(rows, side, cols, side).swapaxes(1, 2).reshape(rows * cols, -1), axis=1)
    counts = np.count_nonzero(values < nothing, axis=1)
    wanted = np.maximum(counts - 1, 0) * _CELL_PERCENT // 100
    found: NDArray[np.float64] = values[np.arange(rows * cols), wanted].astype(np.float64)
    found[counts < min(_LEAST_CELL_PIXELS, side * side)] = np.nan
    return found.reshape(rows, cols)


def remove_haze(dab: NDArray[np.uint16], haze: Haze, place: Rect, mpp: float) -> None:
    """Subtract the haze from a tile, in place.

    Parameters
    ----------
    dab : (h, w) uint16
        Stored milli-OD of ``place``.
    haze : Haze
    place : Rect
        Where the tile lies, px of ``mpp``.
    mpp : float
        Pixel size of the tile, um/px.
    """
    if not haze.milli_od.any():
        return
    scale = mpp / haze.cell_um
    lines = _positions(place.row, place.height, scale, haze.milli_od.shape[0])
    columns = _positions(place.col, place.width, scale, haze.milli_od.shape[1])
    _subtract(dab, haze.milli_od, lines, columns)


def _positions(first: int, length: int, scale: float, cells: int) -> NDArray[np.int32]:
    """Position of each pixel among the cells' centres, in steps; (n,) int32, from its own coordinate alone."""
    centres = (np.arange(first, first + length) + 0.5) * scale - 0.5
    steps: NDArray[np.int32] = np.rint(centres.clip(0, cells - 1) * _STEPS).astype(np.int32)
    return steps


@numba.njit(cache=True, nogil=True)
def _subtract(dab, milli_od, lines, columns):  # type: ignore[no-untyped-def]
    """Interpolate and subtract. Nothing here is below 0, so that a shift is the whole-number division."""
    height, width = dab.shape
    cells = milli_od.shape[1]
    last_line, last = milli_od.shape[0] - 1, cells - 1
    lefts, asides = columns >> _STEPS_SHIFT, columns & (_STEPS - 1)
    rights = np.minimum(lefts + 1, last)
    profile = np.empty(cells, np.int32)
    for row in range(height):
        above, down = lines[row] >> _STEPS_SHIFT, lines[row] & (_STEPS - 1)
        below = min(above + 1, last_line)
        for cell in range(cells):
            profile[cell] = (
                milli_od[above, cell] * (_STEPS - down) + milli_od[below, cell] * down
            ) >> _STEPS_SHIFT
        for col in range(width):
            left, right, aside = profile[lefts[col]], profile[rights[col]], asides[col]
            value = (left * (_STEPS - aside) + right * aside) >> _STEPS_SHIFT
            dab[row, col] = max(np.int32(dab[row, col]) - value, 0)
