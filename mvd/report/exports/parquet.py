"""Tables of a result folder -> Parquet files, for those who compute: typed columns with unit and meaning.

vessels.parquet holds the vessels of all slides, a row group a slide, read and written one slide at a time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mvd.errors import MissingDependency
from mvd.report.stored import rows_of_csv
from mvd.result import VESSEL_COLUMNS, Cell, Column

VESSELS = "vessels.parquet"
_TYPES = {"text": "string", "bool": "bool", "int": "int64", "float": "float64"}
_CODEC = "zstd"

Rows = Sequence[Mapping[str, Cell]]


def check_parquet() -> None:
    """Refuse before anything is written.

    Raises
    ------
    MissingDependency
        pyarrow is not installed.
    """
    _pyarrow()


def write_parquet(path: Path, columns: Sequence[Column], parts: Iterable[Rows]) -> None:
    """Write a table, a row group for each part that has rows.

    Parameters
    ----------
    path : Path
        Written whole or not at all.
    columns : sequence of Column
    parts : iterable of sequence of mapping
        Rows, name -> value; what is missing is null.

    Raises
    ------
    MissingDependency
        pyarrow is not installed.
    OSError
        When the folder cannot be written or the disk is full.
    """
    arrow, parquet = _pyarrow()
    schema = arrow.schema([_field(arrow, column) for column in columns], metadata={"written_by": "mvd"})
    part = path.with_name(f".{path.name}.part")
    try:
        with parquet.ParquetWriter(part, schema, compression=_CODEC) as writer:
            for rows in parts:
                if rows:
                    arrays = [arrow.array([row.get(f.name) for row in rows], f.type) for f in schema]
                    writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def vessel_parts(out: Path, slide_ids: Iterable[str]) -> Iterator[Rows]:
    """Yield the vessels of each slide; none of a slide whose table is missing, damaged or of another version."""
    for slide_id in slide_ids:
        try:
            yield rows_of_csv((out / "slides" / slide_id / "vessels.csv").read_bytes(), VESSEL_COLUMNS)
        except (OSError, ValueError):
            continue  # the report says so of the slide


def _field(arrow: Any, column: Column) -> Any:
    about = {"unit": column.unit, "meaning": column.meaning}
    return arrow.field(
        column.name, getattr(arrow, f"{_TYPES[column.kind].replace('bool', 'bool_')}")(), metadata=about
    )


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingDependency("--parquet needs pyarrow: pip install 'mvd[parquet]'") from None
    return pyarrow, pyarrow.parquet
