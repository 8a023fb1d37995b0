"""A result folder and clinical facts for the tests of `mvd cohort`, and how it is called."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from mvd.cli import cli
from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort import Study, study_cohort

SUMMARY = ("slide_id", "slide", "status", "tissue_area_mm2", "mvd_tissue_per_mm2", "hotspot_max_per_mm2")


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def slide_row(name: str, density: object, area: float = 10.0, status: str = "ok") -> list[object]:
    return [f"{name}-id", f"{name}.svs", status, area, density, density]


def desk(folder: Path, densities: Mapping[str, object], clinical: Mapping[str, Sequence[object]]) -> Path:
    """Write ``results/summary.csv`` and ``clinical.csv``: a slide a patient, columns of clinical by name."""
    results = folder / "results"
    results.mkdir(exist_ok=True)
    write_csv(results / "summary.csv", SUMMARY, [slide_row(name, value) for name, value in densities.items()])
    names = list(densities)
    rows = [
        [f"{name}.svs", f"patient {name}", *(cells[i] for cells in clinical.values())]
        for i, name in enumerate(names)
    ]
    write_csv(folder / "clinical.csv", ["slide", "patient", *clinical], rows)
    return folder


def study(folder: Path, **sections: Mapping[str, object]) -> Study:
    settings = CohortSettings.from_mapping({name: dict(section) for name, section in sections.items()})
    return study_cohort(folder / "results", folder / "clinical.csv", settings)


def estimate(made: Study, analysis: str, term: str, quantity: str):
    """Return the one estimate whose term and quantity begin so."""
    (finding,) = [found for found in made.findings if found.name == analysis]
    (found,) = [
        line
        for line in finding.estimates
        if line.term.startswith(term) and line.quantity.startswith(quantity)
    ]
    return found


def finding(made: Study, analysis: str):
    (found,) = [found for found in made.findings if found.name == analysis]
    return found


def call(*words: object) -> int:
    """Call ``mvd cohort`` and return its exit code."""
    try:
        cli.main(["cohort", *map(str, words)], prog_name="mvd")
    except SystemExit as end:
        return int(end.code or 0)
    raise AssertionError("the command did not end")
