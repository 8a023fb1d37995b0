"""Tissue mask -> the same tissue in larger pixels.

Input: ``Tissue``. Output: a grid of the part of each pixel that is tissue, or a mask by majority. Never moves the
origin: pixel (0, 0) has its top left corner at the slide's.
"""

from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from mvd.geometry import UM2_PER_MM2
from mvd.tissue import Tissue

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class TissueGrid:
    """How much of each pixel is tissue.

    Attributes
    ----------
    part : (h, w) float32
        Part of the pixel that is tissue, 0 to 1.
    mpp : float
        Pixel size, um/px.
    """

    part: NDArray[np.float32]
    mpp: float

    @property
    def pixel_mm2(self) -> float:
        """Area of one pixel, mm2."""
        return self.mpp**2 / UM2_PER_MM2

    @property
    def area_mm2(self) -> float:
        """Area of the tissue, mm2; that of the mask it was made from, to seven digits."""
        return float(self.part.sum(dtype=np.float64)) * self.pixel_mm2

    def indices(self, xy_um: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows and columns of the pixels that hold (n, 2) positions; what lies off the grid goes to its rim."""
        height, width = self.part.shape
        at = np.floor(np.asarray(xy_um, dtype=np.float64).reshape(-1, 2) / self.mpp).astype(np.int64)
        return at[:, 1].clip(0, height - 1), at[:, 0].clip(0, width - 1)


def tissue_grid(tissue: Tissue, largest_mpp: float) -> TissueGrid:
    """Merge whole blocks of the mask's pixels into pixels of at most ``largest_mpp`` um (or leave them).

    Parameters
    ----------
    tissue : Tissue
    largest_mpp : float
        um/px, > 0. A mask that is coarser already stays as it is.
    """
    factor = max(1, floor(largest_mpp / tissue.mpp))
    parts = tissue.mask if tissue.parts is None else tissue.parts
    whole = 1 if tissue.parts is None else 255
    if factor == 1:
        return TissueGrid(np.divide(parts, whole, dtype=np.float32), tissue.mpp)
    rows, cols = (np.arange(0, size, factor) for size in parts.shape)
    across = np.add.reduceat(parts, cols, axis=1, dtype=np.uint32)
    sums = np.add.reduceat(across, rows, axis=0, dtype=np.uint64)
    part = (sums / float(whole * factor * factor)).astype(np.float32)
    return TissueGrid(part, tissue.mpp * factor)


def majority_mask(grid: TissueGrid) -> Mask:
    """The pixels that are tissue by half or more, cropped to where any is; (0, 0) where none is."""
    mask = grid.part >= 0.5
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return np.zeros((0, 0), dtype=np.bool_)
    return mask[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
