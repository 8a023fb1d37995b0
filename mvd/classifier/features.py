"""A tile -> what each pixel is judged by: its stains smoothed, compared and differentiated at several scales.

Input: hematoxylin, DAB and residual in integer milli-OD above the slide's background. Output: whole numbers. Every
operation has the finite reach that ``Sizes.reach_px`` sums up and is exact integer arithmetic, so a pixel's features
do not depend on the tile that it lies in.
"""

from dataclasses import dataclass
from math import sqrt

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from mvd.geometry import um_to_px
from mvd.segment import ZERO_MILLI_OD, Luts
from mvd.slide.base import Rgb
from mvd.stain import LUT_SCALE

SMOOTH_UM = (0.5, 1.0, 2.0)
"""Sigma of the Gaussians of DAB; those of hematoxylin and residual have the middle one."""
MEAN_UM = (4.0, 8.0)
"""Half sides of the squares that DAB is averaged over; hematoxylin and residual over the first."""
EXTREME_UM = (2.0, 5.0)
"""Half sides of the squares that the strongest DAB is looked for in; the weakest in the first."""

FEATURES = (
    "dab 0.5 um",
    "dab 1 um",
    "dab 2 um",
    "dab mean 4 um",
    "dab mean 8 um",
    "dab 0.5 - 1 um",
    "dab 1 - 2 um",
    "dab 2 um - mean 4 um",
    "dab mean 4 - mean 8 um",
    "dab under strongest 2 um",
    "dab over weakest 2 um",
    "dab under strongest 5 um",
    "dab slope 0.5 um",
    "dab slope 1 um",
    "dab slope 2 um",
    "dab least curvature 1 um",
    "dab most curvature 1 um",
    "dab least curvature 2 um",
    "dab most curvature 2 um",
    "hematoxylin 1 um",
    "hematoxylin mean 4 um",
    "hematoxylin 1 um - mean 4 um",
    "residual 1 um",
    "residual mean 4 um",
)
"""Names of the features, in their order; all in milli-OD. A classifier knows those that it was trained on."""

HEMATOXYLIN, DAB, RESIDUAL = 0, 1, 2
"""Places of the stains in ``stain_planes``."""

# Places in the stack of smoothed pictures and in that of sums.
_D0, _D1, _D2, _MAX_NEAR, _MIN_NEAR, _MAX_FAR, _H1, _R1 = range(8)
_D4_SUM, _D8_SUM, _H4_SUM, _R4_SUM = range(4)
_HALF = LUT_SCALE // 2

Planes = NDArray[np.uint16]


@dataclass(frozen=True)
class Sizes:
    """The features' sizes in pixels of the analysis level: half sides of windows, px.

    Attributes
    ----------
    sigmas_px : tuple of float
        Of the Gaussians; ``steps`` are the same as whole pixels, between which slopes are taken.
    """

    sigmas_px: tuple[float, ...]
    blurs: tuple[int, ...]
    steps: tuple[int, ...]
    means: tuple[int, ...]
    extremes: tuple[int, ...]

    @property
    def reach_px(self) -> int:
        """How far a pixel's features look, px."""
        slopes = (blur + step for blur, step in zip(self.blurs, self.steps, strict=True))
        return max(*slopes, *self.means, *(self.blurs[0] + extreme for extreme in self.extremes))


@dataclass(frozen=True)
class Stack:
    """A tile as the features are gathered from it.

    Attributes
    ----------
    smooth : (8, h, w) uint16
        Stored milli-OD, smoothed or the strongest or weakest around.
    sums : (4, h, w) int32
        Stored milli-OD, summed up over squares.
    sizes : (5,) int64
        Pixels of the two squares, and the three steps.
    """

    smooth: NDArray[np.uint16]
    sums: NDArray[np.int32]
    sizes: NDArray[np.int64]


