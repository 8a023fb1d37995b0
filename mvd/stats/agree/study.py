"""Readers' files -> findings, in the order of the page. Nothing is written here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from mvd.errors import MissingDependency
from mvd.settings.agree import AgreeSettings
from mvd.stats.agree.choosing import choosing_and_counting
from mvd.stats.agree.compared import compared
from mvd.stats.agree.points import Pointed, counts_of, pointed
from mvd.stats.agree.readings import Readings, collate, same_readers
from mvd.stats.agree.repeated import repeated
from mvd.stats.agree.sources import Counts, need_two, read_sources
from mvd.stats.finding import Finding

_LEAST = 3


@dataclass(frozen=True)
class Agreement:
    """What was asked, of whom, and what came of it; ``points`` only where points were compared."""

    settings: AgreeSettings
    readings: tuple[Readings, ...]
    points: Pointed | None
    findings: tuple[Finding, ...]
    counts: Counts


def study_agreement(
    files: Sequence[Path],
    settings: AgreeSettings,
    rechosen: Sequence[Path] = (),
    again: Sequence[Path] = (),
) -> Agreement:
    """Compare readers.

    Parameters
    ----------
    files : sequence of Path
        CSV files of two readers or more, by slide or field; with ``reading.kind = "points"``, of their points.
    settings : AgreeSettings
    rechosen : sequence of Path
        The same readers' readings of fields that each chose anew, in the same order.
    again : sequence of Path
        The same readers' second readings, in the same order.

    Returns
    -------
    Agreement
        The same files and settings give the same numbers, whatever the order of rows.

    Raises
    ------
    CohortError, SettingsError
        For a cell or column that is not as it should be, with row and column; too few slides or fields.
    MissingDependency
    """
    _need_libraries()
    sources = read_sources(files, settings)
    need_two(sources)
    if settings.reading.kind == "points":
        return _of_points(pointed(sources, settings), settings)
    first, moved = collate(sources, settings)
    sets, second = [first], None
    if rechosen:
        second = replace(collate(read_sources(rechosen, settings), settings)[0], what="re-chosen fields")
        same_readers(first, second, "--rechosen")
        second = replace(second, readers=first.readers)
        sets = [replace(first, what="the same fields")]
    chosen = second or moved
    if chosen is not None:
        sets.append(chosen)
    findings = [finding for readings in sets for finding in compared(readings, settings)]
    if chosen is not None:
        findings.append(choosing_and_counting(sets[0], chosen, settings))
    if again:
        findings.append(repeated(sources, read_sources(again, settings), settings))
    return Agreement(settings, tuple(sets), None, tuple(findings), _counts(sets))


def _of_points(points: Pointed, settings: AgreeSettings) -> Agreement:
    from mvd.stats.agree.found import found_by_both

    pairs = combinations(range(len(points.readers)), 2)
    findings = [found_by_both(points, i, j, settings) for i, j in pairs]
    counts = counts_of(points)
    if len(counts.keys) >= _LEAST and counts.ratings.min() < counts.ratings.max():
        findings += compared(counts, settings)
    return Agreement(settings, (counts,), points, tuple(findings), points.counts)


def _counts(sets: Sequence[Readings]) -> Counts:
    found: Counts = {}
    for readings in sets:
        for what, which in readings.counts.items():
            found[f"{what} ({readings.what})" if readings.what else what] = which
    for readings in sets:
        for j, reader in enumerate(readings.readers):
            values = readings.ratings[:, j].tolist()
            tied = [
                " / ".join(filter(None, key))
                for key, v in zip(readings.keys, values, strict=True)
                if values.count(v) > 1
            ]
            if tied:
                about = f"; {readings.what}" if readings.what else ""
                found[f"reading that is that of another ({reader}{about}, tie)"] = tied
    return found


def _need_libraries() -> None:
    try:
        import matplotlib  # noqa: F401
        import statsmodels  # noqa: F401
    except ImportError as error:
        raise MissingDependency(f"mvd agree needs {error.name}: pip install 'mvd[stats]'") from None
