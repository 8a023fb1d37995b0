"""How far one group lies above another: the Hodges-Lehmann shift and the chance of superiority, with intervals.

Neither is in scipy. The limits of the shift are order statistics of all differences, those that the Mann-Whitney (or
the signed-rank) test at the same level would not reject: interval and test agree (Hollander & Wolfe 1999, ch. 3, 4).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

_EXACT = 50  # as R: exact up to so many in a group

Values = Sequence[float] | NDArray[np.float64]


def two_sample_shift(first: Values, second: Values, level: float = 0.95) -> tuple[float, float, float]:
    """Return the Hodges-Lehmann estimate of ``first - second`` and its interval.

    Parameters
    ----------
    first, second : sequence of float
        Finite. In a few values no interval of that level exists: its ends are NaN.
    level : float

    Returns
    -------
    shift, low, high : float
        The median of all differences between a value of each, and the order statistics around it.
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    differences = np.sort(np.subtract.outer(a, b).ravel())
    m, n = len(a), len(b)
    if max(m, n) <= _EXACT:
        rank = _exact_rank(_counts_of_u(m, n), 1 - level)
    else:
        spread = np.sqrt(m * n * (m + n + 1) / 12)
        rank = int(np.floor(m * n / 2 - norm.ppf((1 + level) / 2) * spread))
    return _around_the_median(differences, rank)


def paired_shift(differences: Values, level: float = 0.95) -> tuple[float, float, float]:
    """Return the Hodges-Lehmann estimate of paired differences (median of Walsh averages) and its interval."""
    d = np.asarray(differences, float)
    n = len(d)
    rows, columns = np.triu_indices(n)
    walsh = np.sort((d[rows] + d[columns]) / 2)
    if n <= _EXACT:
        rank = _exact_rank(_counts_of_w(n), 1 - level)
    else:
        spread = np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        rank = int(np.floor(n * (n + 1) / 4 - norm.ppf((1 + level) / 2) * spread))
    return _around_the_median(walsh, rank)


def superiority(first: Values, second: Values, level: float = 0.95) -> tuple[float, float, float]:
    """Return the chance that a value of ``first`` exceeds one of ``second`` (ties half), with its interval.

    It is the area under the ROC curve, and U / (m n). The interval is Newcombe's method 5 (Stat Med 2006;25:559): it
    stays within 0 and 1 and has a width when the groups do not overlap.
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    m, n = len(a), len(b)
    above = np.sum(np.greater.outer(a, b)) + np.sum(np.equal.outer(a, b)) / 2
    chance = float(above / (m * n))
    z = norm.ppf((1 + level) / 2)

    def distance(theta: float) -> float:
        half = (m + n) / 2 - 1
        spread = 1 + half * (1 - theta) / (2 - theta) + half * theta / (1 + theta)
        return float((theta - chance) ** 2 - z**2 * theta * (1 - theta) * spread / (m * n))

    tiny = 1e-9  # at 0 and 1 the distance is nought without being an end of the interval
    low = 0.0 if chance == 0 else float(brentq(distance, 0, min(chance, 1 - tiny)))
    high = 1.0 if chance == 1 else float(brentq(distance, max(chance, tiny), 1))
    return chance, low, high


def _around_the_median(values: NDArray[np.float64], rank: int) -> tuple[float, float, float]:
    """Return the median and the values ``rank`` from either end (1: the outermost); NaN for rank 0."""
    middle = float(np.median(values))
    if rank < 1:
        return middle, float("nan"), float("nan")
    return middle, float(values[rank - 1]), float(values[len(values) - rank])


def _exact_rank(counts: list[int], alpha: float) -> int:
    """Return the largest k with P(statistic < k) <= alpha / 2 (k outermost values may be cut off); 0 if none."""
    most, below = alpha / 2 * sum(counts) * (1 + 1e-12), 0
    for rank, count in enumerate(counts):
        below += count
        if below > most:
            return rank
    return len(counts)


def _counts_of_u(m: int, n: int) -> list[int]:
    """Return how many arrangements give each U of 0 ... m n: the Gaussian binomial coefficient, exactly."""
    counts = [1] + [0] * (m * n)
    for i in range(1, m + 1):
        for u in range(m * n, n + i - 1, -1):  # times 1 - q^(n + i)
            counts[u] -= counts[u - n - i]
        for u in range(i, m * n + 1):  # divided by 1 - q^i
            counts[u] += counts[u - i]
    return counts


def _counts_of_w(n: int) -> list[int]:
    """Return how many sets of signs give each signed-rank sum of 0 ... n (n + 1) / 2, exactly."""
    counts = [1]
    for i in range(1, n + 1):
        apart = [0] * i
        counts = [without + with_i for without, with_i in zip(counts + apart, apart + counts, strict=True)]
    return counts
