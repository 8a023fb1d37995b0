"""Distances within masks, exact and in whole numbers: gaps closed, and the largest circle inside.

Distances go from pixel centre to pixel centre. What lies outside the crop is not set.
"""

from math import pi, sqrt

import numba
import numpy as np
from numpy.typing import NDArray

from mvd.vessels.edges import I32, Mask

SLIT_PX = 0.7
"""The largest circle is bounded by pixel centres just outside. In a slit these lie so much beyond its walls, both
sides together; in a disc, which has many walls to choose from, hardly."""


@numba.njit(cache=True, nogil=True)
def closed(mask: Mask, size_px: int) -> Mask:
    """The mask with gaps up to ``size_px`` closed by a disc as wide.

    The disc is (made odd) ``size_px`` across: all pixels within half of that of its centre. It is its own transpose
    and mirror, unlike cv2's ellipse: a turned slide is joined as it was.
    """
    radius = size_px // 2
    reach = np.empty(
        radius + 1, np.int64
    )  # how far the disc extends along a column, from its middle outwards
    for aside in range(radius + 1):
        reach[aside] = int(np.sqrt((radius + 0.5) ** 2 - aside * aside))
    height, width = mask.shape
    padded = np.zeros((height + 2 * radius, width + 2 * radius), np.uint8)
    padded[radius : radius + height, radius : radius + width] = mask
    shrunk_to = _grown(~_grown(padded, reach) & np.uint8(1), reach)
    return (~shrunk_to & np.uint8(1))[radius : radius + height, radius : radius + width].copy()


@numba.njit(cache=True, nogil=True)
def _grown(mask: Mask, reach: NDArray[np.int64]) -> Mask:
    """The pixels that are set, grown by a disc. Plain loops along rows, which the compiler makes wide."""
    height, width = mask.shape
    far = np.int16(len(reach))
    away = np.empty((height, width), np.int16)  # to the nearest pixel set in the same column
    for row in range(height):
        here, above = away[row], away[max(row - 1, 0)]
        for col in range(width):
            here[col] = min(above[col] + 1, far) if row else far
            here[col] *= mask[row, col] == 0
    for row in range(height - 2, -1, -1):
        here, below = away[row], away[row + 1]
        for col in range(width):
            here[col] = min(here[col], below[col] + 1)
    out = np.zeros((height, width), np.uint8)
    for row in range(height):
        for aside in range(-len(reach) + 1, len(reach)):
            limit = np.int16(reach[abs(aside)])
            grown, near = out[row, max(0, -aside) :], away[row, max(0, aside) :]
            for col in range(min(len(grown), len(near))):
                grown[col] |= near[col] <= limit
    return out


@numba.njit(cache=True, nogil=True)
def lumen_width(lumen: Mask) -> float:
    """Diameter of the largest circle inside an (h, w) uint8 mask, px; 0 where it is empty.

    Its centre may lie between pixels, so that a slit an even number of pixels wide has a middle. No circle has more
    area than all that is set.
    """
    above, below, pixels = _to_the_border(lumen)
    if pixels == 0:
        return 0.0
    best = 0
    for step in (
        2,
        1,
    ):  # in halves of a pixel; what pixels have makes most of the points between them short work
        for y in range(2, 2 * len(above) - 3, step):
            for x in range(2, 2 * above.shape[1] - 3, step):
                if above[y // 2, x // 2]:
                    best = _larger(above, below, y, x, best)
    width, widest = sqrt(best), 2 * sqrt(pixels / pi)
    return min(width - SLIT_PX * (1 - min(1.0, (width / widest) ** 2)), widest)


@numba.njit(cache=True, nogil=True)
def _to_the_border(mask: Mask) -> tuple[I32, I32, int]:
    """Rows from each pixel (a pixel added on each side) up and down to the next that is not set; pixels set."""
    height, width = mask.shape
    above, below = np.zeros((height + 2, width + 2), np.int32), np.zeros((height + 2, width + 2), np.int32)
    pixels = 0
    for row in range(height):
        for col in range(width):
            if mask[row, col]:
                above[row + 1, col + 1] = above[row, col + 1] + 1
                pixels += 1
    for row in range(height, 0, -1):
        for col in range(1, width + 1):
            if mask[row - 1, col - 1]:
                below[row, col] = below[row + 1, col] + 1
    return above, below, pixels


@numba.njit(cache=True, nogil=True)
def _larger(above: I32, below: I32, y: int, x: int, best: int) -> int:
    """The squared distance from a point to the nearest pixel not set where it exceeds ``best``, in quarters of px2."""
    upper, lower = above[y // 2], below[(y + 1) // 2]
    odd, nearest = y % 2, 1 << 62
    left, right = x // 2, (x + 1) // 2
    aside = x % 2
    while aside * aside < nearest:
        for col in (left, right):
            down = 2 * min(upper[col], lower[col]) + odd
            nearest = min(nearest, aside * aside + down * down)
        if nearest <= best:
            return best
        left, right, aside = left - 1, right + 1, aside + 2
    return nearest
