"""One point -> the best centres on the circle round it: the angular sweep behind the exact hot spot.

Input: the circle of possible centres round one point, and the points that can matter there. Output: the
angles at which a circle round the centre holds the most, recorded in ``Best``. It looks at one circle and
never decides which circles are worth a look; that is ``densest.py``.

A circle of fixed radius that holds the most points can be moved until a point lies on its edge (Chazelle and
Lee 1986), so a best centre lies on the circle of that radius round some point. Along it every other point is
held on one closed arc, and a centre found before is far enough away on one closed arc.
"""

from math import acos, atan2, cos, hypot, pi, sin
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Points = NDArray[np.float64]
Counts = NDArray[np.int64]

TOLERANCE = 1e-9  # of angles (rad), and of lengths relative to the radius: points that touch a circle count
SAME_CENTRE = 1e-6  # centres so near to each other are recorded once


class Circles(NamedTuple):
    """What is searched: circles of ``radius`` over ``points``, centres ``apart`` from those ``taken``."""

    points: Points
    weights: Counts
    radius: float
    taken: Points
    apart: float


class Best(NamedTuple):
    """The best so far: ``score`` is (weight held, centres kept), ``centres`` has room for the ties."""

    score: Counts
    centres: Points


@njit(cache=True)
def can_win(bound, best):  # type: ignore[no-untyped-def]
    """Tell whether a weight of at most ``bound`` is of interest: better, or a tie while there is room."""
    score, centres = best.score, best.centres
    return bound > score[0] or (bound == score[0] and bound > 0 and score[1] < len(centres))


@njit(cache=True)
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


@njit(cache=True)
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
    angles = np.empty(2 * (len(members) + len(circles.taken)))
    steps = np.empty(len(angles), np.int64)
    # too near to a taken centre the weight is negative: each of their arcs outweighs all points
    used, depth, needed = _add_allowed(circles, x, y, bound + 1, angles, steps)
    if needed < 0:
        return
    depth += certain + weights[one] - needed
    for j in members:
        dx, dy = points[j, 0] - x, points[j, 1] - y
        distance = hypot(dx, dy)
        if j != one and distance <= 2 * radius * (1 + TOLERANCE):
            half = acos(min(distance / (2 * radius), 1.0))
            depth += _add_arc(angles, steps, used, atan2(dy, dx), half, weights[j])
            used += 2
    _visit(x, y, 0.0, depth, radius, square, best)
    for k in np.argsort(angles[:used]):
        depth += steps[k]
        if steps[k] > 0:
            _visit(x, y, angles[k] + TOLERANCE, depth, radius, square, best)


@njit(cache=True)
def _add_arc(angles, steps, used, middle, half, step):  # type: ignore[no-untyped-def]
    """Add an arc, a little widened, as its start and its end; return what it adds at angle 0."""
    start = (middle - half - TOLERANCE) % (2 * pi)
    end = start + 2 * (half + TOLERANCE)
    angles[used], steps[used] = start, step
    angles[used + 1], steps[used + 1] = end % (2 * pi), -step
    return step if end >= 2 * pi else 0


@njit(cache=True)
def _add_allowed(circles, x, y, step, angles, steps):  # type: ignore[no-untyped-def]
    """Add the arcs of the circle round (x, y) that keep clear of the taken centres, of weight ``step``.

    Returns the entries used, the weight at angle 0, and the weight where all allow; -1 where nothing is
    allowed.
    """
    radius, taken, apart = circles.radius, circles.taken, circles.apart
    used, at_zero, needed = 0, 0, 0
    for k in range(len(taken)):
        dx, dy = x - taken[k, 0], y - taken[k, 1]
        distance = hypot(dx, dy)
        if distance >= radius + apart:
            continue
        cosine = (apart**2 - distance**2 - radius**2) / (2 * radius * distance) if distance > 0 else 2.0
        if cosine > 1 + TOLERANCE:
            return 0, 0, -1
        half = acos(max(min(cosine, 1.0), -1.0))
        at_zero += _add_arc(angles, steps, used, atan2(dy, dx), half, step)
        used += 2
        needed += step
    return used, at_zero, needed


@njit(cache=True)
def _visit(x, y, angle, depth, radius, square, best):  # type: ignore[no-untyped-def]
    """Record the centre at ``angle`` on the circle round (x, y) if it can win and lies in ``square``."""
    if not can_win(depth, best):
        return
    centre_x, centre_y = x + radius * cos(angle), y + radius * sin(angle)
    reach = square[2] + TOLERANCE * radius
    if abs(centre_x - square[0]) <= reach and abs(centre_y - square[1]) <= reach:
        record(best, depth, centre_x, centre_y)
