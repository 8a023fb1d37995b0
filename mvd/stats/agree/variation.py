"""Ratings -> the observers' coefficient of variation, and what is left when each one's own variation is taken off.

Hansen et al. (Lab Invest 1998;78:1563) give such CVs of hot-spot counts, between observers and "by observers
alone". Their abstract has the figures and no formula. Ours is that of duplicate measurements: SD of the
differences / sqrt(2) / mean. ``observers_alone`` takes the squares off each other: from the 31 to 38 % between
and about 20 % within observers of the abstract it makes 24 to 32 %, where they tell about 30 %.
"""

import math

import numpy as np
from numpy.typing import NDArray

from mvd.stats.finding import Estimate

_CV = "observer CV, %"


def residual_square(ratings: NDArray[np.float64]) -> tuple[float, int]:
    """Return the mean square of what neither slide nor reader explains, and its degrees of freedom.

    Of two readers it is the variance of their differences, halved.
    """
    n, k = ratings.shape
    left = ratings - ratings.mean(axis=1)[:, None] - ratings.mean(axis=0) + ratings.mean()
    freedom = (n - 1) * (k - 1)
    return float((left**2).sum()) / freedom, freedom


def observer_cv(ratings: NDArray[np.float64], level: float = 0.95) -> Estimate | None:
    """Return SD of the differences / sqrt(2) / mean in percent; None where the mean is not above 0.

    Of more than two readers, the root of the residual mean square over the mean. A constant bias
    between readers is not in it.
    The interval joins that of the SD (chi-square) and that of the mean (t, over slides) as Donner & Zou
    (2012) join two.

    Parameters
    ----------
    ratings : (slides or fields, readers) float64, finite
    level : float
    """
    from scipy.stats import chi2, t

    mean, (n, k), tail = float(ratings.mean()), ratings.shape, (1 + level) / 2
    if mean <= 0:
        return None
    square, freedom = residual_square(ratings)
    if square <= (1e-12 * mean) ** 2:  # no difference but rounding
        return Estimate("", _CV, 0.0, n=n, method="no difference")
    value = 100 * math.sqrt(square) / mean
    reach = float(t.ppf(tail, n - 1) * ratings.mean(axis=1).std(ddof=1)) / math.sqrt(n)
    least, most = (math.log(freedom / chi2.ppf(side, freedom)) / 2 for side in (tail, 1 - tail))
    low = value * math.exp(-math.hypot(least, math.log1p(reach / mean)))
    high = value * math.exp(math.hypot(most, math.log1p(-reach / mean))) if reach < mean else math.nan
    how = "SD of differences / sqrt(2) / mean" if k == 2 else "residual SD / mean"
    method = f"{how} (after Hansen 1998); interval: chi-square and t, joined"
    return Estimate("", _CV, value, low, high, n=n, method=method)


def observers_alone(between: Estimate, within: Estimate) -> Estimate:
    """Return the CV that observers add to what one and the same observer varies by: a root of a difference, >= 0."""
    rest = between.estimate**2 - within.estimate**2
    return Estimate(
        "", "CV by observers alone, %", math.sqrt(max(0.0, rest)), n=between.n,
        method="root of between squared less within squared, 0 if that is negative (after Hansen 1998); no interval",
    )  # fmt: skip
