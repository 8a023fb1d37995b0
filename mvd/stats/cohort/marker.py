"""The density against VEGF or any other number of a patient: Spearman's rho with its interval, and the scatter."""

from dataclasses import replace
from functools import partial

import numpy as np

from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort.drawing import draw_scatter
from mvd.stats.cohort.patients import VALUE, Cohort
from mvd.stats.finding import Finding, Picture, figure_text, interval_text, p_text
from mvd.stats.spearman import spearman

_LEAST = 4


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
    level = settings.join.confidence
    estimate = replace(spearman(x, y, level), term="all patients")
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