def sizes_at(mpp: float) -> Sizes:
    """Turn the features' sizes from um into pixels of ``mpp`` um."""
    sigmas = tuple(um_to_px(sigma, mpp) for sigma in SMOOTH_UM)
    means, extremes = (
        tuple(round(um_to_px(side, mpp)) for side in sides_um) for sides_um in (MEAN_UM, EXTREME_UM)
    )
    blurs, steps = tuple(round(3 * sigma) for sigma in sigmas), tuple(max(1, round(s)) for s in sigmas)
    return Sizes(sigmas, blurs, steps, means, extremes)


def stain_planes(rgb: Rgb, luts: Luts, background: tuple[int, int, int]) -> Planes:
    """Unmix a tile.

    Parameters
    ----------
    rgb : (h, w, 3) uint8
    luts : (3, 3, 256) int32
        Of ``stain_luts``.
    background : (int, int, int)
        What the slide's tissue has of each stain, milli-OD: it is subtracted.

    Returns
    -------
    (3, h, w) uint16
        Hematoxylin, DAB and residual, milli-OD + ``ZERO_MILLI_OD``.
    """
    planes: Planes = _unmix(np.ascontiguousarray(rgb), luts, np.array(background, np.int64))
    return planes


def stacked(planes: Planes, sizes: Sizes) -> Stack:
    """Smooth the planes of a tile; within ``sizes.reach_px`` of its edge this is only right at the slide's own."""
    hematoxylin, dab, residual = planes
    smooth = np.empty((8, *dab.shape), np.uint16)
    for place, picture, scale in ((_D0, dab, 0), (_D1, dab, 1), (_D2, dab, 2)):
        smooth[place] = _gaussian(picture, sizes, scale)
    smooth[_H1], smooth[_R1] = (_gaussian(picture, sizes, 1) for picture in (hematoxylin, residual))
    near, far = (np.ones((2 * half + 1, 2 * half + 1), np.uint8) for half in sizes.extremes)
    smooth[_MAX_NEAR], smooth[_MAX_FAR] = cv2.dilate(smooth[_D0], near), cv2.dilate(smooth[_D0], far)
    smooth[_MIN_NEAR] = cv2.erode(smooth[_D0], near)
    sums = np.empty((4, *dab.shape), np.int32)
    squares = ((_D4_SUM, dab, 0), (_D8_SUM, dab, 1), (_H4_SUM, hematoxylin, 0), (_R4_SUM, residual, 0))
    for place, picture, scale in squares:
        side = 2 * sizes.means[scale] + 1
        # Not normalised: the sum is exact, and divided where it is wanted.
        cv2.boxFilter(
            picture, cv2.CV_32S, (side, side), sums[place], normalize=False, borderType=cv2.BORDER_REPLICATE
        )
    areas = [(2 * half + 1) ** 2 for half in sizes.means]
    return Stack(smooth, sums, np.array([*areas, *sizes.steps], np.int64))


def feature_values(stack: Stack, rows: NDArray[np.integer], cols: NDArray[np.integer]) -> NDArray[np.int32]:
    """Features of some pixels of a tile, (n, ``len(FEATURES)``) int32, milli-OD."""
    values = np.empty((len(rows), len(FEATURES)), np.int32)
    _gather(
        stack.smooth, stack.sums, stack.sizes, np.asarray(rows, np.int64), np.asarray(cols, np.int64), values
    )
    return values


def _gaussian(picture: Planes, sizes: Sizes, scale: int) -> Planes:
    side = 2 * sizes.blurs[scale] + 1
    blurred: Planes = cv2.GaussianBlur(
        picture, (side, side), sizes.sigmas_px[scale], borderType=cv2.BORDER_REPLICATE
    )
    return blurred


@numba.njit(cache=True, nogil=True)
def _unmix(rgb, luts, background):  # type: ignore[no-untyped-def]
    height, width, _ = rgb.shape
    out = np.empty((3, height, width), np.uint16)
    for row in range(height):
        for col in range(width):
            red, green, blue = rgb[row, col, 0], rgb[row, col, 1], rgb[row, col, 2]
            for stain in range(3):
                value = luts[stain, 0, red] + luts[stain, 1, green] + luts[stain, 2, blue]
                milli = (value + _HALF) // LUT_SCALE + ZERO_MILLI_OD - background[stain]
                out[stain, row, col] = min(max(milli, 0), 65535)
    return out


