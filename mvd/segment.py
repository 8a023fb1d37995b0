"""One tile: RGB -> DAB -> candidate mask. Local operations only.

Input: a tile with its halo, and what was fitted once per slide. Output: DAB in integer milli-OD and the mask of
what may be vessel wall. Every operation has the finite reach that ``reach_px`` sums up and is exact integer
arithmetic, so a pixel's answer does not depend on the tile that it was computed in.
"""

from dataclasses import dataclass

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from mvd.settings import VesselSettings
from mvd.slide.base import Rgb
from mvd.stain import LUT_SCALE, Stain, stain_luts

ZERO_MILLI_OD = 1000
"""DAB is kept as unsigned milli-OD above this offset, for unmixed DAB may be below zero."""

_HALF = LUT_SCALE // 2

MilliOd = NDArray[np.uint16]
Luts = NDArray[np.int32]


@dataclass(frozen=True)
class Filters:
    """The local filters in pixels of the analysis level: sizes of the blur and of the closing, odd, px."""

    blur_sigma_px: float
    blur_px: int
    close_px: int

    @property
    def reach_px(self) -> int:
        """How far a pixel's answer looks: the halo that a tile needs, px."""
        return self.blur_px // 2 + 2 * (self.close_px // 2)


@dataclass(frozen=True)
class Segmenter:
    """What every tile of one slide is segmented with.

    Attributes
    ----------
    luts : (3, 3, 256) int32
        Of ``stain_luts``.
    filters : Filters
    low : int
        Outline threshold, milli-OD above ``ZERO_MILLI_OD``'s offset.
    """

    luts: Luts
    filters: Filters
    low: int


def local_filters(settings: VesselSettings, mpp: float) -> Filters:
    """Turn the filters' sizes from um into pixels of ``mpp`` um."""
    sigma_px = settings.blur_um / mpp
    blur_px = 2 * round(3 * sigma_px) + 1
    close_px = 2 * round(settings.close_um / mpp) + 1
    return Filters(sigma_px, blur_px, close_px)


def make_segmenter(stain: Stain, settings: VesselSettings, mpp: float) -> Segmenter:
    """Bring the slide's fit and the settings into the form that tiles need."""
    luts = stain_luts(stain.white_point, stain.matrix)
    return Segmenter(luts, local_filters(settings, mpp), to_stored(stain.low_od))


def to_stored(od: float) -> int:
    """Optical density -> stored milli-OD (with the offset)."""
    return round(od * 1000) + ZERO_MILLI_OD


def smooth_dab(rgb: Rgb, luts: Luts, filters: Filters) -> MilliOd:
    """DAB of a tile after the noise filter.

    Returns
    -------
    (h, w) uint16
        Milli-OD + ``ZERO_MILLI_OD``. Within ``filters.blur_px // 2`` of the tile's edge it is only right where
        the edge is the slide's own.
    """
    dab: MilliOd = _dab(np.ascontiguousarray(rgb), luts[1])
    if filters.blur_px == 1:
        return dab
    size = (filters.blur_px, filters.blur_px)
    blurred: MilliOd = cv2.GaussianBlur(dab, size, filters.blur_sigma_px, borderType=cv2.BORDER_REPLICATE)
    return blurred


def candidate_mask(dab: MilliOd, segmenter: Segmenter) -> NDArray[np.uint8]:
    """What may be vessel wall: DAB at least ``low``, gaps up to the closing's size closed; (h, w) uint8, 0 or 1."""
    mask = (dab >= segmenter.low).view(np.uint8)
    size = segmenter.filters.close_px
    if size == 1:
        return mask
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    closed: NDArray[np.uint8] = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, element)
    return closed


@numba.njit(cache=True, nogil=True)
def _dab(rgb, lut):  # type: ignore[no-untyped-def]
    height, width, _ = rgb.shape
    out = np.empty((height, width), np.uint16)
    for row in range(height):
        for col in range(width):
            value = lut[0, rgb[row, col, 0]] + lut[1, rgb[row, col, 1]] + lut[2, rgb[row, col, 2]]
            milli = (value + _HALF) // LUT_SCALE + ZERO_MILLI_OD
            out[row, col] = min(max(milli, 0), 65535)
    return out
