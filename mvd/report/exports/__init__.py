"""A result folder -> the files for other programs beside its tables: Excel, MultiQC, QuPath, and Parquet on request.

Input: summary.csv, hotspots.csv, regions.csv, failed.csv and run.json as they lie there. No slide is read; the same
tables give the same bytes.
"""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from mvd.errors import MvdError
from mvd.report.atomic import write_atomically
from mvd.report.exports.dictionary import (
    DICTIONARY_COLUMNS,
    TABLES,
    Table,
    dictionary_csv,
    dictionary_rows,
)
from mvd.report.page.folder import read_cohort
from mvd.report.page.look import reasons_to_look
from mvd.report.page.place import DICTIONARY, MULTIQC, MULTIQC_PICTURE, PARQUET, QUPATH, WORKBOOK
from mvd.report.stored import rows_of_csv
from mvd.result import Cell, Column

SETTINGS_COLUMNS = (
    Column("section", "", "section of the settings", "text"),
    Column("name", "", "name of the setting", "text"),
    Column("value", "", "value that was used; empty where not set", "text"),
)

Rows = list[dict[str, Cell]]
Record = Mapping[str, Any]


def write_exports(out: Path, record: Record, *, parquet: bool = False) -> None:
    """Write results.xlsx, data_dictionary.csv, MultiQC's files and QuPath's script; Parquet files if asked for.

    Parameters
    ----------
    out : Path
        With the tables of a run that ended.
    record : mapping
        Content of its run.json.
    parquet : bool
        Also summary, hotspots, regions and vessels of all slides as Parquet; else those of before are removed.

    Raises
    ------
    MissingDependency
        ``parquet`` without pyarrow.
    MvdError
        ``out`` is no result folder, or of another version.
    OSError
        When the folder cannot be written or the disk is full.
    """
    from mvd.report.exports.multiqc import multiqc_picture, multiqc_table

    cohort = read_cohort(out, record)
    odd = reasons_to_look(cohort)
    tables = dict(_tables(out))
    write_atomically(out / DICTIONARY, dictionary_csv())
    write_atomically(out / WORKBOOK, _workbook(tables, record))
    write_atomically(out / MULTIQC, multiqc_table(cohort.rows, odd))
    picture = multiqc_picture(cohort.rows, odd)
    if picture:
        write_atomically(out / MULTIQC_PICTURE, picture)
    else:
        (out / MULTIQC_PICTURE).unlink(missing_ok=True)
    write_atomically(out / QUPATH, (files("mvd.report") / "templates" / QUPATH).read_bytes())
    for name in PARQUET:
        (out / name).unlink(missing_ok=True)
    if parquet:
        _write_parquet(out, tables)


def _tables(out: Path) -> Iterator[tuple[Table, Rows]]:
    """Yield the cohort's tables that are there, with their rows."""
    for table in TABLES:
        path = out / table.file_name
        if path.is_file():
            try:
                yield table, rows_of_csv(path.read_bytes(), table.columns)
            except ValueError:
                raise MvdError(f"{path}: is damaged or of another version; run `mvd report` again") from None


def _workbook(tables: Mapping[Table, Rows], record: Record) -> bytes:
    from mvd.report.exports.workbook import Sheet, workbook

    sheets = [Sheet(table.name, table.columns, rows) for table, rows in tables.items()]
    sheets.append(Sheet("columns", DICTIONARY_COLUMNS, dictionary_rows()))
    sheets.append(Sheet("settings", SETTINGS_COLUMNS, list(_settings_rows(record))))
    return workbook(sheets)


def _settings_rows(record: Record) -> Iterator[dict[str, Cell]]:
    for name in ("mvd_version", "settings_fingerprint"):
        yield {"section": "run", "name": name, "value": str(record[name])}
    for section, values in record["settings"].items():
        for name, value in values.items():
            yield {"section": section, "name": name, "value": None if value is None else str(value)}


def _write_parquet(out: Path, tables: Mapping[Table, Rows]) -> None:
    from mvd.report.exports.parquet import vessel_parts, write_parquet

    for table, rows in tables.items():
        write_parquet(out / f"{table.name}.parquet", table.columns, [rows])
    ids = [
        str(row["slide_id"])
        for table, rows in tables.items()
        if table.name == "summary"
        for row in rows
        if row["status"] != "failed"
    ]
    vessels = next(table for table in TABLES if table.name == "vessels")
    write_parquet(out / f"{vessels.name}.parquet", vessels.columns, vessel_parts(out, ids))
