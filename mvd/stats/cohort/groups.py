"""Treatment groups: what each has, whether they differ (Mann-Whitney, Kruskal-Wallis, Dunn with Holm), by how much."""

import math
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mvd.errors import CohortError, SettingsError
from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort.drawing import draw_groups
from mvd.stats.cohort.patients import GROUP, VALUE, Cohort
from mvd.stats.cohort.shift import superiority, two_sample_shift
from mvd.stats.finding import Estimate, Finding, Picture, figure_text, interval_text, p_text

Groups = dict[str, NDArray[np.float64]]


def compare_groups(cohort: Cohort, settings: CohortSettings) -> Finding:
    """Describe and compare the groups, patient by patient.

    Raises
    ------
    CohortError
        When there is one group only, or a group of one patient.
    """
    groups = groups_of(cohort, settings)
    level, measure = settings.join.confidence, settings.join.measure
    described = [line for name, values in groups.items() for line in _describe(name, values, level, measure)]
    pairs = [_pair(groups, first, second, settings) for first, second in _pairs(groups)]
    overall, note = _overall(groups)
    if len(groups) > 2:
        pairs = _with_dunn(groups, pairs)
    notes = [note] if note else []
    small = [f"{name} (n = {len(values)})" for name, values in groups.items() if len(values) < 6]
    if small:
        notes.append(
            f"groups of fewer than 6 patients, too small for an interval of their median: {', '.join(small)}"
        )
    shifts = [line for shift, chance in pairs for line in (shift, chance)]
    picture = Picture(
        "groups",
        f"{measure} of each patient by group; line: median, box: quartiles.",
        lambda figure: draw_groups(figure, groups, measure),
        (1.6 + 1.2 * len(groups), 4.0),
    )
    return Finding(
        "groups",
        "Groups",
        (*described, *overall, *shifts),
        _sentence(groups, overall, pairs, settings),
        tuple(notes),
        (picture,),
    )


def groups_of(cohort: Cohort, settings: CohortSettings) -> Groups:
    """Return the densities of each group, sorted; the reference first, then by name.

    Raises
    ------
    CohortError
        For fewer than two groups, a group of one, or a reference that is none of them.
    """
    known = cohort.patients[(cohort.patients[GROUP] != "") & cohort.patients[VALUE].notna()]
    names = sorted(set(known[GROUP].tolist()))
    reference, column = settings.group.reference, settings.group.column
    if reference and reference not in names:
        raise SettingsError(
            f"group.reference: {reference!r} is not in column {column!r}, which has {', '.join(names)}"
        )
    names = [name for name in names if name == reference] + [name for name in names if name != reference]
    if len(names) < 2:
        only = f"only {names[0]!r}" if names else "no group"
        raise CohortError(
            f"{cohort.clinical}, column {column!r}: {only} among patients with a density; two are needed"
        )
    for name in names:
        rows = known.loc[known[GROUP] == name, "row"].tolist()
        if len(rows) == 1:
            raise CohortError(
                f"{cohort.clinical}, row {rows[0]}, column {column!r}: {name!r} is a group of one patient; a group "
                "needs two, so mend the name, join groups, or leave the patient out"
            )
    return {name: np.sort(known.loc[known[GROUP] == name, VALUE].to_numpy(float)) for name in names}


def _pairs(groups: Groups) -> list[tuple[str, str]]:
    """Return (second, first) so that a difference is against the reference, or against the earlier name."""
    return [(second, first) for first, second in combinations(groups, 2)]


def _describe(name: str, values: NDArray[np.float64], level: float, measure: str) -> list[Estimate]:
    from scipy import stats

    n = len(values)
    half = stats.t.ppf((1 + level) / 2, n - 1) * values.std(ddof=1) / math.sqrt(n)
    median = stats.quantile_test(values, q=float(np.median(values)), p=0.5).confidence_interval(level)
    quartiles = np.percentile(values, [25, 75])
    return [
        Estimate(
            name, f"median {measure}", float(np.median(values)), *_finite(median), n=n, method="sign test"
        ),
        Estimate(
            name,
            f"mean {measure}",
            values.mean(),
            values.mean() - half,
            values.mean() + half,
            n=n,
            method="t",
        ),
        Estimate(name, f"SD of {measure}", float(values.std(ddof=1)), n=n),
        Estimate(name, f"lower quartile of {measure}", float(quartiles[0]), n=n),
        Estimate(name, f"upper quartile of {measure}", float(quartiles[1]), n=n),
    ]


