"""Neighbourhoods -> crops: the runs of a few components painted as small pictures.

Input: the components of a slide, with their runs, and the group of each. Output: label and wall pictures with their
place. Nothing here looks at shapes.
"""

from dataclasses import dataclass
from math import ceil, sqrt

import numba
import numpy as np
from numpy.typing import NDArray

from mvd.runs import KIND, ROW, START, STOP, Components
from mvd.segment import WALL
from mvd.vessels.measure import Mask
from mvd.vessels.pieces import Labels

MOST_CROP_PX = 16e6
"""A larger crop (a slide that is brown all over) is painted coarser, to fit in memory."""

Members = NDArray[np.int64]


@dataclass(frozen=True)
class Crop:
    """The components of one neighbourhood, painted.

    Attributes
    ----------
    members : (n,) int64
        Which components they are.
    labels : (h, w) int32
        1 ... n in the order of ``members``, 0 elsewhere.
    wall : (h, w) uint8
        1 on their wall, 0 on their skirt and elsewhere.
    top, left : int
        Place of the crop, px of ``mpp``; negative where a margin lies outside the slide.
    mpp : float
        Pixel size of the crop, um/px.
    """

    members: Members
    labels: Labels
    wall: Mask
    top: int
    left: int
    mpp: float


def members_of(groups: NDArray[np.int64]) -> list[Members]:
    """The components of each group, in the order of the groups."""
    order = np.argsort(groups, kind="stable")
    ends = np.flatnonzero(np.diff(groups[order])) + 1
    return np.split(order, ends) if len(order) else []


def paint_crop(components: Components, members: Members, margin_px: int, mpp: float) -> Crop:
    """Paint some components with a margin round them.

    Parameters
    ----------
    components : Components
    members : (n,) int64
    margin_px : int
    mpp : float
        Pixel size of the components, um/px.
    """
    boxes = components.boxes[members]
    top, left = (int(edge) for edge in boxes[:, :2].min(axis=0))
    bottom, right = (int(edge) for edge in boxes[:, 2:].max(axis=0))
    shrink = ceil(sqrt(max(1.0, (bottom - top) * (right - left) / MOST_CROP_PX)))
    top, left = top // shrink - margin_px, left // shrink - margin_px
    shape = (bottom // shrink + 1 + margin_px - top, right // shrink + 1 + margin_px - left)
    labels, wall = np.zeros(shape, np.int32), np.zeros(shape, np.uint8)
    for label, member in enumerate(members, start=1):
        runs = components.runs[components.first[member] : components.first[member + 1]]
        _paint(labels, wall, runs, (top, left, shrink), label)
    return Crop(members, labels, wall, top, left, mpp * shrink)


@numba.njit(cache=True, nogil=True)
def _paint(labels, wall, runs, place, label):  # type: ignore[no-untyped-def]
    top, left, shrink = place
    for i in range(len(runs)):
        row = runs[i, ROW] // shrink - top
        start, stop = runs[i, START] // shrink - left, (runs[i, STOP] - 1) // shrink + 1 - left
        labels[row, start:stop] = label
        if runs[i, KIND] == WALL:
            wall[row, start:stop] = 1
