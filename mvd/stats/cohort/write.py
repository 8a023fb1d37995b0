"""A study -> its folder: tables as CSV, figures as SVG and PNG, the settings as TOML, and a page to read and quote.

All is made in memory before the first file is written, so that bad input leaves nothing behind.
"""

from collections.abc import Sequence
from pathlib import Path

from mvd.report.table import csv_of_rows
from mvd.result import Column
from mvd.stats.cohort.page import page
from mvd.stats.cohort.study import Study
from mvd.stats.finding import ESTIMATE_COLUMNS
from mvd.stats.write import counts_csv, figures_of, hashes, write_files


def write_study(study: Study, out: Path, inputs: Sequence[Path]) -> list[Path]:
    """Write a study into a folder, which is made if need be.

    Parameters
    ----------
    study : Study
    out : Path
    inputs : sequence of Path
        summary.csv and the clinical file: the page names them with their SHA-256.

    Returns
    -------
    list of Path
        What was written, the page last.
    """
    figures = figures_of(study.findings)
    svgs = {name: content for name, content in figures.items() if name.endswith(".svg")}
    files = {
        **figures,
        "results.csv": _results(study),
        "patients.csv": _patients(study),
        "counts.csv": counts_csv(study.cohort.counts),
        "cohort.toml": study.settings.to_toml().encode(),
        "cohort.html": page(study, svgs, hashes(inputs)),
    }
    return write_files(files, out)


def _results(study: Study) -> bytes:
    rows = [{"analysis": f.name, **vars(estimate)} for f in study.findings for estimate in f.estimates]
    return csv_of_rows(rows, ESTIMATE_COLUMNS)


def _patients(study: Study) -> bytes:
    """Return what was analysed, a row per patient; a column's name may hold anything, so it is quoted like a cell."""
    table = study.cohort.patients.drop(columns="row")
    table.columns = [_quoted(name) for name in table.columns]
    columns = [
        Column(name, "", "", "text" if table[name].dtype == object else "float", significant=8)
        if name != "slides"
        else Column(name, "", "", "int")
        for name in table.columns
    ]
    return csv_of_rows([{str(k): v for k, v in row.items()} for row in table.to_dict("records")], columns)


def _quoted(name: str) -> str:
    return f'"{name.replace(chr(34), chr(34) * 2)}"' if any(mark in name for mark in ',"\r\n') else name
