"""One vessel's masks -> its measures in pixels, and its outlines.

Input: the stained wall and the filled vessel on a small crop. Output: plain numbers in pixels. Digital outlines run
through pixel centres; half a pixel is given back to each side (Steiner's formula), so that a disc of radius r
measures 2 pi r and pi r^2.
"""

from dataclasses import dataclass
from math import hypot, pi, sqrt

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
Contour = NDArray[np.int32]


@dataclass(frozen=True)
class Shape:
    """Measures of one vessel, in px and px2 of the analysis level; ``row``, ``col`` within the crop."""

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


@dataclass(frozen=True)
class Contours:
    """Outlines through pixel centres, (n, 2) int32 as (col, row) within the crop."""

    outer: tuple[Contour, ...]
    lumens: tuple[Contour, ...]


def trace(mask: Mask) -> tuple[Contour, ...]:
    """Outer contours of an (h, w) uint8 mask, every pixel of them; (n, 2) int32 as (col, row)."""
    found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return tuple(contour.reshape(-1, 2) for contour in found)


def filled(mask: Mask) -> Mask:
    """The mask with every hole filled."""
    out = np.zeros_like(mask)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(out, contours, -1, 1, thickness=cv2.FILLED)
    return out


def measure(stained: Mask, whole: Mask) -> tuple[Shape, Contours]:
    """Measure one vessel.

    Parameters
    ----------
    stained : (h, w) uint8
        The wall, 0 or 1.
    whole : (h, w) uint8
        Wall and lumen, 0 or 1; holds ``stained``.

    Notes
    -----
    Perimeters: corner-count chain code (Vossepoel & Smeulders 1982). Axes: ellipse of equal second moments.
    Wall: 2 x stained area / (outer + inner perimeter), exact for a ring of even thickness.
    """
    lumen = whole & ~stained
    outer, inner = trace(whole), trace(lumen) if lumen.any() else ()
    area, filled_area = float(np.count_nonzero(stained)), float(np.count_nonzero(whole))
    perimeter = sum(_perimeter(contour) for contour in outer)
    around = perimeter + sum(_perimeter(contour) for contour in inner)
    hull = cv2.convexHull(np.concatenate(outer)).reshape(-1, 2).astype(np.float64)
    hull_area, feret = _hull_area_and_feret(hull)
    moments = cv2.moments(whole, binaryImage=True)
    major, minor = _axes(moments)
    shape = Shape(
        row=moments["m01"] / moments["m00"],
        col=moments["m10"] / moments["m00"],
        area=area,
        filled_area=filled_area,
        perimeter=perimeter,
        major_axis=major,
        minor_axis=minor,
        max_feret=feret,
        lumen_width=lumen_width(lumen) if inner else 0.0,
        wall=2 * area / around,
        solidity=min(1.0, filled_area / hull_area),
        eccentricity=sqrt(max(0.0, 1 - (minor / major) ** 2)),
    )
    return shape, Contours(outer, inner)


def solidity(pixels: NDArray[np.integer] | NDArray[np.float32]) -> float:
    """Area / convex area of a region given by its pixels, (n, 2); at most 1."""
    hull = cv2.convexHull(pixels.astype(np.float32)).reshape(-1, 2).astype(np.float64)
    hull_area, _ = _hull_area_and_feret(hull)
    return min(1.0, len(pixels) / float(hull_area))


def contour_solidity(contour: Contour) -> float:
    """Area / convex area of a region without holes given by its outline, (n, 2) int32 as (col, row)."""
    hull_area, _ = _hull_area_and_feret(cv2.convexHull(contour).reshape(-1, 2).astype(np.float64))
    # Pick's theorem again: the outline goes from pixel to pixel, so its own pixels are those on the boundary.
    return min(1.0, (cv2.contourArea(contour) + len(contour) / 2 + 1) / float(hull_area))


def lumen_width(lumen: Mask) -> float:
    """Diameter of the largest circle inside an (h, w) uint8 mask, px; 0 where it is empty.

    Measured on the mask doubled in size, so that a slit an even number of pixels wide has a middle. A squared
    distance between pixels is a whole number: rounded to it, the last bit cannot differ from thread to thread.
    """
    left, top, width, height = cv2.boundingRect(lumen)
    box = lumen[top : top + height, left : left + width]
    if not box.size:
        return 0.0
    fine = cv2.copyMakeBorder(
        box.repeat(2, axis=0).repeat(2, axis=1), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0
    )
    distance = float(cv2.distanceTransform(fine, cv2.DIST_L2, cv2.DIST_MASK_PRECISE).max())
    return sqrt(round(distance**2))


def _axes(moments: dict[str, float]) -> tuple[float, float]:
    """Axes of the ellipse with the same second moments, px; a pixel itself has a variance of 1/12."""
    total = moments["m00"]
    xx, yy, xy = moments["mu20"] / total + 1 / 12, moments["mu02"] / total + 1 / 12, moments["mu11"] / total
    middle, half = (xx + yy) / 2, hypot((xx - yy) / 2, xy)
    return 4 * sqrt(middle + half), 4 * sqrt(max(middle - half, 0.0))


def _perimeter(contour: Contour) -> float:
    return float(_chain_length(contour)) + pi


@numba.njit(cache=True, nogil=True)
def _chain_length(contour):  # type: ignore[no-untyped-def]
    """Corner-count length of a closed 8-connected chain, px."""
    count = len(contour)
    if count < 2:
        return 0.0
    length = 0.0
    previous_col = contour[0, 0] - contour[count - 1, 0]
    previous_row = contour[0, 1] - contour[count - 1, 1]
    for i in range(count):
        following = (i + 1) % count
        step_col = contour[following, 0] - contour[i, 0]
        step_row = contour[following, 1] - contour[i, 1]
        length += 1.406 if step_col != 0 and step_row != 0 else 0.980
        if step_col != previous_col or step_row != previous_row:
            length -= 0.091
        previous_col, previous_row = step_col, step_row
    return length


@numba.njit(cache=True, nogil=True)
def _gcd(a, b):  # type: ignore[no-untyped-def]
    while b:
        a, b = b, a % b
    return a


@numba.njit(cache=True, nogil=True)
def _hull_area_and_feret(hull):  # type: ignore[no-untyped-def]
    """Pixels in the convex hull of pixels (Pick's theorem: A + B / 2 + 1), and its largest diameter; px2, px."""
    count = len(hull)
    twice, around, longest = 0.0, 0, 0.0
    for i in range(count):
        j = (i + 1) % count
        twice += hull[i, 0] * hull[j, 1] - hull[j, 0] * hull[i, 1]
        around += _gcd(int(abs(hull[j, 0] - hull[i, 0])), int(abs(hull[j, 1] - hull[i, 1])))
        for k in range(i + 1, count):
            longest = max(longest, np.hypot(hull[k, 0] - hull[i, 0], hull[k, 1] - hull[i, 1]))
    return abs(twice) / 2 + around / 2 + 1, longest + 1.0
