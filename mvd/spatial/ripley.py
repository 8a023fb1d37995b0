"""Vessel positions and tissue -> Ripley's L, compared with vessels scattered at random.

Input: counted vessels, the tissue mask, and pair counts of random patterns in the same mask. Output: L(r), which is
r for vessels scattered at random, its global envelope and one p-value for all distances together. The random
patterns have no size: below the width of a vessel L is low on every real slide, because vessels do not overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, pi

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2

from mvd.geometry import UM2_PER_MM2
from mvd.spatial.grid import Mask, majority_mask, tissue_grid
from mvd.spatial.pairs import pair_counts
from mvd.tissue import Tissue

RADII = 50
"""L is given at so many distances."""

BINS_PER_RADIUS = 5
COARSEST_MPP = 16.0
DIRECTIONS = 48
LEAST_OVERLAP = 0.1
"""Distances stop where less than this part of the tissue overlaps itself when moved so far."""

LEVEL = 0.05

Values = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class PairWindow:
    """What the tissue lets be seen of pairs of vessels: their distances, and how much of each it shows.

    Attributes
    ----------
    radii_um : (m,) float64
        Distances that L is given at, um; m may be 0 in a narrow tissue.
    overlap_mm2 : (m * 5,) float64
        For the middle of each class of distance: area of the tissue that overlaps the tissue moved so far, the mean
        over all directions, mm2.
    area_mm2 : float
        Area of the tissue, mm2.
    """

    radii_um: Values
    overlap_mm2: Values
    area_mm2: float

    def pairs(self, xy_um: Values) -> Counts:
        """Pairs of (n, 2) positions in each class of distance; whole numbers."""
        if not len(self.radii_um):
            return np.zeros(0, np.int64)
        return pair_counts(xy_um, float(self.radii_um[-1]), len(self.overlap_mm2))

    def l_um(self, pairs: Counts, vessels: int) -> Values:
        """Ripley's L at ``radii_um``, um, from the pairs of so many vessels (at least 2).

        K(r) adds up, over the ordered pairs not farther apart than r, area^2 / (n (n - 1)) / overlap, and L is
        sqrt(K / pi). The overlap is the mean over all directions (Ohser and Stoyan 1981): without bias for a
        pattern that is alike in all places and directions, like the translation correction whose mean it is.
        """
        each_mm2 = 2 * pairs / self.overlap_mm2 * self.area_mm2**2 / (vessels * (vessels - 1))
        k_mm2 = np.cumsum(each_mm2)[BINS_PER_RADIUS - 1 :: BINS_PER_RADIUS]
        l_um: Values = np.sqrt(k_mm2 * UM2_PER_MM2 / pi)
        return l_um


@dataclass(frozen=True)
class RipleyTest:
    """Ripley's L of the counted vessels and of random patterns.

    Attributes
    ----------
    radii_um, l_um : (m,) float64
        Distances and L, um.
    expected_um, low_um, high_um : (m,) float64
        Mean of all curves and the global 5 % envelope, um: vessels scattered at random leave it anywhere at all on
        5 % of the slides.
    p : float
        Chance that vessels scattered at random leave the expectation as far.
    """

    radii_um: Values
    l_um: Values
    expected_um: Values
    low_um: Values
    high_um: Values
    p: float


def pair_window(tissue: Tissue, largest_um: float) -> PairWindow:
    """Find what the tissue shows of pairs up to ``largest_um`` apart.

    The overlap is exact for the mask in pixels of at most 16 um (by majority), scaled to the exact area of the
    tissue.
    """
    grid = tissue_grid(tissue, COARSEST_MPP)
    mask = majority_mask(grid)
    step_um = largest_um / RADII
    middles_um = (np.arange(RADII * BINS_PER_RADIUS) + 0.5) * step_um / BINS_PER_RADIUS
    if not mask.size:
        return PairWindow(np.zeros(0), np.zeros(0), grid.area_mm2)
    part = _overlap_part(mask, middles_um / grid.mpp)
    usable = int(np.count_nonzero(np.minimum.accumulate(part) >= LEAST_OVERLAP)) // BINS_PER_RADIUS
    radii_um = np.arange(1, usable + 1, dtype=np.float64) * step_um
    return PairWindow(radii_um, part[: usable * BINS_PER_RADIUS] * grid.area_mm2, grid.area_mm2)


def ripley_test(xy_um: Values, window: PairWindow, null_pairs: Sequence[Counts]) -> RipleyTest | None:
    """Compare L of the vessels with that of as many vessels scattered at random.

    The studentised maximum absolute deviation (Myllymaki et al. 2017): each curve's largest distance from the mean,
    in standard deviations of that radius, ranked among all curves; mean and deviation are those of all curves, the
    observed one among them, so that the p-value is exact.

    Parameters
    ----------
    xy_um : (n, 2) float64
        Centroids (x, y) of the counted vessels, um.
    window : PairWindow
    null_pairs : sequence of (m * 5,) int64
        ``window.pairs`` of random patterns of n vessels each.

    Returns
    -------
    RipleyTest or None
        None for fewer than two vessels, fewer than 19 random patterns, or a tissue without any distance to look at.
    """
    vessels = len(xy_um)
    if vessels < 2 or len(null_pairs) < round(1 / LEVEL) - 1 or not len(window.radii_um):
        return None
    curves = np.array([window.l_um(pairs, vessels) for pairs in (window.pairs(xy_um), *null_pairs)])
    expected_um, spread_um = curves.mean(axis=0), curves.std(axis=0, ddof=1)
    # Where no curve has a pair yet there is nothing to compare; rounding alone must not decide.
    apart_um = np.abs(curves - expected_um)
    deviation = np.divide(apart_um, spread_um, out=np.zeros_like(curves), where=spread_um > 1e-9)
    largest = deviation.max(axis=1)
    null = np.sort(largest[1:])[::-1]
    p = (1 + np.count_nonzero(null >= largest[0])) / len(curves)
    margin_um = null[int(LEVEL * len(curves) + 1e-9) - 1] * spread_um
    return RipleyTest(
        window.radii_um,
        curves[0],
        expected_um,
        np.maximum(expected_um - margin_um, 0),
        expected_um + margin_um,
        float(p),
    )


def _overlap_part(mask: Mask, lags_px: Values) -> Values:
    """Part of the mask that overlaps the mask moved by each of (m,) lags, the mean over all directions.

    Between whole pixels the overlap of a mask made of squares is linear in each coordinate, so this is exact but for
    the number of directions. Opposite directions overlap alike.
    """
    most = ceil(float(lags_px[-1])) + 1
    table = _overlap_px(mask, most)
    angles = (np.arange(DIRECTIONS) + 0.5) * pi / DIRECTIONS
    row, col = lags_px[:, None] * np.sin(angles), lags_px[:, None] * np.cos(angles) + most
    top, left = np.floor(row).astype(np.int64), np.floor(col).astype(np.int64)
    down, right = row - top, col - left
    upper = table[top, left] * (1 - right) + table[top, left + 1] * right
    lower = table[top + 1, left] * (1 - right) + table[top + 1, left + 1] * right
    part: Values = (upper * (1 - down) + lower * down).mean(axis=1) / np.count_nonzero(mask)
    return part


def _overlap_px(mask: Mask, most: int) -> Values:
    """Pixels that the mask shares with itself moved by (0 .. most, -most .. most) rows and columns.

    By the Fourier transform; the numbers are whole, and rounded to them nothing of its error is left.
    """
    shape = tuple(next_fast_len(size + most, real=True) for size in mask.shape)
    spectrum = rfft2(mask.astype(np.float64), shape)
    shared = np.rint(irfft2(spectrum * spectrum.conj(), shape))
    rows, cols = np.arange(most + 1), np.arange(-most, most + 1)
    # Moved by more than its own size a mask shares nothing; the transform would wrap round.
    inside = (rows[:, None] < mask.shape[0]) & (np.abs(cols) < mask.shape[1])
    table: Values = np.where(inside, shared[rows[:, None] % shape[0], cols % shape[1]], 0.0)
    return table
