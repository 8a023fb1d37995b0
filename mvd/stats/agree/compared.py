"""Ratings -> findings: all readers together, and each two of them with their pictures and the sentence to quote."""

from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np

from mvd.settings.agree import AgreeSettings
from mvd.stats.agree.drawing import draw_difference, draw_readings
from mvd.stats.agree.highlow import high_low
from mvd.stats.agree.icc import intraclass
from mvd.stats.agree.pair import bland_altman, concordance, proportional_bias, ratio_limits
from mvd.stats.agree.readings import Readings
from mvd.stats.agree.variation import observer_cv
from mvd.stats.finding import Estimate, Finding, Picture, figure_text, interval_text, p_text
from mvd.stats.spearman import spearman

_FORMS = {
    "ICC(1,": "one-way random",
    "ICC(2,": "two-way random, absolute agreement",
    "ICC(3,": "two-way mixed, consistency",
}


def compared(readings: Readings, settings: AgreeSettings) -> list[Finding]:
    """Compare all readers, then each two."""
    split = settings.split.value
    at = float(np.median(readings.ratings)) if split is None else split
    pairs = combinations(range(len(readings.readers)), 2)
    return [_all_readers(readings, settings), *(_two(readings, pair, at, settings) for pair in pairs)]


def _named(readings: Readings, name: str) -> str:
    return f"{name} ({readings.what})" if readings.what else name


def _all_readers(readings: Readings, settings: AgreeSettings) -> Finding:
    level = settings.reading.confidence
    who = ", ".join(readings.readers)
    n, k = readings.ratings.shape
    found = [
        Estimate(
            who, icc.form, icc.estimate, icc.low, icc.high, n=n,
            method=f"{_FORMS[icc.form[:6]]}, {'single reader' if icc.form.endswith('1)') else f'mean of {k} readers'}; "
            "Shrout & Fleiss 1979, McGraw & Wong 1996",
        )
        for icc in intraclass(readings.ratings, level)
    ]  # fmt: skip
    cv = observer_cv(readings.ratings, level)
    notes = []
    if readings.slides < n:
        notes.append(
            f"{n} fields of {readings.slides} slides: fields of one slide hang together, and "
            "intervals are too narrow for that"
        )
    if cv is None:
        notes.append("the mean reading is not above 0: no coefficient of variation")
    single = found[1]
    told = (
        f"Over {n} {readings.unit}, the agreement of {k} readers ({who}) on {readings.measure} was {single.quantity} = "
        f"{figure_text(single.estimate)} ({interval_text(single.ci_low, single.ci_high, level)}; two-way random "
        "effects, absolute agreement, single reader)"
    )
    if cv is not None:
        told += f", with an observer CV of {figure_text(cv.estimate)} % ({interval_text(cv.ci_low, cv.ci_high, level)})"
    estimates = [*found, *([replace(cv, term=who)] if cv is not None else [])]
    slug = "_".join(filter(None, ("readers", readings.what.replace(" ", "_"))))
    return Finding(slug, _named(readings, "All readers"), tuple(estimates), told + ".", tuple(notes))


def _two(readings: Readings, pair: tuple[int, int], at: float, settings: AgreeSettings) -> Finding:
    (a, b), level = pair, settings.reading.confidence
    names = readings.readers[a], readings.readers[b]
    first, second = readings.ratings[:, a], readings.ratings[:, b]
    limits = bland_altman(first, second, level)
    found = [*limits, *proportional_bias(first, second, level), *ratio_limits(first, second, level)]
    cv = observer_cv(readings.ratings[:, [a, b]], level)
    notes = []
    if cv is not None:
        found.append(cv)
    if np.ptp(first) > 0 and np.ptp(second) > 0:
        found += [concordance(first, second, level), spearman(first, second, level)]
    else:
        notes.append("the readings of one reader are all the same: neither concordance nor rho")
    split = high_low(first, second, at, level)
    if len(split) == 1:
        notes.append(f"all readings are on one side of {figure_text(at, 4)}: no kappa")
    found += split
    slope = next((e for e in found if e.quantity.startswith("slope of difference")), None)
    if slope is not None and slope.p < 1 - level:
        notes.append(
            f"the difference changes with the density ({p_text(slope.p)}): bias and limits are a mean over it; "
            "the ratio's may fit better"
        )
    term = f"{names[0]}, {names[1]}"
    estimates = tuple(replace(each, term=term) for each in found)
    slug = "_".join(filter(None, (*names, readings.what.replace(" ", "_"))))
    pictures = _pictures(readings, pair, at, {e.quantity: e for e in limits}, slug)
    sentence = _sentence(readings, names, estimates, settings)
    return Finding(
        f"pair_{slug}",
        _named(readings, f"{names[0]} and {names[1]}"),
        estimates,
        sentence,
        tuple(notes),
        pictures,
    )


def _pictures(
    readings: Readings, pair: tuple[int, int], at: float, limits: dict[str, Estimate], slug: str
) -> tuple[Picture, ...]:
    a, b = pair
    names = (readings.readers[a], readings.readers[b], readings.measure)
    first, second = readings.ratings[:, a], readings.ratings[:, b]
    n = len(first)
    return (
        Picture(
            f"bland_altman_{slug}",
            f"Difference against mean of {n} {readings.unit}; lines: bias and limits of agreement; bands: "
            "their intervals.",
            partial(draw_difference, first=first, second=second, lines=limits, names=names),
            (5.8, 3.8),
        ),
        Picture(
            f"readings_{slug}",
            f"{names[1]} against {names[0]}, {n} {readings.unit}; line: equal; dotted: where high begins for kappa.",
            partial(draw_readings, first=first, second=second, at=at, names=names),
            (4.4, 4.4),
        ),
    )


def _sentence(
    readings: Readings, names: tuple[str, str], estimates: tuple[Estimate, ...], settings: AgreeSettings
) -> str:
    level = settings.reading.confidence
    by_name = {e.quantity: e for e in estimates}

    def told(name: str) -> str:
        e = by_name[name]
        return f"{figure_text(e.estimate)} ({interval_text(e.ci_low, e.ci_high, level)})"

    parts = [
        f"Over {len(readings.keys)} {readings.unit}, {names[1]} less {names[0]} was {told('bias')}, with limits of "
        f"agreement from {told('lower limit')} to {told('upper limit')}"
    ]
    for name, words in (
        ("slope of second on first", "slope of orthogonal regression"),
        ("observer CV, %", "observer CV in %"),
        ("Lin's concordance", "Lin's concordance"),
        ("Spearman's rho", "Spearman's rho"),
        ("kappa, high and low", "kappa"),
    ):
        if name in by_name:
            split = f" ({by_name[name].method.partition(';')[0]})" if words == "kappa" else ""
            parts.append(f"{words}{split} {told(name)}")
    return "; ".join(parts) + "."
