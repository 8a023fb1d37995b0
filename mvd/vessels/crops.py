"""Neighbourhoods -> crops: the runs of a few components painted as small pictures.

Input: the components of a slide, with their runs, and the group of each. Output: label and wall pictures with their
place. Nothing here looks at shapes.
"""

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from mvd.runs import Components
from mvd.vessels.edges import Mask
from mvd.vessels.pieces import Labels
from mvd.vessels.plain import paint

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
    shrink : int
        How many times that of the components it is.
    """

    members: Members
    labels: Labels
    wall: Mask
    top: int
    left: int
    mpp: float
    shrink: int


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
        paint(labels, wall, runs, (top, left, shrink), label)
    return Crop(members, labels, wall, top, left, mpp * shrink, shrink)
