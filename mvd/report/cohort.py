"""Rows of many slides -> the cohort's tables. Light to import: nothing of what measures or draws is needed."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mvd.report.atomic import write_atomically
from mvd.report.table import csv_of_rows
from mvd.result import FAILED_COLUMNS, HOTSPOT_COLUMNS, REGION_COLUMNS, SUMMARY_COLUMNS, Cell

Row = Mapping[str, Cell]


def write_cohort(
    out: Path,
    rows: Iterable[Row],
    hotspots: Iterable[Row],
    failed: Iterable[Row],
    regions: Iterable[Row] = (),
) -> None:
    """Write summary.csv and hotspots.csv, regions.csv only if there are regions, failed.csv only if a slide failed."""
    write_atomically(out / "summary.csv", csv_of_rows(rows, SUMMARY_COLUMNS))
    write_atomically(out / "hotspots.csv", csv_of_rows(hotspots, HOTSPOT_COLUMNS))
    for name, some, columns in (("regions", regions, REGION_COLUMNS), ("failed", failed, FAILED_COLUMNS)):
        given = list(some)
        if given:
            write_atomically(out / f"{name}.csv", csv_of_rows(given, columns))
        else:
            (out / f"{name}.csv").unlink(missing_ok=True)


def json_bytes(content: Mapping[str, Any]) -> bytes:
    """Return UTF-8 JSON for people and programs; NaN is an error."""
    return (json.dumps(content, indent=2, allow_nan=False) + "\n").encode()
