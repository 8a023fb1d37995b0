"""A cut-off that was looked for, told honestly: the p corrected for the search, and curves of patients it never saw.

The search maximises the standardised log-rank statistic over all cuts that leave a tenth of the patients on either
side. Its p is that of the maximum under permutation of the densities (Lausen & Schumacher 1992). In the
cross-validation each patient is called high or low by a cut that was found without them (Faraggi & Simon 1996); its p
is from permutations of the whole procedure.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort.cox import DENSITY, EVENT, TIME, fit_cox, frame
from mvd.stats.cohort.endpoint import Endpoint, too_few
from mvd.stats.cohort.kaplan import log_rank
from mvd.stats.finding import Estimate, Finding, figure_text, interval_text, p_text

Array = NDArray[np.float64]
_EDGE = 0.1  # a cut leaves at least this part of the patients on either side


@dataclass(frozen=True)
class Cut:
    """The best cut: patients above ``at`` are high; ``z`` is the standardised log-rank statistic there."""

    at: float
    z: float


def searched_cutoff(end: Endpoint, settings: CohortSettings) -> Finding | None:
    """Search for a cut-off if that is asked for; None otherwise."""
    if settings.survival.search != "cross_validated":
        return None
    title, name = f"Searched cut-off: {end.name}", f"cutoff_{end.name}"
    few = too_few(end.events, 1, settings)
    folds = settings.resample.folds
    if few or end.n < 4 * folds or len(np.unique(end.value)) < 4:
        return Finding(name, title, notes=(few or f"{end.n} patients: too few to search in {folds} parts",))
    scores = log_rank_scores(end.time, end.event)
    order = np.argsort(end.value, kind="stable")
    value, scores = end.value[order], scores[order]
    rng = np.random.default_rng(settings.resample.seed)
    fold = rng.permutation(np.arange(end.n) % folds)
    best = best_cut(value, scores)
    honest = abs(held_out_z(value, scores, fold))
    corrected, validated = _permuted(value, scores, fold, (abs(best.z), honest), settings)
    at_best = end.value > best.at
    plain = log_rank(end, ~at_best, at_best)
    seeds = f"{settings.resample.permutations} permutations, seed {settings.resample.seed}"
    counts: dict[str, Any] = {"n": end.n, "events": end.events}
    found = [
        Estimate(f"> {figure_text(best.at, 4)}", f"best cut-off of {end.measure}", best.at, **counts),
        replace(
            plain,
            quantity="log-rank chi-square at the best cut-off (p is too small)",
            p_adjusted=corrected,
            method=f"lifelines logrank_test; p_adjusted: maximally selected log-rank, {seeds}",
        ),
        *_held_out_hazard(
            end, value, scores, fold, order, (validated, f"{folds} parts; p: {seeds}"), settings
        ),
    ]
    notes = (
        "the p at the best cut-off is too small because it was searched for: quote p_adjusted, and the cross-validated "
        "hazard ratio",
    )
    return Finding(name, title, tuple(found), _sentence(end, found, settings), notes)


def log_rank_scores(time: Array, event: NDArray[np.bool_]) -> Array:
    """Return event less cumulative hazard (Nelson-Aalen, lifelines) of each patient: they sum to zero."""
    from lifelines import NelsonAalenFitter

    hazard = NelsonAalenFitter(nelson_aalen_smoothing=False).fit(time, event).cumulative_hazard_.iloc[:, 0]
    at = np.searchsorted(hazard.index.to_numpy(float), time, side="right") - 1
    scores: Array = event.astype(float) - hazard.to_numpy(float)[at]
    return scores


def best_cut(value: Array, scores: Array) -> Cut:
    """Return the cut with the largest standardised statistic; ``value`` ascending, halfway between two patients."""
    z = _z_of_cuts(value, scores[None, :])[0]
    best = int(np.nanargmax(np.abs(z)))
    return Cut(float((value[best] + value[best + 1]) / 2), float(z[best]))


def _z_of_cuts(value: Array, scores: Array) -> Array:
    """Return the statistic of a cut after each patient, (k, n - 1) for k rows of scores; NaN where none may be."""
    n = len(value)
    low = np.arange(1, n)
    centred = scores - scores.mean(axis=1, keepdims=True)
    variance = centred.var(axis=1, ddof=1, keepdims=True) * low * (n - low) / n
    with np.errstate(invalid="ignore", divide="ignore"):
        z: Array = -np.cumsum(centred, axis=1)[:, :-1] / np.sqrt(variance)
    allowed = (np.diff(value) > 0) & (low >= np.ceil(_EDGE * n)) & (n - low >= np.ceil(_EDGE * n))
    return np.where(allowed[None, :] & np.isfinite(z), z, np.nan)


def called_high(value: Array, scores: Array, fold: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Return who is called high by the cut that was found without their part of the patients."""
    high = np.zeros(len(value), bool)
    for part in np.unique(fold):
        inside = fold == part
        if np.isfinite(_z_of_cuts(value[~inside], scores[None, ~inside])).any():
            high[inside] = value[inside] > best_cut(value[~inside], scores[~inside]).at
    return high


