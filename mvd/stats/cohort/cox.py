"""Cox regression on the continuous density, per SD: alone and with covariates; are the hazards proportional?

lifelines does the fitting (Efron's method for ties). Too few events, or a model that cannot converge, is said.
"""

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd

from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort.endpoint import Endpoint, too_few
from mvd.stats.finding import Estimate, Finding, figure_text, interval_text, p_text

TIME, EVENT, DENSITY = "time", "event", "density per SD"


def frame(end: Endpoint, *, adjusted: bool = False) -> pd.DataFrame:
    """Return what lifelines fits: time, event, the density in standard deviations of all patients, covariates.

    Patients without a covariate are left out when ``adjusted``.
    """
    table = pd.DataFrame({TIME: end.time, EVENT: end.event.astype(float)})
    spread = float(np.std(end.value, ddof=1)) if end.n > 1 else math.nan
    table[DENSITY] = (end.value - end.value.mean()) / spread if spread > 0 else 0.0
    return pd.concat([table, end.covariates], axis=1).dropna() if adjusted else table


def fit_cox(table: pd.DataFrame, level: float = 0.95) -> Any:
    """Fit lifelines' Cox model; a string that says why when it cannot be fitted."""
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            return CoxPHFitter(alpha=1 - level).fit(table, TIME, EVENT)
        except (ConvergenceError, ConvergenceWarning) as trouble:
            reason = " ".join(str(trouble).split()).partition(". ")[0]
            return f"the Cox model does not converge ({reason}): a covariate tells all events, or two say the same"


def cox(end: Endpoint, settings: CohortSettings) -> Finding:
    """Fit the density alone, then with the covariates, and check proportional hazards."""
    title, name = f"Cox regression: {end.name}", f"cox_{end.name}"
    found: list[Estimate] = []
    notes: list[str] = []
    told = ""
    for adjusted in (False, True) if len(end.covariates.columns) else (False,):
        table = frame(end, adjusted=adjusted)
        which = "with covariates" if adjusted else "density alone"
        if adjusted and len(table) < end.n:
            notes.append(f"{which}: left out for a missing covariate: {end.n - len(table)}")
        problem = _problem(table, settings)
        model = problem or fit_cox(table, settings.join.confidence)
        if isinstance(model, str):
            notes.append(f"{which}: {model}")
            continue
        estimates = _hazard_ratios(model, table, which)
        checks = _proportional(model, table, which)
        found += [*estimates, *checks]
        notes += [f"{which}: {line}" for line in _doubts(checks)]
        told += _sentence(estimates[0], end, settings, adjusted)
    return Finding(name, title, tuple(found), told.strip(), tuple(notes))


def _problem(table: pd.DataFrame, settings: CohortSettings) -> str:
    terms = table.columns[2:]
    same = [term for term in terms if table[term].nunique() < 2]
    if same and len(table):
        return f"{same[0]!r} is the same for all patients: not fitted"
    return too_few(int(table[EVENT].sum()), len(terms), settings)


def _hazard_ratios(model: Any, table: pd.DataFrame, which: str) -> list[Estimate]:
    events = int(table[EVENT].sum())
    summary = model.summary
    ends = np.exp(model.confidence_intervals_.to_numpy(float))
    return [
        Estimate(
            f"{term} ({which})",
            "hazard ratio",
            float(math.exp(summary["coef"].iloc[i])),
            float(ends[i, 0]),
            float(ends[i, 1]),
            p=float(summary["p"].iloc[i]),
            n=len(table),
            events=events,
            method="lifelines CoxPHFitter, Efron's ties, Wald",
        )
        for i, term in enumerate(summary.index)
    ]


def _proportional(model: Any, table: pd.DataFrame, which: str) -> list[Estimate]:
    from lifelines.statistics import proportional_hazard_test

    result = proportional_hazard_test(model, table, time_transform="rank")
    return [
        Estimate(
            f"{term} ({which})",
            "chi-square of scaled Schoenfeld residuals against the rank of time",
            float(statistic),
            p=float(p),
            n=len(table),
            events=int(table[EVENT].sum()),
            method="lifelines proportional_hazard_test",
        )
        for term, statistic, p in zip(
            model.params_.index, np.ravel(result.test_statistic), np.ravel(result.p_value), strict=True
        )
    ]


def _doubts(checks: list[Estimate]) -> list[str]:
    return [
        f"hazards of {check.term.rpartition(' (')[0]!r} are not proportional over time ({p_text(check.p)}): "
        "the hazard ratio is a mean over the follow-up"
        for check in checks
        if check.p < 0.05
    ]


def _sentence(hazard: Estimate, end: Endpoint, settings: CohortSettings, adjusted: bool) -> str:
    spread = figure_text(float(np.std(end.value, ddof=1)))
    names = ", ".join(settings.survival.covariates)
    how = f"Adjusted for {names}, the" if adjusted else "The"
    return (
        f"{how} hazard ratio of {end.name} per SD of {end.measure} ({spread}) was {figure_text(hazard.estimate)} "
        f"({interval_text(hazard.ci_low, hazard.ci_high, settings.join.confidence)}; {p_text(hazard.p)}; "
        f"n = {hazard.n}, {hazard.events} events; Cox regression). "
    )
