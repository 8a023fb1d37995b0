"""What became of a run -> the tables of the cohort, the report, and the files for other programs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mvd.batch.how import BatchOutcome
from mvd.report import write_cohort


def write_rows(out: Path, outcome: BatchOutcome) -> None:
    """Write summary.csv, hotspots.csv, and regions.csv and failed.csv where there is something for them."""
    failed = [{"slide": s.name, "error": s.error, "what_to_do": s.message} for s in outcome.failed]
    hotspots = [row for slide in outcome.slides for row in slide.hotspots]
    regions = [row for slide in outcome.slides for row in slide.regions]
    write_cohort(out, [slide.row for slide in outcome.slides], hotspots, failed, regions)


def write_pages(out: Path, record: Mapping[str, Any], *, split: bool = False, parquet: bool = False) -> None:
    """Write the report of a folder with tables, and what other programs read; ``record`` is the content of run.json.

    See ``mvd.report.html`` and ``mvd.report.exports``.
    """
    from mvd.report.exports import write_exports
    from mvd.report.html import write_report  # it draws, which the process that hands out slides does without

    write_exports(out, record, parquet=parquet)
    write_report(out, record, split=split)
