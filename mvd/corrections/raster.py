"""Polygons in um <-> pixels of the analysis level: what is drawn by hand is measured like what was found.

A pixel belongs to a polygon if its middle lies inside, by the even-odd rule. Two polygons that share an edge share no
pixel, and leave none out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvd.errors import CorrectionsError
from mvd.vessels import Outline
from mvd.vessels.edges import filled
from mvd.vessels.measure import Shape, measure
from mvd.vessels.outlines import Packed, pack

Mask = NDArray[np.uint8]
Rings = Sequence[NDArray[np.floating]]

LARGEST_UM = 2000.0
"""A vessel drawn by hand is no wider or higher: it would be an area of tissue."""


@dataclass(frozen=True)
class Drawn:
    """A vessel in pixels of the analysis level.

    Attributes
    ----------
    stained : (h, w) uint8
        The wall, 0 or 1; one pixel of nothing round it.
    whole : (h, w) uint8
        Wall and lumen.
    top, left : int
        Where the masks lie, px.
    """

    stained: Mask
    whole: Mask
    top: int
    left: int

    def measured(self) -> tuple[Shape, Packed]:
        """Measure it, in px, and trace its outline."""
        shape, contours = measure(self.stained, self.whole, self.top, self.left)
        return shape, pack(contours, self.left, self.top, 1)


def drawn_polygon(polygon_um: Rings, mpp: float, slide_px: tuple[int, int]) -> Drawn:
    """Draw a vessel from its outer ring and the rings of its lumens.

    Parameters
    ----------
    polygon_um : sequence of (n, 2) array
        (x, y), um, not closed.
    mpp : float
        um/px of the analysis level.
    slide_px : (int, int)
        Rows and columns of the analysis level; what lies beyond is left out.

    Raises
    ------
    CorrectionsError
        It is wider than a vessel can be, holds no pixel of the slide, or is all lumen.
    """
    outer, *lumens = [np.asarray(ring, np.float64) / mpp for ring in polygon_um]
    low, high = np.floor(outer.min(axis=0)).astype(int), np.ceil(outer.max(axis=0)).astype(int)
    if ((high - low) * mpp > LARGEST_UM).any():
        raise CorrectionsError(f"the outline is more than {LARGEST_UM:g} um across; draw round one vessel")
    low, high = np.maximum(low, 0), np.minimum(high, slide_px[::-1])
    if (high <= low).any():
        raise CorrectionsError("the outline holds no pixel of the slide; draw it on the slide")
    left, top = (low - 1).tolist()
    shape = (int(high[1] - low[1]) + 2, int(high[0] - low[0]) + 2)
    whole = _on_the_slide(filled(inside([outer], shape, top, left)), slide_px, top, left)
    stained: Mask = whole & (1 - inside(lumens, shape, top, left))
    if not whole.any():
        raise CorrectionsError("the outline holds no pixel of the slide; draw it larger, or set a point")
    if not stained.any():
        raise CorrectionsError("the lumen leaves nothing of the wall; draw it smaller")
    return Drawn(stained, whole, top, left)


def drawn_point(x_um: float, y_um: float, mpp: float, slide_px: tuple[int, int]) -> Drawn:
    """Draw the pixel that a point lies in; ``CorrectionsError`` if it lies beyond the slide."""
    row, col = int(np.floor(y_um / mpp)), int(np.floor(x_um / mpp))
    if not (0 <= row < slide_px[0] and 0 <= col < slide_px[1]):
        raise CorrectionsError("the point lies beyond the slide; set it on the slide")
    mask = np.zeros((3, 3), np.uint8)
    mask[1, 1] = 1
    return Drawn(mask, mask, row - 1, col - 1)


def drawn_outline(outline: Outline, mpp: float) -> Drawn:
    """Draw a vessel from its outline along pixel edges: the pixels that it was traced from."""
    around = np.concatenate(outline.outer) / mpp
    low = np.rint(around.min(axis=0)).astype(int) - 1
    high = np.rint(around.max(axis=0)).astype(int) + 1
    left, top = low.tolist()
    shape = (int(high[1] - low[1]), int(high[0] - low[0]))
    wall = inside([ring / mpp for part in outline.wall for ring in part], shape, top, left)
    lumen = inside([ring / mpp for ring in outline.lumens], shape, top, left)
    outer = inside([ring / mpp for ring in outline.outer], shape, top, left)
    # With rings of their own, lumens lie in the outer ring; else they are the holes of the wall.
    return Drawn(wall, wall | (lumen & outer), top, left)


def joined(parts: Sequence[Drawn], mpp: float) -> Drawn:
    """All of several vessels as one; ``CorrectionsError`` if they lie too far apart to be one."""
    top, left = min(part.top for part in parts), min(part.left for part in parts)
    bottom = max(part.top + part.whole.shape[0] for part in parts)
    right = max(part.left + part.whole.shape[1] for part in parts)
    if max(bottom - top, right - left) * mpp > LARGEST_UM:
        raise CorrectionsError(
            f"the vessels lie more than {LARGEST_UM:g} um apart; merge parts of one vessel"
        )
    stained, whole = np.zeros((2, bottom - top, right - left), np.uint8)
    for part in parts:
        rows = slice(part.top - top, part.top - top + part.whole.shape[0])
        cols = slice(part.left - left, part.left - left + part.whole.shape[1])
        stained[rows, cols] |= part.stained
        whole[rows, cols] |= part.whole
    return Drawn(stained, whole, top, left)


def inside(rings_px: Iterable[NDArray[np.floating]], shape: tuple[int, int], top: int, left: int) -> Mask:
    """Which pixels have their middle inside an odd number of rings, (h, w) uint8 of 0 and 1."""
    turns = np.zeros((shape[0], shape[1] + 1), np.int64)
    for ring in rings_px:
        start, stop = ring, np.roll(ring, -1, axis=0)
        down = start[:, 1] <= stop[:, 1]
        # Always from the upper end to the lower: an edge that two rings share is crossed at the same place.
        upper, lower = np.where(down[:, None], start, stop), np.where(down[:, None], stop, start)
        first = np.clip(np.ceil(upper[:, 1] - 0.5 - top), 0, shape[0]).astype(int)
        last = np.clip(np.ceil(lower[:, 1] - 0.5 - top), 0, shape[0]).astype(int)
        counts = last - first
        edge = np.repeat(np.arange(len(ring)), counts)
        row = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
        part = (row + 0.5 + top - upper[edge, 1]) / (lower[edge, 1] - upper[edge, 1])
        cross = upper[edge, 0] + part * (lower[edge, 0] - upper[edge, 0])
        col = np.clip(np.ceil(cross - 0.5 - left), 0, shape[1]).astype(int)
        np.add.at(turns, (row, col), 1)
    return (np.cumsum(turns[:, :-1], axis=1) & 1).astype(np.uint8)


def _on_the_slide(mask: Mask, slide_px: tuple[int, int], top: int, left: int) -> Mask:
    rows, cols = np.arange(mask.shape[0]) + top, np.arange(mask.shape[1]) + left
    seen = ((rows >= 0) & (rows < slide_px[0]))[:, None] & ((cols >= 0) & (cols < slide_px[1]))
    return np.ascontiguousarray(mask * seen, np.uint8)
