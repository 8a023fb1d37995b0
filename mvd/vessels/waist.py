"""Two lumens of one piece -> whether there is a narrow waist between them, so that they are two vessels.

Compiled: it is asked for each pair of lumens that lie beside each other. Judged on shapes alone, px.
"""

from math import atan2, cos, pi, sin, sqrt

import numba
import numpy as np
from numpy.typing import NDArray

from mvd.vessels.edges import Mask
from mvd.vessels.hull import solidity
from mvd.vessels.pieces import Labels
from mvd.vessels.regions import distance_between

Depth = NDArray[np.float32]

DOUBLE_WALL_PART = 1.1
"""Two vessels that touch have both their walls between their lumens, a pinched tube has a fold of one: from so many
times the mean wall of the two on, it is a double wall."""

CUT_PART = 0.9
"""The cut between touching vessels is shorter than the smaller of them is along it, by this factor."""

NECK_PART, DOUBLE_WALL_NECK_PART = 0.8, 0.95
"""They are narrower where they meet than the narrower of them is anywhere, by this factor; a double wall between the
lumens tells of two vessels as well."""

LEAST_SOLIDITY = 0.95
"""A vessel that is cut off is compact: a ring or a tube of its own, not a scrap of wall."""

NARROW_PART, NARROW_LEAST_SOLIDITY = 0.75, 0.8
"""No pinched tube is as narrow as this beside a double wall: a broken or dented ring is a vessel there too."""


@numba.njit(cache=True, nogil=True)
def is_waist(owner: Labels, lumens: Labels, depth: Depth, one: int, other: int) -> bool:
    """Whether two regions meet in a narrow waist, and each of them is compact.

    Parameters
    ----------
    owner : (h, w) int32
        Number of the lumen whose basin each pixel of the piece lies in; 0 outside.
    lumens : (h, w) int32
        The lumens, with these numbers.
    depth : (h, w) float32
        Distance of each pixel of the piece to its outline, px.
    one, other : int
        Two of them, whose regions lie against each other.
    """
    compact = min(solidity(_region(owner, one)), solidity(_region(owner, other)))
    double, neck = _is_double_wall(owner, lumens, one, other), _neck(owner, depth, one, other)
    if double and neck < NARROW_PART:
        return compact >= NARROW_LEAST_SOLIDITY
    length, across = _sizes(owner, one, other)
    narrow = neck < (DOUBLE_WALL_NECK_PART if double else NECK_PART) and length < CUT_PART * across
    return narrow and compact >= LEAST_SOLIDITY


@numba.njit(cache=True, nogil=True)
def _neck(owner: Labels, depth: Depth, one: int, other: int) -> float:
    """Width of the border of two regions beside that of the narrower region."""
    widest, neck = np.zeros(2, np.float32), np.float32(0)
    for row in range(owner.shape[0]):
        for col in range(owner.shape[1]):
            if owner[row, col] not in (one, other):
                continue
            side = 0 if owner[row, col] == one else 1
            widest[side] = max(widest[side], depth[row, col])
            if _meets(owner, row, col, one, other):
                neck = max(neck, depth[row, col])
    return float(neck / min(widest[0], widest[1]))


@numba.njit(cache=True, nogil=True)
def _region(owner: Labels, number: int) -> Mask:
    """The pixels of one region."""
    mask = np.zeros(owner.shape, np.uint8)
    for row in range(owner.shape[0]):
        for col in range(owner.shape[1]):
            mask[row, col] = owner[row, col] == number
    return mask


@numba.njit(cache=True, nogil=True)
def _is_double_wall(owner: Labels, lumens: Labels, one: int, other: int) -> bool:
    """Whether what lies between two lumens is as thick as both their walls, each taken as that of a round ring."""
    walls = 0.0
    for number in (one, other):
        walls += sqrt(np.sum(owner == number) / pi) - sqrt(np.sum(lumens == number) / pi)
    return bool(distance_between(lumens, one, other) >= DOUBLE_WALL_PART * walls / 2)


@numba.njit(cache=True, nogil=True)
def _sizes(owner: Labels, one: int, other: int) -> tuple[float, float]:
    """Length of the border of two regions, and the size of the smaller region in that direction, px."""
    angle = _direction(owner, one, other)
    across, down = cos(angle), sin(angle)
    low, high = np.full(3, np.inf), np.full(3, -np.inf)  # of one, of the other, of their border
    for row in range(owner.shape[0]):
        for col in range(owner.shape[1]):
            if owner[row, col] not in (one, other):
                continue
            along = col * across + row * down
            side = 0 if owner[row, col] == one else 1
            low[side], high[side] = min(low[side], along), max(high[side], along)
            if _meets(owner, row, col, one, other):
                low[2], high[2] = min(low[2], along), max(high[2], along)
    return high[2] - low[2] + 1, min(high[0] - low[0], high[1] - low[1]) + 1


@numba.njit(cache=True, nogil=True)
def _direction(owner: Labels, one: int, other: int) -> float:
    """Direction in which the border of two regions is longest, radians from x to y."""
    count, x, y, xx, yy, xy = 0, 0, 0, 0, 0, 0
    for row in range(owner.shape[0]):
        for col in range(owner.shape[1]):
            # A pixel that meets the other region on two sides counts twice.
            meets = _meets(owner, row, col, one, other)
            count, x, y = count + meets, x + meets * col, y + meets * row
            xx, yy, xy = xx + meets * col * col, yy + meets * row * row, xy + meets * row * col
    return atan2(2.0 * (count * xy - x * y), float(count * (xx - yy) - (x * x - y * y))) / 2


@numba.njit(cache=True, nogil=True)
def _meets(owner: Labels, row: int, col: int, one: int, other: int) -> int:
    """On how many sides, of its right and its lower one, a pixel of either region has a pixel of the other one."""
    here = owner[row, col]
    if here not in (one, other):
        return 0
    across = one + other - here
    right = col + 1 < owner.shape[1] and owner[row, col + 1] == across
    below = row + 1 < owner.shape[0] and owner[row + 1, col] == across
    return int(right) + int(below)
