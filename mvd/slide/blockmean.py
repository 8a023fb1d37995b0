"""Whole-number block means, exact: the same bytes on every machine and for every way of cutting a slide up."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mvd.slide.base import Rgb


@njit(cache=True, nogil=True)
def _block_mean_into(rgb: NDArray[np.uint8], factor: int, out: NDArray[np.uint8]) -> None:
    height, width, channels = out.shape
    count = factor * factor
    sums = np.empty(width * channels, np.uint32)
    for row in range(height):
        sums[:] = 0
        for y in range(row * factor, (row + 1) * factor):
            line = rgb[y]
            for col in range(width):
                for x in range(col * factor, (col + 1) * factor):
                    for channel in range(channels):
                        sums[col * channels + channel] += line[x, channel]
        for col in range(width):
            for channel in range(channels):
                out[row, col, channel] = (2 * sums[col * channels + channel] + count) // (2 * count)


def block_mean(rgb: Rgb, factor: int) -> Rgb:
    """Mean of ``factor`` x ``factor`` blocks, halves rounded up.

    Parameters
    ----------
    rgb : (h, w, 3) uint8
        Sides are multiples of ``factor``.
    factor : int
        1 to 1000.

    Returns
    -------
    (h / factor, w / factor, 3) uint8
    """
    out = np.empty((rgb.shape[0] // factor, rgb.shape[1] // factor, rgb.shape[2]), np.uint8)
    _block_mean_into(np.ascontiguousarray(rgb), factor, out)
    return out
