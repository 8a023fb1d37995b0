"""Points and a radius -> the centres of the circles that hold the most, over all centres in the plane.

Input: points with weights, a radius, and centres to keep clear of. Output: the largest weight that one circle
holds, and centres that reach it. It never rounds and never chooses among ties.

Branch and bound: squares of candidate centres are split into four. For all centres of a square a point is
certainly held, certainly not, or uncertain, which bounds what the square can offer; only squares that can
still win are split, and swept (``sweep.py``) with their uncertain points when few are left.
"""

from math import sqrt

import numpy as np
from numba import njit

from mvd.hotspots.arcs import TOLERANCE, clearance
from mvd.hotspots.meeting import meeting_points
from mvd.hotspots.pattern import PAD, Pattern, near_buckets
from mvd.hotspots.sieve import sieve
from mvd.hotspots.sweep import (
    Best,
    Circles,
    Counts,
    Forbidden,
    Points,
    can_win,
    record,
    sweep_circle,
)

LEAF_POINTS = 4  # so few uncertain points are swept at once
MAX_SPLITS = 12  # down to radius / 4096: squares with many points on one circle are not split for ever
CERTAIN, BOUND, START, STOP, FREE, SPLITS = range(6)  # notes on a square: weights, its list, free pool, depth


def densest_centres(pattern: Pattern, forbidden: Forbidden, limit: int) -> tuple[int, Points]:
    """Find the centres of the circles that hold the most.

    Parameters
    ----------
    pattern : Pattern
        Of ``arrange``.
    forbidden : Forbidden
        Where no centre may lie.
    limit : int
        Most centres to return; beyond it, ties are left out in the order of the search (fullest square
        first).

    Returns
    -------
    most : int
        Largest weight in a closed circle; 1e-9 of the radius counts as touching. 0 where no point can be
        held.
    centres : (m, 2) float64
        Corners of the regions of centres that hold ``most`` (and a few inner points), exact to rounding
        error; m >= 1 unless ``most`` is 0.
    """
    corner = pattern.corner
    circles = Circles(
        pattern.points,
        pattern.weights,
        pattern.radius,
        forbidden.taken - corner,
        float(forbidden.apart),
        forbidden.boxes - np.tile(corner, 2),
    )
    squares, near, bounds, known = _squares(pattern, circles, ties=limit > 0)
    single, beside = _places(pattern, meeting_points(forbidden) - corner)
    squares, near = np.concatenate([squares, single]), np.concatenate([near, beside], axis=1)
    if not len(squares):
        return known, np.empty((0, 2))
    pool = np.empty(int((near[1] - near[0]).sum(axis=1).max()) * (4 * MAX_SPLITS + 2), np.int32)
    bounds = np.concatenate([bounds, np.full(len(single), -1)])
    unknown = bounds < 0
    bounds[unknown] = _bounds(circles, squares[unknown], near[:, unknown], pool)
    fullest_first = np.argsort(-bounds, kind="stable")
    best = Best(np.zeros(2, np.int64), np.empty((limit, 2)))
    if not limit:
        best.score[0] = known  # without ties, what holds as much again is not looked for
    _search(circles, squares[fullest_first], near[:, fullest_first], bounds[fullest_first], pool, best)
    most, kept = best.score
    return int(most), best.centres[:kept] + corner


