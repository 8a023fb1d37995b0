"""Rings and circles round the origin -> the arcs of the circles that lie inside the rings.

Input: corners of closed rings, and radii. Output: arcs, exact to rounding error. A ring may touch itself; a ring of no
area holds nothing.
"""

from math import pi

import numpy as np
from numpy.typing import NDArray

SAME_ANGLE = 1e-9
"""Arcs nearer to each other are one, and shorter ones are none, rad."""

Points = NDArray[np.float64]
Values = NDArray[np.float64]


def arcs_inside(corners: Points, starts: NDArray[np.int64], radii: Values) -> Values:
    """Find the arcs of circles round the origin that lie in any ring.

    Parameters
    ----------
    corners : (n, 2) float64
        Corners (x, y) of closed rings, one ring after the other.
    starts : (m,) int64
        First corner of each ring.
    radii : (k,) float64
        Of the circles, > 0.

    Returns
    -------
    (a, 3) float64
        Rows of (number of the circle, start, end), angles in rad; starts in 0 .. 2 pi, end - start in (0, 2 pi]. The
        arcs of one circle do not overlap.
    """
    if not len(corners):
        return np.empty((0, 3))
    rings = _Rings(corners, starts)
    circle, edge, angle = _crossings(rings, radii)
    member = rings.ring[edge]
    order = np.lexsort((angle, member, circle))
    circle, member, angle = circle[order], member[order], angle[order]
    # From each crossing to the next of the same circle and ring; the last goes on to the first, one turn later.
    first = np.flatnonzero(np.diff(circle * len(starts) + member, prepend=-1))
    end = np.append(angle[1:], 0.0)[: len(angle)]
    end[np.append(first[1:], len(angle))[: len(first)] - 1] = angle[first] + 2 * pi
    middle = (angle + end) / 2
    at = radii[circle, None] * np.stack([np.cos(middle), np.sin(middle)], axis=1)
    inside = rings.inside(at, member)
    found = np.stack([circle[inside].astype(np.float64), angle[inside], end[inside]], axis=1)
    return _united(np.concatenate([found, _whole_circles(rings, radii)]))


class _Rings:
    """Edges of closed rings: edge i goes from ``corners[i]`` by ``way[i]`` and belongs to ``ring[i]``."""

    def __init__(self, corners: Points, starts: NDArray[np.int64]) -> None:
        self.corners, self.starts = corners, starts
        self.sizes = np.diff(starts, append=len(corners))
        self.ring = np.repeat(np.arange(len(starts)), self.sizes)
        after = np.arange(1, len(corners) + 1)
        after[starts + self.sizes - 1] = starts
        self.way: Points = corners[after] - corners

    def inside(self, at: Points, member: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each of (m, 2) places lies in the ring of its number, by the edges that a ray crosses."""
        if not len(at):
            return np.zeros(0, dtype=np.bool_)
        sizes = self.sizes[member]
        firsts = np.cumsum(sizes) - sizes
        edge = np.arange(sizes.sum()) + np.repeat(self.starts[member] - firsts, sizes)
        x, y = (self.corners[edge] - np.repeat(at, sizes, axis=0)).T
        way_x, way_y = self.way[edge].T
        crossed = (y > 0) != (y + way_y > 0)
        crossed &= (x * way_y - y * way_x > 0) == (way_y > 0)
        odd: NDArray[np.bool_] = np.add.reduceat(crossed.astype(np.int64), firsts) % 2 == 1
        return odd


def _crossings(rings: _Rings, radii: Values) -> tuple[NDArray[np.int64], NDArray[np.int64], Values]:
    """Where circles round the origin meet edges: (circle, edge, angle), the angle in -pi .. pi.

    A corner may be found from both of its edges: that makes an empty arc, which does no harm.
    """
    corners, way = rings.corners, rings.way
    square, along = (way**2).sum(axis=1), (corners * way).sum(axis=1)
    beyond = (corners**2).sum(axis=1) - (radii**2)[:, None]
    inner = along**2 - square * beyond
    circle, edge = np.nonzero((inner >= 0) & (square > 0))
    root = np.sqrt(inner[circle, edge])
    found = []
    for sign in (-1.0, 1.0):
        place = (sign * root - along[edge]) / square[edge]
        met = (place >= -1e-9) & (place <= 1 + 1e-9)
        at = corners[edge[met]] + place[met, None] * way[edge[met]]
        found.append((circle[met], edge[met], np.arctan2(at[:, 1], at[:, 0])))
    circles, edges, angles = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return circles, edges, angles


def _whole_circles(rings: _Rings, radii: Values) -> Values:
    """Arcs of a full turn: circles that lie in one vessel altogether, with its centre and within its edges."""
    square, along = (rings.way**2).sum(axis=1), (rings.corners * rings.way).sum(axis=1)
    place = np.divide(-along, square, out=np.zeros_like(along), where=square > 0).clip(0, 1)
    nearest = rings.corners + place[:, None] * rings.way
    clear = np.minimum.reduceat(np.hypot(nearest[:, 0], nearest[:, 1]), rings.starts)
    holding = rings.inside(np.zeros((len(clear), 2)), np.arange(len(clear)))
    whole = np.flatnonzero(radii < clear[holding].max(initial=0.0)).astype(np.float64)
    return np.stack([whole, np.zeros(len(whole)), np.full(len(whole), 2 * pi)], axis=1)


def _united(arcs: Values) -> Values:
    """Join the arcs of each circle that overlap or touch; starts in 0 .. 2 pi."""
    arcs = np.column_stack([arcs[:, 0], arcs[:, 1] % (2 * pi), arcs[:, 2] - arcs[:, 1]])
    united: list[list[float]] = []
    for circle in np.unique(arcs[:, 0]):
        own: list[list[float]] = []
        for _, start, length in sorted(arcs[arcs[:, 0] == circle].tolist()):
            if own and start <= own[-1][2] + SAME_ANGLE:
                own[-1][2] = max(own[-1][2], start + length)
            else:
                own.append([circle, start, start + length])
        # what goes on beyond a full turn covers the first arcs again
        while len(own) > 1 and own[0][1] + 2 * pi <= own[-1][2] + SAME_ANGLE:
            own[-1][2] = max(own[-1][2], own.pop(0)[2] + 2 * pi)
        own[-1][2] = min(own[-1][2], own[-1][1] + 2 * pi)
        united += [arc for arc in own if arc[2] - arc[1] > SAME_ANGLE]
    return np.array(united).reshape(-1, 3)
