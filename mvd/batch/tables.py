"""What became of a run -> the tables of the cohort, the report, and the files for other programs."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from mvd.batch.how import BatchOutcome
from mvd.errors import MissingDependency, MvdError
from mvd.report import write_cohort
from mvd.report.page.place import PDF, Extras


def write_rows(out: Path, outcome: BatchOutcome) -> None:
    """Write summary.csv, hotspots.csv, and regions.csv and failed.csv where there is something for them."""
    failed = [{"slide": s.name, "error": s.error, "what_to_do": s.message} for s in outcome.failed]
    hotspots = [row for slide in outcome.slides for row in slide.hotspots]
    regions = [row for slide in outcome.slides for row in slide.regions]
    write_cohort(out, [slide.row for slide in outcome.slides], hotspots, failed, regions)


def write_pages(out: Path, record: Mapping[str, Any], extras: Extras) -> tuple[str, ...]:
    """Write the report of a folder with tables, and what other programs read; ``record`` is the content of run.json.

    See ``mvd.report.html`` and ``mvd.report.exports``. What ``extras`` has not is removed, so is Parquet that cannot
    be written here: nothing older stays beside the new. A PDF is left for ``print_again``.

    Returns
    -------
    tuple of str
        What was removed though it is wanted, and what to do: a line each.
    """
    from mvd.report.exports import write_exports
    from mvd.report.exports.parquet import check_parquet
    from mvd.report.html import write_report  # it draws, which the process that hands out slides does without

    notes = []
    if extras.parquet:
        try:
            check_parquet()
        except MissingDependency as error:
            extras = extras._replace(parquet=False)
            notes.append(f"the Parquet files were of before and are removed: {error}")
    write_exports(out, record, parquet=extras.parquet)
    write_report(out, record, split=extras.split)
    if not extras.pdf:
        (out / PDF).unlink(missing_ok=True)
    return tuple(notes)


def print_again(out: Path, record: Mapping[str, Any]) -> None:
    """Print the report to PDF, if the PDF that is there is of anything else; ``MvdError`` if that fails.

    One that is out of date is gone then.
    """
    from mvd.report.html import write_for_print
    from mvd.report.pdf import print_pdf

    try:
        print_pdf(partial(write_for_print, out, record), out / PDF)
    except MvdError:
        (out / PDF).unlink(missing_ok=True)
        raise


def note_of_pdf(there: Extras) -> tuple[str, ...]:
    """Return the line on a PDF that was there and that only `mvd report` prints again, if so it was."""
    again = f"{PDF} was of before and is removed; `mvd report DIR --pdf` prints it again"
    return (again,) if there.pdf else ()
