"""The next study: patients for a difference that is stated, and the smallest difference that these patients could show.

The spread is that of this cohort; the differences are chosen beforehand, never the observed one: the power for the
observed difference says no more than the p (Hoenig & Heisey 2001).
"""

import math
from bisect import bisect_left

import numpy as np
from scipy.optimize import brentq

from mvd.settings.cohort import CohortSettings, PowerSettings
from mvd.stats.cohort.endpoint import Endpoint
from mvd.stats.cohort.groups import Groups
from mvd.stats.finding import Estimate, Finding, figure_text

_RANKS = 0.864
"""Least efficiency of the Mann-Whitney test beside t, for any shape of distribution (Hodges & Lehmann 1956)."""


def power_of_groups(groups: Groups, settings: CohortSettings) -> Finding:
    """Plan two groups of equal size, compared by Mann-Whitney (t-test's size / 0.864, the worst case)."""
    wanted, measure = settings.power, settings.join.measure
    n = sum(len(values) for values in groups.values())
    spread = math.sqrt(sum(((v - v.mean()) ** 2).sum() for v in groups.values()) / (n - len(groups)))
    mean = float(np.mean(np.concatenate(list(groups.values()))))
    if spread == 0 or mean == 0:
        return Finding("power", "Next study", notes=("the densities do not differ: no spread to plan with",))
    method = f"statsmodels TTestIndPower / {_RANKS} for ranks; two-sided alpha {wanted.alpha:g}, power {wanted.power:g}"
    found = [Estimate("all groups", f"pooled SD of {measure} within groups", spread, n=n)]
    for part in wanted.differences:
        difference = part * mean
        each = patients_each(abs(difference) / spread, wanted)
        term = f"difference of {figure_text(difference)} ({100 * part:g} % of the mean)"
        found.append(Estimate(term, "patients in each of two groups", float(each), method=method))
    found += _least_differences(groups, spread, settings, method)
    first = found[1]
    sentence = (
        f"With a standard deviation of {figure_text(spread)} within groups, {first.estimate:.0f} patients in each "
        f"of two groups give {100 * wanted.power:g} % power for a {first.term} (two-sided alpha {wanted.alpha:g}, "
        "Mann-Whitney)."
    )
    return Finding("power", "Next study: groups", tuple(found), sentence)


def _least_differences(
    groups: Groups, spread: float, settings: CohortSettings, method: str
) -> list[Estimate]:
    names = list(groups)
    found = []
    for name in names[1:]:
        effect = least_effect(len(groups[names[0]]), len(groups[name]), settings.power)
        quantity = f"smallest shift of {settings.join.measure} that these patients show"
        n = len(groups[names[0]]) + len(groups[name])
        found.append(Estimate(f"{name} - {names[0]}", quantity, effect * spread, n=n, method=method))
    return found


def power_at(effect: float, first: int, second: int, wanted: PowerSettings) -> float:
    """Return the power of the rank test for a difference in standard deviations, with so many patients a group."""
    from statsmodels.stats.power import TTestIndPower

    power = float(TTestIndPower().power(effect, first * _RANKS, wanted.alpha, ratio=second / first))
    return 1.0 if math.isnan(power) else power  # scipy's non-central t gives up where the power is next to 1


def patients_each(effect: float, wanted: PowerSettings) -> int:
    """Return the least number of patients in each of two groups; searched, for statsmodels' solver fails at few."""
    enough = 3
    while power_at(effect, enough, enough, wanted) < wanted.power:
        enough *= 2
    return 3 + bisect_left(
        range(3, enough), True, key=lambda n: power_at(effect, n, n, wanted) >= wanted.power
    )


def least_effect(first: int, second: int, wanted: PowerSettings) -> float:
    """Return the least difference, in standard deviations, that two groups of these sizes show."""
    most = 0.05
    while power_at(most, first, second, wanted) < wanted.power:
        most *= 2
    return float(brentq(lambda effect: power_at(effect, first, second, wanted) - wanted.power, 1e-9, most))


def power_of_endpoint(end: Endpoint, settings: CohortSettings) -> Finding:
    """Plan a Cox model of the continuous density: events and patients for stated hazard ratios per SD."""
    from scipy.stats import norm

    name, title = f"power_{end.name}", f"Next study: {end.name}"
    if end.events == 0:
        return Finding(name, title, notes=("no events: the part of patients with one is not known",))
    wanted = settings.power
    z = norm.ppf(1 - wanted.alpha / 2) + norm.ppf(wanted.power)
    method = (
        f"Hsieh & Lavori 2000: (z + z)^2 / log(HR)^2; alpha {wanted.alpha:g}, power {wanted.power:g}; "
        f"{end.events} of {end.n} had the event here"
    )
    found = []
    for ratio in wanted.hazard_ratios:
        if ratio == 1:
            continue
        events = (z / math.log(ratio)) ** 2
        term = f"hazard ratio {ratio:g} per SD"
        found.append(Estimate(term, "events", float(math.ceil(events)), method=method))
        patients = float(math.ceil(events * end.n / end.events))
        found.append(Estimate(term, "patients, if as many have the event as here", patients, method=method))
    least = math.exp(z / math.sqrt(end.events))
    quantity = "smallest hazard ratio per SD that these patients show"
    found.append(Estimate("this cohort", quantity, least, n=end.n, events=end.events, method=method))
    sentence = (
        f"With {end.events} events this cohort has {100 * wanted.power:g} % power for a hazard ratio of "
        f"{figure_text(least)} or more per SD of {end.measure} (two-sided alpha {wanted.alpha:g})."
    )
    return Finding(name, title, tuple(found), sentence)
