"""Places that are fixed by what is forbidden alone: where two edges of it meet.

Input: discs round centres found before, and boxes. Output: the points where their edges cross and that nothing covers.
A gap that is closed by such edges may lie inside the circles round all points near it and touch none of them, so that
no sweep would come there; every such gap has a corner here.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mvd.hotspots.arcs import TOLERANCE
from mvd.hotspots.sweep import Forbidden, Points


def meeting_points(forbidden: Forbidden) -> Points:
    """Return where the edges of forbidden discs and boxes meet and no other one covers the place, (n, 2)."""
    taken, apart, boxes = forbidden
    slack = apart * TOLERANCE
    both = _of_discs(taken, apart)
    if len(boxes):
        both = np.concatenate([both, _of_discs_and_boxes(taken, apart, boxes)])
        free = both[~_inside(both, boxes, slack)]
        both = np.concatenate([free, _open_corners(boxes.tobytes(), slack)])
    distance = np.hypot(both[:, None, 0] - taken[None, :, 0], both[:, None, 1] - taken[None, :, 1])
    free = np.all(distance >= apart * (1 - TOLERANCE), axis=1)
    return both[free]


@lru_cache(maxsize=16)
def _open_corners(boxes_bytes: bytes, slack: float) -> Points:
    """Where boxes meet and none covers the place: the same for every search with these boxes, and there are many."""
    boxes = np.frombuffer(boxes_bytes, np.float64).reshape(-1, 4)
    corners = _of_boxes(boxes)
    return corners[~_inside(corners, boxes, slack)]


def _of_discs(taken: Points, apart: float) -> Points:
    first, second = np.triu_indices(len(taken), 1)
    half = (taken[second] - taken[first]) / 2
    length = np.hypot(half[:, 0], half[:, 1])
    meet = (length <= apart) & (length > 0)
    middle, half, length = (taken[first] + half)[meet], half[meet], length[meet]
    across = np.stack([-half[:, 1], half[:, 0]], axis=1) * (np.sqrt(apart**2 - length**2) / length)[:, None]
    return np.concatenate([middle + across, middle - across])


def _of_boxes(boxes: Points) -> Points:
    """Where an upright side of one box crosses a level side of another."""
    found = [np.empty((0, 2))]
    for left, top, right, bottom in boxes:
        beside = boxes[(boxes[:, 1] <= bottom) & (boxes[:, 3] >= top)]
        for x in (left, right):
            crossed = beside[(beside[:, 0] <= x) & (beside[:, 2] >= x)]
            for y in (crossed[:, 1], crossed[:, 3]):
                on_side = y[(y >= top) & (y <= bottom)]
                found.append(np.column_stack([np.full(len(on_side), x), on_side]))
    return np.concatenate(found)


def _of_discs_and_boxes(taken: Points, apart: float, boxes: Points) -> Points:
    """Where a disc's edge crosses a side of a box."""
    found = [np.empty((0, 2))]
    for centre in taken:
        for axis in (0, 1):
            along = 1 - axis
            for side in (axis, axis + 2):
                away = boxes[:, side] - centre[axis]
                near = np.abs(away) <= apart
                half = np.sqrt(apart**2 - away[near] ** 2)
                for place in (centre[along] - half, centre[along] + half):
                    on_side = (place >= boxes[near, along]) & (place <= boxes[near, along + 2])
                    points = np.empty((int(on_side.sum()), 2))
                    points[:, axis], points[:, along] = boxes[near, side][on_side], place[on_side]
                    found.append(points)
    return np.concatenate(found)


def _inside(points: Points, boxes: Points, slack: float) -> NDArray[np.bool_]:
    """Which of the points lie deeper than ``slack`` inside a box, (n,) bool."""
    covered = np.zeros(len(points), np.bool_)
    for left, top, right, bottom in boxes:
        x, y = points.T
        covered |= (x > left + slack) & (x < right - slack) & (y > top + slack) & (y < bottom - slack)
    return covered
