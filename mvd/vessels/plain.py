"""Components that stand alone -> vessels, many in one compiled call.

Most candidates are plain: one component, closed or solid, with one lumen or none that needs no question. They go from
runs to measures here, by the same kernels as all others; what is not plain is left for ``rings`` and the like.
"""

from typing import NamedTuple

import numba
import numpy as np

from mvd.runs import KIND, ROW, START, STOP
from mvd.segment import WALL
from mvd.vessels.bays import open_lumen
from mvd.vessels.bounds import enclosed, is_compact, may_be_several, tight
from mvd.vessels.distance import closed
from mvd.vessels.edges import Mask, filled
from mvd.vessels.measure import SHAPE_SIZE, measure
from mvd.vessels.outlines import Packed, pack


class Bounds(NamedTuple):
    """What plain vessels are told by, in pixels of the analysis level.

    Attributes
    ----------
    gap_px, open_px : int
        Widest gap bridged, and widest gap of a wall that its lumen is filled across.
    own_lumen_px, wide_px : float
        Area of a lumen that makes a vessel of its own, and of one that may be too wide, px2.
    most_crop_px : float
        A larger crop is not painted here.
    """

    gap_px: int
    open_px: int
    own_lumen_px: float
    wide_px: float
    most_crop_px: float


@numba.njit(cache=True, nogil=True)
def measure_plain(runs, first, boxes, members, is_brown, bounds):  # type: ignore[no-untyped-def]
    """Measure those of some components that are plain.

    Parameters
    ----------
    runs, first, boxes
        Of ``Components``.
    members : (n,) int64
        Which components, each alone.
    is_brown : (k,) bool
        Of all components. What is not brown is not looked into.
    bounds : Bounds

    Returns
    -------
    done : (n,) bool
        Whether the component is plain.
    shapes : (n, 12) float64
        ``Shape`` of each, its ``row`` and ``col`` on the slide, px.
    packed : Packed
        The rings of all.
    rings : (n,) int64
        How many of them each has.
    """
    count = len(members)
    done, shapes, rings = np.zeros(count, np.bool_), np.zeros((count, SHAPE_SIZE)), np.zeros(count, np.int64)
    turns, turns_used = np.empty(128 * count, np.int32), 0
    stops, kinds, stops_used = np.empty(2 * count, np.int32), np.empty(2 * count, np.uint8), 0
    for i in range(count):
        box = boxes[members[i]]
        if np.float64(box[2] - box[0]) * (box[3] - box[1]) > bounds.most_crop_px:
            continue
        top, left = box[0], box[1]
        own = np.zeros((box[2] - top, box[3] - left), np.uint8)
        wall = np.zeros_like(own)
        paint(own, wall, runs[first[members[i]] : first[members[i] + 1]], (top, left, 1), 1)
        is_plain, stained, whole = _plain(own, wall, is_brown[members[i]], bounds)
        if not is_plain:
            continue
        shape, contours = measure(stained, whole, top, left)
        done[i] = True
        for column, value in enumerate(shape):
            shapes[i, column] = value
        one = pack(contours, left, top, 1)
        rings[i] = len(one.stops)
        turns = _with_room(turns, turns_used + len(one.turns))
        stops = _with_room(stops, stops_used + len(one.stops))
        kinds = _with_room(kinds, stops_used + len(one.stops))
        turns[turns_used : turns_used + len(one.turns)] = one.turns
        stops[stops_used : stops_used + len(one.stops)] = one.stops + turns_used
        kinds[stops_used : stops_used + len(one.stops)] = one.kinds
        turns_used, stops_used = turns_used + len(one.turns), stops_used + len(one.stops)
    packed = Packed(turns[:turns_used].copy(), stops[:stops_used].copy(), kinds[:stops_used].copy())
    return done, shapes, packed, rings


@numba.njit(cache=True, nogil=True)
def _plain(own: Mask, wall: Mask, is_brown: bool, bounds: Bounds) -> tuple[bool, Mask, Mask]:
    """Whether a painted component is plain; its wall, and the whole of it."""
    if not is_brown:
        stained, whole = own, filled(own)
    elif not is_compact(own) and _is_open(own, bounds):
        return False, own, own
    else:
        stained, whole = tight(own, wall, np.zeros_like(own), bounds.gap_px)
    lumen = whole & ~stained
    lumen_px = np.sum(lumen)
    if lumen_px >= bounds.wide_px or (is_brown and may_be_several(lumen, lumen_px, bounds.own_lumen_px)):
        return False, own, own
    return True, stained, whole


@numba.njit(cache=True, nogil=True)
def _is_open(own: Mask, bounds: Bounds) -> bool:
    """Whether a component may be a ring that is open at a gap."""
    if enclosed(own, closed(own, bounds.gap_px)).any():
        return True
    return len(open_lumen(own, bounds.own_lumen_px, bounds.open_px)) > 0


@numba.njit(cache=True, nogil=True)
def paint(labels, wall, runs, place, label):  # type: ignore[no-untyped-def]
    """Paint the runs of a component: ``label``, and 1 on its wall; ``place`` is (top, left, shrink)."""
    top, left, shrink = place
    for i in range(len(runs)):
        row = runs[i, ROW] // shrink - top
        start, stop = runs[i, START] // shrink - left, (runs[i, STOP] - 1) // shrink + 1 - left
        labels[row, start:stop] = label
        if runs[i, KIND] == WALL:
            wall[row, start:stop] = 1


@numba.njit(cache=True, nogil=True)
def _with_room(array, length):  # type: ignore[no-untyped-def]
    """The array, or a longer one that begins like it."""
    if length <= len(array):
        return array
    longer = np.empty((2 * length, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer
