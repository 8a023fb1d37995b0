"""Overview -> bare glass: where it is, its colour, and how the light falls off over the slide.

Input: the overview and what of it was not scanned. Output: ``Glass``. What is not quite as it should be is
told as a warning, never passed over.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.geometry import um_to_px
from mvd.slide.base import Rgb
from mvd.tissue.coarse import (
    CHROMA_PART,
    STEADY_RANGE,
    CoarseView,
    coarse_view,
    disc,
    enlarged,
    extremes,
    reduced,
    reduced_mask,
    reduction,
)
from mvd.tissue.follow import BRIGHT_PART, light_on_glass

BARE_RADIUS_UM = 10.0
"""Bare glass holds a disc of this radius; the pale gaps between nuclei do not."""
JUDGED_MPP = 2.0
"""Glass is looked for at this pixel size, um/px, where the overview is finer: stroma is flat over a pixel or two."""
TINTED_PART = 0.08
"""Glass whose channels are apart by more than this part of the brightest is told of."""

# Background is bright (against the brightest of the slide), nearly neutral and flat.
_FLAT_LEVELS = 3.0
_LEAST_BACKGROUND_PART = 0.002
_TINTED_MOST_CHROMA, _TINTED_LEAST_LEVEL, _TINTED_BRIGHT_PART = 0.35, 160, 0.97
_UNEVEN_PART = 0.1  # shading that is told of
_CLIPPED_PERCENT = 25  # of clipped glass may be darker: pale stroma that looks bare

# Gaps between nuclei of pale stroma are as neutral as glass, but narrow, grainy, and lumens beside them are brighter.
_WIDE_RADIUS_UM, _GAP_BRIGHT_PART, _GAP_GRAIN_LEVELS = 25.0, 0.98, 0.75


@dataclass(frozen=True)
class Glass:
    """The background of a slide.

    Attributes
    ----------
    mask : (h, w) bool
        Pixels that look like bare glass.
    white : (3,) float64
        Its colour, R G B, 1 to 255; in a field without glass that of the brightest hundredth.
    source : str
        ``background`` or ``brightest``.
    light : (h, w) float32 or None
        Light relative to where ``white`` was measured; None where it is even.
    warnings : tuple of str
        ``code: what was found and what to do``.
    clipped : bool
        Most of it is 255 in each channel: it was brighter than the camera could tell.
    """

    mask: NDArray[np.bool_]
    white: NDArray[np.float64]
    source: str
    light: NDArray[np.float32] | None
    warnings: tuple[str, ...]
    clipped: bool = False


def find_glass(overview: Rgb, mpp: float, coarse: CoarseView, missing: NDArray[np.bool_]) -> Glass:
    """Find the bare glass.

    Parameters
    ----------
    overview : (h, w, 3) uint8
    mpp : float
        Pixel size, um/px.
    coarse : CoarseView
        Of the overview.
    missing : (h, w) bool
        What was not scanned; at least one pixel was.
    """
    factor = reduction(missing.shape, mpp, JUDGED_MPP)
    if factor > 1:
        small = reduced(overview, factor)
        missing_parts = ~reduced_mask(~missing, factor)
        if not missing_parts.all():
            glass = find_glass(small, mpp * factor, coarse_view(small, mpp * factor), missing_parts)
            if glass.source == "brightest":
                return _without_glass(overview, ~missing)
            light = None if glass.light is None else enlarged(glass.light, factor, missing.shape)
            return replace(glass, mask=enlarged(glass.mask, factor, missing.shape) & ~missing, light=light)
    # What is mixed with unscanned pixels, or measured against them, tells nothing of the glass.
    seen = (
        cv2.erode((~missing).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0 if missing.any() else ~missing
    )
    seen = seen if seen.any() else ~missing
    mask, light = _background(overview, mpp, coarse, seen)
    mask = _without_stroma(overview, mpp, mask, light, seen)
    least = _LEAST_BACKGROUND_PART * np.count_nonzero(seen)
    if np.count_nonzero(mask) < max(least, 1):
        steady = _tinted_background(overview, coarse, seen)
        if np.count_nonzero(steady) < max(least, 1):
            return _without_glass(overview, seen)
        mask, light = steady, None
    # The upper quartile: pale tissue that passes for background only darkens the lower part.
    white = np.percentile(overview[mask], 75, axis=0).clip(1)
    if light is not None:
        light = light / np.float32(np.percentile(light[mask], 75))
    clipped = bool((np.percentile(overview[mask], _CLIPPED_PERCENT, axis=0) >= 255).all())
    return Glass(mask, white, "background", light, _warnings(white, light), clipped)


def _without_glass(overview: Rgb, seen: NDArray[np.bool_]) -> Glass:
    white = np.percentile(overview[seen], 99, axis=0).clip(1)
    return Glass(np.zeros_like(seen), white, "brightest", None, (_no_background(white),))


def _background(
    overview: Rgb, mpp: float, coarse: CoarseView, seen: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.float32] | None]:
    """Pixels that look like bare glass: bright, neutral, flat, and a good many together; and the light on them."""
    red, green, blue = cv2.split(overview)
    darkest, brightest = extremes(overview)
    chroma = cv2.subtract(brightest, darkest)
    mean = (np.add(red, green, dtype=np.uint16) + blue).astype(np.float32)
    mean /= np.float32(3)
    around = cv2.blur(mean, (5, 5))
    flat = cv2.absdiff(mean, around) <= _FLAT_LEVELS
    top = float(np.percentile(around if seen.all() else around[seen], 99.5))
    light = light_on_glass(coarse, reduced_mask(seen, coarse.factor), overview.shape[:2])
    bright = mean >= (BRIGHT_PART * top if light is None else np.float32(BRIGHT_PART * top) * light)
    most_chroma = (np.float32(CHROMA_PART) * np.arange(256, dtype=np.float32)).astype(np.uint8)
    neutral = chroma <= cv2.LUT(brightest, most_chroma)
    candidates = (bright & neutral & flat & seen).astype(np.uint8)
    # A disc of glass may hold a speck of dust or grain: nineteen parts of twenty must be bare.
    element = disc(BARE_RADIUS_UM, mpp)
    part = cv2.filter2D(
        candidates.astype(np.float32), -1, element / element.sum(), borderType=cv2.BORDER_REPLICATE
    )
    discs = cv2.dilate((part >= 0.95).astype(np.uint8), element)
    return (candidates & discs) > 0, light


def _without_stroma(
    overview: Rgb,
    mpp: float,
    mask: NDArray[np.bool_],
    light: NDArray[np.float32] | None,
    seen: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Of what looks bare in narrow gaps, keep what is as bright as wide glass is; without such, as lumens are."""
    if not mask.any():
        return mask
    mean = overview.mean(axis=2, dtype=np.float32)
    around = cv2.blur(mean, (5, 5))
    level = around if light is None else around / light
    wide = _with_wide_glass(mask, mpp)
    if wide.any():
        return np.asarray(wide | mask & (level >= _GAP_BRIGHT_PART * np.median(level[wide])))
    kept: NDArray[np.bool_] = mask & (level >= _GAP_BRIGHT_PART * np.percentile(level[seen], 99.95))
    grain = float(np.median(np.abs(mean - around)[kept])) if kept.any() else np.inf
    return kept if grain <= _GAP_GRAIN_LEVELS else np.zeros_like(mask)


