"""Overview -> what of it was never scanned: left out by the file, black, or filled up with white.

Neither tissue nor bare glass: it is in no area, and no white point is taken from it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.slide.base import Rgb
from mvd.tissue.coarse import CoarseView, disc, extremes, reduced_mask

BLACK_RADIUS_UM = 10.0
"""No tissue is black over a disc of this radius."""
FILLED_RADIUS_UM = 40.0
"""White filling holds a disc of this radius that is exactly 255."""

_BLACK_LEVEL = 10
_LEAST_PART, _BELOW_WHITE, _BRIGHTEST_MARGIN = 0.002, 4, 6
_LEAST_GLASS, _MOST_CHROMA = 190, 20  # levels
_CLIPPED_PART = 0.05
_RIM_UM = 24.0  # as far as JPEG rings round a step


def unscanned(
    overview: Rgb, mpp: float, coarse: CoarseView, missing: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Return where nothing was scanned, and a warning where that was inferred from white filling.

    Parameters
    ----------
    overview : (h, w, 3) uint8
    mpp : float
        Pixel size, um/px.
    coarse : CoarseView
        Of the overview.
    missing : (h, w) bool
        What the file itself says was not scanned.
    """
    darkest, brightest = extremes(overview)
    missing = missing | _black(brightest, mpp)
    filled = _filled_with_white((darkest == 255) & ~missing, coarse, missing)
    if filled is None:
        return missing, ()
    warning = (
        f"white_filling: {filled.mean():.1%} of the picture is exactly white beside darker glass and was taken "
        "for not scanned; look at overview.png"
    )
    return missing | filled, (warning,)


def _black(brightest: NDArray[np.uint8], mpp: float) -> NDArray[np.bool_]:
    """Black areas that hold a disc, with the pixel round them that is half black: not scanned, or covered."""
    black = (brightest <= _BLACK_LEVEL).astype(np.uint8)
    if not black.any():
        return np.zeros(black.shape, bool)
    held = cv2.morphologyEx(black, cv2.MORPH_OPEN, disc(BLACK_RADIUS_UM, mpp))
    found: NDArray[np.bool_] = cv2.dilate(held, np.ones((3, 3), np.uint8)) > 0
    return found


def _filled_with_white(
    white: NDArray[np.bool_], coarse: CoarseView, missing: NDArray[np.bool_]
) -> NDArray[np.bool_] | None:
    """Exactly white areas beside darker glass; None where the white may be the glass itself.

    An export fills up what lies outside a region, or was transparent, with 255. Beside glass of 235 that would
    be the white point, and the glass tissue. Glass so bright that the camera clips it to 255 is no filling:
    then what shines through the tissue's gaps, and nothing flat, is the brightest below 255.
    """
    if white.mean() < _LEAST_PART:
        return None
    blocks = reduced_mask(white, coarse.factor).astype(np.uint8)
    held = cv2.erode(blocks, disc(FILLED_RADIUS_UM, coarse.mpp), borderValue=1)
    if not held.any():
        return None
    rim_px = max(1, round(_RIM_UM / coarse.mpp))
    rim = cv2.dilate(blocks, np.ones((2 * rim_px + 1, 2 * rim_px + 1), np.uint8)) > 0
    return white if _holds_darker_glass(coarse, reduced_mask(~missing, coarse.factor) & ~rim) else None


def _holds_darker_glass(coarse: CoarseView, rest: NDArray[np.bool_]) -> bool:
    """Whether the brightest of ``rest`` is flat, neutral and darker than white: glass as it was scanned."""
    darkest, brightest = extremes(coarse.rgb)
    glass = rest & coarse.flat & (brightest - darkest <= _MOST_CHROMA) & (coarse.grey >= _LEAST_GLASS)
    nearly_white = glass & (coarse.grey > 255 - _BELOW_WHITE) & (coarse.grey < 255)
    if np.count_nonzero(nearly_white) > _CLIPPED_PART * np.count_nonzero(glass):
        return False  # the light falls off from white without a step: clipped glass
    glass &= coarse.grey <= 255 - _BELOW_WHITE
    if np.count_nonzero(glass) <= _LEAST_PART * np.count_nonzero(rest):
        return False
    most, of_glass = np.percentile(coarse.grey[rest], 99.5), np.percentile(coarse.grey[glass], 95)
    return bool(most - of_glass <= _BRIGHTEST_MARGIN)