def _squares(pattern: Pattern, circles: Circles, *, ties: bool) -> tuple[Points, Counts, Counts, int]:
    """Return squares (x, y, half side) that hold all centres of interest but single ones, and the points near each.

    Besides the most that each can hold (-1 where that was not looked at), and what one centre is known to hold.
    """
    inhabited, columns, radius = pattern.inhabited, pattern.columns, pattern.radius
    near = near_buckets(pattern, inhabited)
    if pattern.raster is not None:
        return sieve(circles, pattern.raster, near, ties=ties)
    middles = np.stack([inhabited % columns, inhabited // columns], axis=1) - PAD + 0.5
    squares = np.column_stack([middles * radius, np.full(len(middles), radius / 2)])
    return squares, near, np.full(len(squares), -1), 0


def _places(pattern: Pattern, places: Points) -> tuple[Points, Counts]:
    """Return single places as squares of side 0, and the points near each; those far from all points are left out."""
    cells = np.floor(places / pattern.radius).astype(np.int64) + PAD
    keys = cells[:, 1] * pattern.columns + cells[:, 0]
    on_map = (cells[:, 0] >= 0) & (cells[:, 0] < pattern.columns) & np.isin(keys, pattern.inhabited)
    squares = np.column_stack([places[on_map], np.zeros(np.count_nonzero(on_map))])
    return squares, near_buckets(pattern, keys[on_map])


@njit(cache=True, nogil=True)
def _gather(near, k, pool):  # type: ignore[no-untyped-def]
    """Write the points near square ``k`` into ``pool``; return how many there are."""
    count = 0
    for row in range(near.shape[2]):
        for i in range(near[0, k, row], near[1, k, row]):
            pool[count] = i
            count += 1
    return count


@njit(cache=True, nogil=True)
def _sift(circles, square, pool, start, stop, top):  # type: ignore[no-untyped-def]
    """Write from ``top`` on those of ``pool[start:stop]`` that only some centres of ``square`` hold.

    ``square`` is (x, y, half side). Returns the weight that all its centres hold, the weight that only some
    hold, the weight that its middle holds, and the end of the list.
    """
    points, radius = circles.points, circles.radius
    x, y, half = square
    reach = half * sqrt(2.0) + TOLERANCE * radius
    inner, outer = max(radius - reach, 0.0) ** 2, (radius + reach) ** 2
    certain, uncertain, at_middle = 0, 0, 0
    for k in range(start, stop):
        i = pool[k]
        square_distance = (points[i, 0] - x) ** 2 + (points[i, 1] - y) ** 2
        if square_distance > outer:
            continue
        weight = circles.weights[i]
        if square_distance <= radius * radius:
            at_middle += weight
        if square_distance < inner:
            certain += weight
        else:
            uncertain += weight
            pool[top] = i
            top += 1
    return certain, uncertain, at_middle, top


@njit(cache=True, nogil=True)
def _search_square(circles, root, count, bound, pool, best):  # type: ignore[no-untyped-def]
    """Search one square, fullest quarter first; the ``count`` points near it are the first in ``pool``."""
    squares = np.zeros((4 * MAX_SPLITS + 8, 3))
    notes = np.zeros((len(squares), 6), np.int64)
    squares[0, 0], squares[0, 1], squares[0, 2] = root
    notes[0, BOUND], notes[0, STOP], notes[0, FREE] = bound, count, count
    height = 1
    while height:
        height -= 1
        if not can_win(notes[height, BOUND], best):
            continue
        members = pool[notes[height, START] : notes[height, STOP]]
        if len(members) <= LEAF_POINTS or notes[height, SPLITS] == MAX_SPLITS:
            square = (squares[height, 0], squares[height, 1], squares[height, 2])
            for one in members:
                sweep_circle(circles, one, members, notes[height, CERTAIN], square, best)
        else:
            height = _push_quarters(circles, squares, notes, height, pool, best)


@njit(cache=True, nogil=True)
def _push_quarters(circles, squares, notes, height, pool, best):  # type: ignore[no-untyped-def]
    """Replace the square at ``height`` of the stack by its quarters that can win; return the new height."""
    x, y, half = squares[height, 0], squares[height, 1], squares[height, 2] / 2
    certain, start, stop = notes[height, CERTAIN], notes[height, START], notes[height, STOP]
    top, splits, first = notes[height, FREE], notes[height, SPLITS] + 1, height
    for quarter in range(4):
        child = (x + (half if quarter % 2 else -half), y + (half if quarter // 2 else -half), half)
        free = clearance(circles, child[0], child[1])
        if free + half * sqrt(2.0) < 0:
            continue
        inner, unsure, at_middle, end = _sift(circles, child, pool, start, stop, top)
        bound = certain + inner + unsure
        if free >= 0 and certain + at_middle > best.score[0]:
            record(best, certain + at_middle, child[0], child[1])
        if end == top or not can_win(bound, best):
            continue
        place = height
        while place > first and notes[place - 1, BOUND] > bound:
            # one by one: an array assignment compiles numpy's error texts, seconds at the first run
            for k in range(3):
                squares[place, k] = squares[place - 1, k]
            for k in range(6):
                notes[place, k] = notes[place - 1, k]
            place -= 1
        squares[place, 0], squares[place, 1], squares[place, 2] = child
        notes[place, CERTAIN], notes[place, BOUND], notes[place, SPLITS] = certain + inner, bound, splits
        notes[place, START], notes[place, STOP] = top, end
        height, top = height + 1, end
    for place in range(first, height):
        notes[place, FREE] = top
    return height


@njit(cache=True, nogil=True)
def _bounds(circles, squares, near, pool):  # type: ignore[no-untyped-def]
    """Most that a centre in each square can hold; 0 where no centre may lie in it."""
    bounds = np.zeros(len(squares), np.int64)
    for k in range(len(squares)):
        square = (squares[k, 0], squares[k, 1], squares[k, 2])
        if clearance(circles, square[0], square[1]) + square[2] * sqrt(2.0) >= 0:
            count = _gather(near, k, pool)
            certain, uncertain, _, _ = _sift(circles, square, pool, 0, count, count)
            bounds[k] = certain + uncertain
    return bounds


@njit(cache=True, nogil=True)
def _boxes_near(circles, square):  # type: ignore[no-untyped-def]
    """The same circles with those boxes alone that a centre in ``square`` could lie in or touch.

    A tissue's outline is hundreds of boxes, and a square meets a few.
    """
    x, y, half = square
    reach = half + 4 * TOLERANCE * circles.radius
    near = np.empty_like(circles.boxes)
    count = 0
    for k in range(len(near)):
        left, top, right, bottom = circles.boxes[k]
        if left <= x + reach and right >= x - reach and top <= y + reach and bottom >= y - reach:
            near[count, 0], near[count, 1], near[count, 2], near[count, 3] = left, top, right, bottom
            count += 1
    return Circles(
        circles.points, circles.weights, circles.radius, circles.taken, circles.apart, near[:count]
    )


@njit(cache=True, nogil=True)
def _search(circles, squares, near, bounds, pool, best):  # type: ignore[no-untyped-def]
    """Search ``squares``, which come with the highest of their ``bounds`` first."""
    for k in range(len(squares)):
        if not can_win(bounds[k], best):
            break
        if squares[k, 2] > 0:
            root = (squares[k, 0], squares[k, 1], squares[k, 2])
            if clearance(circles, root[0], root[1]) + root[2] * sqrt(2.0) < 0:
                continue
            count = _gather(near, k, pool)
            certain, uncertain, _, _ = _sift(circles, root, pool, 0, count, count)
            if can_win(certain + uncertain, best):
                _search_square(_boxes_near(circles, root), root, count, certain + uncertain, pool, best)
        else:
            record(best, bounds[k], squares[k, 0], squares[k, 1])
