"""Wide lumens: told from tissue that vessels surround, and what floats in them is no vessel.

Input: pieces whose walls enclose more than a capillary's lumen, and the tissue. Output: the filled vessel without
holes that hold tissue; red cells and scraps inside a wide lumen are marked as not counted.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.geometry import UM2_PER_MM2, Rect, circle_radius_um
from mvd.tissue import Tissue
from mvd.vessels.measure import Mask, lumen_width
from mvd.vessels.pieces import Piece

LEAST_BARE_PART = 0.5
"""A lumen is empty in at least this part; the rest may be red cells and serum."""


@dataclass
class WideLumens:
    """The wide lumens of one slide, as they are met.

    Attributes
    ----------
    tissue : Tissue
    least_width_um : float
        A narrower hole is a lumen without further question.
    """

    tissue: Tissue
    least_width_um: float
    _found: list[tuple[Rect, Mask, float]] = field(default_factory=list)

    def keep_lumens(self, piece: Piece, corner: tuple[int, int], mpp: float) -> Mask:
        """The filled vessel, wide holes that hold tissue left out; (h, w) uint8 like ``piece.whole``."""
        holes = piece.whole & ~piece.stained
        if np.count_nonzero(holes) * mpp**2 < _circle_um2(self.least_width_um):
            return piece.whole
        whole = piece.whole.copy()
        _, labels, stats, _ = cv2.connectedComponentsWithStats(holes, connectivity=4)
        for number in np.flatnonzero(stats[:, cv2.CC_STAT_AREA] * mpp**2 >= _circle_um2(self.least_width_um)):
            hole = (labels == number).astype(np.uint8)
            if number == 0 or lumen_width(hole) * mpp <= self.least_width_um:
                continue
            place = Rect(corner[0] + piece.top, corner[1] + piece.left, *hole.shape)
            if self._is_bare(hole, place, mpp):
                self._found.append((place, hole, mpp))
            else:
                whole[hole > 0] = 0
        return whole

    def mark_contents(self, rows: list[dict[str, object]]) -> None:
        """Mark brown candidates whose centroid lies in a wide lumen: they are its contents, not vessels."""
        if not self._found:
            return
        xy = np.array([[row["x_um"], row["y_um"]] for row in rows], dtype=np.float64)
        for place, hole, mpp in self._found:
            cols, line = np.floor(xy / mpp).astype(np.int64).T - np.array([[place.col], [place.row]])
            inside = (cols >= 0) & (line >= 0) & (cols < place.width) & (line < place.height)
            inside[inside] = hole[line[inside], cols[inside]] > 0
            for index in np.flatnonzero(inside):
                if rows[index]["counted"]:
                    rows[index].update(counted=False, reason="lumen_too_wide")

    def _is_bare(self, hole: Mask, place: Rect, mpp: float) -> bool:
        lines, cols = np.nonzero(hole)
        bare = self.tissue.bare
        scale = mpp / self.tissue.mpp
        line_index = _coarse(lines + place.row, scale, bare.shape[0])
        col_index = _coarse(cols + place.col, scale, bare.shape[1])
        return float(bare[line_index, col_index].mean()) >= LEAST_BARE_PART


def _coarse(index: NDArray[np.int64], scale: float, length: int) -> NDArray[np.int64]:
    return np.clip(((index + 0.5) * scale).astype(np.int64), 0, length - 1)


def _circle_um2(width_um: float) -> float:
    """Area of a circle ``width_um`` across, um2."""
    return UM2_PER_MM2 * (width_um / 2 / circle_radius_um(1.0)) ** 2
