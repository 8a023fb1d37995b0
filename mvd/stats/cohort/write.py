"""A study -> its folder: tables as CSV, figures as SVG and PNG, the settings as TOML, and a page to read and quote.

All is made in memory before the first file is written, so that bad input leaves nothing behind.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from mvd.errors import CohortError
from mvd.report.atomic import write_atomically
from mvd.report.table import csv_of_rows
from mvd.result import Column
from mvd.stats.cohort.finding import ESTIMATE_COLUMNS, file_name
from mvd.stats.cohort.page import page
from mvd.stats.cohort.study import Study

COUNT_COLUMNS = (
    Column("what", "", "what is missing, tied, censored, duplicated or left out", "text"),
    Column("count", "", "how many slides or patients", "int"),
    Column("which", "", "their names", "text"),
)


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
    figures = _figures(study)
    known = [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in inputs]
    svgs = {name: content for name, content in figures.items() if name.endswith(".svg")}
    files = {
        **figures,
        "results.csv": _results(study),
        "patients.csv": _patients(study),
        "counts.csv": _counts(study),
        "cohort.toml": study.settings.to_toml().encode(),
        "cohort.html": page(study, svgs, known),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_atomically(out / name, content)
    except OSError as error:
        raise CohortError(
            f"{out}: cannot be written ({error.strerror}); give another folder with --out"
        ) from None
    return [out / name for name in files]


def _results(study: Study) -> bytes:
    rows = [{"analysis": f.name, **vars(estimate)} for f in study.findings for estimate in f.estimates]
    return csv_of_rows(rows, ESTIMATE_COLUMNS)


def _counts(study: Study) -> bytes:
    rows = [
        {"what": what, "count": len(which), "which": "; ".join(which)}
        for what, which in study.cohort.counts.items()
    ]
    return csv_of_rows(rows, COUNT_COLUMNS)


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


def _figures(study: Study) -> dict[str, bytes]:
    from mvd.stats.figures import new_figure, svg_and_png

    files = {}
    for finding in study.findings:
        for picture in finding.pictures:
            figure = new_figure(*picture.size)
            picture.draw(figure)
            svg, png = svg_and_png(figure)
            files[f"{file_name(picture.name)}.svg"] = svg
            files[f"{file_name(picture.name)}.png"] = png
    return files
