"""A result folder and clinical facts -> findings, in the order of the report. Nothing is written here."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mvd.errors import MissingDependency
from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort.join import join
from mvd.stats.cohort.patients import Cohort, patients_of
from mvd.stats.finding import Finding
from mvd.stats.tables import read_table


@dataclass(frozen=True)
class Study:
    """What was asked, of whom, and what came of it."""

    settings: CohortSettings
    cohort: Cohort
    findings: tuple[Finding, ...]


def study_cohort(folder: Path, clinical: Path, settings: CohortSettings) -> Study:
    """Join the slides of a result folder with clinical facts and analyse the patients.

    Parameters
    ----------
    folder : Path
        A result folder of `mvd run`.
    clinical : Path
        CSV, a row for each slide or for each patient.
    settings : CohortSettings
        Which columns, which analyses. The same files and settings give the same numbers, whatever the order of rows.

    Returns
    -------
    Study

    Raises
    ------
    CohortError
        For a cell that is not what its column is for, with row and column.
    SettingsError
        For a column that there is not.
    MissingDependency
    """
    _need_libraries()
    table = read_table(clinical)
    joined, counts = join(folder, table, settings)
    cohort = patients_of(joined, table, settings, counts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # among the libraries themselves
        warnings.simplefilter("ignore", FutureWarning)
        findings = tuple(finding for ask in _questions(cohort, settings) if (finding := ask()) is not None)
    return Study(settings, cohort, findings)


def _questions(cohort: Cohort, settings: CohortSettings) -> Iterator[Callable[[], Finding | None]]:
    """Yield the analyses that the settings ask for; each is imported when its turn comes."""
    if settings.group.column:
        yield from _of_groups(cohort, settings)
    if settings.paired.column:
        from mvd.stats.cohort.paired import paired_change

        yield lambda: paired_change(cohort, settings)
    if settings.marker.columns:
        from mvd.stats.cohort.marker import correlate

        for column in settings.marker.columns:
            yield partial(correlate, cohort, settings, column)
    if settings.roc.outcome:
        from mvd.stats.cohort.roc import roc

        yield lambda: roc(cohort, settings)
    for which in range(len(settings.survival.time)):
        yield from _of_survival(cohort, settings, which)


def _of_groups(cohort: Cohort, settings: CohortSettings) -> Iterator[Callable[[], Finding | None]]:
    from mvd.stats.cohort.groups import compare_groups, groups_of
    from mvd.stats.cohort.mixed import mixed_model
    from mvd.stats.cohort.power import power_of_groups

    yield lambda: compare_groups(cohort, settings)
    yield lambda: mixed_model(cohort, settings)
    yield lambda: power_of_groups(groups_of(cohort, settings), settings)


def _of_survival(
    cohort: Cohort, settings: CohortSettings, which: int
) -> Iterator[Callable[[], Finding | None]]:
    from mvd.stats.cohort.concordance import concordance
    from mvd.stats.cohort.cox import cox
    from mvd.stats.cohort.cutoff import searched_cutoff
    from mvd.stats.cohort.endpoint import endpoint
    from mvd.stats.cohort.kaplan import kaplan
    from mvd.stats.cohort.power import power_of_endpoint
    from mvd.stats.cohort.roc import timed_roc
    from mvd.stats.cohort.spline import shape

    end = endpoint(cohort, settings, which)
    if end.n == 0:
        nobody = "no patient has density, time and event"
        yield lambda: Finding(f"survival_{end.name}", f"Survival: {end.name}", notes=(nobody,))
        return
    analyses: tuple[Callable[..., Finding | None], ...] = (
        cox,
        shape,
        kaplan,
        concordance,
        timed_roc,
        searched_cutoff,
        power_of_endpoint,
    )
    for analysis in analyses:
        yield partial(analysis, end, settings)


def _need_libraries() -> None:
    try:
        import lifelines  # noqa: F401
        import matplotlib  # noqa: F401
        import scikit_posthocs  # noqa: F401
        import statsmodels  # noqa: F401
    except ImportError as error:
        raise MissingDependency(f"mvd cohort needs {error.name}: pip install 'mvd[stats]'") from None
