"""The density against VEGF or any other number of a patient: Spearman's rho with its interval, and the scatter."""

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort.drawing import draw_scatter
from mvd.stats.cohort.finding import Estimate, Finding, Picture, figure_text, interval_text, p_text
from mvd.stats.cohort.patients import VALUE, Cohort

_LEAST = 4
_EXACT = 9


def correlate(cohort: Cohort, settings: CohortSettings, column: str) -> Finding:
    """Correlate the density with one column over the patients that have both."""
    both = cohort.patients[[VALUE, f"marker:{column}"]].dropna()
    x, y = both[f"marker:{column}"].to_numpy(float), both[VALUE].to_numpy(float)
    title = f"{settings.join.measure} and {column}"
    name = f"marker_{column}"
    if len(x) < _LEAST:
        return Finding(
            name, title, notes=(f"patients with both numbers: {len(x)}, too few for a correlation",)
        )
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return Finding(name, title, notes=("one of the two numbers is the same for all: no correlation",))
    estimate = spearman(x, y, settings)
    level = settings.join.confidence
    return Finding(
        name,
        title,
        (estimate,),
        f"{settings.join.measure} and {column} correlated with Spearman's rho = {figure_text(estimate.estimate, 2)} "
        f"({interval_text(estimate.ci_low, estimate.ci_high, level)}; {p_text(estimate.p)}; n = {len(x)}).",
        pictures=(
            Picture(
                name,
                f"{settings.join.measure} against {column}, a point for each patient.",
                partial(draw_scatter, x=x, y=y, names=(column, settings.join.measure)),
            ),
        ),
    )


def spearman(x: NDArray[np.float64], y: NDArray[np.float64], settings: CohortSettings) -> Estimate:
    """Return Spearman's rho; the interval is Fisher's z with the variance of Bonett and Wright (2000).

    The p comes from all permutations up to 9 patients, else from t (scipy).
    """
    from scipy import stats

    n = len(x)
    result = stats.spearmanr(x, y)
    rho, p, how = float(result.statistic), float(result.pvalue), "p from t"
    if n <= _EXACT:
        p = float(
            stats.permutation_test(
                (x,),
                lambda a: stats.spearmanr(a, y).statistic,
                permutation_type="pairings",
                n_resamples=np.inf,
            ).pvalue
        )
        how = "p from all permutations"
    low = high = math.nan
    if abs(rho) < 1:
        half = stats.norm.ppf((1 + settings.join.confidence) / 2) * math.sqrt((1 + rho**2 / 2) / (n - 3))
        low, high = math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half)
    method = f"Spearman, {how}; interval: Fisher z, Bonett and Wright"
    return Estimate("all patients", "Spearman's rho", rho, low, high, p=p, n=n, method=method)
