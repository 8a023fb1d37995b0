"""Overview -> tissue mask, tissue area and white point.

Input: the overview, RGB at a known pixel size. Output: ``Tissue``. Never reads a slide, and never looks at DAB:
a slide without a vessel has the same tissue as one full of them.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.errors import NoTissue
from mvd.geometry import px_to_mm2, um_to_px
from mvd.settings import TissueSettings
from mvd.slide.base import Rgb

SMOOTH_UM = 4.0
"""Sigma of the blur under which tissue is judged: about half a nucleus, so that cytoplasm between nuclei counts."""

BARE_RADIUS_UM = 10.0
"""Bare glass holds a disc of this radius; the pale gaps between nuclei do not."""

# Background is bright (against the brightest of the slide), nearly neutral and flat.
_BRIGHT_PART, _CHROMA_PART, _FLAT_LEVELS = 0.93, 0.15, 3.0
_LEAST_BACKGROUND_PART = 0.002
_STRIP_ROWS = 64
_BLACK_LEVEL = 10


@dataclass(frozen=True)
class Tissue:
    """Where tissue is.

    Attributes
    ----------
    mask : (h, w) bool
        True on tissue; its top left corner is the slide's.
    bare : (h, w) bool
        True where nothing lies, inside the tissue too (lumens, clefts).
    mpp : float
        Pixel size of the masks, um/px.
    white_point : (float, float, float)
        Background colour, R G B, 1 to 255.
    white_point_source : str
        ``background``, ``brightest`` (a field without background) or ``user``.
    """

    mask: NDArray[np.bool_]
    bare: NDArray[np.bool_]
    mpp: float
    white_point: tuple[float, float, float]
    white_point_source: str

    @property
    def area_mm2(self) -> float:
        """Area of the tissue, mm2."""
        return px_to_mm2(float(np.count_nonzero(self.mask)), self.mpp)


def find_tissue(
    overview: Rgb, mpp: float, settings: TissueSettings, white_point: tuple[int, int, int] | None = None
) -> Tissue:
    """Find the tissue and the white point of a slide.

    Parameters
    ----------
    overview : (h, w, 3) uint8
        The whole slide.
    mpp : float
        Pixel size of the overview, um/px.
    settings : TissueSettings
    white_point : (int, int, int), optional
        Background colour given by the user; measured when left out.

    Raises
    ------
    NoTissue
        When nothing is darker than the background by ``settings.min_od``.
    """
    background = _background(overview, mpp)
    white, source = _white_point(overview, background) if white_point is None else (white_point, "user")
    od = _mean_od(overview, white)
    smooth = cv2.GaussianBlur(od, (0, 0), max(um_to_px(SMOOTH_UM, mpp), 0.5), borderType=cv2.BORDER_REPLICATE)
    least_od = _threshold_od(smooth, background, settings.min_od)
    # A field without bare glass has no edge to find: all of it is tissue, however pale.
    mask = (
        np.ones_like(background)
        if source == "brightest"
        else _closed(smooth > least_od, settings.close_um, mpp)
    )
    mask &= ~_unscanned(overview, mpp)
    mask = _without_small(mask, settings.min_area_mm2, mpp)
    mask = ~_without_small(~mask, settings.max_hole_mm2, mpp, keep_at_edge=True)
    if not mask.any():
        raise NoTissue(
            f"no tissue: nothing is {settings.min_od:g} OD darker than the background; "
            "look at the slide, then try a lower --tissue-min-od"
        )
    red, green, blue = (float(value) for value in white)
    return Tissue(mask, od <= 2 * least_od, mpp, (red, green, blue), source)


def _unscanned(overview: Rgb, mpp: float) -> NDArray[np.bool_]:
    """Black areas that hold a disc: not scanned, or covered. No tissue is so dark over so much."""
    black = (overview.max(axis=2) <= _BLACK_LEVEL).astype(np.uint8)
    found: NDArray[np.bool_] = cv2.morphologyEx(black, cv2.MORPH_OPEN, _disc(BARE_RADIUS_UM, mpp)) > 0
    return found


def _background(overview: Rgb, mpp: float) -> NDArray[np.bool_]:
    """Pixels that look like bare glass: bright, neutral, flat, and a good many together."""
    red, green, blue = cv2.split(overview)
    brightest = cv2.max(cv2.max(red, green), blue)
    chroma = cv2.subtract(brightest, cv2.min(cv2.min(red, green), blue))
    mean = (np.add(red, green, dtype=np.uint16) + blue).astype(np.float32)
    mean /= np.float32(3)
    around = cv2.blur(mean, (5, 5))
    flat = cv2.absdiff(mean, around) <= _FLAT_LEVELS
    bright = mean >= _BRIGHT_PART * np.percentile(around, 99.5)
    most_chroma = (np.float32(_CHROMA_PART) * np.arange(256, dtype=np.float32)).astype(np.uint8)
    neutral = chroma <= cv2.LUT(brightest, most_chroma)
    candidates = (bright & neutral & flat).astype(np.uint8)
    # A disc of glass may hold a speck of dust or grain: nineteen parts of twenty must be bare.
    disc = _disc(BARE_RADIUS_UM, mpp)
    part = cv2.filter2D(candidates.astype(np.float32), -1, disc / disc.sum(), borderType=cv2.BORDER_REPLICATE)
    discs = cv2.dilate((part >= 0.95).astype(np.uint8), disc)
    found: NDArray[np.bool_] = (candidates & discs) > 0
    return found


def _disc(radius_um: float, mpp: float) -> NDArray[np.uint8]:
    """Structuring element of a disc; one pixel where the radius is below half a pixel."""
    radius_px = round(um_to_px(radius_um, mpp))
    element: NDArray[np.uint8] = cv2.getStructuringElement(
        cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1)
    ).astype(np.uint8)
    return element


def _white_point(overview: Rgb, background: NDArray[np.bool_]) -> tuple[NDArray[np.float64], str]:
    """Colour of the bare glass; in a field without any, the colour of its brightest hundredth."""
    if background.mean() >= _LEAST_BACKGROUND_PART:
        # The upper quartile: pale tissue that passes for background only darkens the lower part.
        return np.percentile(overview[background], 75, axis=0).clip(1), "background"
    return np.percentile(overview.reshape(-1, 3), 99, axis=0).clip(1), "brightest"


def _mean_od(overview: Rgb, white: NDArray[np.float64] | tuple[int, int, int]) -> NDArray[np.float32]:
    levels = np.arange(1, 257, dtype=np.float64)[:, None]
    lut = -np.log10(levels / (np.asarray(white, dtype=np.float64) + 1))
    od = np.empty(overview.shape[:2], np.float32)
    # In strips, for the sums are in double precision and an overview of them would be large.
    for row in range(0, len(overview), _STRIP_ROWS):
        strip = overview[row : row + _STRIP_ROWS]
        od[row : row + _STRIP_ROWS] = sum(lut[strip[..., channel], channel] for channel in range(3)) / 3
    return od.clip(0, out=od)


def _threshold_od(od: NDArray[np.float32], background: NDArray[np.bool_], min_od: float) -> float:
    """Least OD of tissue: the setting, or more where the background itself is uneven."""
    bare = od[background & (od < 2 * min_od)]
    if bare.size == 0:
        return min_od
    centre = float(np.median(bare))
    spread = 1.4826 * float(np.median(np.abs(bare - centre)))
    return max(min_od, min(centre + 4 * spread, 2 * min_od))


def _closed(mask: NDArray[np.bool_], radius_um: float, mpp: float) -> NDArray[np.bool_]:
    """Close gaps up to ``2 x radius_um``; beyond the slide's edge the mask goes on as it is at the edge."""
    element = _disc(radius_um, mpp)
    margin = element.shape[0]
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, element) > 0
    inner: NDArray[np.bool_] = closed[margin:-margin, margin:-margin]
    return inner


def _without_small(
    mask: NDArray[np.bool_], least_mm2: float, mpp: float, *, keep_at_edge: bool = False
) -> NDArray[np.bool_]:
    """Drop the 8-connected parts of ``mask`` below ``least_mm2``; one cut by the slide's edge may be larger."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] * px_to_mm2(1, mpp) >= least_mm2
    if keep_at_edge:
        large[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = True
    large[0] = False
    kept: NDArray[np.bool_] = large[labels]
    return kept
