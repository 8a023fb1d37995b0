"""Marks -> what is said of each pixel of a window. A pixel belongs to an area or a line that its centre lies in."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon

from mvd.geometry import Rect
from mvd.training.marks import BACKGROUND, LEFT_OUT, VESSEL, Mark, Points

Said = NDArray[np.uint8]


def paint(marks: Iterable[Mark], window: Rect, line_px: float) -> Said:
    """Lay marks on a window.

    Parameters
    ----------
    marks : iterable of Mark
        In pixels of the window's level.
    window : Rect
    line_px : float
        Width of lines and dots.

    Returns
    -------
    (h, w) uint8
        0 where nothing is said, else ``BACKGROUND``, ``VESSEL`` or ``LEFT_OUT``; the last also where two marks
        say different things.
    """
    kinds = np.zeros((4, window.height, window.width), bool)
    for mark in marks:
        for area in mark.areas:
            _add_area(kinds[mark.kind], area, window)
        for line in mark.lines:
            _add_line(kinds[mark.kind], line, window, line_px / 2)
    said = np.zeros((window.height, window.width), np.uint8)
    for kind in (BACKGROUND, VESSEL):
        said[kinds[kind]] = kind
    said[kinds[LEFT_OUT] | kinds[BACKGROUND] & kinds[VESSEL]] = LEFT_OUT
    return said


def away_from(marks: Iterable[Mark], window: Rect, margin_px: int) -> NDArray[np.bool_]:
    """Pixels farther than ``margin_px`` from every area, its holes included; (h, w) bool."""
    grown = window.grown(margin_px)
    near = np.zeros((grown.height, grown.width), bool)
    for mark in marks:
        for outer, *_ in mark.areas:
            _add_area(near, (outer,), grown)
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin_px + 1, 2 * margin_px + 1))
    away: NDArray[np.bool_] = cv2.dilate(near.view(np.uint8), element)[window.slices(grown)] == 0
    return away


def _add_area(mask: NDArray[np.bool_], rings: Iterable[Points], window: Rect) -> None:
    """Fill an area by the even-odd rule: its holes stay open."""
    odd = np.zeros(mask.shape, bool)
    for ring in rings:
        rows, cols = polygon(ring[:, 1] - window.row - 0.5, ring[:, 0] - window.col - 0.5, mask.shape)  # type: ignore[no-untyped-call]
        odd[rows, cols] ^= True
    mask |= odd


def _add_line(mask: NDArray[np.bool_], line: Points, window: Rect, radius_px: float) -> None:
    """Add all pixels with their centre within ``radius_px`` of a line, or of a point, and the one that it begins in."""
    points = line - (window.col, window.row)
    col, row = np.floor(points[0]).astype(int)
    if 0 <= row < mask.shape[0] and 0 <= col < mask.shape[1]:
        mask[row, col] = True
    for start, stop in zip(points, points[1:] if len(points) > 1 else points, strict=False):
        left, top = np.floor(np.minimum(start, stop) - radius_px).astype(int).clip(0)
        right, bottom = np.ceil(np.maximum(start, stop) + radius_px).astype(int).clip(0)
        part = mask[top:bottom, left:right]
        rows, cols = np.indices(part.shape)
        centres = np.stack([cols + left + 0.5, rows + top + 0.5], axis=-1)
        part |= _distance(centres, start, stop) <= radius_px


def _distance(points: Points, start: Points, stop: Points) -> NDArray[np.float64]:
    way = stop - start
    square = float(way @ way)
    along = ((points - start) @ way / square).clip(0, 1) if square else np.zeros(points.shape[:-1])
    apart: NDArray[np.float64] = np.linalg.norm(points - start - along[..., None] * way, axis=-1)
    return apart
