"""Masks -> their convex hull: solidity, and the largest diameter.

The hull runs through the centres of the outermost pixels and is compared with the pixels in it, which Pick's theorem
counts: so every digital disc or rectangle has a solidity of 1, whatever its place and angle. All in whole numbers.
"""

from math import sqrt

import numba
import numpy as np

from mvd.vessels.edges import I32, Mask

FERET_PX = 0.7
"""What the outline of a vessel lies beyond the centres of its outermost pixels, both ends together: the mean over
discs, ellipses and tubes of 10 um and more."""


@numba.njit(cache=True, nogil=True)
def solidity(mask: Mask) -> float:
    """Pixels of a mask / pixels in its convex hull, at most 1; 1 of nothing."""
    pixels = 0
    for row in range(mask.shape[0]):
        for col in range(mask.shape[1]):
            pixels += mask[row, col] != 0
    twice = twice_hull_px(hull_of(mask))
    return min(1.0, 2.0 * pixels / twice) if pixels else 1.0


@numba.njit(cache=True, nogil=True)
def hull_of(mask: Mask) -> I32:
    """Corners of the convex hull of pixel centres, (n, 2) int32 as (col, row), clockwise on the screen."""
    height, width = mask.shape
    left, right = np.empty((height, 2), np.int32), np.empty((height, 2), np.int32)
    lefts, rights = 0, 0
    for row in range(height):
        first = 0
        while first < width and not mask[row, first]:
            first += 1
        if first == width:
            continue
        last = width - 1
        while not mask[row, last]:
            last -= 1
        lefts = _add(left, lefts, first, row, 1)
        rights = _add(right, rights, last, row, -1)
    hull = np.empty((lefts + rights, 2), np.int32)
    hull[:rights] = right[:rights]
    hull[rights:] = left[:lefts][::-1]
    return hull


@numba.njit(cache=True, nogil=True)
def _add(chain: I32, count: int, col: int, row: int, side: int) -> int:
    """Add a point below to a chain, without the points that no longer stick out; the new count."""
    while count >= 2:
        one, two = chain[count - 2], chain[count - 1]
        bulge = (two[0] - one[0]) * np.int64(row - one[1]) - np.int64(col - one[0]) * (two[1] - one[1])
        if bulge * side < 0:
            break
        count -= 1
    chain[count, 0], chain[count, 1] = col, row
    return count + 1


@numba.njit(cache=True, nogil=True)
def twice_hull_px(hull: I32) -> int:
    """Twice the number of pixels whose centres lie in a hull or on it: 2 A + B + 2."""
    twice, around = 0, 0
    for i in range(len(hull)):
        one, two = hull[i - 1], hull[i]
        twice += np.int64(one[0]) * two[1] - np.int64(two[0]) * one[1]
        around += _gcd(abs(two[0] - one[0]), abs(two[1] - one[1]))
    return abs(twice) + around + 2


@numba.njit(cache=True, nogil=True)
def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


@numba.njit(cache=True, nogil=True)
def feret(hull: I32) -> float:
    """Largest diameter of a vessel, px."""
    longest = np.int64(0)
    for i in range(len(hull)):
        for j in range(i):
            across, down = np.int64(hull[i, 0] - hull[j, 0]), np.int64(hull[i, 1] - hull[j, 1])
            longest = max(longest, np.int64(across * across + down * down))
    return sqrt(longest) + FERET_PX
