"""Harrell's C of the Cox model, and what is left of it for new patients: the bootstrap's optimism taken off."""

from typing import Any

import numpy as np
import pandas as pd

from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort.cox import EVENT, TIME, fit_cox, frame
from mvd.stats.cohort.endpoint import Array, Endpoint, too_few
from mvd.stats.finding import Estimate, Finding, figure_text, interval_text


def concordance(end: Endpoint, settings: CohortSettings) -> Finding:
    """Give C of the density, and of the density with the covariates, apparent and corrected.

    Each bootstrap sample is fitted anew; its C on itself, less its C on the patients there are, is the optimism
    (Harrell 1996). The interval is that of the samples' C, moved by the optimism.
    """
    title, name = f"Discrimination: {end.name}", f"c_index_{end.name}"
    found: list[Estimate] = []
    notes = []
    told = ""
    for adjusted in (False, True) if len(end.covariates.columns) else (False,):
        table = frame(end, adjusted=adjusted)
        which = "with covariates" if adjusted else "density alone"
        few = too_few(int(table[EVENT].sum()), len(table.columns) - 2, settings)
        if few or not _can_be_fitted(table):
            same = "a term is the same for all patients, or nobody is followed beyond an event: not fitted"
            notes.append(f"{which}: {few or same}")
            continue
        estimates, failed = _corrected(table, settings, which)
        found += estimates
        if failed:
            notes.append(
                f"{which}: {failed} of {settings.resample.bootstrap} bootstrap samples could not be fitted"
            )
        if estimates:
            told += _sentence(estimates, which, settings)
    return Finding(name, title, tuple(found), told.strip(), tuple(notes))


def c_of(table: pd.DataFrame, risk: Array) -> float:
    """Return Harrell's C (lifelines): a higher risk goes with an earlier event; ties of risk count half."""
    from lifelines.utils import concordance_index

    return float(concordance_index(table[TIME], -risk, table[EVENT]))


def _corrected(table: pd.DataFrame, settings: CohortSettings, which: str) -> tuple[list[Estimate], int]:
    model = fit_cox(table)
    if isinstance(model, str):
        return [], settings.resample.bootstrap
    apparent = c_of(table, _risk(model, table))
    rng = np.random.default_rng(settings.resample.seed)
    own, optimism = [], []
    for _ in range(settings.resample.bootstrap):
        sample = table.iloc[rng.integers(0, len(table), len(table))].reset_index(drop=True)
        fit = fit_cox(sample) if _can_be_fitted(sample) else "too little in the sample"
        if isinstance(fit, str):
            continue
        own.append(c_of(sample, _risk(fit, sample)))
        optimism.append(own[-1] - c_of(table, _risk(fit, table)))
    failed = settings.resample.bootstrap - len(own)
    counts: dict[str, Any] = {"n": len(table), "events": int(table[EVENT].sum())}
    found = [Estimate(which, "Harrell's C, apparent", apparent, method="lifelines", **counts)]
    if len(own) >= settings.resample.bootstrap / 2:
        bias, tail = float(np.mean(optimism)), (1 - settings.join.confidence) / 2
        low, high = (float(end) - bias for end in np.quantile(own, [tail, 1 - tail]))
        method = f"bootstrap optimism, {len(own)} samples, seed {settings.resample.seed}; percentile interval"
        found += [
            Estimate(which, "optimism", bias, method=method, **counts),
            Estimate(
                which,
                "Harrell's C, corrected",
                apparent - bias,
                max(0.0, low),
                min(1.0, high),
                method=method,
                **counts,
            ),
        ]
    return found, failed


def _can_be_fitted(sample: pd.DataFrame) -> bool:
    """Whether there are events, patients followed beyond the first of them, and no term that is the same for all."""
    happened = sample.loc[sample[EVENT] == 1, TIME]
    varied = all(np.ptp(sample[term]) > 0 for term in sample.columns[2:])
    return bool(len(happened) >= 2 and varied and happened.min() < sample[TIME].max())


def _risk(model: Any, table: pd.DataFrame) -> Array:
    risk: Array = table[list(model.params_.index)].to_numpy(float) @ model.params_.to_numpy(float)
    return risk


def _sentence(estimates: list[Estimate], which: str, settings: CohortSettings) -> str:
    told = f"Harrell's C ({which}) was {figure_text(estimates[0].estimate)}"
    if len(estimates) > 1:
        last = estimates[-1]
        told += (
            f", and {figure_text(last.estimate)} ({interval_text(last.ci_low, last.ci_high, settings.join.confidence)})"
            f" after taking off the optimism of {settings.resample.bootstrap} bootstrap samples"
        )
    return told + ". "
