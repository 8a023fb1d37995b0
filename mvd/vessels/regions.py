"""Label pictures -> their regions: where each lies, how large it is, and where two of them meet.

Input: (h, w) int32, 0 outside, regions numbered 1 ... n. What numpy says in a line would take most of the time of a
small crop; so it is compiled here.
"""

from collections.abc import Iterator
from math import sqrt

import cv2
import numba
import numpy as np

from mvd.vessels.edges import I32, I64, Mask
from mvd.vessels.pieces import Box, Labels

TOP, LEFT, BOTTOM, RIGHT, AREA = range(5)


@numba.njit(cache=True, nogil=True)
def extents(labels: Labels, count: int) -> I64:
    """Box (half open) and area of each region, (count + 1, 5) int64; index 0 is the outside."""
    found = np.zeros((count + 1, 5), np.int64)
    found[:, TOP], found[:, LEFT] = labels.shape
    for row in range(labels.shape[0]):
        for col in range(labels.shape[1]):
            region = found[labels[row, col]]
            region[TOP], region[BOTTOM] = min(region[TOP], row), row + 1
            region[LEFT], region[RIGHT] = min(region[LEFT], col), max(region[RIGHT], col + 1)
            region[AREA] += 1
    return found


def connected(mask: Mask, connectivity: int) -> tuple[Labels, I64]:
    """The components of a mask as a label picture, and their ``extents``."""
    count, labels = cv2.connectedComponents(mask, connectivity=connectivity)
    return labels, extents(labels, count - 1)


def boxes_of(found: I64, margin: int = 0) -> dict[int, Box]:
    """The box round each region that has ``extents``, with a margin as far as there is one."""
    return {
        number: (slice(max(top - margin, 0), bottom + margin), slice(max(left - margin, 0), right + margin))
        for number, (top, left, bottom, right, area) in enumerate(found.tolist())
        if number and area
    }


def around(boxes: list[Box]) -> Box:
    """The box that holds all of some boxes."""
    rows, cols = zip(*boxes, strict=True)
    return tuple(slice(min(s.start for s in side), max(s.stop for s in side)) for side in (rows, cols))  # type: ignore[return-value]


def cut_out(labels: Labels, found: I64, margin: int = 0) -> Iterator[tuple[Box, Mask]]:
    """Each region as the box round it, with a margin as far as there is one, and the mask within."""
    for number, box in boxes_of(found, margin).items():
        yield box, (labels[box] == number).astype(np.uint8)


@numba.njit(cache=True, nogil=True)
def met(labels: Labels, mask: Mask) -> I64:
    """Numbers of the regions that a mask of the same shape meets, ascending."""
    seen = np.zeros(labels.max() + 1, np.bool_)
    for row in range(labels.shape[0]):
        for col in range(labels.shape[1]):
            if mask[row, col]:
                seen[labels[row, col]] = True
    seen[0] = False
    return np.flatnonzero(seen)


@numba.njit(cache=True, nogil=True)
def chosen(labels: Labels, numbers: I64) -> Mask:
    """The regions with some numbers, (h, w) uint8."""
    wanted = np.zeros(labels.max() + 1, np.uint8)
    wanted[numbers] = 1
    out = np.empty(labels.shape, np.uint8)
    for row in range(labels.shape[0]):
        for col in range(labels.shape[1]):
            out[row, col] = wanted[labels[row, col]]
    return out


@numba.njit(cache=True, nogil=True)
def adjoining(labels: Labels) -> I64:
    """Pairs of regions that lie against each other, (n, 2), the smaller number first; in ascending order."""
    height, width = labels.shape
    most = np.int64(labels.max() + 1)
    codes, count = np.empty(64, np.int64), 0
    for row in range(height):
        for col in range(width):
            here = labels[row, col]
            for down, right in ((0, 1), (1, 0)):
                if row + down >= height or col + right >= width:
                    continue
                other = labels[row + down, col + right]
                if here != other and here > 0 and other > 0:
                    if count == len(codes):
                        longer = np.empty(2 * count, np.int64)
                        longer[:count] = codes
                        codes = longer
                    codes[count] = min(here, other) * most + max(here, other)
                    count += 1
    pairs = np.unique(codes[:count])
    found = np.empty((len(pairs), 2), np.int64)
    found[:, 0], found[:, 1] = pairs // most, pairs % most
    return found


@numba.njit(cache=True, nogil=True)
def distance_between(labels: Labels, one: int, other: int) -> float:
    """Least distance between the pixel centres of two regions, px."""
    near, far = _rim(labels, one), _rim(labels, other)
    least = np.int64(1 << 62)
    for i in range(len(near)):
        for j in range(len(far)):
            down, right = np.int64(near[i, 0] - far[j, 0]), np.int64(near[i, 1] - far[j, 1])
            least = min(least, np.int64(down * down + right * right))
    return sqrt(least)


@numba.njit(cache=True, nogil=True)
def _rim(labels: Labels, region: int) -> I32:
    """Pixels of a region with one beside them that is not of it, (n, 2) int32 as (row, col)."""
    height, width = labels.shape
    found, count = np.empty((height * width, 2), np.int32), 0
    for row in range(height):
        for col in range(width):
            if labels[row, col] == region and (
                row in (0, height - 1)
                or col in (0, width - 1)
                or labels[row - 1, col] != region
                or labels[row + 1, col] != region
                or labels[row, col - 1] != region
                or labels[row, col + 1] != region
            ):
                found[count, 0], found[count, 1] = row, col
                count += 1
    return found[:count].copy()
