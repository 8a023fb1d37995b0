"""Readings of the same fields and of fields chosen anew -> how much of the disagreement is choosing, how much
counting.

Where all readers count in the same fields, they can differ by counting only; where each looks for the field, by
choosing too. The model is reading = slide or field + reader + rest: the residual mean square of the first
estimates the variance of counting, that of the second the variances of counting and choosing together; what a
reader reads more or less everywhere is in neither, and told apart (Vermeulen 1997 and the Breast 1999;8:251
report the two kinds of reading; the components are ours).
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mvd.settings.agree import AgreeSettings
from mvd.stats.agree.readings import Readings
from mvd.stats.agree.variation import residual_square
from mvd.stats.finding import Estimate, Finding, figure_text, interval_text


def choosing_and_counting(same: Readings, chosen: Readings, settings: AgreeSettings) -> Finding:
    """Split the error of readers who choose their fields; see the module.

    The interval of the counting error is that of chi-square, that of the share of F: exact where errors are
    normal and alike on all slides. That of the choosing error is a generalised one (Weerahandi 1993), from draws.
    """
    estimates = components(same.ratings, chosen.ratings, settings)
    level = settings.reading.confidence
    counting, choosing, share = estimates[:3]
    notes = []
    if choosing.estimate == 0:
        notes.append(
            "readings of re-chosen fields differ no more than those of the same fields: no choosing error seen"
        )
    notes.append(
        "the same fields should be such as readers choose: where vessels are fewer, counting errs less, and choosing "
        "gets the rest"
    )
    sentence = (
        f"The standard deviation of counting was {_text(counting, level)}, that of choosing the field "
        f"{_text(choosing, level)}; choosing made {100 * share.estimate:.0f} % of the variance between readers "
        f"({interval_text(100 * share.ci_low, 100 * share.ci_high, level)}; {len(same.keys)} same and "
        f"{len(chosen.keys)} re-chosen readings of {len(same.readers)} readers)."
    )
    return Finding("choosing", "Choosing and counting", tuple(estimates), sentence, tuple(notes))


def components(
    same: NDArray[np.float64], chosen: NDArray[np.float64], settings: AgreeSettings
) -> list[Estimate]:
    """Return the SDs of counting and choosing, the share of choosing, CVs, and the SD between readers' means.

    Parameters
    ----------
    same, chosen : (slides or fields, readers) float64
        Readings of the same fields, and of fields that each reader chose; the numbers of rows may differ.
    """
    from scipy.stats import chi2, f

    level = settings.reading.confidence
    tails = (1 - level) / 2, (1 + level) / 2
    (counted, df_c), (both, df_b) = residual_square(same), residual_square(chosen)
    rng = np.random.default_rng(settings.resample.seed)
    draws = both * df_b / rng.chisquare(df_b, settings.resample.draws) - counted * df_c / rng.chisquare(
        df_c, settings.resample.draws
    )
    counting = [math.sqrt(counted * df_c / q) for q in chi2.ppf(tails[::-1], df_c)]
    choosing = [math.sqrt(max(0.0, float(end))) for end in np.quantile(draws, tails)]
    share = [
        1 - min(1.0, counted / both * q) if both > 0 else math.nan for q in f.ppf(tails[::-1], df_b, df_c)
    ]
    spread = math.sqrt(max(0.0, both - counted))
    drawn = f"difference of mean squares; interval from {settings.resample.draws} draws, seed {settings.resample.seed}"
    part = max(0.0, 1 - counted / both) if both > 0 else math.nan
    found = [
        _line(
            "same fields", "SD of counting", math.sqrt(counted), counting, "residual mean square; chi-square"
        ),
        _line("re-chosen fields", "SD of choosing", spread, choosing, drawn),
        _line(
            "re-chosen fields",
            "part of the variance that is choosing",
            part,
            share,
            "1 - ratio of mean squares; F",
        ),
    ]
    mean = float(chosen.mean())
    if mean > 0:
        cvs = (("counting", math.sqrt(counted), counting), ("choosing", spread, choosing))
        found += [
            _line(
                "re-chosen fields",
                f"CV of {name}, %",
                100 * sd / mean,
                [100 * float(end) / mean for end in ends],
                "SD / mean of the re-chosen fields, taken as known",
            )
            for name, sd, ends in cvs
        ]
    sizes = {"same fields": len(same), "re-chosen fields": len(chosen)}
    found = [replace(each, n=sizes[each.term]) for each in found]
    return [*found, _between("same fields", same), _between("re-chosen fields", chosen)]


def _line(term: str, name: str, value: float, ends: Sequence[float], method: str) -> Estimate:
    low, high = ends
    return Estimate(term, name, value, float(low), float(high), method=method)


def _between(term: str, ratings: NDArray[np.float64]) -> Estimate:
    """Return the SD between readers' means, less what chance makes of them: what some read more everywhere."""
    n = len(ratings)
    rest = float(ratings.mean(axis=0).var(ddof=1)) - residual_square(ratings)[0] / n
    method = "readers' variance component, 0 if negative; no interval with so few readers"
    return Estimate(term, "SD between readers' means", math.sqrt(max(0.0, rest)), n=n, method=method)


def _text(estimate: Estimate, level: float) -> str:
    return f"{figure_text(estimate.estimate)} ({interval_text(estimate.ci_low, estimate.ci_high, level)})"
