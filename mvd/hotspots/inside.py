"""Tissue and a field -> where its centre may not lie if the whole field is to lie inside the tissue.

Input: the tissue mask. Output: rectangles. The rule is applied to whole pixels of the mask, on the safe side: a field
never leaves the tissue, and one that fits with less than one and a half pixels to spare may not be seen to fit.
"""

from math import ceil, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.geometry import UM2_PER_MM2
from mvd.tissue import Tissue

FAR_UM = 1e6
"""How far beyond the slide no centre may lie: all that can hold a vessel."""

SEAM_UM = 0.001
"""Rectangles overlap by twice as much: between two that only touch a centre could lie."""

Points = NDArray[np.float64]
Mask = NDArray[np.bool_]


def boxes_outside(tissue: Tissue, half_um: float, field_mm2: float, shape: str) -> Points:
    """Where no centre may lie, (k, 4) float64: left, top, right, bottom, um.

    Holes of the tissue that are smaller than the field are no edge: clefts and lumens are everywhere. Beyond the slide
    there is no tissue.

    Parameters
    ----------
    tissue : Tissue
    half_um : float
        Radius of the circle, or half the side of the square.
    field_mm2 : float
    shape : str
        ``circle`` or ``square``.
    """
    allowed = allowed_pixels(_without_small_holes(tissue, field_mm2), half_um / tissue.mpp, shape)
    height, width = (size * tissue.mpp for size in allowed.shape)
    beyond = [
        (-FAR_UM, -FAR_UM, FAR_UM, 0.0),
        (-FAR_UM, height, FAR_UM, FAR_UM),
        (-FAR_UM, -FAR_UM, 0.0, FAR_UM),
        (width, -FAR_UM, FAR_UM, FAR_UM),
    ]
    within = np.array(_rectangles(~allowed), np.float64).reshape(-1, 4) * tissue.mpp
    boxes: Points = np.concatenate([np.array(beyond), within])
    return boxes + SEAM_UM * np.array([-1.0, -1.0, 1.0, 1.0])


def allowed_pixels(mask: Mask, half_px: float, shape: str) -> Mask:
    """Pixels of which any place may be the centre: all that a field there covers is tissue; (h, w) bool."""
    edge = 1 + ceil(half_px)
    framed = cv2.copyMakeBorder(mask.astype(np.uint8), edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=0)
    if shape == "square":
        # a pixel j away begins j - 1 pixels beyond any place of this one
        whole = np.ones((2 * ceil(half_px) + 1,) * 2, np.uint8)
        allowed = cv2.erode(framed, whole) > 0
    else:
        away_px = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        allowed = away_px >= half_px + sqrt(2)
    inner: Mask = allowed[edge:-edge, edge:-edge]
    return inner


def _without_small_holes(tissue: Tissue, field_mm2: float) -> Mask:
    """The mask with all holes filled that are smaller than the field and do not reach the edge of the slide."""
    holes = (~tissue.mask).astype(np.uint8)
    _, labels, about, _ = cv2.connectedComponentsWithStats(holes, connectivity=4)
    height, width = holes.shape
    left, top, wide, high, area_px = about.T
    at_edge = (left == 0) | (top == 0) | (left + wide == width) | (top + high == height)
    small = (area_px * tissue.mpp**2 < field_mm2 * UM2_PER_MM2) & ~at_edge
    small[0] = True  # the tissue itself
    filled: Mask = small[labels]
    return filled


def _rectangles(mask: Mask) -> list[tuple[int, int, int, int]]:
    """Rectangles that together cover the mask: equal runs of following rows are one; left, top, right, bottom, px."""
    found: list[tuple[int, int, int, int]] = []
    growing: dict[tuple[int, int], int] = {}
    empty = np.zeros((1, mask.shape[1]), np.bool_)
    for row, line in enumerate(np.concatenate([mask, empty])):
        ends = np.flatnonzero(np.diff(line.astype(np.int8), prepend=0, append=0)).tolist()
        runs = set(zip(ends[::2], ends[1::2], strict=True))
        for run in sorted(set(growing) - runs):
            found.append((run[0], growing.pop(run), run[1], row))
        for run in runs - set(growing):
            growing[run] = row
    return found
