"""Ratings, a row a target and a column a reader -> intraclass correlations with intervals.

Forms of Shrout & Fleiss (1979); intervals of theirs and of McGraw & Wong (1996), which are the same for these forms.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvd.errors import CohortError


@dataclass(frozen=True)
class Icc:
    """One intraclass correlation: ``form`` such as "ICC(2,1)", its estimate and interval (at most 1)."""

    form: str
    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class _Squares:
    n: int
    k: int
    between: float
    within: float
    readers: float
    residual: float


def intraclass(ratings: NDArray[np.float64], level: float = 0.95) -> tuple[Icc, ...]:
    """Return ICC(1,1), (2,1), (3,1), (1,k), (2,k) and (3,k).

    Parameters
    ----------
    ratings : (targets, readers) float64, finite
    level : float
        Of the two-sided intervals, in (0, 1).

    Raises
    ------
    CohortError
        Fewer than three targets, fewer than two readers, a missing rating, or targets that do not differ.
    """
    squares = _mean_squares(ratings)
    single = _one_way(squares, level), _absolute(squares, level), _consistent(squares, level)
    forms = [Icc(f"ICC({form},1)", *values) for form, values in enumerate(single, 1)]
    means = [
        Icc(f"ICC({form},k)", *(_of_mean(value, squares.k) for value in values))
        for form, values in enumerate(single, 1)
    ]
    return (*forms, *means)


def _mean_squares(ratings: NDArray[np.float64]) -> _Squares:
    n, k = ratings.shape
    if n < 3 or k < 2:
        raise CohortError(f"{n} slides or fields and {k} readers; agreement needs 3 and 2 at least")
    if not np.isfinite(ratings).all():
        raise CohortError("a rating is missing; leave the slide or field out for every reader")
    if np.all(ratings == ratings[0, 0]):
        raise CohortError("every reading is the same; no agreement can be told from that")
    mean = ratings.mean()
    rows, columns = ratings.mean(axis=1), ratings.mean(axis=0)
    within = float(((ratings - rows[:, None]) ** 2).sum())
    residual = float(((ratings - rows[:, None] - columns + mean) ** 2).sum())
    return _Squares(
        n,
        k,
        between=float(k * ((rows - mean) ** 2).sum()) / (n - 1),
        within=within / (n * (k - 1)),
        readers=float(n * ((columns - mean) ** 2).sum()) / (k - 1),
        residual=residual / ((n - 1) * (k - 1)),
    )


def _one_way(s: _Squares, level: float) -> tuple[float, float, float]:
    return _from_f(s.between, s.within, s.k, (s.n - 1, s.n * (s.k - 1)), level)


def _consistent(s: _Squares, level: float) -> tuple[float, float, float]:
    return _from_f(s.between, s.residual, s.k, (s.n - 1, (s.n - 1) * (s.k - 1)), level)


def _from_f(
    between: float, error: float, k: int, df: tuple[int, int], level: float
) -> tuple[float, float, float]:
    from scipy.stats import f

    if error <= 1e-12 * between:
        return 1.0, 1.0, 1.0  # no disagreement but rounding
    ratio, tail = between / error, (1 + level) / 2
    low, high = ratio / f.ppf(tail, *df), ratio * f.ppf(tail, df[1], df[0])
    estimate, below, above = ((value - 1) / (value + k - 1) for value in (ratio, low, high))
    return float(estimate), float(below), float(above)


def _absolute(s: _Squares, level: float) -> tuple[float, float, float]:
    from scipy.stats import f

    n, k = s.n, s.k
    icc = (s.between - s.residual) / (s.between + (k - 1) * s.residual + k * (s.readers - s.residual) / n)
    if max(s.readers, s.residual) <= 1e-12 * s.between:
        return 1.0, 1.0, 1.0
    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    df = (a * s.readers + b * s.residual) ** 2 / (
        (a * s.readers) ** 2 / (k - 1) + (b * s.residual) ** 2 / ((n - 1) * (k - 1))
    )
    tail = (1 + level) / 2
    above_f, below_f = f.ppf(tail, n - 1, df), f.ppf(tail, df, n - 1)
    noise = k * s.readers + (k * n - k - n) * s.residual
    low = n * (s.between - above_f * s.residual) / (above_f * noise + n * s.between)
    high = n * (below_f * s.between - s.residual) / (noise + n * below_f * s.between)
    return float(icc), float(low), float(high)


def _of_mean(single: float, k: int) -> float:
    """Return the correlation of the mean of k readers, from that of one (Spearman-Brown)."""
    return k * single / (1 + (k - 1) * single)