def _with_wide_glass(mask: NDArray[np.bool_], mpp: float) -> NDArray[np.bool_]:
    """Keep the parts that hold a wide disc of bare glass; beyond the slide's edge it goes on as it is there."""
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    padded = cv2.copyMakeBorder(closed, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    inside_px = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    wide = (inside_px >= um_to_px(_WIDE_RADIUS_UM, mpp)).astype(np.uint8)
    _, labels = cv2.connectedComponents(closed, connectivity=4)
    return mask & np.isin(labels, np.unique(labels[wide > 0]))


def _tinted_background(overview: Rgb, coarse: CoarseView, seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Glass in coloured light: too colourful to pass for neutral, yet bright, and steadier than any tissue."""
    darkest, brightest = extremes(coarse.rgb)
    chroma = brightest - darkest
    steady = reduced_mask(seen, coarse.factor) & (coarse.spread <= STEADY_RANGE)
    steady &= (brightest >= _TINTED_LEAST_LEVEL) & (
        chroma <= _TINTED_MOST_CHROMA * brightest.astype(np.float32)
    )
    if not steady.any():
        return np.zeros_like(seen)
    shown = coarse.grey[reduced_mask(seen, coarse.factor)]
    steady &= coarse.grey >= _TINTED_BRIGHT_PART * np.percentile(shown, 99.5)
    blocks = cv2.dilate(steady.astype(np.uint8), disc(BARE_RADIUS_UM, coarse.mpp))
    return seen & (enlarged(blocks, coarse.factor, seen.shape) > 0)


def _warnings(white: NDArray[np.float64], light: NDArray[np.float32] | None) -> tuple[str, ...]:
    found = []
    if white.max() - white.min() > TINTED_PART * white.max():
        found.append(
            f"tinted_background: bare glass is {_shown(white)}, not neutral; check the white balance of the "
            "scan, or give stain.white_point"
        )
    part = 0.0 if light is None else 1 - float(light.min() / light.max())
    if part >= _UNEVEN_PART:
        found.append(
            f"uneven_light: bare glass is up to {part:.0%} darker in places; the tissue outline allows for it, "
            "but faint vessels may not compare over the slide"
        )
    return tuple(found)


def _no_background(white: NDArray[np.float64]) -> str:
    return (
        f"no_background: no bare glass was found, so white is the brightest hundredth, {_shown(white)}, and all "
        "of the field is tissue; give stain.white_point if the glass is known"
    )


def _shown(white: NDArray[np.float64]) -> str:
    return "R {:.0f} G {:.0f} B {:.0f}".format(*white)
