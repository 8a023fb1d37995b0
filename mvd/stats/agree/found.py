"""Matched points of two readers -> precision, recall and F1 with intervals, the sentence, and maps of some slides."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from mvd.settings.agree import AgreeSettings
from mvd.stats.agree.drawing import draw_points
from mvd.stats.agree.highlow import wilson
from mvd.stats.agree.points import Pointed, matched
from mvd.stats.agree.sources import key_text
from mvd.stats.finding import Estimate, Finding, Picture, interval_text

Numbers = tuple[float, float, float]
_LEAST_SLIDES = 10  # below, slides drawn again say little of how slides vary
_MOST_MAPS, _MOST_POINTS = 3, 3000


def found_by_both(pointed: Pointed, i: int, j: int, settings: AgreeSettings) -> Finding:
    """Compare the vessels of reader ``j`` with those of reader ``i``, who stands for the truth in the words only."""
    first, second, within = pointed.readers[i], pointed.readers[j], settings.points.within_um
    matches = matched(pointed, i, j, within)
    tallies = np.array(
        [
            [len(pointed.points[i][key]), len(pointed.points[j][key]), len(matches[key].first)]
            for key in pointed.keys
        ],
        dtype=float,
    ).reshape(-1, 3)
    slides = [slide for slide, _ in pointed.keys]
    whole, how = _in_all(tallies, slides, settings)
    estimates = _rows(f"{first}, {second}", tallies.sum(axis=0), whole, how, within)
    for key, tally in zip(pointed.keys, tallies, strict=True):
        own = _independent(tally, settings.reading.confidence)
        estimates += _rows(
            f"{first}, {second}: {key_text(key)}", tally, own, "Wilson, vessels as if independent", within
        )
    distances = np.concatenate([matches[key].distance_um for key in pointed.keys])
    if len(distances):
        middle = float(np.median(distances))
        estimates.append(
            Estimate(f"{first}, {second}", "median distance of a match, um", middle, n=len(distances))
        )
    notes = []
    if "independent" in how:
        notes.append(
            f"fewer than {_LEAST_SLIDES} slides: the intervals take vessels for independent, and "
            "are too narrow if slides differ"
        )
    pictures = _maps(pointed, (i, j), within)
    return Finding(
        f"points_{first}_{second}",
        f"Vessels of {first} and of {second}",
        tuple(estimates),
        _sentence(pointed, (i, j), tallies.sum(axis=0), whole, settings),
        tuple(notes),
        pictures,
    )


def rates(tally: NDArray[np.float64]) -> Numbers:
    """Return precision, recall and F1 from the points of the first, of the second, and those matched; NaN of none."""
    first, second, both = (float(value) for value in tally)
    with np.errstate(divide="ignore", invalid="ignore"):
        made = np.divide([both, both, 2 * both], [second, first, first + second])
    precision, recall, f1 = (float(value) for value in made)
    return precision, recall, f1


def _independent(tally: NDArray[np.float64], level: float) -> list[tuple[float, float]]:
    """Return Wilson's intervals; that of F1 = 2 J / (1 + J) from that of J, the part of all vessels that both have."""
    first, second, both = (float(value) for value in tally)
    union = wilson(both, first + second - both, level)
    low, high = (2 * end / (1 + end) for end in union)
    return [wilson(both, second, level), wilson(both, first, level), (low, high)]


def _in_all(
    tallies: NDArray[np.float64], slides: list[str], settings: AgreeSettings
) -> tuple[list[tuple[float, float]], str]:
    """Return the intervals over all slides: slides drawn again where there are ten or more, fields with their slide."""
    names, which = np.unique(slides, return_inverse=True)
    level = settings.reading.confidence
    if len(names) < _LEAST_SLIDES:
        return _independent(tallies.sum(axis=0), level), "Wilson, vessels as if independent"
    by_slide = np.zeros((len(names), 3))
    np.add.at(by_slide, which, tallies)
    rng = np.random.default_rng(settings.resample.seed)
    drawn = [
        rates(by_slide[rng.integers(0, len(names), len(names))].sum(axis=0))
        for _ in range(settings.resample.bootstrap)
    ]
    ends = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    how = f"bootstrap of {len(names)} slides, {settings.resample.bootstrap} samples, seed {settings.resample.seed}"
    return [(float(low), float(high)) for low, high in ends.T], how


def _rows(
    term: str, tally: NDArray[np.float64], ends: list[tuple[float, float]], how: str, within: float
) -> list[Estimate]:
    n = int(tally[0] + tally[1] - tally[2])
    method = f"one to one within {within:g} um; interval: {how}"
    return [
        *(
            Estimate(term, name, value, *interval, n=n, method=method)
            for name, value, interval in zip(("precision", "recall", "F1"), rates(tally), ends, strict=True)
        ),
        *(
            Estimate(term, name, float(value), n=n)
            for name, value in zip(
                ("vessels of the first", "vessels of the second", "matched"), tally, strict=True
            )
        ),
    ]


def _sentence(
    pointed: Pointed,
    pair: tuple[int, int],
    tally: NDArray[np.float64],
    ends: list[tuple[float, float]],
    settings: AgreeSettings,
) -> str:
    first, second = (pointed.readers[which] for which in pair)
    if not tally[:2].all():
        return ""
    level = settings.reading.confidence
    precision, recall, f1 = (
        f"{100 * value:.0f} % ({interval_text(100 * low, 100 * high, level)})"
        for value, (low, high) in zip(rates(tally), ends, strict=True)
    )
    slides = len({slide for slide, _ in pointed.keys})
    return (
        f"Matched one to one within {settings.points.within_um:g} um, {second} marked {recall} of the {tally[0]:.0f} "
        f"vessels of {first}, and {precision} of the {tally[1]:.0f} vessels of {second} were of {first}; F1 {f1}; "
        f"{slides} slide{'' if slides == 1 else 's'}."
    )


def _maps(pointed: Pointed, pair: tuple[int, int], within: float) -> tuple[Picture, ...]:
    i, j = pair
    names = pointed.readers[i], pointed.readers[j]
    shown = [
        key for key in pointed.keys
        if 0 < len(pointed.points[i][key]) + len(pointed.points[j][key]) <= _MOST_POINTS
    ][:_MOST_MAPS]  # fmt: skip
    return tuple(
        Picture(
            f"map_{names[0]}_{names[1]}_{key_text(key)}",
            f"{key_text(key)}: vessels of both readers, and of one of them alone; within {within:g} um.",
            partial(
                draw_points,
                first=pointed.points[i][key],
                second=pointed.points[j][key],
                matches=matched(pointed, i, j, within)[key],
                names=names,
            ),
            (5.0, 4.6),
        )
        for key in shown
    )
