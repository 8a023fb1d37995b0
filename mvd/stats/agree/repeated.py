"""Second readings of the same readers -> the CV within each reader, and what observers add to it."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from mvd.errors import CohortError
from mvd.settings.agree import AgreeSettings
from mvd.stats.agree.icc import intraclass
from mvd.stats.agree.readings import Readings, collate
from mvd.stats.agree.sources import Source
from mvd.stats.agree.variation import observer_cv, observers_alone
from mvd.stats.finding import Estimate, Finding, figure_text, interval_text


def repeated(first: Sequence[Source], second: Sequence[Source], settings: AgreeSettings) -> Finding:
    """Compare each reader's two readings, and take the CV within readers off that between them (after Hansen 1998).

    Raises
    ------
    CohortError
        More second readings than readers, or a slide or field that was not read twice.
    """
    if len(second) > len(first):
        raise CohortError(f"--again: {len(second)} readers, but {len(first)} in the first files")
    level = settings.reading.confidence
    estimates: list[Estimate] = []
    within: list[Estimate] = []
    for one, other in zip(first, second, strict=False):
        twice, _ = collate([one, replace(other, reader=f"{one.reader} again")], settings)
        icc = intraclass(twice.ratings, level)[1]
        method = "two-way random, absolute agreement, single reading"
        n = len(twice.keys)
        estimates.append(
            Estimate(
                one.reader,
                f"{icc.form}, two readings of one reader",
                icc.estimate,
                icc.low,
                icc.high,
                n=n,
                method=method,
            )
        )
        cv = observer_cv(twice.ratings, level)
        if cv is not None:
            within.append(replace(cv, term=one.reader, quantity="CV within the reader, %"))
    between = _between(collate(first, settings)[0], level)
    told = "; ".join(
        f"{e.term} {figure_text(e.estimate)} % ({interval_text(e.ci_low, e.ci_high, level)})" for e in within
    )
    sentence = f"The CV within a reader was {told}" if within else ""
    alone: list[Estimate] = []
    if between is not None and within:
        root = float(np.sqrt(np.mean([e.estimate**2 for e in within])))
        alone = [replace(observers_alone(between, replace(within[0], estimate=root)), term="all readers")]
        sentence += f"; between readers {figure_text(between.estimate)} %, of which "
        sentence += f"{figure_text(alone[0].estimate)} % by observers alone"
    made = [*estimates, *within, *([between] if between else []), *alone]
    return Finding(
        "repeated",
        "Readings of one reader, and of different ones",
        tuple(made),
        sentence + "." if sentence else "",
    )


def _between(readings: Readings, level: float) -> Estimate | None:
    """Return the mean square of the CVs of each two readers, as a CV."""
    pairs = list(combinations(range(len(readings.readers)), 2))
    found = [observer_cv(readings.ratings[:, list(pair)], level) for pair in pairs]
    known = [each for each in found if each is not None]
    if not known:
        return None
    root = float(np.sqrt(np.mean([e.estimate**2 for e in known])))
    one = known[0] if len(known) == 1 else replace(known[0], ci_low=float("nan"), ci_high=float("nan"))
    return replace(one, term="all readers", quantity="CV between readers, %", estimate=root)
