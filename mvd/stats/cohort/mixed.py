"""Patients with several slides: a mixed model of all slides, in which the slides of one patient hang together.

Beside the comparison of patients, never instead of it: slides of one patient are not independent, and a test that
takes them for patients finds too much. The normal intervals of the library are too narrow with few patients (92 %
instead of 95 % with 20), so that t takes their place, with the degrees of freedom of the patients.
"""

import warnings
from typing import Any

import numpy as np
from scipy.stats import t

from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort.groups import groups_of
from mvd.stats.cohort.patients import GROUP, VALUE, Cohort
from mvd.stats.finding import Estimate, Finding, figure_text, interval_text, p_text


def mixed_model(cohort: Cohort, settings: CohortSettings) -> Finding | None:
    """Fit ``density ~ group + (1 | patient)`` by REML; None when no patient has two slides.

    The parts of the variance give the ICC: how much of the spread lies between patients.
    """
    slides = cohort.slides.merge(cohort.patients[["patient", GROUP]], on="patient", sort=False)
    slides = slides[(slides[GROUP] != "") & slides[VALUE].notna()]
    paired = settings.paired
    if paired.column:  # slides of the visit that the other analyses use; a change has no slide of its own
        slides = slides[
            slides["visit"] == {"before": paired.before, "after": paired.after}.get(paired.others_use)
        ]
    if slides["patient"].nunique() == len(slides):
        return None
    from statsmodels.regression.mixed_linear_model import MixedLM
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    names = list(groups_of(cohort, settings))
    dummies = [(slides[GROUP] == name).to_numpy(float) for name in names[1:]]
    exog = np.column_stack([np.ones(len(slides)), *dummies])
    model = MixedLM(slides[VALUE].to_numpy(float), exog, groups=slides["patient"].to_numpy())
    notes = []
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            fit = model.fit(
                reml=True, method=["powell"]
            )  # its gradient methods meet singular matrices at the edge
        except (np.linalg.LinAlgError, ValueError) as error:
            return Finding("mixed", "Mixed model of all slides", notes=(f"not fitted: {error}",))
    if any(issubclass(warning.category, ConvergenceWarning) for warning in said):
        notes.append(
            "the model converged badly or on the edge (no spread between patients): read it with care"
        )
    between, within = float(np.asarray(fit.cov_re)[0, 0]), float(fit.scale)
    patients = slides["patient"].nunique()
    estimates = _estimates(fit, names, settings, len(slides), patients, between / (between + within))
    return Finding(
        "mixed",
        "Mixed model of all slides",
        tuple(estimates),
        _sentence(estimates, patients, settings.join.confidence),
        tuple(notes),
    )


def _estimates(
    fit: Any, names: list[str], settings: CohortSettings, slides: int, patients: int, icc: float
) -> list[Estimate]:
    values, errors = np.asarray(fit.fe_params, float), np.asarray(fit.bse_fe, float)
    freedom = patients - len(names)
    half = t.ppf((1 + settings.join.confidence) / 2, freedom) * errors
    ps = 2 * t.sf(np.abs(values / errors), freedom)
    method = f"statsmodels MixedLM, REML, random intercept for the patient; t with {freedom} df (patients less groups)"
    found = [
        Estimate(
            f"{name} - {names[0]}",
            f"difference of mean {settings.join.measure}",
            float(values[i]),
            float(values[i] - half[i]),
            float(values[i] + half[i]),
            p=float(ps[i]),
            n=slides,
            method=method,
        )
        for i, name in enumerate(names[1:], 1)
    ]
    share = "ICC: part of the variance that lies between patients"
    return [*found, Estimate("patients", share, icc, n=slides, method=method)]


def _sentence(estimates: list[Estimate], patients: int, level: float) -> str:
    parts = [
        f"{e.term}: {figure_text(e.estimate)} ({interval_text(e.ci_low, e.ci_high, level)}; {p_text(e.p)})"
        for e in estimates[:-1]
    ]
    return (
        f"In a linear mixed model of {estimates[0].n} slides of {patients} patients (random intercept for the "
        f"patient, REML), the differences of the mean were {'; '.join(parts)}; {100 * estimates[-1].estimate:.0f} % of "
        "the variance lay between patients."
    )
