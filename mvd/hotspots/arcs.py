"""One circle of possible centres -> the arcs of it where a centre may lie.

Input: a circle, centres found before, and boxes that no centre may lie in. Output: entries of angle and step, for
``sweep.py`` to sort. It knows nothing of what a centre holds.
"""

from math import acos, atan2, cos, hypot, pi, sin

import numpy as np
from numba import njit

TOLERANCE = 1e-9  # of angles (rad), and of lengths relative to the radius: points that touch a circle count
BOX_ARCS = 4  # so many arcs of a circle can lie outside a box that it crosses


@njit(cache=True, nogil=True)
def add_arc(angles, steps, used, middle, half, step):  # type: ignore[no-untyped-def]
    """Add an arc, a little widened, as its start and its end; return what it adds at angle 0."""
    start = (middle - half - TOLERANCE) % (2 * pi)
    end = start + 2 * (half + TOLERANCE)
    angles[used], steps[used] = start, step
    angles[used + 1], steps[used + 1] = end % (2 * pi), -step
    return step if end >= 2 * pi else 0


@njit(cache=True, nogil=True)
def add_beside_taken(circles, x, y, step, angles, steps):  # type: ignore[no-untyped-def]
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
        at_zero += add_arc(angles, steps, used, atan2(dy, dx), half, step)
        used += 2
        needed += step
    return used, at_zero, needed


@njit(cache=True, nogil=True)
def add_beside_boxes(circles, x, y, step, angles, steps, used):  # type: ignore[no-untyped-def]
    """Add the arcs of the circle round (x, y) that lie in none of the boxes, of weight ``step`` for each box.

    Returns the entries used, the weight at angle 0, and the weight where all allow; -1 where nothing is
    allowed.
    """
    at_zero, needed = 0, 0
    if len(circles.boxes) == 0:
        return used, at_zero, needed
    cuts = np.empty(2 * BOX_ARCS + 1)
    for k in range(len(circles.boxes)):
        count = _cuts(circles.boxes[k], x, y, circles.radius, cuts)
        arcs = _outside(circles.boxes[k], (x, y, circles.radius), cuts, count, angles[used:])
        if arcs == 0:
            return 0, 0, -1
        if arcs < 0:
            continue
        needed += step
        for i in range(used, used + 2 * arcs, 2):
            middle, half = (angles[i] + angles[i + 1]) / 2, (angles[i + 1] - angles[i]) / 2
            at_zero += add_arc(angles, steps, i, middle, half, step)
        used += 2 * arcs
    return used, at_zero, needed


@njit(cache=True, nogil=True)
def _outside(box, circle, cuts, count, ends):  # type: ignore[no-untyped-def]
    """Write the two ends of each arc of a circle (x, y, radius) outside a box; return how many arcs, -1 for all.

    From cut to cut the circle lies inside the box or outside; neighbours outside are one arc.
    """
    x, y, radius = circle
    arcs, pieces = 0, 0
    for i in range(count):
        middle = (cuts[i] + cuts[i + 1]) / 2
        free = _box_clearance(box, x + radius * cos(middle), y + radius * sin(middle)) >= 0
        if not free and cuts[i + 1] - cuts[i] > 2 * TOLERANCE:
            continue
        pieces += 1
        if arcs and ends[2 * arcs - 1] == cuts[i]:
            ends[2 * arcs - 1] = cuts[i + 1]
        else:
            ends[2 * arcs], ends[2 * arcs + 1] = cuts[i], cuts[i + 1]
            arcs += 1
    if pieces == count:
        return -1
    if arcs > 1 and ends[0] == cuts[0] and ends[2 * arcs - 1] == cuts[count]:
        arcs -= 1  # the last arc goes on as the first
        ends[0] = ends[2 * arcs] - 2 * pi
    return arcs


@njit(cache=True, nogil=True)
def _cuts(box, x, y, radius, cuts):  # type: ignore[no-untyped-def]
    """Write the angles at which the circle round (x, y) crosses the lines of a box, in order and the first again.

    Returns how many there are; none where the circle does not come near the box.
    """
    if box[0] >= x + radius or box[2] <= x - radius or box[1] >= y + radius or box[3] <= y - radius:
        return 0
    count = 0
    for side in range(4):
        part = (box[side] - (x if side % 2 == 0 else y)) / radius
        if abs(part) <= 1 + TOLERANCE:
            turn = 0.0 if side % 2 == 0 else pi / 2  # a line across x, or across y
            half = acos(max(min(part, 1.0), -1.0))
            cuts[count], cuts[count + 1] = (turn - half) % (2 * pi), (turn + half) % (2 * pi)
            count += 2
    if count == 0:
        cuts[0], count = 0.0, 1
    cuts[:count].sort()
    cuts[count] = cuts[0] + 2 * pi
    return count


@njit(cache=True, nogil=True)
def _box_clearance(box, x, y):  # type: ignore[no-untyped-def]
    """How far (x, y) can move at least without entering a box; negative inside, by the way out."""
    return max(box[0] - x, x - box[2], box[1] - y, y - box[3])


@njit(cache=True, nogil=True)
def clearance(circles, x, y):  # type: ignore[no-untyped-def]
    """How much farther than needed (x, y) lies from where no centre may be; negative where it may not."""
    nearest = np.inf
    for k in range(len(circles.taken)):
        nearest = min(nearest, hypot(x - circles.taken[k, 0], y - circles.taken[k, 1]))
    least = nearest - circles.apart * (1 - TOLERANCE)
    for k in range(len(circles.boxes)):
        least = min(least, _box_clearance(circles.boxes[k], x, y) + TOLERANCE * circles.radius)
    return least
