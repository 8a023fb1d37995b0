"""Tissue -> random patterns of vessels in it, and how far chance alone gets.

Input: the tissue mask, the number of counted vessels, and what to measure on each pattern. Output: that measure for
every random pattern, and p-values for the largest counts. The same for any number of threads: each pattern has a
stream of its own.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import exp, expm1, pi, sqrt
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from mvd.tissue import Tissue

EULER = 0.5772156649015329
LEAST_P = 1e-300  # a p-value is never nought

Points = NDArray[np.float64]
Measure = TypeVar("Measure")


@dataclass(frozen=True)
class TissueRuns:
    """The tissue as runs of pixels, from which positions are drawn.

    Attributes
    ----------
    stop_px : (k,) int64
        Pixels of tissue in all runs up to and with this one.
    skipped_px : (k,) int64
        Pixels without tissue before each run, counted along the rows.
    width_px : int
        Pixels of a row of the mask.
    mpp : float
        Pixel size, um/px.
    """

    stop_px: NDArray[np.int64]
    skipped_px: NDArray[np.int64]
    width_px: int
    mpp: float

    def scatter(self, vessels: int, stream: np.random.SeedSequence) -> Points:
        """Draw positions evenly over the tissue, each on its own; (n, 2) float64, (x, y) in um.

        Only the generator's uniform numbers are used, three for each vessel: their order never changes with numpy.
        """
        draws = np.random.Generator(np.random.PCG64(stream)).random((vessels, 3))
        total = int(self.stop_px[-1])
        chosen = np.minimum((draws[:, 0] * total).astype(np.int64), total - 1)
        run = np.searchsorted(self.stop_px, chosen, side="right")
        row, col = np.divmod(chosen + self.skipped_px[run], self.width_px)
        return np.stack([col + draws[:, 1], row + draws[:, 2]], axis=1) * self.mpp


@dataclass(frozen=True)
class NullMaxima:
    """The largest counts in random patterns, which the observed counts are compared with.

    Attributes
    ----------
    maxima : (R,) int64
        Most vessels in one field, of each random pattern.
    vessels : int
        Vessels of each pattern.
    in_field : float
        Vessels that a field holds on average: ``vessels`` x area of the field / area of the tissue.
    """

    maxima: NDArray[np.int64]
    vessels: int
    in_field: float

    @property
    def expected(self) -> float:
        """Mean of the maxima: what the fullest field holds where vessels lie at random."""
        return float(self.maxima.mean())

    def p(self, count: int) -> float:
        """Chance that the fullest field of a random pattern holds so many vessels or more.

        The rank p-value (1 + number of maxima as large) / (R + 1) (Kulldorff 1997). Where no random pattern reaches the
        count it is only known to be small: then ``tail``, but never above the rank p-value. For the second hot spot
        and later ones the comparison is with the fullest field too, so their p-values are too large rather than too
        small.
        """
        reached = int(np.count_nonzero(self.maxima >= count))
        rank_p = (1 + reached) / (len(self.maxima) + 1)
        return rank_p if reached else min(rank_p, max(self.tail(count), LEAST_P))

    def tail(self, count: int) -> float:
        """The same chance by the Gumbel distribution (Abrams, Kulldorff and Kleinman 2010).

        It is fitted by its mean and variance to the maxima of Kulldorff's log likelihood ratio, not to the counts,
        whose tail is shorter; and taken half a vessel below ``count``, as counts are whole. 1 where all maxima are the
        same.
        """
        ratios = self._log_ratio(self.maxima)
        spread = float(ratios.std(ddof=1)) if len(ratios) > 1 else 0.0
        if spread == 0:
            return 1.0
        scale = spread * sqrt(6) / pi
        mode = float(ratios.mean()) - EULER * scale
        above = float(self._log_ratio(np.array([count - 0.5]))[0])
        return -expm1(-exp((mode - above) / scale))

    def _log_ratio(self, counts: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Log likelihood ratio of more vessels in the field than outside; 0 up to the average field."""
        if self.in_field >= self.vessels:
            return np.zeros(len(counts))
        inside = np.clip(counts, self.in_field, self.vessels)
        outside, average = self.vessels - inside, self.vessels - self.in_field
        ratio: NDArray[np.float64] = xlogy(inside, inside / self.in_field) + xlogy(outside, outside / average)
        return ratio


def tissue_runs(tissue: Tissue) -> TissueRuns:
    """Find the runs of tissue; the mask must have a pixel of tissue."""
    beyond = np.int8(0)  # of the mask's own type: a plain 0 would make all of it eight times as large
    ends = np.flatnonzero(np.diff(tissue.mask.ravel().view(np.int8), prepend=beyond, append=beyond))
    first_px, end_px = ends[::2], ends[1::2]
    stop_px = np.cumsum(end_px - first_px)
    return TissueRuns(stop_px, end_px - stop_px, tissue.mask.shape[1], tissue.mpp)


def measure_nulls(
    runs: TissueRuns,
    vessels: int,
    measure: Callable[[Points], Measure],
    *,
    nulls: int,
    seed: int,
    workers: int = 1,
) -> list[Measure]:
    """Measure ``nulls`` random patterns of so many vessels, uniform over the tissue.

    A vessel is a point here. Real ones have a size and cannot overlap, so they crowd a little less than chance
    allows: a p-value is too large rather than too small.

    Parameters
    ----------
    runs : TissueRuns
    vessels : int
    measure : callable
        Takes (n, 2) float64 positions (x, y) in um; called from several threads at once.
    nulls, seed : int
        How many patterns (the rank p-value needs 199 or more to reach 0.005), and what they are drawn from.
    workers : int
        Threads. Never changes a result.
    """
    streams = np.random.SeedSequence(seed).spawn(nulls)
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda stream: measure(runs.scatter(vessels, stream)), streams))
