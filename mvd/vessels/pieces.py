"""What a vessel is made of, on a crop: the types that joining and splitting hand to each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvd.vessels.edges import Mask

Labels = NDArray[np.int32]
Box = tuple[slice, slice]


@dataclass(frozen=True)
class Limits:
    """Lengths of the settings in pixels: the widest gap bridged between parts, the least lumen (px2) that makes a
    vessel, and the widest gap of one wall that a lumen is filled across."""

    gap_px: int
    own_lumen_px: float
    open_px: int = 0


@dataclass(frozen=True)
class Piece:
    """One vessel on the crop.

    Attributes
    ----------
    stained, whole : (h, w) uint8
        Wall; wall and lumen; on a box of its own.
    top, left : int
        Where that box lies in the crop, px.
    labels : tuple of int
        The parts that it is made of.
    was_split : bool
        Whether a touching neighbour was cut off.
    """

    stained: Mask
    whole: Mask
    top: int
    left: int
    labels: tuple[int, ...]
    was_split: bool