def held_out_z(value: Array, scores: Array, fold: NDArray[np.int_]) -> float:
    """Return the standardised statistic of those called high against the others; 0 when all are the same."""
    high = called_high(value, scores, fold)
    n, count = len(value), int(high.sum())
    spread = float(scores.std(ddof=1)) * np.sqrt(count * (n - count) / n)
    return float((scores - scores.mean())[high].sum() / spread) if spread > 0 else 0.0


def _permuted(
    value: Array, scores: Array, fold: NDArray[np.int_], seen: tuple[float, float], settings: CohortSettings
) -> tuple[float, float]:
    """Return the p of the maximum and of the cross-validated statistic: (r + 1) / (R + 1)."""
    rng = np.random.default_rng(settings.resample.seed + 1)
    count = settings.resample.permutations
    beyond = np.zeros(2)
    for _ in range(count):
        mixed = rng.permutation(scores)
        z = _z_of_cuts(value, mixed[None, :])
        reached = np.nanmax(np.abs(z)), abs(held_out_z(value, mixed, fold))
        beyond += np.array(reached) >= np.array(seen) - 1e-12
    first, second = (beyond + 1) / (count + 1)
    return float(first), float(second)


def _held_out_hazard(
    end: Endpoint,
    value: Array,
    scores: Array,
    fold: NDArray[np.int_],
    order: NDArray[np.int_],
    tested: tuple[float, str],
    settings: CohortSettings,
) -> list[Estimate]:
    high = np.zeros(end.n, bool)
    high[order] = called_high(value, scores, fold)
    table = frame(end)[[TIME, EVENT, DENSITY]].assign(**{DENSITY: high.astype(float)})
    fit = fit_cox(table, settings.join.confidence) if 0 < high.sum() < end.n else "all on one side"
    if isinstance(fit, str):
        return []
    low, upper = np.exp(fit.confidence_intervals_.to_numpy(float)[0])
    hazard = float(np.exp(fit.params_.iloc[0]))
    return [
        Estimate(
            "high - low, each called by a cut found without them",
            "hazard ratio, cross-validated",
            hazard,
            float(low),
            float(upper),
            p=tested[0],
            n=end.n,
            events=end.events,
            method=f"Cox of held-out calls, {tested[1]}",
        )
    ]


def _sentence(end: Endpoint, found: list[Estimate], settings: CohortSettings) -> str:
    told = (
        f"The best cut-off of {end.measure} for {end.name} was {figure_text(found[0].estimate, 4)}; corrected for the "
        f"search, {p_text(found[1].p_adjusted)} (log-rank, permutation)"
    )
    if len(found) > 2:
        last = found[2]
        ends = interval_text(last.ci_low, last.ci_high, settings.join.confidence)
        told += f". Cross-validated hazard ratio of high against low: {figure_text(last.estimate)} "
        told += f"({ends}; {p_text(last.p)})"
    return told + "."
