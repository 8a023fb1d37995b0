"""Squares of candidate centres -> the smaller ones that can still win, by counts on a raster.

Input: the points, and the squares that together hold all centres of interest. Output: squares a sixteenth as wide
whose bound reaches what one centre is known to hold. It never drops a square that could win: the bound counts every
point that any centre of the square could hold, and a few more.
"""

from typing import NamedTuple

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


class Raster(NamedTuple):
    """Squares of side r, cut into cells: what is known of them whatever is forbidden.

    Attributes
    ----------
    first : (m, 2) int64
        Column and row of each square, in sides of a square from the first point on.
    bounds : (m, fine * fine) int32
        Most that a centre in each cell can hold.
    fine : int
        Cells along one side of a square.
    """

    first: Counts
    bounds: NDArray[np.int32]
    fine: int


def raster_of(
    points: Points, weights: Counts, radius: float, first: Counts, columns_rows: tuple[int, int], pad: int
) -> Raster | None:
    """Bound what each cell can hold; None where the plane is too wide for its points.

    Parameters
    ----------
    points : (n, 2) float64
        From their own least x and y on.
    weights : (n,) int64
    radius : float
    first : (m, 2) int64
        Bucket across and down of each square.
    columns_rows : (int, int)
        Buckets across and down, empty ones at the edges included.
    pad : int
        Buckets before the first point.
    """
    fine = FINEST
    while fine > 1 and columns_rows[0] * columns_rows[1] * fine * fine > MOST_CELLS:
        fine //= 2
    if fine == 1:
        return None
    shape = (columns_rows[0] * fine, columns_rows[1] * fine)
    at = np.floor(points / radius * fine).astype(np.int64) + pad * fine
    return Raster(first - pad, _bounds(_sums(at, weights, shape), first * fine, fine), fine)


def sieve(
    circles: Circles, raster: Raster, near: Counts, *, ties: bool
) -> tuple[Points, Counts, NDArray[np.int64], int]:
    """Cut squares into smaller ones and drop those that cannot win.

    Parameters
    ----------
    circles : Circles
    raster : Raster
    near : (2, m, 5) int64
        The points near each square.
    ties : bool
        Whether squares that can only reach the same are wanted too.

    Returns
    -------
    squares : (k, 3) float64
        x, y, half side.
    near : (2, k, 5) int64
    bounds : (k,) int64
        Most that a centre in each square can hold.
    known : int
        What one centre holds; 0 where none was tried.
    """
    first, bounds, fine = raster
    flat = bounds.ravel()
    fullest = bounds.argmax(axis=1) + fine**2 * np.arange(len(bounds))  # one cell of each square
    fullest = fullest[np.argsort(-flat[fullest], kind="stable")]
    known = int(_known(circles, _middles(fullest, first, circles.radius, fine), flat[fullest]))
    kept = np.flatnonzero(flat >= known + (0 if ties else 1))
    half = np.full(len(kept), circles.radius / fine / 2 * (1 + TOLERANCE))
    small = np.column_stack([_middles(kept, first, circles.radius, fine), half])
    return small, near[:, kept // fine**2], flat[kept].astype(np.int64), known


def _middles(cells: Counts, first: Counts, radius: float, fine: int) -> Points:
    """Middles of cells by their number, of squares that begin at buckets ``first``; (k, 2)."""
    square, cell = np.divmod(cells, fine * fine)
    row, col = np.divmod(cell, fine)
    middles: Points = (first[square] + (np.stack([col, row], axis=1) + 0.5) / fine) * radius
    return middles


def _sums(at: Counts, weights: Counts, shape: tuple[int, int]) -> NDArray[np.int32]:
    """Weights of the points in cells ``at``, summed up along each row of cells, a nought before the first."""
    columns, rows = shape
    sums = np.bincount(at[:, 1] * (columns + 1) + at[:, 0] + 1, weights, rows * (columns + 1)).reshape(
        rows, -1
    )
    summed: NDArray[np.int32] = np.cumsum(sums, axis=1).astype(np.int32)
    return summed


def _bounds(sums: NDArray[np.int32], first: Counts, fine: int) -> NDArray[np.int32]:
    """Most that a centre in each cell of squares, which begin at cells ``first``, can hold, (m, fine * fine)."""
    apart = np.maximum(np.abs(np.arange(-fine - 1, fine + 2)) - 1, 0)
    # a point of a cell so far across and down can lie within the radius of a place in the middle cell
    across = np.floor(np.sqrt(fine**2 * (1 + 1e-9) - apart**2)).astype(np.int64) + 1
    bounds = np.zeros((len(first), fine * fine), np.int32)
    _count_rows(sums, first, across, fine, bounds)
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
