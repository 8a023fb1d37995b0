"""Joined slides -> one row per patient: the density by the stated rule, group, markers, times and covariates.

The patient is the unit of every test. What the rows of a patient say of it must be the same in all of them.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mvd.errors import CohortError
from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort.join import Counts, Joined
from mvd.stats.tables import Row, Table, duration, event, is_missing, number

VALUE, GROUP, BEFORE, AFTER, OUTCOME = "value", "group", "before", "after", "outcome"


@dataclass(frozen=True)
class Cohort:
    """What every analysis starts from.

    ``clinical`` : name of the CSV file. ``patients`` : a row per patient, sorted by name, with the first ``row`` of the
    file that is about it, the density ``value`` (NaN where missing), ``group`` (empty where missing), ``before`` and
    ``after`` with visits, and ``outcome``; markers, times, events and covariates under ``marker:``, ``time:``,
    ``event:``, ``covariate:`` and the column's name. ``slides`` : a row per slide. ``counts`` : what is missing, tied,
    duplicated or left out.
    """

    clinical: str
    patients: pd.DataFrame
    slides: pd.DataFrame
    counts: Counts = field(default_factory=dict)


def patients_of(joined: list[Joined], clinical: Table, settings: CohortSettings, counts: Counts) -> Cohort:
    """Make the table of patients.

    Raises
    ------
    CohortError
        When two rows of a patient contradict each other, or a cell is not what its column is for.
    """
    columns = _columns(clinical, settings)
    by_patient: dict[str, list[Joined]] = {}
    for slide in joined:
        by_patient.setdefault(slide.patient, []).append(slide)
    rows = []
    for patient, slides in by_patient.items():
        first = _agreed(clinical, [slide.row for slide in slides], [name for _, name in columns])
        facts = {key: _read(clinical, first, key, name, settings) for key, name in columns}
        number_of_row = min(slide.row.number for slide in slides)
        rows.append(
            {"patient": patient, "row": number_of_row, "slides": len(slides)}
            | _densities(clinical, slides, settings)
            | facts
        )
    patients = pd.DataFrame(rows)
    for key, name in columns:
        if key.startswith("covariate:"):
            patients[key] = _covariate(clinical, patients[key].tolist(), by_patient, name)
    slides_table = pd.DataFrame(
        {"patient": [s.patient for s in joined], "slide_id": [s.slide_id for s in joined]}
        | {"visit": [s.visit for s in joined], VALUE: [s.value for s in joined]}
    )
    cohort = Cohort(clinical.name, patients, slides_table, counts)
    counts.update(_missing(patients, settings))
    return cohort


def _columns(clinical: Table, settings: CohortSettings) -> list[tuple[str, str]]:
    """Return (key in the table of patients, column of CLINICAL) of all that the settings name."""
    wanted = [(GROUP, settings.group.column, "group.column"), (OUTCOME, settings.roc.outcome, "roc.outcome")]
    wanted += [(f"marker:{name}", name, "marker.columns") for name in settings.marker.columns]
    survival = settings.survival
    wanted += [(f"time:{name}", name, "survival.time") for name in survival.time]
    wanted += [(f"event:{name}", name, "survival.event") for name in survival.event]
    wanted += [(f"covariate:{name}", name, "survival.covariates") for name in survival.covariates]
    return [(key, clinical.need(name, setting)) for key, name, setting in wanted if name]


def _read(clinical: Table, row: Row, key: str, name: str, settings: CohortSettings) -> float | str:
    if key == GROUP or key.startswith("covariate:"):
        return "" if is_missing(row.cells[name]) else row.cells[name]
    if key == OUTCOME or key.startswith("event:"):
        return event(clinical, row, name)
    if key.startswith("time:"):
        return duration(clinical, row, name, settings.survival.unit)
    return number(clinical, row, name)


def _agreed(clinical: Table, rows: list[Row], columns: list[str]) -> Row:
    rows = sorted(rows, key=lambda row: row.number)
    for row in rows[1:]:
        for name in columns:
            if row.cells[name] != rows[0].cells[name]:
                other = f"{row.cells[name]!r}, but row {rows[0].number} of the same patient says"
                raise clinical.wrong(row, name, f"{other} {rows[0].cells[name]!r}; make them agree")
    return rows[0]


def _densities(clinical: Table, slides: list[Joined], settings: CohortSettings) -> dict[str, float]:
    paired = settings.paired
    if not paired.column:
        return {VALUE: one_of(slides, settings.join.several)}
    known = {paired.before, paired.after}
    for slide in slides:
        if slide.visit not in known:
            expected = f"{slide.visit!r} is neither {paired.before!r} nor {paired.after!r}"
            raise clinical.wrong(slide.row, paired.column, f"{expected} (paired.before, paired.after)")
    visits = {
        key: one_of([slide for slide in slides if slide.visit == name], settings.join.several)
        for key, name in ((BEFORE, paired.before), (AFTER, paired.after))
    }
    change = visits[AFTER] - visits[BEFORE]
    return {**visits, VALUE: change if paired.others_use == "change" else visits[paired.others_use]}


def one_of(slides: list[Joined], rule: str) -> float:
    """Return one number from a patient's slides by the stated rule; NaN from none.

    ``area_weighted`` is the mean with the tissue area as weight: vessels of all slides over tissue of all slides.
    """
    if not slides:
        return float("nan")
    values = np.array([slide.value for slide in slides])
    if rule == "area_weighted":
        return float(np.average(values, weights=[slide.area_mm2 for slide in slides]))
    if rule == "median":
        return float(np.median(values))
    return float(values.mean() if rule == "mean" else values.max() if rule == "max" else values.min())


def _covariate(
    clinical: Table, cells: list[str], by_patient: dict[str, list[Joined]], name: str
) -> list[float] | list[str]:
    """Return a covariate as numbers if any cell is one (then all must be), else as categories."""
    numeric = [_is_number(cell) for cell in cells if cell]
    if not numeric:
        raise CohortError(f"{clinical.name}, column {name!r}: empty; leave it out of survival.covariates")
    if not any(numeric):
        return cells
    rows = [min((s.row for s in slides), key=lambda row: row.number) for slides in by_patient.values()]
    return [number(clinical, row, name) for row in rows]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _missing(patients: pd.DataFrame, settings: CohortSettings) -> Counts:
    """Find what is missing, tied and censored, by patient."""
    names = patients["patient"].tolist()
    found: Counts = {}
    for key in patients.columns[3:]:
        gone = [n for n, empty in zip(names, _empty(patients[key]), strict=True) if empty]
        found[f"patient without {key.partition(':')[2] or key}"] = gone
    values = patients[VALUE]
    found["patient whose density is that of another (tie)"] = _tied(names, values)
    for time, status in zip(settings.survival.time, settings.survival.event, strict=True):
        known = patients[f"time:{time}"].notna() & patients[f"event:{status}"].notna()
        censored = known & (patients[f"event:{status}"] == 0)
        found[f"patient censored ({status})"] = [n for n, c in zip(names, censored, strict=True) if c]
        happened = patients[f"time:{time}"].where(known & (patients[f"event:{status}"] == 1))
        found[f"patient with an event ({status})"] = [
            n for n, v in zip(names, happened.notna(), strict=True) if v
        ]
        found[f"patient whose event is at another's time ({time}, tie)"] = _tied(names, happened)
    return {reason: who for reason, who in found.items() if who}


def _empty(cells: pd.Series) -> list[bool]:
    empty: list[bool] = (cells.isna() | (cells == "")).tolist()
    return empty


def _tied(names: list[str], values: pd.Series) -> list[str]:
    tied = values.notna() & values.duplicated(keep=False)
    return [name for name, is_tied in zip(names, tied.tolist(), strict=True) if is_tied]
