"""A wall that is open at a gap -> the lumen in it: the bay of its outline that is deeper than its mouth is wide.

Compiled. Judged on shapes alone, in pixels of the analysis level.
"""

from math import hypot

import numba
import numpy as np

from mvd.vessels.edges import I32, Mask, filled, trace, twice_areas

DEPTH_PART = 1.0
"""A lumen has at least the area of a square as wide as its mouth; the bend of a curved vessel has less."""


@numba.njit(cache=True, nogil=True)
def open_lumen(part: Mask, least_px: float, open_px: int) -> I32:
    """The largest bay of a part that is an open lumen, (n, 2) int32 as (x, y) of its corners; n is 0 for none.

    A part that encloses a lumen already has no open one.

    Parameters
    ----------
    part : (h, w) uint8
        A connected part, 0 and 1.
    least_px : float
        Least area of a lumen, px2.
    open_px : int
        Widest mouth: the distance between the two lips, px.
    """
    whole = filled(part)
    ring, best, most = _outline(whole), np.empty((0, 2), np.int32), 2 * least_px
    if open_px <= 0 or len(ring) == 0 or np.sum(whole & ~part) >= least_px:
        return best
    first = 0
    for i in range(len(ring)):  # the topmost, and of these the leftmost, is on the hull
        if (ring[i, 1], ring[i, 0]) < (ring[first, 1], ring[first, 0]):
            first = i
    here = first
    while True:
        following = _next_on_hull(ring, here)
        mouth = hypot(ring[following, 0] - ring[here, 0], ring[following, 1] - ring[here, 1])
        if mouth <= open_px:
            bay = _section(ring, here, following)
            twice = float(abs(twice_areas(bay, np.array([len(bay)], np.int32))[0]))
            if twice >= max(most, 2 * DEPTH_PART * mouth * mouth):
                best, most = bay, twice
        here = following
        if here == first:
            return best


@numba.njit(cache=True, nogil=True)
def _outline(whole: Mask) -> I32:
    """The largest ring of a part without holes, clockwise on the screen."""
    rings = trace(whole)
    if len(rings.stops) == 0:
        return np.empty((0, 2), np.int32)
    largest = np.argmax(rings.twice_area)
    start = rings.stops[largest - 1] if largest else 0
    return rings.points[start : rings.stops[largest]]


@numba.njit(cache=True, nogil=True)
def _next_on_hull(ring: I32, here: int) -> int:
    """The corner after ``here`` on the convex hull, clockwise: no other lies to the left of the way to it."""
    best = (here + 1) % len(ring)
    for i in range(len(ring)):
        if i == here:
            continue
        x, y = np.int64(ring[best, 0] - ring[here, 0]), np.int64(ring[best, 1] - ring[here, 1])
        u, v = np.int64(ring[i, 0] - ring[here, 0]), np.int64(ring[i, 1] - ring[here, 1])
        left = x * v - y * u  # below 0: to the left, for y runs downwards
        if left < 0 or (left == 0 and u * u + v * v > x * x + y * y):
            best = i
    return best


@numba.njit(cache=True, nogil=True)
def _section(ring: I32, start: int, stop: int) -> I32:
    """The corners from one to another, both included."""
    count = (stop - start) % len(ring) + 1
    section = np.empty((count, 2), np.int32)
    for i in range(count):
        section[i] = ring[(start + i) % len(ring)]
    return section


@numba.njit(cache=True, nogil=True)
def painted(bay: I32, shape: tuple[int, int]) -> Mask:
    """The pixels whose middle lies in a bay, (h, w) uint8."""
    out = np.zeros(shape, np.uint8)
    for i in range(len(bay)):
        (x0, y0), (x1, y1) = bay[i - 1], bay[i]
        for row in range(min(y0, y1), max(y0, y1)):
            crossing = x0 + (row + 0.5 - y0) * (x1 - x0) / (y1 - y0)
            for col in range(max(0, int(np.ceil(crossing - 0.5))), shape[1]):
                out[row, col] ^= 1
    return out
