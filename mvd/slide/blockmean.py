"""Whole-number block means, exact: the same bytes on every machine, however a slide is cut up."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mvd.slide.base import Rgb

_SHIFT = 52
"""Dividing n by d as n * ceil(2**52 / d) >> 52 is exact while n * d < 2**52: factors up to 1400 at 8 bits."""


@njit(cache=True, nogil=True)
def _block_mean_into(rgb: NDArray[np.uint8], factor: int, out: NDArray[np.uint8]) -> None:
    """Sum the rows of a block first, which the compiler turns into vectors, then the columns."""
    height, width = out.shape[0], out.shape[1]
    count = factor * factor
    reciprocal = np.uint64((1 << _SHIFT) // (2 * count) + 1)
    shift, half = np.uint64(_SHIFT), np.uint64(count)
    line = np.empty(width * factor * 3, np.uint32)
    for row in range(height):
        line[:] = rgb[row * factor]
        for y in range(row * factor + 1, (row + 1) * factor):
            source = rgb[y]
            for at in range(line.size):
                line[at] += source[at]
        for col in range(width):
            for channel in range(3):
                total = np.uint64(0)
                for x in range(factor):
                    total += np.uint64(line[(col * factor + x) * 3 + channel])
                out[row, col, channel] = ((total + total + half) * reciprocal) >> shift


@njit(cache=True, nogil=True)
def _mean_of_four_into(rgb: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Do the same for 2 x 2 blocks, the commonest by far, eight times as fast in 16 bits."""
    line = np.empty(out.shape[1] * 6, np.uint16)
    two = np.uint16(2)
    for row in range(out.shape[0]):
        upper, lower = rgb[2 * row], rgb[2 * row + 1]
        for at in range(line.size):
            line[at] = np.uint16(upper[at]) + np.uint16(lower[at])
        for col in range(out.shape[1]):
            for channel in range(3):
                left = col * 6 + channel
                out[row, col, channel] = (line[left] + line[left + 3] + two) >> two


def block_mean(rgb: Rgb, factor: int) -> Rgb:
    """Mean of ``factor`` x ``factor`` blocks, halves rounded up.

    Parameters
    ----------
    rgb : (h, w, 3) uint8
        What does not fill a block at the right or below is left out.
    factor : int
        1 to 1024.

    Returns
    -------
    (h // factor, w // factor, 3) uint8
    """
    out = np.empty((rgb.shape[0] // factor, rgb.shape[1] // factor, 3), np.uint8)
    whole = rgb[: out.shape[0] * factor, : out.shape[1] * factor]
    rows = np.ascontiguousarray(whole).reshape(whole.shape[0], out.shape[1] * factor * 3)
    if factor == 2:
        _mean_of_four_into(rows, out)
    else:
        _block_mean_into(rows, factor, out)
    return out
