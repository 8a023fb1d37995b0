"""One vessel's masks -> its measures in pixels, and its outlines.

Input: the stained wall and the filled vessel on a small crop. Output: plain numbers in pixels, and rings. All is
counted in whole numbers first: where the crop lies and which thread measures changes not a bit, and a quarter turn or
a mirror swaps terms only.
"""

from typing import NamedTuple

import numba
import numpy as np

from mvd.vessels.distance import lumen_width
from mvd.vessels.edges import I32, Mask, Rings, trace
from mvd.vessels.hull import feret, hull_of, twice_hull_px

STRAIGHT_PX, DIAGONAL_PX, CORNER_PX = 0.980, 0.703, 0.091
"""Weights of corner-count lengths (Vossepoel & Smeulders 1982), for the chain through the middles of pixel edges: its
steps go straight on by a pixel, or slantwise by half of one each way."""


class Shape(NamedTuple):
    """Measures of one vessel, in px and px2 of the analysis level; ``row``, ``col``: its centroid."""

    row: float
    col: float
    area: float
    filled_area: float
    perimeter: float
    major_axis: float
    minor_axis: float
    max_feret: float
    lumen_width: float
    wall: float
    solidity: float
    eccentricity: float


SHAPE_SIZE = len(Shape._fields)


class Contours(NamedTuple):
    """Outlines along pixel edges, points (x, y) in the crop.

    Attributes
    ----------
    wall : Rings
        Round the stained pixels, and round the holes in them.
    outer : Rings
        Round the whole vessel; empty where the outer rings of ``wall`` are just these.
    lumens : Rings
        Round what of the vessel is not wall; empty where the holes of ``wall`` are just these.
    """

    wall: Rings
    outer: Rings
    lumens: Rings


@numba.njit(cache=True, nogil=True)
def measure(stained: Mask, whole: Mask, top: int = 0, left: int = 0) -> tuple[Shape, Contours]:
    """Measure one vessel.

    Parameters
    ----------
    stained : (h, w) uint8
        The wall, 0 or 1.
    whole : (h, w) uint8
        Wall and lumen, 0 or 1; holds ``stained``, and at least one pixel.
    top, left : int
        Where the masks lie, px.

    Notes
    -----
    Axes: ellipse of equal second moments. Wall: 2 x stained area / (outer + inner perimeter), exact for a ring of even
    thickness.
    """
    area, filled_area, row, col, major, minor = _moments(stained, whole, top, left)
    lumen = whole & ~stained
    contours = _contours(stained, whole, lumen, filled_area)
    if len(contours.outer.stops):
        perimeter, inner = _length(contours.outer, 1), _length(contours.lumens, 1)
    else:
        perimeter, inner = _length(contours.wall, 1), _length(contours.wall, -1)
    hull = hull_of(whole)
    shape = Shape(
        row,
        col,
        float(area),
        float(filled_area),
        perimeter,
        major,
        minor,
        feret(hull),
        lumen_width(lumen) if filled_area > area else 0.0,
        2 * area / (perimeter + inner),
        min(1.0, 2.0 * filled_area / twice_hull_px(hull)),
        np.sqrt(max(0.0, 1 - (minor / major) ** 2)),
    )
    return shape, contours


@numba.njit(cache=True, nogil=True)
def _contours(stained: Mask, whole: Mask, lumen: Mask, filled_area: int) -> Contours:
    wall = trace(stained)
    around = 0
    for twice_area in wall.twice_area:
        around += max(twice_area, 0)
    if around == 2 * filled_area:  # the holes of the wall are the lumens
        nothing = Rings(wall.points[:0], wall.stops[:0], wall.twice_area[:0])
        return Contours(wall, nothing, nothing)
    return Contours(wall, trace(whole), trace(lumen))


@numba.njit(cache=True, nogil=True)
def _moments(stained: Mask, whole: Mask, top: int, left: int) -> tuple[int, int, float, float, float, float]:
    """Area, filled area, centroid (row, col) and axes; a pixel itself has a variance of 1/12."""
    area, count, sum_y, sum_x = 0, 0, 0, 0
    for y in range(whole.shape[0]):
        for x in range(whole.shape[1]):
            if whole[y, x]:
                area += stained[y, x]
                count += 1
                sum_y += y
                sum_x += x
    # From a pixel near the middle, so that no sum is too large and the place in the crop plays no part.
    middle_y, middle_x = sum_y // count, sum_x // count
    yy, xx, xy = 0, 0, 0
    for y in range(whole.shape[0]):
        for x in range(whole.shape[1]):
            if whole[y, x]:
                yy += (y - middle_y) ** 2
                xx += (x - middle_x) ** 2
                xy += (y - middle_y) * (x - middle_x)
    rest_y, rest_x = (sum_y - count * middle_y) / count, (sum_x - count * middle_x) / count
    var_y, var_x = yy / count - rest_y**2 + 1 / 12, xx / count - rest_x**2 + 1 / 12
    centre, half = (var_y + var_x) / 2, np.hypot((var_x - var_y) / 2, xy / count - rest_y * rest_x)
    axes = 4 * np.sqrt(centre + half), 4 * np.sqrt(max(centre - half, 0.0))
    return area, count, (top + middle_y) + rest_y, (left + middle_x) + rest_x, axes[0], axes[1]


@numba.njit(cache=True, nogil=True)
def _length(rings: Rings, side: int) -> float:
    """Length of the rings round pixels (``side`` 1) or round holes (-1), px."""
    straight, diagonal, corners, start = 0, 0, 0, 0
    for ring in range(len(rings.stops)):
        points = rings.points[start : rings.stops[ring]]
        start = rings.stops[ring]
        if rings.twice_area[ring] * side > 0:
            straight_here, corners_here = _steps(points)
            straight, corners = straight + straight_here, corners + corners_here
            diagonal += len(points)
    return STRAIGHT_PX * straight + DIAGONAL_PX * diagonal - CORNER_PX * corners


@numba.njit(cache=True, nogil=True)
def _steps(points: I32) -> tuple[int, int]:
    """Straight steps of the chain through the middles of a ring's edges, and how often it changes direction."""
    straight, corners, count = 0, 0, len(points)
    for i in range(count):
        before, one, two, after = points[i - 3], points[i - 2], points[i - 1], points[i]
        length = abs(two[0] - one[0]) + abs(two[1] - one[1])
        straight += length - 1
        if length > 1:
            corners += 2
        elif (one[0] - before[0]) * (after[0] - two[0]) + (one[1] - before[1]) * (after[1] - two[1]) < 0:
            corners += 1
    return straight, corners
