"""Masks -> rings along pixel edges, and masks with their holes filled.

Input: (h, w) uint8 masks of 0 and 1. Output: rings of lattice points, where pixel (row, col) is the square from
(x, y) = (col, row) to (col + 1, row + 1). The area within the rings is the area of the pixels, exactly. No ring
crosses or touches itself: pixels that share a corner only are not connected, and a walk that comes by a corner twice
is cut into two rings there. Where a mask lies, and how it is turned, changes nothing.
"""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

# Headings: east, south, west, north, so that + 1 is a turn to the right (y runs downwards).
_STEP_X, _STEP_Y = np.array([1, 0, -1, 0]), np.array([0, 1, 0, -1])
_RIGHT_COL, _RIGHT_ROW = np.array([0, -1, -1, 0]), np.array([0, 0, -1, -1])  # pixel ahead on the right hand
_LEFT_COL, _LEFT_ROW = np.array([0, 0, -1, -1]), np.array([-1, 0, 0, -1])


class Rings(NamedTuple):
    """Rings of one mask: clockwise on the screen round pixels, anticlockwise round holes.

    Attributes
    ----------
    points : (n, 2) int32
        The corners of all rings as (x, y), px, one ring after the other, not closed; every step is along x or y.
    stops : (k,) int32
        Where each ring ends in ``points``.
    twice_area : (k,) int64
        px2; positive round pixels, negative round holes.
    """

    points: I32
    stops: I32
    twice_area: I64


@numba.njit(cache=True, nogil=True)
def trace(mask: Mask) -> Rings:
    """Trace all rings of a mask."""
    corners, pinches = _count_corners(mask)
    points, stops = np.empty((corners, 2), np.int32), np.empty(corners // 4, np.int32)
    stack = np.empty((corners, 2), np.int32)
    seen = np.zeros(mask.shape, np.uint8)  # upper edges of pixels: each ring has one
    passed = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1) if pinches else (0, 0), np.int32)
    count = 0
    for row in range(mask.shape[0]):
        for col in range(mask.shape[1]):
            if mask[row, col] and not seen[row, col] and not (row and mask[row - 1, col]):
                count = _walk(mask, (row, col), (seen, passed, stack), (points, stops), count)
    return Rings(points, stops[:count], twice_areas(points, stops[:count]))


@numba.njit(cache=True, nogil=True)
def _set(mask: Mask, row: int, col: int) -> bool:
    return bool(0 <= row < mask.shape[0] and 0 <= col < mask.shape[1] and mask[row, col])


@numba.njit(cache=True, nogil=True)
def _count_corners(mask: Mask) -> tuple[int, int]:
    """Corners of all rings, and lattice points where pixels touch by their corners alone."""
    height, width = mask.shape
    corners, pinches = 0, 0
    nothing = np.zeros(width, np.uint8)
    for row in range(height + 1):
        above = mask[row - 1] if row else nothing
        below = mask[row] if row < height else nothing
        a, c = 0, 0
        for col in range(width + 1):
            b, d = (above[col], below[col]) if col < width else (0, 0)
            if (a ^ b ^ c ^ d) & 1:
                corners += 1
            elif a != b == c:
                corners += 2
                pinches += 1
            a, c = b, d
    return corners, pinches


@numba.njit(cache=True, nogil=True)
def _walk(mask, start, marks, out, count):  # type: ignore[no-untyped-def]
    """Follow the edge with the pixels on the right hand from a pixel's top left corner; number of rings then."""
    seen, passed, stack = marks
    points, stops = out
    y, x = start
    heading, depth = 0, 0
    while True:
        if heading == 0:
            seen[y, x] = 1
        x, y = x + _STEP_X[heading], y + _STEP_Y[heading]
        right = _set(mask, y + _RIGHT_ROW[heading], x + _RIGHT_COL[heading])
        left = _set(mask, y + _LEFT_ROW[heading], x + _LEFT_COL[heading])
        if not right or left:
            before = passed[y, x] if left and not right else 0
            if 0 < before <= depth and stack[before - 1, 0] == x and stack[before - 1, 1] == y:
                count = _take(stack[before - 1 : depth], points, stops, count)
                depth = before
            else:
                stack[depth, 0], stack[depth, 1] = x, y
                depth += 1
                if left and not right:
                    passed[y, x] = depth
            heading = (heading + (3 if right else 1)) % 4
        if heading == 0 and y == start[0] and x == start[1]:
            return _take(stack[:depth], points, stops, count)


@numba.njit(cache=True, nogil=True)
def _take(ring, points, stops, count):  # type: ignore[no-untyped-def]
    used = stops[count - 1] if count else 0
    points[used : used + len(ring)] = ring
    stops[count] = used + len(ring)
    return count + 1


@numba.njit(cache=True, nogil=True)
def twice_areas(points: I32, stops: I32) -> I64:
    """Twice the area of each ring, as in ``Rings``."""
    areas, start = np.zeros(len(stops), np.int64), 0
    for ring in range(len(stops)):
        before = stops[ring] - 1
        for i in range(start, stops[ring]):
            areas[ring] += np.int64(points[before, 0]) * points[i, 1]
            areas[ring] -= np.int64(points[i, 0]) * points[before, 1]
            before = i
        start = stops[ring]
    return areas


@numba.njit(cache=True, nogil=True)
def filled(mask: Mask) -> Mask:
    """The mask with every hole filled. Pixels that touch by their corners alone are connected here."""
    height, width = mask.shape
    out = np.zeros((height, width), np.uint8)
    for row in range(height):
        # ``out`` holds where the inside begins and ends; from left to right it becomes the inside itself.
        inside = np.uint8(0)
        for col in range(width):
            inside ^= out[row, col]
            if mask[row, col] and not inside:
                _mark_border(mask, (row, col), out)
                inside = np.uint8(1)
            out[row, col] = inside
    return out


@numba.njit(cache=True, nogil=True)
def _mark_border(mask, start, out):  # type: ignore[no-untyped-def]
    """Note in ``out`` each upright edge of the outer border that begins at a pixel's top left corner."""
    y, x = start
    heading = 0
    while True:
        if heading == 1 and x < out.shape[1]:
            out[y, x] ^= 1
        elif heading == 3 and x < out.shape[1]:
            out[y - 1, x] ^= 1
        x, y = x + _STEP_X[heading], y + _STEP_Y[heading]
        if _set(mask, y + _LEFT_ROW[heading], x + _LEFT_COL[heading]):
            heading = (heading + 3) % 4
        elif not _set(mask, y + _RIGHT_ROW[heading], x + _RIGHT_COL[heading]):
            heading = (heading + 1) % 4
        if heading == 0 and y == start[0] and x == start[1]:
            return