def _finite(interval: tuple[float, float]) -> tuple[float, float]:
    low, high = (float(end) if math.isfinite(end) else math.nan for end in interval)
    return low, high


def _pair(groups: Groups, first: str, second: str, settings: CohortSettings) -> tuple[Estimate, Estimate]:
    """Return the shift of ``first`` against ``second``, and the chance that it lies above."""
    a, b, level = groups[first], groups[second], settings.join.confidence
    p, method = mann_whitney(a, b)
    term, n = f"{first} - {second}", len(a) + len(b)
    shift = Estimate(
        term,
        f"Hodges-Lehmann shift of {settings.join.measure}",
        *two_sample_shift(a, b, level),
        p=p,
        n=n,
        method=method,
    )
    chance = Estimate(
        term,
        f"P({first} > {second}), ties half",
        *superiority(a, b, level),
        p=p,
        n=n,
        method="Mann-Whitney U / (m n); interval of Newcombe, method 5",
    )
    return shift, chance


def mann_whitney(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[float, str]:
    """Return the two-sided p of scipy's Mann-Whitney test and how it was found: exact up to 50 a group without ties."""
    from scipy import stats

    pooled = np.concatenate([a, b])
    if np.ptp(pooled) == 0:
        return 1.0, "Mann-Whitney: all values are the same"
    exact = max(len(a), len(b)) <= 50 and len(np.unique(pooled)) == len(pooled)
    result = stats.mannwhitneyu(a, b, method="exact" if exact else "asymptotic")
    how = "exact" if exact else "normal approximation with ties and continuity"
    return float(result.pvalue), f"Mann-Whitney, {how}; U = {result.statistic:g}"


def _overall(groups: Groups) -> tuple[list[Estimate], str]:
    """Return Kruskal-Wallis of three groups or more, with epsilon squared."""
    from scipy import stats

    if len(groups) < 3:
        return [], ""
    n = sum(len(values) for values in groups.values())
    if np.ptp(np.concatenate(list(groups.values()))) == 0:
        return [], "all densities are the same: nothing to compare"
    statistic, p = stats.kruskal(*groups.values())
    method = f"Kruskal-Wallis, {len(groups) - 1} df, chi-square approximation"
    return [
        Estimate("all groups", "H", float(statistic), p=float(p), n=n, method=method),
        Estimate("all groups", "epsilon squared", float(statistic) / (n - 1), n=n, method="H / (n - 1)"),
    ], ""


def _with_dunn(groups: Groups, pairs: list[tuple[Estimate, Estimate]]) -> list[tuple[Estimate, Estimate]]:
    """Put Dunn's p, and Holm's correction of it, in place of the single tests'."""
    from scikit_posthocs import posthoc_dunn

    names, samples = list(groups), list(groups.values())
    if np.ptp(np.concatenate(samples)) == 0:
        return pairs
    plain, holm = (posthoc_dunn(samples, p_adjust=rule).to_numpy() for rule in (None, "holm"))
    found = []
    for (second, first), (shift, chance) in zip(_pairs(groups), pairs, strict=True):
        at = names.index(second), names.index(first)
        ps = {"p": float(plain[at]), "p_adjusted": float(holm[at])}
        found.append(
            (
                Estimate(**{**vars(shift), **ps, "method": "Dunn after Kruskal-Wallis; p_adjusted: Holm"}),
                Estimate(**{**vars(chance), **ps}),
            )
        )
    return found


def _sentence(
    groups: Groups, overall: list[Estimate], pairs: list[tuple[Estimate, Estimate]], settings: CohortSettings
) -> str:
    measure, level = settings.join.measure, settings.join.confidence
    parts = [
        f"{figure_text(float(np.median(v)))} (quartiles {figure_text(float(np.percentile(v, 25)))} to "
        f"{figure_text(float(np.percentile(v, 75)))}; n = {len(v)}) in {name}"
        for name, v in groups.items()
    ]
    told = f"The median {measure} was {', '.join(parts[:-1])} and {parts[-1]}"
    if overall:
        told += f" (Kruskal-Wallis H = {figure_text(overall[0].estimate)}, {p_text(overall[0].p)})"
    shifts = [
        f"{shift.term}: Hodges-Lehmann shift {figure_text(shift.estimate)} "
        f"({interval_text(shift.ci_low, shift.ci_high, level)}; "
        + (
            f"Dunn, Holm-corrected {p_text(shift.p_adjusted)})"
            if overall
            else f"Mann-Whitney {p_text(shift.p)})"
        )
        for shift, _ in pairs
    ]
    return f"{told}. {'; '.join(shifts)}."