@numba.njit(cache=True, nogil=True)
def _gather(smooth, sums, sizes, rows, cols, values):  # type: ignore[no-untyped-def]
    for i in range(len(rows)):
        fill(smooth, sums, sizes, rows[i], cols[i], values[i])


@numba.njit(cache=True, nogil=True)
def fill(smooth, sums, sizes, row, col, out):  # type: ignore[no-untyped-def]
    """Write the features of one pixel into ``out``."""
    zero = ZERO_MILLI_OD
    fine = np.int64(smooth[_D0, row, col]) - zero
    middle = np.int64(smooth[_D1, row, col]) - zero
    broad = np.int64(smooth[_D2, row, col]) - zero
    mean_near = sums[_D4_SUM, row, col] // sizes[0] - zero
    mean_far = sums[_D8_SUM, row, col] // sizes[1] - zero
    out[0], out[1], out[2], out[3], out[4] = fine, middle, broad, mean_near, mean_far
    out[5], out[6], out[7] = fine - middle, middle - broad, broad - mean_near
    out[8] = mean_near - mean_far
    out[9] = np.int64(smooth[_MAX_NEAR, row, col]) - zero - fine
    out[10] = fine - (np.int64(smooth[_MIN_NEAR, row, col]) - zero)
    out[11] = np.int64(smooth[_MAX_FAR, row, col]) - zero - fine
    out[12] = _slope(smooth[_D0], sizes[2], row, col)
    out[13] = _slope(smooth[_D1], sizes[3], row, col)
    out[14] = _slope(smooth[_D2], sizes[4], row, col)
    out[15], out[16] = _curvatures(smooth[_D1], sizes[3], row, col)
    out[17], out[18] = _curvatures(smooth[_D2], sizes[4], row, col)
    hematoxylin = np.int64(smooth[_H1, row, col]) - zero
    around = sums[_H4_SUM, row, col] // sizes[0] - zero
    out[19], out[20], out[21] = hematoxylin, around, hematoxylin - around
    out[22] = np.int64(smooth[_R1, row, col]) - zero
    out[23] = sums[_R4_SUM, row, col] // sizes[0] - zero


@numba.njit(cache=True, nogil=True)
def _around(picture, step, row, col):  # type: ignore[no-untyped-def]
    """Rows and columns one step before and behind, kept on the picture."""
    above, below = max(row - step, 0), min(row + step, picture.shape[0] - 1)
    left, right = max(col - step, 0), min(col + step, picture.shape[1] - 1)
    return above, below, left, right


@numba.njit(cache=True, nogil=True)
def _slope(picture, step, row, col):  # type: ignore[no-untyped-def]
    above, below, left, right = _around(picture, step, row, col)
    down = np.int64(picture[below, col]) - np.int64(picture[above, col])
    across = np.int64(picture[row, right]) - np.int64(picture[row, left])
    return np.int64(sqrt(np.float64(down * down + across * across)))


@numba.njit(cache=True, nogil=True)
def _curvatures(picture, step, row, col):  # type: ignore[no-untyped-def]
    """Four times the eigenvalues of the Hessian, the least first: a bright ridge has a least far below 0."""
    above, below, left, right = _around(picture, step, row, col)
    twice = 2 * np.int64(picture[row, col])
    down = np.int64(picture[above, col]) + np.int64(picture[below, col]) - twice
    across = np.int64(picture[row, left]) + np.int64(picture[row, right]) - twice
    mixed = (
        np.int64(picture[above, left])
        + np.int64(picture[below, right])
        - np.int64(picture[above, right])
        - np.int64(picture[below, left])
    )
    apart = 2 * (down - across)
    # Whole numbers below 2**53: the root is rounded right, so that its whole part is exact.
    root = np.int64(sqrt(np.float64(apart * apart + mixed * mixed)))
    middle = 2 * (down + across)
    return middle - root, middle + root
