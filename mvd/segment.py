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

SKIRT, WALL = 1, 2
"""Values of a candidate mask."""

_HALF = LUT_SCALE // 2

MilliOd = NDArray[np.uint16]
Luts = NDArray[np.int32]


@dataclass(frozen=True)
class Filters:
    """The local filters in pixels of the analysis level: sizes of the windows, odd, px."""

    blur_sigma_px: float
    blur_px: int
    edge_px: int
    close_px: int

    @property
    def reach_px(self) -> int:
        """How far a pixel's answer looks: the halo that a tile needs, px."""
        return self.blur_px // 2 + self.edge_px // 2 + 2 * (self.close_px // 2)


@dataclass(frozen=True)
class Segmenter:
    """What every tile of one slide is segmented with.

    Attributes
    ----------
    luts : (3, 3, 256) int32
        Of ``stain_luts``.
    filters : Filters
    background, low : int
        DAB of the negative tissue and outline threshold, stored milli-OD.
    edge_percent, edge_most : int
        Part of the local maximum above the background that a wall's edge lies at, %, and the most that this may
        be, milli-OD.
    """

    luts: Luts
    filters: Filters
    background: int
    low: int
    edge_percent: int
    edge_most: int


def local_filters(settings: VesselSettings, mpp: float) -> Filters:
    """Turn the filters' sizes from um into pixels of ``mpp`` um."""
    sigma_px = settings.blur_um / mpp
    blur_px = 2 * round(3 * sigma_px) + 1
    edge_px = 2 * round(settings.edge_reach_um / mpp) + 1
    close_px = 2 * round(settings.close_um / mpp) + 1
    return Filters(sigma_px, blur_px, edge_px, close_px)


def make_segmenter(stain: Stain, settings: VesselSettings, mpp: float) -> Segmenter:
    """Bring the slide's fit and the settings into the form that tiles need."""
    luts = stain_luts(stain.white_point, stain.matrix)
    filters = local_filters(settings, mpp)
    percent = round(settings.edge_part * 100)
    most = round(settings.edge_most_od * 1000)
    return Segmenter(luts, filters, to_stored(stain.background_od), to_stored(stain.low_od), percent, most)


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
    """What may be vessel: 0 nothing, ``SKIRT`` or ``WALL``; (h, w) uint8.

    A candidate has a DAB of at least ``low``. It is wall where it also has ``edge_percent`` of the strongest DAB
    nearby, for the edge of a blurred wall lies at half of its maximum, or so much that it is wall beside any
    neighbour. The rest is skirt: it holds a vessel together, but is no part of what is measured, and lumens stay
    open in it. Gaps up to the closing's size are closed in both.
    """
    candidate, wall = open_masks(dab, segmenter)
    return closed_mask(candidate, wall, segmenter.filters)


def open_masks(dab: MilliOd, segmenter: Segmenter) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Candidates and the wall among them before gaps are closed, 0 or 1 each."""
    edge_px = segmenter.filters.edge_px
    strongest = cv2.dilate(dab, np.ones((edge_px, edge_px), np.uint8))
    edge = (segmenter.background, segmenter.edge_percent, segmenter.edge_most)
    candidate, wall = _edges(dab, strongest, segmenter.low, edge)
    return candidate, wall


def closed_mask(candidate: NDArray[np.uint8], wall: NDArray[np.uint8], filters: Filters) -> NDArray[np.uint8]:
    """Close gaps in candidates and in the wall within them, 0 or 1 each, and put both into one mask."""
    if filters.close_px > 1:
        element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (filters.close_px, filters.close_px))
        candidate = cv2.morphologyEx(candidate, cv2.MORPH_CLOSE, element)
        wall = cv2.morphologyEx(wall, cv2.MORPH_CLOSE, element)
    # The closed wall lies in the closed candidate, so that the sum is 0, 1 or 2.
    mask: NDArray[np.uint8] = candidate + wall
    return mask


@numba.njit(cache=True, nogil=True)
def _edges(dab, strongest, low, edge):  # type: ignore[no-untyped-def]
    background, percent, most = edge
    height, width = dab.shape
    candidate = np.empty((height, width), np.uint8)
    wall = np.empty((height, width), np.uint8)
    for row in range(height):
        for col in range(width):
            here = np.int32(dab[row, col])
            wanted = min((np.int32(strongest[row, col]) - background) * percent, most * 100)
            enough = (here - background) * 100 >= wanted
            candidate[row, col] = here >= low
            wall[row, col] = here >= low and enough
    return candidate, wall


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
