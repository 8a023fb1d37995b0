"""A centre that holds the most vessels -> a centre in whole 0.001 um that still holds them.

Input: the exact centres of ``densest.py``, which have vessels on their very edge. Output: rounded centres
well inside the region of centres that hold the same vessels, with the count that is really inside. It never
searches far away.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

STEP_UM = 0.001  # coordinates are printed in steps of this
TOUCHING_UM = 1e-6  # centres may be nearer than two radii by this, which is rounding error
EDGE = 1e-7  # a vessel or a forbidden disc so near to the edge, relative to the radius, holds a centre fast
_OUTWARD = np.array([-1.0, -1.0, 1.0, 1.0])  # which way is out, at the left, top, right and bottom of a box
_OUT_WAYS = np.array([[-1.0, 0.0], [0.0, -1.0], [1.0, 0.0], [0.0, 1.0]])
STEPS_OUT = 48  # places tried on the way from a corner inward
STEPS_ALONG, MOST_ENDS = 34, 8  # and along a region that is too narrow, towards so many of its corners


@dataclass(frozen=True)
class Region:
    """Where a centre may lie: within a radius of these vessels, clear of the centres before, and in no box.

    Attributes
    ----------
    held_um : (n, 2) float64
        Vessels to hold, n >= 1.
    radius_um : float
    taken_um : (k, 2) float64
        Centres found before; the new one must be two radii from each.
    boxes_um : (m, 4) float64
        Left, top, right, bottom: the new one must not lie inside.
    """

    held_um: Points
    radius_um: float
    taken_um: Points
    boxes_um: Points

    def slack_um(self, centres_um: Points) -> NDArray[np.float64]:
        """How far each of (m, 2) centres may move before it loses a vessel or overlaps; negative outside."""
        slack: NDArray[np.float64] = self.radius_um - distances_um(centres_um, self.held_um).max(axis=1)
        if len(self.taken_um):
            apart = distances_um(centres_um, self.taken_um).min(axis=1) - 2 * self.radius_um
            slack = np.minimum(slack, apart)
        if len(self.boxes_um):
            slack = np.minimum(slack, outside_um(centres_um, self.boxes_um).max(axis=2).min(axis=1))
        return slack


def distances_um(first_um: Points, second_um: Points) -> NDArray[np.float64]:
    """Distances between (m, 2) and (n, 2) points, (m, n)."""
    distances: NDArray[np.float64] = np.hypot(
        first_um[:, None, 0] - second_um[None, :, 0], first_um[:, None, 1] - second_um[None, :, 1]
    )
    return distances


def outside_um(points_um: Points, boxes_um: Points) -> NDArray[np.float64]:
    """How far (n, 2) points lie beyond each side (left, top, right, bottom) of (m, 4) boxes, (n, m, 4)."""
    beyond: NDArray[np.float64] = (np.tile(points_um, 2)[:, None] - boxes_um) * _OUTWARD
    return beyond


def settle(
    corners_um: Points, vessels_um: Points, radius_um: float, taken_um: Points, boxes_um: Points
) -> list[tuple[int, Points]]:
    """Move each centre inward, round it to 0.001 um and count again.

    Parameters
    ----------
    corners_um : (m, 2) float64
        Exact centres from ``densest_centres``.
    vessels_um : (n, 2) float64
        All vessels, sorted by x.
    radius_um : float
    taken_um : (k, 2) float64
        Centres found before.
    boxes_um : (m, 4) float64
        Where no centre may lie.

    Returns
    -------
    list of (count, (2,) float64)
        One for each set of vessels that is held; rounded centres that keep clear of ``taken_um`` and boxes, with the
        number of vessels at ``hypot(dx, dy) <= radius_um`` from them, which is what a reader of the printed
        numbers finds. Sets for which no such centre was found are missing.
    """
    regions: dict[bytes, tuple[Points, list[Points]]] = {}
    for corner in corners_um:
        near = _near(vessels_um, corner, radius_um)
        held = near[distances_um(corner[None], near)[0] <= radius_um * (1 + EDGE)]
        regions.setdefault(held.tobytes(), (held, []))[1].append(corner)
    settled = []
    for held, corners in regions.values():
        region = Region(held, radius_um, taken_um, boxes_um)
        best = _best_rounded(region, _inner_points(region, np.array(corners)), vessels_um)
        if best is not None:
            settled.append(best)
    return settled


def _near(vessels_um: Points, centre_um: Points, radius_um: float) -> Points:
    """Return the vessels that can lie within ``radius_um`` and a little more, by their x alone."""
    margin = radius_um * (1 + EDGE) + 1
    start, stop = np.searchsorted(vessels_um[:, 0], [centre_um[0] - margin, centre_um[0] + margin])
    return vessels_um[start:stop]


def _inner_points(region: Region, corners_um: Points) -> Points:
    """Return centres to try, best first: as far inside as can be, then the corners themselves."""
    middle = _enclosing_centre_um(region.held_um.tobytes())[None]
    if region.slack_um(middle)[0] >= STEP_UM:
        return middle
    inward = np.array([_inward(region, corner) for corner in corners_um])
    tried = np.concatenate([middle, inward, corners_um])
    if region.slack_um(tried).max() < STEP_UM:  # so narrow that a step may leave it: try along its length
        along = np.linspace(0, 1, STEPS_ALONG)[1:-1, None, None]
        tried = np.concatenate([tried, (middle + along * (corners_um[:MOST_ENDS] - middle)).reshape(-1, 2)])
    best_first: Points = tried[np.argsort(-region.slack_um(tried), kind="stable")]
    return best_first


def _inward(region: Region, corner_um: Points) -> Points:
    """Walk from a corner straight into the region, to where it is widest."""
    edge = EDGE * region.radius_um
    to_vessels = region.held_um - corner_um
    from_taken = corner_um - region.taken_um
    vessel_um = np.hypot(to_vessels[:, 0], to_vessels[:, 1])
    taken_um = np.hypot(from_taken[:, 0], from_taken[:, 1])
    on_vessel = vessel_um >= region.radius_um - edge
    on_taken = taken_um <= 2 * region.radius_um + edge
    beyond = outside_um(corner_um[None], region.boxes_um)[0]
    on_box = np.argwhere(np.abs(beyond) <= edge)[:, 1]
    inward = np.concatenate(
        [
            to_vessels[on_vessel] / vessel_um[on_vessel, None],
            from_taken[on_taken] / taken_um[on_taken, None],
            _OUT_WAYS[on_box],
        ]
    )
    if not len(inward):
        return corner_um
    pairs = inward[:, None] + inward[None, :]
    length = np.hypot(pairs[..., 0], pairs[..., 1])
    ways = pairs[length > 1e-9] / length[length > 1e-9][:, None]
    if not len(ways):
        return corner_um
    way = ways[np.argmax((ways @ inward.T).min(axis=1))]
    lengths = np.geomspace(STEP_UM / 2, region.radius_um, STEPS_OUT)
    tried = corner_um + lengths[:, None] * way
    widest: Points = tried[np.argmax(region.slack_um(tried))]
    return widest


def _best_rounded(region: Region, centres_um: Points, vessels_um: Points) -> tuple[int, Points] | None:
    """Round to 0.001 um, here or to a neighbour; return the first that loses nothing, else the best."""
    best: tuple[int, Points] | None = None
    for centre in _rounded(centres_um):
        if len(region.taken_um):
            apart_um = distances_um(centre[None], region.taken_um).min()
            if apart_um < 2 * region.radius_um - TOUCHING_UM:
                continue
        if len(region.boxes_um) and outside_um(centre[None], region.boxes_um).max(axis=2).min() < 0:
            continue
        near = _near(vessels_um, centre, region.radius_um)
        count = int(np.count_nonzero(distances_um(centre[None], near) <= region.radius_um))
        if best is None or count > best[0]:
            best = count, centre
        if count >= len(region.held_um):
            break
    return best


def _rounded(centres_um: Points) -> Iterator[Points]:
    """Yield every centre in whole 0.001 um, then the eight neighbours of each."""
    steps = np.rint(centres_um / STEP_UM)
    beside = [(col, row) for row in (-1, 0, 1) for col in (-1, 0, 1) if row or col]
    for offset in [(0, 0), *beside]:
        # a division of whole numbers gives the float that prints with three decimals
        yield from (steps + np.array(offset)) / round(1 / STEP_UM)


@lru_cache(maxsize=1024)
def _enclosing_centre_um(points_bytes: bytes) -> Points:
    """The centre of ``enclosing_centre_um``: vessels that tie for one hot spot come again for all later ones."""
    return enclosing_centre_um(np.frombuffer(points_bytes, np.float64).reshape(-1, 2))


def enclosing_centre_um(points_um: Points) -> Points:
    """Return the centre of the smallest circle that encloses (n, 2) points, n >= 1.

    Starts from one point and takes the farthest point that is still outside into the two or three that carry
    the circle; the circle grows with every step, so it ends.
    """
    support = points_um[:1]
    centre: Points = points_um[0]
    radius = 0.0
    while True:
        distance = distances_um(centre[None], points_um)[0]
        farthest = int(np.argmax(distance))
        if distance[farthest] <= radius * (1 + 1e-12) + 1e-9:
            return centre
        support, centre, wider = _smallest_circle(np.concatenate([support, points_um[farthest][None]]))
        if wider <= radius:  # rounding error: no progress is possible
            return centre
        radius = wider


def _smallest_circle(points_um: Points) -> tuple[Points, Points, float]:
    """Return (carrying points, centre, radius) of the smallest circle round up to four points.

    It reckons with Python's complex numbers: for so few points they are many times as fast as arrays.
    """
    points = [complex(x, y) for x, y in points_um.tolist()]
    numbers = range(len(points))
    best: tuple[tuple[int, ...], complex, float] | None = None
    for support in chain(combinations(numbers, 2), combinations(numbers, 3)):
        carrying = [points[k] for k in support]
        centre = _circle_centre(carrying)
        if centre is None:
            continue
        radius = max(abs(point - centre) for point in carrying)
        within = radius * (1 + 1e-10) + 1e-9
        if (best is None or radius < best[2]) and all(abs(point - centre) <= within for point in points):
            best = support, centre, radius
    if best is None:  # four points nearly on one line: the two farthest apart carry it
        support = max(combinations(numbers, 2), key=lambda pair: abs(points[pair[0]] - points[pair[1]]))
        first, last = (points[k] for k in support)
        best = support, (first + last) / 2, abs(first - last) / 2
    support, centre, radius = best
    return points_um[list(support)], np.array([centre.real, centre.imag]), radius


def _circle_centre(carrying: Sequence[complex]) -> complex | None:
    """Centre of the circle through two (as a diameter) or three points; None where three lie on a line."""
    origin, *others = carrying
    first, *more = (other - origin for other in others)
    if not more:
        return origin + first / 2
    second = more[0]
    cross = 2 * (first.real * second.imag - first.imag * second.real)
    longest = max(abs(first.real), abs(first.imag)) * max(abs(second.real), abs(second.imag))
    if abs(cross) <= 1e-12 * longest:
        return None
    return origin + 1j * (second * abs(first) ** 2 - first * abs(second) ** 2) / -cross
