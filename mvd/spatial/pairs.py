"""Positions -> how many pairs lie at which distance.

Input: positions and the largest distance. Output: whole numbers, so that neither the order of the positions nor the
number of threads can change them.
"""

from math import floor, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

Points = NDArray[np.float64]
Counts = NDArray[np.int64]


def pair_counts(xy_um: Points, reach_um: float, bins: int) -> Counts:
    """Count the pairs of positions by their distance.

    Parameters
    ----------
    xy_um : (n, 2) float64
    reach_um : float
        Largest distance, um, > 0.
    bins : int
        Equal classes of distance from 0 to ``reach_um``; each holds its upper limit.

    Returns
    -------
    (bins,) int64
        Each pair once.
    """
    counts = np.zeros(bins, np.int64)
    xy_um = np.asarray(xy_um, dtype=np.float64).reshape(-1, 2)
    if len(xy_um) < 2:
        return counts
    cells = np.floor((xy_um - xy_um.min(axis=0)) / reach_um).astype(np.int64)
    columns = int(cells[:, 0].max()) + 3  # an empty column on either side: rows never wrap into the next
    keys = cells[:, 1] * columns + cells[:, 0] + 1
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    own_stop = np.searchsorted(keys, keys + 2)
    next_start, next_stop = (
        np.searchsorted(keys, keys + columns - 1),
        np.searchsorted(keys, keys + columns + 2),
    )
    _count(xy_um[order], own_stop, next_start, next_stop, reach_um, counts)
    return counts


@njit(cache=True, nogil=True)
def _count(points, own_stop, next_start, next_stop, reach, counts):  # type: ignore[no-untyped-def]
    """Compare each point with those after it in its own row of cells, and with those near it in the next row."""
    for i in range(len(points)):
        _count_from(points, i, i + 1, own_stop[i], reach, counts)
        _count_from(points, i, next_start[i], next_stop[i], reach, counts)


@njit(cache=True, nogil=True)
def _count_from(points, i, start, stop, reach, counts):  # type: ignore[no-untyped-def]
    """Count the points ``start .. stop - 1`` that lie within reach of point ``i``."""
    x, y = points[i, 0], points[i, 1]
    per_um, most = len(counts) / reach, reach * reach
    for j in range(start, stop):
        dx, dy = points[j, 0] - x, points[j, 1] - y
        square = dx * dx + dy * dy
        if square <= most:
            # a distance on a limit belongs below it
            above = sqrt(square) * per_um
            place = floor(above)
            if place == above and place > 0:
                place -= 1
            counts[min(place, len(counts) - 1)] += 1
