"""The overview at about 8 um/px: where it is flat over a hundred micrometres, as glass is and tissue is not."""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.geometry import um_to_px
from mvd.slide.base import Rgb

COARSE_MPP = 8.0
FLAT_RADIUS_UM = 40.0
"""Flat is what varies little over a disc of this radius."""
FLAT_RANGE, STEADY_RANGE = 4, 2
"""Levels: dust and grain lie in the first, nothing but empty glass in the second."""

CHROMA_PART = 0.15
"""Nearly grey: the channels are apart by no more than this part of the brightest."""

T = TypeVar("T", bound=np.generic)

_SMOOTH_UM, _MEAN_UM = 4.0, 25.0


@dataclass(frozen=True)
class CoarseView:
    """Block means of the overview.

    Attributes
    ----------
    rgb : (h, w, 3) uint8
        Smoothed by about half a nucleus.
    grey : (h, w) uint8
    spread : (h, w) uint8
        Difference of the brightest and darkest within ``FLAT_RADIUS_UM``, levels.
    sloping_spread : (h, w) float32
        The same against the mean around, which an even slope does not enlarge.
    slope : (h, w) float32
        How steeply the brightness changes, levels/um.
    factor : int
        Pixels of the overview along one side of a pixel here.
    mpp : float
        Pixel size here, um/px.
    """

    rgb: Rgb
    grey: NDArray[np.uint8]
    spread: NDArray[np.uint8]
    sloping_spread: NDArray[np.float32]
    slope: NDArray[np.float32]
    factor: int
    mpp: float

    @property
    def flat(self) -> NDArray[np.bool_]:
        """Where the brightness hardly varies, (h, w) bool."""
        return self.spread <= FLAT_RANGE

    @property
    def neutral(self) -> NDArray[np.bool_]:
        """Where the colour is nearly grey, (h, w) bool."""
        darkest, brightest = extremes(self.rgb)
        chroma = brightest - darkest
        found: NDArray[np.bool_] = chroma <= CHROMA_PART * brightest.astype(np.float32)
        return found


def coarse_view(overview: Rgb, mpp: float) -> CoarseView:
    """Reduce the overview and say where it is flat."""
    factor = reduction(overview.shape[:2], mpp)
    rgb = reduced(overview, factor)
    sigma_px = um_to_px(_SMOOTH_UM, mpp * factor)
    smooth: Rgb = cv2.GaussianBlur(rgb, (0, 0), sigma_px) if sigma_px > 0.3 else rgb
    grey = cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY)
    # Against the mean around: light that falls off evenly is flat all the same.
    mean = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), um_to_px(_MEAN_UM, mpp * factor))
    around = disc(FLAT_RADIUS_UM, mpp * factor)
    spread, sloping = (cv2.dilate(part, around) - cv2.erode(part, around) for part in (grey, grey - mean))
    return CoarseView(smooth, grey, spread, sloping, _slope(grey, mpp * factor), factor, mpp * factor)


def _slope(grey: NDArray[np.uint8], mpp: float) -> NDArray[np.float32]:
    """Scharr's gradient, levels/um; the weights of his filter sum up to 32 for a step of one."""
    across, down = (
        cv2.Scharr(grey, cv2.CV_32F, dx, 1 - dx, scale=1 / (32 * mpp), borderType=cv2.BORDER_REPLICATE)
        for dx in (1, 0)
    )
    slope: NDArray[np.float32] = cv2.magnitude(across, down)
    return slope


def extremes(rgb: Rgb) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Darkest and brightest channel of each pixel, (h, w) uint8 each; ten times as fast as numpy's."""
    red, green, blue = cv2.split(rgb)
    return cv2.min(cv2.min(red, green), blue), cv2.max(cv2.max(red, green), blue)


def reduction(shape_px: tuple[int, int], mpp: float, to_mpp: float = COARSE_MPP) -> int:
    """Whole number by which an overview is reduced to come near a pixel size."""
    return max(1, min(round(to_mpp / mpp), *shape_px))


def reduced(pixels: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Block mean; partial blocks at the right and lower edge are dropped."""
    height, width = pixels.shape[0] // factor, pixels.shape[1] // factor
    if factor == 1:
        return pixels
    whole = pixels[: height * factor, : width * factor]
    mean: NDArray[np.uint8] = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return mean


def reduced_mask(mask: NDArray[np.bool_], factor: int) -> NDArray[np.bool_]:
    """Return which blocks are True throughout."""
    height, width = mask.shape[0] // factor, mask.shape[1] // factor
    blocks = mask[: height * factor, : width * factor].reshape(height, factor, width, factor)
    return np.asarray(blocks.all(axis=(1, 3)))


def enlarged(pixels: NDArray[T], factor: int, shape_px: tuple[int, int]) -> NDArray[T]:
    """Undo ``reduced``: each pixel as a block; what was dropped at the edges is as it is beside them."""
    wide = np.repeat(np.repeat(pixels, factor, axis=0), factor, axis=1)
    lacking_px = [(0, side - now) for side, now in zip(shape_px, wide.shape, strict=True)]
    return np.pad(wide, lacking_px, mode="edge")


def disc(radius_um: float, mpp: float) -> NDArray[np.uint8]:
    """Structuring element of a disc; one pixel where the radius is below half a pixel."""
    radius_px = round(um_to_px(radius_um, mpp))
    element: NDArray[np.uint8] = cv2.getStructuringElement(
        cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1)
    ).astype(np.uint8)
    return element
