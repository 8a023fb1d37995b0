"""Findings -> files in a folder: figures, counts, hashes of what was read. What the page and the tables hold is
made by the callers, all in memory, so that bad input leaves nothing behind.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mvd.errors import CohortError
from mvd.report.atomic import write_atomically
from mvd.report.table import csv_of_rows
from mvd.result import Column
from mvd.stats.finding import Finding, file_name

COUNT_COLUMNS = (
    Column("what", "", "what is missing, tied, censored, duplicated or left out", "text"),
    Column("count", "", "how many", "int"),
    Column("which", "", "their names", "text"),
)


def figures_of(findings: Iterable[Finding]) -> dict[str, bytes]:
    """Draw the pictures of findings: file name -> SVG or PNG."""
    from mvd.stats.figures import new_figure, svg_and_png

    files = {}
    for finding in findings:
        for picture in finding.pictures:
            figure = new_figure(*picture.size)
            picture.draw(figure)
            svg, png = svg_and_png(figure)
            files[f"{file_name(picture.name)}.svg"] = svg
            files[f"{file_name(picture.name)}.png"] = png
    return files


def counts_csv(counts: Mapping[str, Sequence[str]]) -> bytes:
    """Return what is missing or left out, by name, as CSV."""
    rows = [{"what": what, "count": len(which), "which": "; ".join(which)} for what, which in counts.items()]
    return csv_of_rows(rows, COUNT_COLUMNS)


def hashes(inputs: Iterable[Path]) -> list[tuple[str, str]]:
    """Return name and SHA-256 of each file."""
    return [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in inputs]


def write_files(files: Mapping[str, bytes], out: Path) -> list[Path]:
    """Write files (name -> content) into a folder, which is made if need be; each appears whole or not at all.

    Raises
    ------
    CohortError
        When the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_atomically(out / name, content)
    except OSError as error:
        raise CohortError(
            f"{out}: cannot be written ({error.strerror}); give another folder with --out"
        ) from None
    return [out / name for name in files]
