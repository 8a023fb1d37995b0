"""An agreement -> its CSV, and its folder: tables, figures as SVG and PNG, the settings, a page to read and quote.

All is made in memory before the first file is written, so that bad input leaves nothing behind.
"""

import shlex
from collections.abc import Mapping, Sequence
from html import escape
from itertools import combinations
from pathlib import Path

from mvd.report.table import csv_of_rows
from mvd.result import Column
from mvd.stats.agree.points import match_rows
from mvd.stats.agree.study import Agreement
from mvd.stats.page import counts_table, how_to_repeat, section, whole_page
from mvd.stats.write import counts_csv, figures_of, hashes, write_files

AGREEMENT_COLUMNS = (
    Column("readers", "", "who is compared, or which slide of them; differences are second - first", "text"),
    Column("measure", "", "which measure of agreement", "text"),
    Column("n", "", "slides or fields; of points, vessels of either reader", "int"),
    Column("value", "", "the estimate", significant=6),
    Column("low", "", "lower end of its interval", significant=6),
    Column("high", "", "upper end of its interval", significant=6),
    Column("p", "", "two-sided p", significant=4),
    Column("of", "", "which comparison of the page", "text"),
    Column("method", "", "how value and interval were found", "text"),
)
READING_COLUMNS = (
    Column("what", "", "which set of readings", "text"),
    Column("slide", "", "slide", "text"),
    Column("field", "", "field; empty for the whole slide", "text"),
    Column("reader", "", "who read", "text"),
    Column("reading", "", "the number that was compared", significant=8),
)
MATCH_COLUMNS = (
    Column("slide", "", "slide", "text"),
    Column("field", "", "field; empty for the whole slide", "text"),
    Column("first", "", "first reader", "text"),
    Column("second", "", "second reader", "text"),
    *(
        Column(f"{which}_{axis}_um", "um", f"place of the {which} reader's point; empty: none")
        for which in ("first", "second")
        for axis in "xy"
    ),
    Column("distance_um", "um", "distance of the two; empty: no match"),
)
_LIBRARIES = ("mvd", "numpy", "scipy", "statsmodels", "matplotlib")


def agreement_csv(made: Agreement) -> bytes:
    """Return every number as CSV: value, interval, p, n, method."""
    rows = [
        {
            "readers": e.term, "measure": e.quantity, "n": e.n, "value": e.estimate, "low": e.ci_low, "high": e.ci_high,
            "p": e.p, "of": finding.title, "method": e.method,
        }
        for finding in made.findings
        for e in finding.estimates
    ]  # fmt: skip
    return csv_of_rows(rows, AGREEMENT_COLUMNS)


def write_agreement(made: Agreement, out: Path, inputs: Mapping[str, Sequence[Path]]) -> list[Path]:
    """Write an agreement into a folder, which is made if need be.

    Parameters
    ----------
    made : Agreement
    out : Path
    inputs : mapping
        Flag ("" for the files that are compared) -> files that were read: the page names them, with their SHA-256 and
        the command.

    Returns
    -------
    list of Path
        What was written, the page last.
    """
    figures = figures_of(made.findings)
    files = {**figures, "agree.csv": agreement_csv(made), "readings.csv": _readings(made)}
    if made.points is not None:
        files["matches.csv"] = _matches(made)
    svgs = {name: content for name, content in figures.items() if name.endswith(".svg")}
    files["counts.csv"] = counts_csv(made.counts)
    files["agree.toml"] = made.settings.to_toml().encode()
    files["agree.html"] = _page(made, svgs, inputs)
    return write_files(files, out)


def _readings(made: Agreement) -> bytes:
    rows = [
        {"what": readings.what, "slide": slide, "field": field, "reader": reader, "reading": float(value)}
        for readings in made.readings
        for (slide, field), values in zip(readings.keys, readings.ratings, strict=True)
        for reader, value in zip(readings.readers, values, strict=True)
    ]
    return csv_of_rows(rows, READING_COLUMNS)


def _matches(made: Agreement) -> bytes:
    points = made.points
    if points is None:
        return b""
    within = made.settings.points.within_um
    pairs = combinations(range(len(points.readers)), 2)
    return csv_of_rows([row for i, j in pairs for row in match_rows(points, i, j, within)], MATCH_COLUMNS)


def _page(made: Agreement, svgs: dict[str, bytes], inputs: Mapping[str, Sequence[Path]]) -> bytes:
    first = made.readings[0]
    asked = made.settings
    what = "points" if made.points is not None else first.measure
    parts = [
        f"<h1>Agreement of readers: {escape(what)}</h1>",
        f"<p>{escape(', '.join(first.readers))}; {len(first.keys)} {first.unit}. Differences are the second "
        f"reader's less the first's. Intervals: {100 * asked.reading.confidence:g} %. Research use only.</p>",
        counts_table(made.counts, "Missing, tied, left out"),
        *(section(finding, svgs) for finding in made.findings),
        *how_to_repeat(
            hashes(path for paths in inputs.values() for path in paths),
            _LIBRARIES,
            _command(inputs),
            asked.to_toml(),
        ),
    ]
    return whole_page("mvd agree", parts)


def _command(inputs: Mapping[str, Sequence[Path]]) -> str:
    """Return the command that gives the same numbers, with the files' names and no folder of this machine."""
    words = [word for flag, paths in inputs.items() for path in paths for word in (flag, path.name) if word]
    return shlex.join(["mvd", "agree", *words, "--config", "agree.toml"])
