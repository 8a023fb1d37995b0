"""Two lumens of one piece -> whether there is a narrow waist between them, so that they are two vessels.

Compiled: it is asked for each pair of lumens that lie beside each other. Judged on shapes alone, px.
"""

from math import atan2, cos, pi, sin, sqrt

import numba
import numpy as np

from mvd.vessels.distance import lumen_width
from mvd.vessels.edges import Mask
from mvd.vessels.hull import solidity
from mvd.vessels.pieces import Labels
from mvd.vessels.regions import distance_between

WAIST_PART = 0.8
"""Touching vessels are narrower where they touch than the smaller of them is along the border, by this factor."""

NARROW_PART, DOUBLE_WALL_NARROW_PART = 0.87, 1.06
"""... and narrower than the smaller of them is wide anywhere, by an eighth at least; a double wall between the lumens
tells two vessels as well, and then the waist may be a little wider."""

DOUBLE_WALL_PART = 1.1
"""Two vessels that touch have both their walls between their lumens, a pinched tube has a fold of one: from so many
times the mean wall of the two on, it is a double wall."""

LEAST_SOLIDITY = 0.9
"""A vessel that is cut off is compact: a ring or a tube of its own, not a scrap of wall."""


@numba.njit(cache=True, nogil=True)
def is_waist(owner: Labels, lumens: Labels, one: int, other: int) -> bool:
    """Whether two regions meet in a narrow waist, and each is more compact alone than both together.

    Parameters
    ----------
    owner : (h, w) int32
        Number of the nearest lumen for each pixel of the piece; 0 outside.
    lumens : (h, w) int32
        The lumens, with these numbers.
    one, other : int
        Two of them, whose regions lie against each other.
    """
    length, across = _sizes(owner, one, other)
    if length >= WAIST_PART * across:
        return False
    first, second = _region(owner, one, one), _region(owner, other, other)
    narrow = DOUBLE_WALL_NARROW_PART if _is_double_wall(owner, lumens, one, other) else NARROW_PART
    if length >= narrow * min(lumen_width(first), lumen_width(second)):
        return False
    alone = min(solidity(first), solidity(second))
    return bool(alone >= LEAST_SOLIDITY and alone > solidity(_region(owner, one, other)))


@numba.njit(cache=True, nogil=True)
def _region(owner: Labels, one: int, other: int) -> Mask:
    """The pixels of either of two regions."""
    mask = np.zeros(owner.shape, np.uint8)
    for row in range(owner.shape[0]):
        for col in range(owner.shape[1]):
            mask[row, col] = owner[row, col] in (one, other)
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
