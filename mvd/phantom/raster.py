"""Outlines in um -> coverage of pixels, supersampled. Nothing is placed or coloured here."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.phantom.fields import Field
from mvd.phantom.outlines import Polygon
from mvd.phantom.shapes import Shape

SUPER = 8  # samples a pixel along each axis; cv2 paints outlines half a sample too wide
_SHIFT = 4  # fractional bits of a corner in cv2


@dataclass(frozen=True)
class Raster:
    """Coverage of a shape whose anchor lies on the corner of pixel (0, 0).

    Attributes
    ----------
    row, col : int
        First row and column of the crops, from the anchor, px.
    outer, lumen, wall : (h, w) float32
        Part of each pixel, 0 to 1, that is filled vessel, lumen, stained wall.
    """

    row: int
    col: int
    outer: Field
    lumen: Field
    wall: Field

    def window(self, row: int, col: int) -> tuple[slice, slice]:
        """Return where the crops lie in a picture when the anchor is at ``(row, col)``."""
        top, left = row + self.row, col + self.col
        return slice(top, top + self.outer.shape[0]), slice(left, left + self.outer.shape[1])


def rasterise(shape: Shape, mpp: float) -> Raster:
    """Draw a shape at ``mpp`` um/px."""
    corners = np.vstack(shape.outers) / mpp
    low = np.floor(corners.min(0)).astype(int) - 1
    width, height = (np.ceil(corners.max(0)).astype(int) + 1 - low).tolist()
    origin_um = low * mpp
    outer, lumen, gap = (
        _fill(polygons, origin_um, (height, width), mpp)
        for polygons in (shape.outers, shape.lumens, shape.gaps)
    )
    lumen = lumen & outer
    wall = outer & ~lumen & ~gap
    return Raster(int(low[1]), int(low[0]), _mean(outer), _mean(lumen), _mean(wall))


def fill_coverage(
    polygons: Sequence[Polygon], origin_um: Polygon, shape_px: tuple[int, int], mpp: float
) -> Field:
    """Part of each pixel that any of the polygons covers: (h, w) float32, 0 to 1."""
    return _mean(_fill(polygons, origin_um, shape_px, mpp))


def _fill(
    polygons: Sequence[Polygon], origin_um: Polygon, shape_px: tuple[int, int], mpp: float
) -> NDArray[np.uint8]:
    canvas = np.zeros((shape_px[0] * SUPER, shape_px[1] * SUPER), np.uint8)
    for polygon in polygons:
        # cv2 puts the centre of a pixel at whole numbers, so the corner of the picture is at -0.5
        corners = (polygon - origin_um) * (SUPER / mpp) - 0.5
        cv2.fillPoly(canvas, [np.round(corners * 2**_SHIFT).astype(np.int32)], 255, shift=_SHIFT)
    return canvas


def _mean(canvas: NDArray[np.uint8]) -> Field:
    size = (canvas.shape[1] // SUPER, canvas.shape[0] // SUPER)
    return np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)
