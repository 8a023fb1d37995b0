"""Points -> the upright squares that hold the most of them, over all centres in the plane, exactly.

Input: positions in whole 0.001 um, half a side, and rectangles that no centre may lie in. Output: the most that one
square holds, and centres that do. All of it whole numbers: nothing is rounded.

Every vessel is held from a square of centres round it; a best centre can be moved until it lies on an edge of such
a square, or of a forbidden rectangle, in both directions. A line sweeps from left to right over those edges, with the
counts along it in a tree.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Whole = NDArray[np.int64]

_LEAVE_BOX, _ENTER, _LEAVE, _ENTER_BOX = range(4)
"""In this order at one place, for squares are closed and boxes open; the odd ones enter."""


def fullest_squares(points: Whole, weights: Whole, half: int, boxes: Whole, limit: int) -> tuple[int, Whole]:
    """Find the centres of the squares that hold the most.

    Parameters
    ----------
    points : (n, 2) int64
        n >= 1.
    weights : (n,) int64
    half : int
        Half the side, > 0; a point on the edge is held.
    boxes : (m, 4) int64
        Left, top, right, bottom: no centre may lie inside; on the edge it may.
    limit : int
        Most centres to return, from left to right; of equally good ones in one column the topmost.

    Returns
    -------
    most : int
        0 where none can be held.
    centres : (k, 2) int64
        In the middle of the centres that hold the same points, where that is allowed.
    """
    spans = np.concatenate([np.concatenate([points - half, points + half], axis=1), boxes])
    ys = np.unique(spans[:, [1, 3]])
    low, high = np.searchsorted(ys, spans[:, 1]), np.searchsorted(ys, spans[:, 3])
    is_box = np.arange(len(spans)) >= len(points)
    low, high = low + is_box, high - is_box  # within an open box lie only the places between its edges
    step = np.append(weights, np.full(len(boxes), -(int(weights.sum()) + 1)))
    places = np.concatenate([spans[:, 0], spans[:, 2]])
    kinds = np.concatenate(
        [np.where(is_box, _ENTER_BOX, _ENTER), np.where(is_box, _LEAVE_BOX, _LEAVE)]
    ).astype(np.int64)
    order = np.lexsort((kinds, places))
    lines = np.concatenate([np.arange(len(spans))] * 2)[order]
    found = np.empty((max(limit, 1), 2), np.int64)
    most, kept = _sweep(places[order], kinds[order], lines, (low, high, step), len(ys), found)
    if most <= 0 or limit == 0:
        return max(int(most), 0), np.empty((0, 2), np.int64)
    found = np.stack([found[:kept, 0], ys[found[:kept, 1]]], axis=1)
    return int(most), np.unique([_middle(corner, points, half, boxes) for corner in found], axis=0)


def _middle(corner: Whole, points: Whole, half: int, boxes: Whole) -> Whole:
    """The middle of the centres that hold what the corner holds; the corner itself where that is forbidden."""
    held = points[np.abs(points - corner).max(axis=1) <= half]
    middle: Whole = (held.max(axis=0) + held.min(axis=0)) // 2
    inside = (boxes[:, :2] < middle).all(axis=1) & (middle < boxes[:, 2:]).all(axis=1)
    return corner if inside.any() else middle


@njit(cache=True, nogil=True)
def _sweep(places, kinds, lines, spans, height, found):  # type: ignore[no-untyped-def]
    """Go over the edges from left to right; returns the most, and how many centres (x, number of y) were kept."""
    low, high, step = spans
    size = 1
    while size < height:
        size *= 2
    most_below, added = np.zeros(2 * size, np.int64), np.zeros(2 * size, np.int64)
    for leaf in range(height, size):
        most_below[size + leaf] = -(1 << 60)
    for node in range(size - 1, 0, -1):
        most_below[node] = max(most_below[2 * node], most_below[2 * node + 1])
    most, kept = 0, 0
    for k in range(len(places)):
        line, kind = lines[k], kinds[k]
        enters = kind % 2 == 1
        _add(most_below, added, size, low[line], high[line], step[line] if enters else -step[line])
        last = k + 1 == len(places) or places[k + 1] != places[k] or kinds[k + 1] > _ENTER
        if kind <= _ENTER and last and most_below[1] >= most and most_below[1] > 0:
            if most_below[1] > most:
                most, kept = most_below[1], 0
            if kept < len(found):
                node = 1
                while node < size:
                    node = 2 * node if most_below[2 * node] >= most_below[2 * node + 1] else 2 * node + 1
                found[kept, 0], found[kept, 1] = places[k], node - size
                kept += 1
    return most, kept


@njit(cache=True, nogil=True)
def _add(most_below, added, size, first, last, step):  # type: ignore[no-untyped-def]
    """Add to the leaves from first to last; each node holds the most of its leaves, its own additions with it."""
    if first > last:
        return
    left, right = first + size, last + size + 1
    while left < right:
        if left & 1:
            most_below[left] += step
            added[left] += step
            left += 1
        if right & 1:
            right -= 1
            most_below[right] += step
            added[right] += step
        left //= 2
        right //= 2
    for leaf in (first + size, last + size):
        node = leaf // 2
        while node:
            most_below[node] = max(most_below[2 * node], most_below[2 * node + 1]) + added[node]
            node //= 2
