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
from mvd.vessels.measure import Mask, lumen_width, trace
from mvd.vessels.pieces import Piece

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
    least_area_px = _circle_um2(least_width_um) / mpp**2
    if np.count_nonzero(holes) < least_area_px:
        return piece.whole, ()
    whole, lumens = piece.whole.copy(), []
    count, labels, stats, _ = cv2.connectedComponentsWithStats(holes, connectivity=4)
    for number in range(1, count):
        if stats[number, cv2.CC_STAT_AREA] < least_area_px:
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
    hull = cv2.convexHull(np.concatenate(trace(hole)))
    full: Mask = cv2.fillConvexPoly(hole.copy(), hull, 1)
    return full


def mark_contents(rows: list[dict[str, object]], lumens: list[WideLumen]) -> None:
    """Mark counted candidates whose centroid lies in a wide lumen: they are its contents, not vessels."""
    xy_um = np.array([[row["x_um"], row["y_um"]] for row in rows], dtype=np.float64).reshape(-1, 2)
    for lumen in lumens:
        cols, lines = np.floor(xy_um / lumen.mpp).astype(np.int64).T - [[lumen.place.col], [lumen.place.row]]
        inside = (cols >= 0) & (lines >= 0) & (cols < lumen.place.width) & (lines < lumen.place.height)
        inside[inside] = lumen.mask[lines[inside], cols[inside]] > 0
        for index in np.flatnonzero(inside):
            if rows[index]["counted"]:
                rows[index].update(counted=False, reason="lumen_too_wide")


def _bare_part(lumen: WideLumen, tissue: Tissue) -> float:
    """Part of a lumen in which nothing lies, 0 to 1."""
    lines, cols = np.nonzero(lumen.mask)
    scale = lumen.mpp / tissue.mpp
    line_index = _coarse(lines + lumen.place.row, scale, tissue.bare.shape[0])
    col_index = _coarse(cols + lumen.place.col, scale, tissue.bare.shape[1])
    return float(tissue.bare[line_index, col_index].mean())


def _coarse(index: NDArray[np.int64], scale: float, length: int) -> NDArray[np.int64]:
    return np.clip(((index + 0.5) * scale).astype(np.int64), 0, length - 1)


def _circle_um2(width_um: float) -> float:
    """Area of a circle ``width_um`` across, um2."""
    return UM2_PER_MM2 * (width_um / 2 / circle_radius_um(1.0)) ** 2
