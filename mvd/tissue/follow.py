"""A coarse view -> the light on its bare glass: from the brightest glass to all that it goes over into.

What is flat and nearly as bright as the light so far expects is glass; so is what it falls off into without an edge.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.tissue.coarse import FLAT_RANGE, CoarseView
from mvd.tissue.light import light_surface

BRIGHT_PART = 0.93
"""Glass has at least this part of the brightness of the slide's brightest."""

_LIGHT_ROUNDS, _LIGHT_PART, _SURE_PART = 8, 0.05, 0.03
_MOST_SLOPE, _MOST_TINT = 0.2, 0.04  # levels/um; of what the surest glass has in a channel
_DARKEST_PART = 0.8


def light_on_glass(
    coarse: CoarseView, seen: NDArray[np.bool_], shape_px: tuple[int, int]
) -> NDArray[np.float32] | None:
    """Follow the glass from where it is brightest into the darker corners.

    Parameters
    ----------
    coarse : CoarseView
    seen : (h, w) bool
        What was scanned, pixels of the coarse view.
    shape_px : (int, int)
        Height and width of the surface that is wanted.

    Returns
    -------
    ``shape_px`` float32 or None
        As ``light_surface``.
    """
    glass = seen & (coarse.flat | (coarse.sloping_spread <= FLAT_RANGE)) & coarse.neutral
    if not glass.any():
        return None
    found = glass & (coarse.grey >= BRIGHT_PART * np.percentile(coarse.grey[seen], 99.5))
    light = None
    for _ in range(_LIGHT_ROUNDS):
        light = light_surface(coarse.grey, found, coarse.grey.shape, least_shading=0.0)
        if light is None:
            return None
        expected = light * np.percentile(coarse.grey[found] / light[found], 75)
        grown = found | glass & (np.abs(coarse.grey - expected) <= _LIGHT_PART * expected)
        if np.array_equal(grown, found):
            break
        found = grown
    sure = found & (np.abs(coarse.grey - expected) <= _SURE_PART * expected)
    found = sure | _flooded(sure, coarse, seen)
    return light_surface(coarse.grey, found, shape_px, coarse.mpp)


def _flooded(sure: NDArray[np.bool_], coarse: CoarseView, seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Go on from glass to darker glass of the same colour, where no edge lies between: the light falls off slowly.

    Stains have a colour and grain, and their rim is a step, so that this does not enter tissue. It looks no farther
    than a pixel beside, for a strip of glass between tissue and the slide's edge may be narrow.
    """
    if not sure.any():
        return sure
    relative = coarse.rgb / np.median(coarse.rgb[sure], axis=0).clip(1)
    even = seen & (coarse.slope <= _MOST_SLOPE) & (np.ptp(relative, axis=2) <= _MOST_TINT)
    even &= coarse.grey >= _DARKEST_PART * np.percentile(coarse.grey[seen], 99.5)
    _, labels = cv2.connectedComponents(even.astype(np.uint8), connectivity=4)
    reached = np.unique(labels[sure & even])
    return np.asarray(np.isin(labels, reached[reached > 0]))
