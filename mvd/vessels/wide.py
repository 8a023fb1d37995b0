"""Wide lumens: told from tissue that vessels surround, and what floats in them is no vessel.

Input: pieces whose walls enclose more than a capillary's lumen, and the tissue. Output: the filled vessel without
holes that hold tissue; red cells and scraps inside a wide lumen are marked as not counted.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.geometry import UM2_PER_MM2, Rect, circle_radius_um
from mvd.tissue import Tissue
from mvd.vessels.distance import lumen_width
from mvd.vessels.edges import Mask
from mvd.vessels.hull import hull_of
from mvd.vessels.pieces import Piece
from mvd.vessels.regions import AREA, connected

Positions = NDArray[np.float64]

LEAST_BARE_PART = 0.5
"""A lumen is empty in at least this part; the rest may be red cells and serum."""


@dataclass(frozen=True)
class WideLumen:
    """A lumen wider than a microvessel's.

    Attributes
    ----------
    mask : (h, w) uint8
    place : Rect
        Where the mask lies, px of ``mpp``.
    mpp : float
        Pixel size, um/px.
    width_um : float
        Diameter of the largest circle inside.
    """

    mask: Mask
    place: Rect
    mpp: float
    width_um: float


def keep_lumens(
    piece: Piece, corner: tuple[int, int], mpp: float, *, tissue: Tissue, least_width_um: float
) -> tuple[Mask, tuple[WideLumen, ...]]:
    """The filled vessel without wide holes that hold tissue, and its wide lumens.

    Parameters
    ----------
    piece : Piece
    corner : (int, int)
        Row and column of the piece's crop, px.
    mpp : float
        Pixel size of the piece, um/px.
    tissue : Tissue
        Its ``bare`` tells what is empty.
    least_width_um : float
        A narrower hole is a lumen without further question.
    """
    holes = piece.whole & ~piece.stained
    least_area_px = circle_px2(least_width_um, mpp)
    if np.count_nonzero(holes) < least_area_px:
        return piece.whole, ()
    whole, lumens = piece.whole.copy(), []
    labels, found = connected(holes, 4)
    for number in range(1, len(found)):
        if found[number, AREA] < least_area_px:
            continue
        hole = (labels == number).astype(np.uint8)
        full = _with_contents(hole) & piece.whole
        width_um = lumen_width(full) * mpp
        if width_um <= least_width_um:
            continue
        lumen = WideLumen(
            full, Rect(corner[0] + piece.top, corner[1] + piece.left, *hole.shape), mpp, width_um
        )
        if _bare_part(lumen, tissue) >= LEAST_BARE_PART:
            lumens.append(lumen)
        else:
            whole[hole > 0] = 0
    return whole, tuple(lumens)


def _with_contents(hole: Mask) -> Mask:
    """The convex hull of a lumen: red cells that stick to its wall are in it, not part of the wall."""
    full: Mask = cv2.fillConvexPoly(hole.copy(), hull_of(hole), 1)
    return full


def within(lumens: list[WideLumen], x_um: Positions, y_um: Positions) -> NDArray[np.bool_]:
    """Whether each position, (n,) float64 sorted by ``y_um``, lies in a wide lumen: it is its contents, no vessel."""
    found = np.zeros(len(y_um), bool)
    for lumen in lumens:
        place = lumen.place
        start, stop = np.searchsorted(y_um, [place.row * lumen.mpp, place.row_stop * lumen.mpp])
        lines = np.floor(y_um[start:stop] / lumen.mpp).astype(np.int64) - place.row
        cols = np.floor(x_um[start:stop] / lumen.mpp).astype(np.int64) - place.col
        inside = (cols >= 0) & (lines >= 0) & (cols < place.width) & (lines < place.height)
        inside[inside] = lumen.mask[lines[inside], cols[inside]] > 0
        found[start:stop] |= inside
    return found


def _bare_part(lumen: WideLumen, tissue: Tissue) -> float:
    """Part of a lumen in which nothing lies, 0 to 1."""
    lines, cols = np.nonzero(lumen.mask)
    scale = lumen.mpp / tissue.mpp
    line_index = _coarse(lines + lumen.place.row, scale, tissue.bare.shape[0])
    col_index = _coarse(cols + lumen.place.col, scale, tissue.bare.shape[1])
    return float(tissue.bare[line_index, col_index].mean())


def _coarse(index: NDArray[np.int64], scale: float, length: int) -> NDArray[np.int64]:
    return np.clip(((index + 0.5) * scale).astype(np.int64), 0, length - 1)


def circle_px2(width_um: float, mpp: float) -> float:
    """Area of a circle ``width_um`` across, px2."""
    return UM2_PER_MM2 * (width_um / 2 / circle_radius_um(1.0)) ** 2 / mpp**2
