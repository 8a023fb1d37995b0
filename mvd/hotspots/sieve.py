"""Squares of candidate centres -> the smaller ones that can still win, by counts on a raster.

Input: the points in order of their buckets, and the squares that together hold all centres of interest. Output:
squares a sixteenth as wide whose bound reaches what one centre is known to hold. It never drops a square that could
win: the bound counts every point that any centre of the square could hold, and a few more.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mvd.hotspots.arcs import TOLERANCE, clearance
from mvd.hotspots.sweep import Circles, Counts, Points

FINEST = 16
"""A square of side r is cut into so many along each side."""

MOST_CELLS = 4_000_000
"""Cells of the raster, 8 bytes each; a sparse pattern over a wide plane is cut into fewer."""

TRIED = 32
"""So many squares give the middle of their fullest cell as a first answer, if a centre may lie there."""


def sieve(
    circles: Circles, squares: Points, near: Counts, columns_rows: tuple[int, int], pad: int, *, ties: bool
) -> tuple[Points, Counts, Counts, int]:
    """Cut squares into smaller ones and drop those that cannot win.

    Parameters
    ----------
    circles : Circles
    squares : (m, 3) float64
        x, y, half side; side r and on the grid of buckets, or 0 for single places, which are kept.
    near : (2, m, 5) int64
        The points near each square.
    columns_rows : (int, int)
        Buckets across and down, empty ones at the edges included.
    pad : int
        Buckets before the first point.
    ties : bool
        Whether squares that can only reach the same are wanted too.

    Returns
    -------
    squares : (k, 3) float64
    near : (2, k, 5) int64
    bounds : (k,) int64
        Most that a centre in each square can hold; -1 where that was not looked at.
    known : int
        What one centre holds; 0 where none was tried.
    """
    fine = FINEST
    while fine > 1 and columns_rows[0] * columns_rows[1] * fine * fine > MOST_CELLS:
        fine //= 2
    if fine == 1:
        return squares, near, np.full(len(squares), -1), 0
    whole = np.flatnonzero(squares[:, 2] > 0)
    first = np.rint((squares[whole, :2] - squares[whole, 2:]) / circles.radius).astype(np.int64) + pad
    bounds = _raster_bounds(circles, first, (columns_rows[0] * fine, columns_rows[1] * fine), pad, fine)
    flat = bounds.ravel()
    fullest = bounds.argmax(axis=1) + fine**2 * np.arange(len(bounds))  # one cell of each square
    fullest = fullest[np.argsort(-flat[fullest], kind="stable")]
    known = _known(circles, _middles(fullest, first - pad, circles.radius, fine), flat[fullest])
    kept = np.flatnonzero(flat >= known + (0 if ties else 1))
    half = np.full(len(kept), circles.radius / fine / 2 * (1 + TOLERANCE))
    places = np.flatnonzero(squares[:, 2] == 0)
    small = np.column_stack([_middles(kept, first - pad, circles.radius, fine), half])
    return (
        np.concatenate([small, squares[places]]),
        np.concatenate([near[:, whole[kept // fine**2]], near[:, places]], axis=1),
        np.concatenate([flat[kept].astype(np.int64), np.full(len(places), -1)]),
        int(known),
    )


def _middles(cells: Counts, first: Counts, radius: float, fine: int) -> Points:
    """Middles of cells by their number, of squares that begin at buckets ``first``; (k, 2)."""
    square, cell = np.divmod(cells, fine * fine)
    row, col = np.divmod(cell, fine)
    middles: Points = (first[square] + (np.stack([col, row], axis=1) + 0.5) / fine) * radius
    return middles


def _raster_bounds(
    circles: Circles, first: Counts, shape: tuple[int, int], pad: int, fine: int
) -> NDArray[np.int32]:
    """Most that a centre in each cell of each square can hold, (m, fine * fine)."""
    columns, rows = shape
    at = np.floor(circles.points / circles.radius * fine).astype(np.int64) + pad * fine
    places = at[:, 1] * (columns + 1) + at[:, 0] + 1
    sums = np.bincount(places, circles.weights, rows * (columns + 1)).reshape(rows, -1)
    sums = np.cumsum(sums, axis=1).astype(np.int32)
    apart = np.maximum(np.abs(np.arange(-fine - 1, fine + 2)) - 1, 0)
    # a point of a cell so far across and down can lie within the radius of a place in the middle cell
    across = np.floor(np.sqrt(fine**2 * (1 + 1e-9) - apart**2)).astype(np.int64) + 1
    bounds = np.zeros((len(first), fine * fine), np.int32)
    _count_rows(sums, first * fine, across, fine, bounds)
    return bounds


@njit(cache=True, nogil=True)
def _count_rows(sums, first, across, fine, bounds):  # type: ignore[no-untyped-def]
    """Add up, for each cell of each square, the cells in reach, row by row; empty buckets at the edges hold them."""
    for k in range(len(first)):
        left, top = first[k]
        for row in range(fine):
            own = bounds[k, row * fine : (row + 1) * fine]
            for j in range(len(across)):
                line = sums[top + row + j - len(across) // 2]
                ends = line[left + across[j] + 1 : left + across[j] + 1 + fine]
                starts = line[left - across[j] : left - across[j] + fine]
                for col in range(fine):
                    own[col] += ends[col] - starts[col]


@njit(cache=True, nogil=True)
def _known(circles, middles, bounds):  # type: ignore[no-untyped-def]
    """What the best of the first few middles holds where a centre may lie; 0 where it may not."""
    points, weights, radius = circles.points, circles.weights, circles.radius
    best, tried = 0, 0
    for k in range(len(middles)):
        if tried == TRIED or bounds[k] <= best:
            break
        x, y = middles[k]
        if clearance(circles, x, y) < 0:
            continue
        tried += 1
        held = 0
        for i in range(len(points)):
            if (points[i, 0] - x) ** 2 + (points[i, 1] - y) ** 2 <= radius * radius:
                held += weights[i]
        best = max(best, held)
    return best
