"""Two curves for the picture: Kaplan-Meier with the numbers at risk, log-rank, median survival and survival at times.

The split is the median or a value fixed beforehand; a patient at the split belongs to the low half.
"""

import math
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort.curves import draw_kaplan
from mvd.stats.cohort.endpoint import Endpoint
from mvd.stats.finding import Estimate, Finding, Picture, figure_text, interval_text, p_text

Halves = dict[str, NDArray[np.bool_]]


def kaplan(end: Endpoint, settings: CohortSettings) -> Finding | None:
    """Compare the patients above and below the split; None when no split is wanted."""
    rule, level = settings.survival.split, settings.join.confidence
    if rule == "none":
        return None
    title, name = f"Survival curves: {end.name}", f"km_{end.name}"
    given = settings.survival.split_value
    at = float(np.median(end.value)) if rule == "median" or given is None else given
    halves = split(end, at)
    empty = [label for label, inside in halves.items() if not inside.any()]
    if empty:
        return Finding(name, title, notes=(f"no patient is {empty[0]}: no two curves",))
    fits = {label: _fit(end, inside, label, level) for label, inside in halves.items()}
    times = times_of_interest(end, settings)
    estimates = [
        line for label in halves for line in _describe(fits[label], end, halves[label], label, times)
    ]
    notes = []
    if end.events:
        estimates.append(log_rank(end, *halves.values()))
    else:
        notes.append("no events: no log-rank test")
    if rule == "median":
        notes.append("the median split is for the picture; the continuous Cox model is the result")
    p = estimates[-1].p if end.events else math.nan
    caption = f"{end.name} by {end.measure}, split at {figure_text(at)} ({_why(rule)}); log-rank {p_text(p)}."
    draw = partial(draw_kaplan, fits=fits, unit=end.unit, label=f"free of {end.name}")
    sentence = _sentence(end, fits, halves, p, level) if end.events else ""
    return Finding(
        name, title, tuple(estimates), sentence, tuple(notes), (Picture(name, caption, draw, (5.5, 4.6)),)
    )


def split(end: Endpoint, at: float) -> Halves:
    """Return who lies at or below, and who above a density."""
    low = f"{end.measure} <= {figure_text(at, 4)}"
    return {low: end.value <= at, f"{end.measure} > {figure_text(at, 4)}": end.value > at}


def times_of_interest(end: Endpoint, settings: CohortSettings) -> tuple[float, ...]:
    """Return the times that are asked for, or the median of the observed ones."""
    return settings.survival.at or (float(np.median(end.time)),)


def log_rank(end: Endpoint, low: NDArray[np.bool_], high: NDArray[np.bool_]) -> Estimate:
    """Return lifelines' log-rank test of two sets of patients."""
    from lifelines.statistics import logrank_test

    result = logrank_test(end.time[high], end.time[low], end.event[high], end.event[low])
    return Estimate(
        "high - low",
        "log-rank chi-square",
        float(result.test_statistic),
        p=float(result.p_value),
        n=end.n,
        events=end.events,
        method="lifelines logrank_test, 1 df",
    )


def _why(rule: str) -> str:
    return "the median" if rule == "median" else "fixed beforehand"


def _fit(end: Endpoint, inside: NDArray[np.bool_], label: str, level: float) -> Any:
    from lifelines import KaplanMeierFitter

    fitter = KaplanMeierFitter(alpha=1 - level)
    return fitter.fit(end.time[inside], end.event[inside], label=label)


def _describe(
    fit: Any, end: Endpoint, inside: NDArray[np.bool_], label: str, times: tuple[float, ...]
) -> list[Estimate]:
    counts: dict[str, Any] = {"n": int(inside.sum()), "events": int(end.event[inside].sum())}
    low, high = median_interval(fit)
    method = "Kaplan-Meier (lifelines), log-log interval"
    found = [
        Estimate(
            label,
            f"median time to {end.name}, {end.unit}",
            _finite(fit.median_survival_time_),
            low,
            high,
            method=method,
            **counts,
        )
    ]
    longest = float(end.time[inside].max())
    for time in times:
        quantity = f"free of {end.name} at {figure_text(time)} {end.unit}"
        if time > longest:
            found.append(
                Estimate(label, quantity, math.nan, method="beyond the follow-up: not estimated", **counts)
            )
            continue
        ends = fit.confidence_interval_survival_function_.loc[:time].iloc[-1].to_numpy(float)
        low, high = _finite(ends[0]), _finite(ends[1])
        found.append(Estimate(label, quantity, float(fit.predict(time)), low, high, method=method, **counts))
    return found


def median_interval(fit: Any) -> tuple[float, float]:
    """Return the interval of the median time: where the curve's limits cross a half; NaN where they do not."""
    from lifelines.utils import median_survival_times

    ends = np.ravel(median_survival_times(fit.confidence_interval_survival_function_))
    return _finite(ends[0]), _finite(ends[1])


def _finite(value: Any) -> float:
    return float(value) if math.isfinite(value) else math.nan


def _sentence(end: Endpoint, fits: dict[str, Any], halves: Halves, p: float, level: float) -> str:
    parts = []
    for label, fit in fits.items():
        median, n = _finite(fit.median_survival_time_), int(halves[label].sum())
        known = "was not reached"
        if math.isfinite(median):
            known = f"was {figure_text(median)} {end.unit} ({interval_text(*median_interval(fit), level)})"
        parts.append(f"{known} with {label} (n = {n}, {int(end.event[halves[label]].sum())} events)")
    return f"The median time to {end.name} {parts[0]} and {parts[1]}; log-rank {p_text(p)}."
