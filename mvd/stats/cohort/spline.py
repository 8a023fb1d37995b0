"""The shape of the risk: a restricted cubic spline of the density in the Cox model, and whether it is a straight line.

Knots at Harrell's quantiles. The basis is formulaic's natural cubic spline, which is linear beyond the outer knots.
"""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort.cox import EVENT, TIME, fit_cox, frame
from mvd.stats.cohort.curves import draw_shape
from mvd.stats.cohort.endpoint import Endpoint, too_few
from mvd.stats.finding import Estimate, Finding, Picture, p_text

Array = NDArray[np.float64]

QUANTILES = {3: (0.1, 0.5, 0.9), 4: (0.05, 0.35, 0.65, 0.95), 5: (0.05, 0.275, 0.5, 0.725, 0.95)}
"""Of Harrell, Regression Modeling Strategies, table 2.3."""


def shape(end: Endpoint, settings: CohortSettings) -> Finding:
    """Fit the spline and compare it with the straight line by the likelihood ratio."""
    from scipy import stats

    title, name = f"Shape of the risk: {end.name}", f"shape_{end.name}"
    count = settings.survival.knots
    few = too_few(end.events, count - 1, settings)
    knots = np.quantile(end.value, QUANTILES[count]) if end.n else np.zeros(0)
    if few or len(np.unique(knots)) < count:
        return Finding(name, title, notes=(few or "too many equal densities for the knots: not fitted",))
    basis = basis_of(end.value, knots, end.value)
    terms = [f"s{i}" for i in range(basis.shape[1])]
    straight = frame(end)
    curved = pd.concat([straight[[TIME, EVENT]], pd.DataFrame(basis, columns=terms)], axis=1)
    fits = fit_cox(straight), fit_cox(curved)
    for fit in fits:
        if isinstance(fit, str):
            return Finding(name, title, notes=(fit,))
    chi2 = max(0.0, 2 * (fits[1].log_likelihood_ - fits[0].log_likelihood_))
    p = float(stats.chi2.sf(chi2, count - 2))
    method = f"likelihood ratio of spline ({count} knots) and line, {count - 2} df"
    estimate = Estimate(
        "density", "chi-square of non-linearity", chi2, p=p, n=end.n, events=end.events, method=method
    )
    x = np.linspace(np.quantile(end.value, 0.02), np.quantile(end.value, 0.98), 101)
    ratio = _ratio(fits[1], x, knots, end.value, settings.join.confidence)
    caption = (
        f"Hazard of {end.name} against that at the median {end.measure}; ticks: patients; band: interval."
    )
    draw = partial(
        draw_shape, x=x, ratio=ratio, values=end.value, names=(end.measure, f"hazard ratio of {end.name}")
    )
    bent = "departed from" if p < 0.05 else "did not depart clearly from"
    sentence = (
        f"The log hazard of {end.name} {bent} a straight line in {end.measure} ({p_text(p)}; {method})."
    )
    return Finding(name, title, (estimate,), sentence, pictures=(Picture(name, caption, draw),))


def basis_of(x: Array, knots: Array, values: Array) -> Array:
    """Return the natural cubic spline's columns at ``x``, less their means over the patients' ``values``.

    Parameters
    ----------
    x : (m,) float64
    knots : (k,) float64
        Ascending; the outer two are the ends beyond which the spline is a straight line.
    values : (n,) float64

    Returns
    -------
    (m, k - 1) float64
        The constant is not among them: a Cox model has none.
    """
    from formulaic.transforms.cubic_spline import natural_cubic_spline

    def columns(at: Array) -> Array:
        made = natural_cubic_spline(
            at,
            knots=knots[1:-1],
            lower_bound=knots[0],
            upper_bound=knots[-1],
            extrapolation="extend",
            _state={},
        )
        return np.column_stack([np.asarray(column, float) for column in dict(made).values()])[:, 1:]

    centred: Array = columns(x) - columns(values).mean(axis=0)
    return centred


def _ratio(fit: Any, x: Array, knots: Array, values: Array, level: float) -> tuple[Array, Array, Array]:
    """Return the hazard ratio against the median density, with its pointwise interval."""
    from scipy.stats import norm

    reference = basis_of(np.array([np.median(values)]), knots, values)
    contrast = basis_of(x, knots, values) - reference
    log_ratio = contrast @ fit.params_.to_numpy(float)
    variance = np.einsum("ij,jk,ik->i", contrast, fit.variance_matrix_.to_numpy(float), contrast)
    half = norm.ppf((1 + level) / 2) * np.sqrt(np.maximum(variance, 0))
    return np.exp(log_ratio), np.exp(log_ratio - half), np.exp(log_ratio + half)
