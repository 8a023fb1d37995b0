"""Two numbers of each patient, slide or field -> Spearman's rho with its interval and p."""

import math

import numpy as np
from numpy.typing import NDArray

from mvd.stats.finding import Estimate

_EXACT = 9


def spearman(x: NDArray[np.float64], y: NDArray[np.float64], level: float = 0.95) -> Estimate:
    """Return Spearman's rho; the interval is Fisher's z with the variance of Bonett and Wright (2000).

    The p comes from all permutations up to 9 pairs, else from t (scipy). The term is for the caller to name.
    """
    from scipy import stats

    n = len(x)
    result = stats.spearmanr(x, y)
    rho, p, how = float(result.statistic), float(result.pvalue), "p from t"
    if n <= _EXACT:
        p = _exact_p(stats.rankdata(x), stats.rankdata(y))
        how = "p from all permutations"
    low = high = math.nan
    if abs(rho) < 1 and n > 3:
        half = stats.norm.ppf((1 + level) / 2) * math.sqrt((1 + rho**2 / 2) / (n - 3))
        low, high = math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half)
    method = f"Spearman, {how}; interval: Fisher z, Bonett and Wright"
    return Estimate("", "Spearman's rho", rho, low, high, p=p, n=n, method=method)


def _exact_p(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return twice the smaller tail of the ranks' product over all orders, as scipy, which takes minutes for nine."""
    orders = np.zeros((1, 0), np.int8)
    for i in range(len(y)):
        orders = np.concatenate([np.insert(orders, j, i, axis=1) for j in range(i + 1)])
    products, seen = y[orders] @ x, float(x @ y)
    tails = ((products <= seen + 1e-9).mean(), (products >= seen - 1e-9).mean())
    return min(1.0, 2 * float(min(tails)))
