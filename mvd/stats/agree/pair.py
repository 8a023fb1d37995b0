"""Two readers of the same slides -> bias, limits of agreement, proportional bias and concordance, with intervals."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvd.errors import CohortError

Readings = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A number with its interval, in the unit of the readings unless its name says otherwise."""

    name: str
    value: float
    low: float
    high: float


def bland_altman(first: Readings, second: Readings, level: float = 0.95) -> tuple[Estimate, ...]:
    """Return bias (second - first), both limits of agreement and the slope of difference on mean.

    The limits are bias -+ 1.96 SD; their intervals are those of Bland & Altman (1999): SE of a limit is
    SD sqrt(1/n + 1.96^2 / (2 (n - 1))), with Student's t. The slope is proportional bias: 0 when there is none.

    Parameters
    ----------
    first, second : (n,) float64, finite
    level : float
        Of the intervals, in (0, 1).

    Raises
    ------
    CohortError
        Fewer than three pairs, or readings that are missing.
    """
    from scipy.stats import linregress, t

    _check(first, second)
    difference, mean, n = second - first, (first + second) / 2, len(first)
    bias, spread = float(difference.mean()), float(difference.std(ddof=1))
    quantile = float(t.ppf((1 + level) / 2, n - 1))
    found = [_around("bias", bias, quantile * spread / math.sqrt(n))]
    half = quantile * spread * math.sqrt(1 / n + 1.96**2 / (2 * (n - 1)))
    found += [
        _around(f"{end} limit", bias + z * spread, half) for end, z in (("lower", -1.96), ("upper", 1.96))
    ]
    if np.ptp(mean) == 0:
        return tuple(found)  # no slope over a single point
    line = linregress(mean, difference)
    found.append(
        _around("proportional bias", float(line.slope), float(t.ppf((1 + level) / 2, n - 2) * line.stderr))
    )
    return tuple(found)


def concordance(first: Readings, second: Readings, level: float = 0.95) -> Estimate:
    """Return Lin's concordance correlation coefficient, its interval by Fisher's z (Lin 1989, corrected 2000).

    Raises
    ------
    CohortError
        Fewer than three pairs, missing readings, or a reader whose readings are all the same.
    """
    from scipy.stats import norm

    _check(first, second)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        raise CohortError("a reader's readings are all the same; concordance cannot be told")
    n = len(first)
    covariance = float(((first - first.mean()) * (second - second.mean())).mean())
    shift2 = float((first.mean() - second.mean()) ** 2)
    ccc = 2 * covariance / float(first.var() + second.var() + shift2)
    r2 = covariance**2 / float(first.var() * second.var())
    if 1 - abs(ccc) < 1e-12 or r2 == 0:
        return Estimate("Lin's concordance", ccc, ccc if r2 else math.nan, ccc if r2 else math.nan)
    u2 = shift2 / float(first.std() * second.std())
    r, c2 = math.copysign(math.sqrt(r2), ccc), ccc**2
    variance = (
        (1 - r2) * c2 / ((1 - c2) * r2)
        + 2 * ccc**3 * (1 - ccc) * u2 / (r * (1 - c2) ** 2)
        - ccc**4 * u2**2 / (2 * r2 * (1 - c2) ** 2)
    ) / (n - 2)
    z, half = math.atanh(ccc), float(norm.ppf((1 + level) / 2)) * math.sqrt(max(variance, 0.0))
    return Estimate("Lin's concordance", ccc, math.tanh(z - half), math.tanh(z + half))


def _around(name: str, value: float, half: float) -> Estimate:
    return Estimate(name, value, value - half, value + half)


def _check(first: Readings, second: Readings) -> None:
    if len(first) != len(second) or len(first) < 3:
        raise CohortError(f"{len(first)} and {len(second)} readings; 3 pairs at least are needed")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise CohortError("a reading is missing; leave the slide or field out for both readers")
