"""Before and after a therapy, in the same patients: the change with its interval, and Wilcoxon's signed-rank test."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort.drawing import draw_paired
from mvd.stats.cohort.patients import AFTER, BEFORE, GROUP, Cohort
from mvd.stats.cohort.shift import paired_shift
from mvd.stats.finding import Estimate, Finding, Picture, figure_text, interval_text, p_text

_TITLE = "Before and after"


def paired_change(cohort: Cohort, settings: CohortSettings) -> Finding:
    """Compare the two visits over the patients that have both, as a whole and by group."""
    both = cohort.patients.dropna(subset=[BEFORE, AFTER])
    left_out = len(cohort.patients) - len(both)
    notes = [f"patients left out for want of one of the two visits: {left_out}"] if left_out else []
    if len(both) < 2:
        few = f"patients with both visits: {len(both)}, too few for a test"
        return Finding("paired", _TITLE, notes=(few, *notes))
    before, after = both[BEFORE].to_numpy(float), both[AFTER].to_numpy(float)
    estimates = _change("all patients", before, after, settings)
    if GROUP in both:
        for name in sorted(set(both[GROUP]) - {""}):
            inside = (both[GROUP] == name).to_numpy()
            if inside.sum() >= 2:
                estimates += _change(name, before[inside], after[inside], settings)
    labels = (settings.paired.before, settings.paired.after, settings.join.measure)
    caption = f"{settings.join.measure} of each patient, {labels[0]} and {labels[1]}; bars: medians."
    picture = Picture("paired", caption, partial(draw_paired, before=before, after=after, labels=labels))
    sentence = _sentence(estimates[0], before, after, settings)
    return Finding("paired", _TITLE, tuple(estimates), sentence, tuple(notes), (picture,))


def _change(
    term: str, before: NDArray[np.float64], after: NDArray[np.float64], settings: CohortSettings
) -> list[Estimate]:
    from scipy import stats

    change, level, measure = after - before, settings.join.confidence, settings.join.measure
    n, mean = len(change), float(np.mean(change))
    p, method = signed_rank(change)
    spread = float(np.std(change, ddof=1))
    half = float(stats.t.ppf((1 + level) / 2, n - 1)) * spread / np.sqrt(n)
    shift = Estimate(
        term,
        f"Hodges-Lehmann change of {measure}",
        *paired_shift(change, level),
        p=p,
        n=n,
        method=method,
    )
    p_mean = float(stats.ttest_rel(after, before).pvalue) if spread > 0 else float("nan")
    return [
        shift,
        Estimate(
            term, f"mean change of {measure}", mean, mean - half, mean + half, p_mean, n=n, method="paired t"
        ),
    ]


def signed_rank(change: NDArray[np.float64]) -> tuple[float, str]:
    """Return the two-sided p of scipy's Wilcoxon test: exact up to 50 patients without ties and noughts."""
    from scipy import stats

    moved = change[change != 0]
    if len(moved) == 0:
        return 1.0, "Wilcoxon signed-rank: no patient changed"
    sizes = np.abs(moved)
    exact = len(moved) == len(change) <= 50 and len(np.unique(sizes)) == len(sizes)
    result = stats.wilcoxon(moved, method="exact" if exact else "asymptotic", correction=not exact)
    how = "exact" if exact else "normal approximation with ties and continuity; unchanged patients left out"
    return float(result.pvalue), f"Wilcoxon signed-rank, {how}; W = {result.statistic:g}"


def _sentence(
    shift: Estimate, before: NDArray[np.float64], after: NDArray[np.float64], settings: CohortSettings
) -> str:
    middle = [figure_text(float(np.median(values))) for values in (before, after)]
    return (
        f"In {shift.n} patients with both visits the median {settings.join.measure} was {middle[0]} "
        f"{settings.paired.before} and {middle[1]} {settings.paired.after}; Hodges-Lehmann change "
        f"{figure_text(shift.estimate)} ({interval_text(shift.ci_low, shift.ci_high, settings.join.confidence)}; "
        f"Wilcoxon {p_text(shift.p)})."
    )
