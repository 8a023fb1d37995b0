"""Points and a radius -> the points in order, and what every search with that radius needs of them.

Input: points with weights. Output: ``Pattern``. It knows nothing of where a centre may lie.
"""

from typing import NamedTuple

import numpy as np

from mvd.hotspots.sieve import Raster, raster_of
from mvd.hotspots.sweep import Counts, Points

PAD = 3  # empty columns on either side, so that a row's neighbours never wrap into the next row


class Pattern(NamedTuple):
    """Points, and what a search needs to know of them whatever is forbidden: many searches of one are common.

    Attributes
    ----------
    corner : (2,) float64
        Least x and y of the points.
    points : (n, 2) float64
        From there on, in the order of their buckets.
    weights : (n,) int64
    radius : float
    keys : (n,) int64
        Bucket of each point, row by row of ``columns``.
    columns : int
    inhabited : (m,) int64
        Buckets with a point in them or beside them.
    raster : Raster or None
        Of these; None where the plane is too wide.
    """

    corner: Points
    points: Points
    weights: Counts
    radius: float
    keys: Counts
    columns: int
    inhabited: Counts
    raster: Raster | None


def arrange(points: Points, weights: Counts, radius: float) -> Pattern:
    """Put points in order for searches with one radius.

    Parameters
    ----------
    points : (n, 2) float64
        Distinct, n >= 1.
    weights : (n,) int64
        How many vessels lie at each point.
    radius : float
        Of the circle, > 0, in the unit of ``points``.
    """
    corner = points.min(axis=0)
    buckets = np.floor((points - corner) / radius).astype(np.int64) + PAD
    columns, rows = (int(most) + PAD + 1 for most in buckets.max(axis=0))
    keys = buckets[:, 1] * columns + buckets[:, 0]
    order = np.argsort(keys, kind="stable")
    points, weights, keys = points[order] - corner, weights[order], keys[order]
    around = np.array([row * columns + col for row in (-1, 0, 1) for col in (-1, 0, 1)])
    inhabited = np.unique(np.unique(keys)[:, None] + around)
    first = np.stack([inhabited % columns, inhabited // columns], axis=1)
    raster = raster_of(points, weights, radius, first, (columns, rows), PAD)
    return Pattern(corner, points, weights, float(radius), keys, columns, inhabited, raster)


def near_buckets(pattern: Pattern, buckets: Counts) -> Counts:
    """Find the points in the 5 x 5 buckets round each of some: (2, m, 5) first and one past the last, row by row."""
    rows = buckets[:, None] + np.arange(-2, 3) * pattern.columns
    return np.stack([np.searchsorted(pattern.keys, rows - 2), np.searchsorted(pattern.keys, rows + 3)])
