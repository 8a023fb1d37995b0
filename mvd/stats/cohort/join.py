"""Slides of a result folder and rows of CLINICAL.csv -> slides that know their patient and their row.

A row belongs to a slide when its column ``slide`` names it (path, file name or slide_id); where CLINICAL has a row for
each patient instead, the slide's name tells the patient (``join.patient_pattern``). Nothing is guessed: what has no
counterpart stops the analysis, or is left out and counted.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mvd.errors import CohortError, SettingsError
from mvd.settings.cohort import CohortSettings, JoinSettings
from mvd.stats.tables import Row, Table, is_missing, number, plain_text, read_table

Counts = dict[str, list[str]]
"""What was left out or is worth knowing -> the slides or patients that it is about."""

SLIDE = "slide"


@dataclass(frozen=True)
class Joined:
    """A measured slide, the patient it is of, and the row of CLINICAL that says so.

    ``value`` is the chosen column of summary.csv, ``area_mm2`` its tissue; ``visit`` is empty without visits.
    """

    slide_id: str
    patient: str
    visit: str
    value: float
    area_mm2: float
    row: Row


def join(folder: Path, clinical: Table, settings: CohortSettings) -> tuple[list[Joined], Counts]:
    """Join a result folder with clinical rows, in the order of patients and slides.

    Parameters
    ----------
    folder : Path
        A result folder of `mvd run`.
    clinical : Table
        A row for each slide (column ``slide``), or for each patient.
    settings : CohortSettings

    Returns
    -------
    slides : list of Joined
        Sorted by patient and slide_id: the order of rows in neither file matters.
    counts : dict
        What was left out, by reason.

    Raises
    ------
    CohortError, SettingsError
    """
    rules, visit = settings.join, settings.paired.column
    summary = _summary(folder, rules.measure)
    if visit:
        clinical.need(visit, "paired.column")
    by_slide = SLIDE in clinical.columns
    pairs, counts = (_by_slide if by_slide else _by_patient)(summary, clinical, rules)
    if not pairs:
        raise CohortError(
            f"{clinical.name}: no row fits a slide of {summary.name}; compare the names in both"
        )
    joined = []
    for measured, row, patient in pairs:
        value = number(summary, measured, rules.measure)
        slide_id = measured.cells["slide_id"]
        if measured.cells["status"] == "failed" or math.isnan(value):
            counts.setdefault("slide without a number (failed or empty cell)", []).append(slide_id)
            continue
        area = number(summary, measured, "tissue_area_mm2")
        joined.append(Joined(slide_id, patient, row.cells[visit] if visit else "", value, area, row))
    if not joined:
        raise CohortError(f"{summary.name}: no slide has a number in {rules.measure!r}")
    counts |= _same_content(folder, {slide.slide_id for slide in joined})
    return sorted(joined, key=lambda slide: (slide.patient, slide.slide_id)), counts


def _summary(folder: Path, measure: str) -> Table:
    table = read_table(folder / "summary.csv")
    for column in ("slide_id", SLIDE, "status", "tissue_area_mm2"):
        if column not in table.columns:
            raise CohortError(f"summary.csv: no column {column!r}; give a result folder of `mvd run`")
    table.need(measure, "join.measure")
    return table


def _index(summary: Table) -> tuple[dict[str, list[Row]], ...]:
    """Return the slides by path and slide_id, by file name, and by stem."""
    found: tuple[dict[str, list[Row]], ...] = ({}, {}, {})
    for row in summary.rows:
        path = PurePosixPath(plain_text(row.cells[SLIDE]))
        for names, known in zip(
            ({str(path), row.cells["slide_id"]}, {path.name}, {path.stem}), found, strict=True
        ):
            for name in names:
                known.setdefault(name, []).append(row)
    return found


def _called(name: str, index: tuple[dict[str, list[Row]], ...]) -> list[Row]:
    """Return the slides of that path or slide_id; if there are none, of that file name, then of that stem."""
    wanted = str(PurePosixPath(plain_text(name).replace("\\", "/")))
    return next((known[wanted] for known in index if wanted in known), [])


def _by_slide(
    summary: Table, clinical: Table, rules: JoinSettings
) -> tuple[list[tuple[Row, Row, str]], Counts]:
    if rules.patient not in clinical.columns:
        raise _no_patient(clinical, rules)
    pairs, lost = [], []
    taken: dict[str, int] = {}
    index = _index(summary)
    for row in clinical.rows:
        name = row.cells[SLIDE]
        found = _called(name, index)
        if len(found) > 1:
            raise clinical.wrong(row, SLIDE, f"{name!r} fits {len(found)} slides; write its path or slide_id")
        if not found:
            lost.append(row)
            continue
        slide_id = found[0].cells["slide_id"]
        if slide_id in taken:
            raise clinical.wrong(row, SLIDE, f"{name!r} stands in row {taken[slide_id]} already; keep one")
        taken[slide_id] = row.number
        pairs.append((found[0], row, _patient(clinical, row, rules)))
    counts: Counts = {}
    if lost:
        _stop_or_count(
            counts, clinical, lost, rules, SLIDE, "is no slide of the folder", "row without its slide"
        )
    rest = [row for row in summary.rows if row.cells["slide_id"] not in taken]
    if rest:
        _stop_or_count(
            counts, summary, rest, rules, SLIDE, f"is not in {clinical.name}", "slide without a row"
        )
    return pairs, counts


def _by_patient(
    summary: Table, clinical: Table, rules: JoinSettings
) -> tuple[list[tuple[Row, Row, str]], Counts]:
    if rules.patient not in clinical.columns:
        raise _no_patient(clinical, rules)
    if not rules.patient_pattern:
        raise SettingsError(
            f"{clinical.name}, row 1: no column 'slide', so join.patient_pattern must say how a slide's name tells "
            "its patient"
        )
    rows: dict[str, Row] = {}
    for row in clinical.rows:
        patient = _patient(clinical, row, rules)
        if patient in rows:
            twice = f"patient {patient!r} stands in row {rows[patient].number} already; keep one"
            raise clinical.wrong(row, rules.patient, twice)
        rows[patient] = row
    pairs, lost = [], []
    for measured in summary.rows:
        patient = _told_by_name(measured, rules.patient_pattern)
        if patient in rows:
            pairs.append((measured, rows[patient], patient))
        else:
            lost.append(measured)
    counts: Counts = {}
    if lost:
        what = f"tells no patient of {clinical.name} (join.patient_pattern)"
        _stop_or_count(counts, summary, lost, rules, SLIDE, what, "slide without a row")
    seen = {patient for _, _, patient in pairs}
    rest = [row for patient, row in rows.items() if patient not in seen]
    if rest:
        _stop_or_count(counts, clinical, rest, rules, rules.patient, "has no slide", "row without its slide")
    return pairs, counts


def _told_by_name(measured: Row, pattern: str) -> str:
    try:
        found = re.search(pattern, PurePosixPath(plain_text(measured.cells[SLIDE])).name)
    except re.error as error:
        raise SettingsError(f"join.patient_pattern: no regular expression ({error})") from None
    if found is None:
        return ""
    return found.group(1) if found.re.groups else found.group(0)


def _patient(clinical: Table, row: Row, rules: JoinSettings) -> str:
    patient = plain_text(row.cells[rules.patient])
    if is_missing(patient):
        raise clinical.wrong(row, rules.patient, "empty; every row needs its patient")
    return patient


def _no_patient(clinical: Table, rules: JoinSettings) -> SettingsError:
    return SettingsError(
        f"{clinical.name}, row 1: no column {rules.patient!r} (join.patient); add it, name yours with --patient, or "
        "give --patient slide if every slide is a patient of its own"
    )


def _stop_or_count(
    counts: Counts, table: Table, rows: list[Row], rules: JoinSettings, column: str, what: str, reason: str
) -> None:
    if rules.unmatched == "error":
        others = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
        raise table.wrong(
            rows[0], column, f"{rows[0].cells[column]!r} {what}{others}; mend it, or --unmatched leave_out"
        )
    counts[reason] = sorted(row.cells[column] for row in rows)


def _same_content(folder: Path, used: set[str]) -> Counts:
    """Find slides that are the same file under two names; a folder without run.json tells none."""
    try:
        slides: Iterable[dict[str, str]] = json.loads((folder / "run.json").read_bytes())["slides"]
        hashes = {slide["slide_id"]: slide["sha256"] for slide in slides if slide["slide_id"] in used}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    often = Counter(value for value in hashes.values() if value)
    same = sorted(slide for slide, value in hashes.items() if often[value] > 1)
    return {"slide whose file is that of another (duplicate)": same} if same else {}
