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
from mvd.tissue.coarse import coarse_view, disc
from mvd.tissue.glass import Glass, find_glass
from mvd.tissue.unscanned import unscanned

SMOOTH_UM = 4.0
"""Sigma of the blur under which tissue is judged: about half a nucleus, so that cytoplasm between nuclei counts."""

_STRIP_ROWS = 64
# Clipped glass has no grain, and all beside it seems paler by as much as is clipped: so much of the least OD is tissue.
_CLIPPED_PART = 0.5


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
    parts : (h, w) uint8, optional
        How much of each pixel is tissue that is analysed, 255ths, where regions or damage limit it; ``mask`` is True
        from a half on. None where the whole mask is analysed.
    invalid_fraction : float
        Part of the tissue that could not be decoded, 0 to 1; it is no part of ``mask`` and ``parts``.
    warnings : tuple of str
        ``code: what was found and what to do``, each on one line.
    """

    mask: NDArray[np.bool_]
    bare: NDArray[np.bool_]
    mpp: float
    white_point: tuple[float, float, float]
    white_point_source: str
    parts: NDArray[np.uint8] | None = None
    invalid_fraction: float = 0.0
    warnings: tuple[str, ...] = ()

    @property
    def area_mm2(self) -> float:
        """Area of the tissue that is analysed, mm2."""
        area_px = (
            np.count_nonzero(self.mask) if self.parts is None else int(self.parts.sum(dtype=np.int64)) / 255
        )
        return px_to_mm2(float(area_px), self.mpp)


def find_tissue(
    overview: Rgb,
    mpp: float,
    settings: TissueSettings,
    white_point: tuple[int, int, int] | None = None,
    *,
    scanned: NDArray[np.bool_] | None = None,
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
    scanned : (h, w) bool, optional
        False where the file says that nothing was scanned: neither tissue nor glass. All of it when left out.
        Black areas, and those that an export filled up with 255, are left out as well.

    Raises
    ------
    NoTissue
        When nothing is darker than the background by ``settings.min_od``, or nothing was scanned.
    """
    coarse = coarse_view(overview, mpp)
    missing = np.zeros(overview.shape[:2], bool) if scanned is None else ~scanned
    missing, doubts = unscanned(overview, mpp, coarse, missing)
    if missing.all():
        raise NoTissue(
            "no tissue: nothing of the slide was scanned, or all of it is black; look at the slide"
        )
    glass = find_glass(overview, mpp, coarse, missing)
    white = glass.white if white_point is None else np.array(white_point, float)
    source = glass.source if white_point is None else "user"
    od = _mean_od(overview, white, glass.light)
    least_od, mask = _stained(od, glass, missing, settings, mpp)
    # A field without bare glass has no edge to find: all of it is tissue, however pale.
    if source == "brightest":
        mask = np.ones_like(missing)
    mask &= ~missing
    mask = _without_small(mask, settings.min_area_mm2, mpp)
    mask = ~_without_small(~mask, settings.max_hole_mm2, mpp, open_at=_edge(mask.shape) | missing)
    mask &= ~missing
    if not mask.any():
        raise NoTissue(
            f"no tissue: nothing is {settings.min_od:g} OD darker than the background; "
            "look at the slide, then try a lower --tissue-min-od"
        )
    red, green, blue = (float(value) for value in white)
    warnings = doubts + (glass.warnings if white_point is None else ())
    bare = (od <= 2 * least_od) & ~missing
    return Tissue(mask, bare, mpp, (red, green, blue), source, warnings=warnings)


def _stained(
    od: NDArray[np.float32], glass: Glass, missing: NDArray[np.bool_], settings: TissueSettings, mpp: float
) -> tuple[float, NDArray[np.bool_]]:
    """Return the least OD of tissue, and where the smoothed OD is above it, small gaps closed."""
    sigma_px = max(um_to_px(SMOOTH_UM, mpp), 0.5)
    smooth = cv2.GaussianBlur(od, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE)
    if missing.any():  # beside what was not scanned, the mean is of scanned pixels alone
        known = (~missing).astype(np.float32)
        part = cv2.GaussianBlur(known, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE)
        smooth = cv2.GaussianBlur(od * known, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE)
        smooth = np.where(missing, np.float32(0), smooth / np.maximum(part, np.float32(1e-3)))
    least_od = _threshold_od(smooth, glass.mask, settings.min_od * (_CLIPPED_PART if glass.clipped else 1))
    return least_od, _closed(smooth > least_od, settings.close_um, mpp)


def _mean_od(
    overview: Rgb, white: NDArray[np.float64], light: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    levels = np.arange(1, 257, dtype=np.float64)[:, None]
    lut = -np.log10(levels / (white + 1))
    od = np.empty(overview.shape[:2], np.float32)
    # In strips, for the sums are in double precision and an overview of them would be large.
    for row in range(0, len(overview), _STRIP_ROWS):
        strip = overview[row : row + _STRIP_ROWS]
        od[row : row + _STRIP_ROWS] = sum(lut[strip[..., channel], channel] for channel in range(3)) / 3
    if light is not None:
        od += np.log10(light)
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
    element = disc(radius_um, mpp)
    margin = element.shape[0]
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, element) > 0
    inner: NDArray[np.bool_] = closed[margin:-margin, margin:-margin]
    return inner


def _edge(shape_px: tuple[int, int]) -> NDArray[np.bool_]:
    edge = np.ones(shape_px, bool)
    edge[1:-1, 1:-1] = False
    return edge


def _without_small(
    mask: NDArray[np.bool_], least_mm2: float, mpp: float, *, open_at: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Drop the 8-connected parts of ``mask`` below ``least_mm2``; one that meets ``open_at`` may be larger."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] * px_to_mm2(1, mpp) >= least_mm2
    if open_at is not None:
        large[labels[open_at]] = True
    large[0] = False
    kept: NDArray[np.bool_] = large[labels]
    return kept
