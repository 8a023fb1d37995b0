"""One point -> the best centres on the circle round it: the angular sweep behind the exact hot spot.

Input: the circle of possible centres round one point, and the points that can matter there. Output: the
angles at which a circle round the centre holds the most, recorded in ``Best``. It looks at one circle and
never decides which circles are worth a look; that is ``densest.py``.

A circle of fixed radius that holds the most points can be moved until a point lies on its edge (Chazelle and
Lee 1986), so a best centre lies on the circle of that radius round some point. Along it every other point is
held on one closed arc, a centre found before is far enough away on one closed arc, and a forbidden box leaves
up to four closed arcs.
"""

from math import acos, atan2, cos, hypot, sin
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mvd.hotspots.arcs import BOX_ARCS, TOLERANCE, add_arc, add_beside_boxes, add_beside_taken

Points = NDArray[np.float64]
Counts = NDArray[np.int64]

SAME_CENTRE = 1e-6  # centres so near to each other are recorded once


class Circles(NamedTuple):
    """What is searched: circles of ``radius`` over ``points``.

    Centres are ``apart`` from those ``taken``, and not inside one of the ``boxes`` (left, top, right, bottom).
    """

    points: Points
    weights: Counts
    radius: float
    taken: Points
    apart: float
    boxes: Points


class Forbidden(NamedTuple):
    """Where no centre may lie.

    Attributes
    ----------
    taken : (k, 2) float64
        Centres found before.
    apart : float
        Least distance from each of them, > the radius of the circles.
    boxes : (m, 4) float64
        Left, top, right, bottom; a centre may lie on the edge.
    """

    taken: Points
    apart: float
    boxes: Points


class Best(NamedTuple):
    """The best so far: ``score`` is (weight held, centres kept), ``centres`` has room for the ties."""

    score: Counts
    centres: Points


@njit(cache=True, nogil=True)
def can_win(bound, best):  # type: ignore[no-untyped-def]
    """Tell whether a weight of at most ``bound`` is of interest: better, or a tie while there is room."""
    score, centres = best.score, best.centres
    return bound > score[0] or (bound == score[0] and bound > 0 and score[1] < len(centres))


@njit(cache=True, nogil=True)
def record(best, weight, x, y):  # type: ignore[no-untyped-def]
    """Keep a centre that holds at least as much as the best so far."""
    score, centres = best.score, best.centres
    if weight > score[0]:
        score[0], score[1] = weight, 0
    for k in range(score[1]):
        if abs(centres[k, 0] - x) + abs(centres[k, 1] - y) < SAME_CENTRE:
            return
    if score[1] < len(centres):
        centres[score[1], 0], centres[score[1], 1] = x, y
        score[1] += 1


@njit(cache=True, nogil=True)
def sweep_circle(circles, one, members, certain, square, best):  # type: ignore[no-untyped-def]
    """Go once round point ``one``; record the best centres that lie in ``square`` (x, y, half side).

    ``certain`` is the weight that every centre in the square holds; ``members`` are the points that only some
    hold.
    """
    points, weights, radius = circles.points, circles.weights, circles.radius
    x, y = points[one]
    bound = certain + weights[one]
    for j in members:
        if j != one and hypot(points[j, 0] - x, points[j, 1] - y) <= 2 * radius * (1 + TOLERANCE):
            bound += weights[j]
    if not can_win(bound, best):
        return
    angles = np.empty(2 * (len(members) + len(circles.taken) + BOX_ARCS * len(circles.boxes) + 1))
    steps = np.empty(len(angles), np.int64)
    # where a centre may not lie the weight is negative: each arc that allows it outweighs all points
    used, depth, needed = add_beside_taken(circles, x, y, bound + 1, angles, steps)
    if needed < 0:
        return
    used, at_zero, boxes = add_beside_boxes(circles, x, y, bound + 1, angles, steps, used)
    if boxes < 0:
        return
    depth += certain + weights[one] + at_zero - needed - boxes
    for j in members:
        dx, dy = points[j, 0] - x, points[j, 1] - y
        distance = hypot(dx, dy)
        if j != one and distance <= 2 * radius * (1 + TOLERANCE):
            half = acos(min(distance / (2 * radius), 1.0))
            depth += add_arc(angles, steps, used, atan2(dy, dx), half, weights[j])
            used += 2
    _visit(x, y, 0.0, depth, radius, square, best)
    for k in np.argsort(angles[:used]):
        depth += steps[k]
        if steps[k] > 0:
            _visit(x, y, angles[k] + TOLERANCE, depth, radius, square, best)


@njit(cache=True, nogil=True)
def _visit(x, y, angle, depth, radius, square, best):  # type: ignore[no-untyped-def]
    """Record the centre at ``angle`` on the circle round (x, y) if it can win and lies in ``square``."""
    if not can_win(depth, best):
        return
    centre_x, centre_y = x + radius * cos(angle), y + radius * sin(angle)
    reach = square[2] + TOLERANCE * radius
    if abs(centre_x - square[0]) <= reach and abs(centre_y - square[1]) <= reach:
        record(best, depth, centre_x, centre_y)
