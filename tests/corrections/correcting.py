"""What the tests of corrections share: shapes to draw, words to say, files to compare."""

import csv
from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result

from mvd import Corrections
from mvd.cli import cli
from mvd.report.table import csv_of_columns
from mvd.result import VESSEL_COLUMNS

FIELD = ("--hotspot-field-mm2", "0.02", "--hotspot-nulls", "9", "--report-hotspot-pictures", "1")
"""Settings that are quick, with a field small enough that there are several hot spots."""


def mvd(*words: object) -> Result:
    """Run a command in this process; it must not show a traceback."""
    answer = CliRunner().invoke(cli, [str(word) for word in words], prog_name="mvd")
    assert "Traceback" not in answer.output
    return answer


def square(x_um: float, y_um: float, side_um: float) -> list[tuple[float, float]]:
    """A ring about a middle."""
    half = side_um / 2
    return [
        (x_um - half, y_um - half),
        (x_um + half, y_um - half),
        (x_um + half, y_um + half),
        (x_um - half, y_um + half),
    ]


def circle(x_um: float, y_um: float, radius_um: float, corners: int = 120) -> list[tuple[float, float]]:
    """A ring of many corners."""
    turns = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return list(
        zip(
            (x_um + radius_um * np.cos(turns)).tolist(),
            (y_um + radius_um * np.sin(turns)).tolist(),
            strict=True,
        )
    )


def table_bytes(opened: Corrections) -> bytes:
    """vessels.csv of the vessels as corrected."""
    table = opened.vessels.table
    return csv_of_columns(
        {c.name: table[c.name].tolist() if c.name in table else [None] * len(table) for c in VESSEL_COLUMNS},
        VESSEL_COLUMNS,
    )


def across(opened: Corrections, vessel_id: int) -> list[tuple[float, float]]:
    """A line right across a vessel, through its centroid."""
    row = opened.vessels.table.iloc[vessel_id - 1]
    return [(row.x_um - 300, row.y_um), (row.x_um + 300, row.y_um)]


TELLS_OF_THE_RUN = ("run.json", "ro-crate-metadata.json")


def files(out: Path) -> dict[str, bytes]:
    """All files of a result folder but those that tell of the run, and what people made."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in TELLS_OF_THE_RUN and not path.name.startswith("corrections.")
    }


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a table, as text."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def correct(opened: Corrections) -> None:
    """One of each."""
    ids = [int(i) for i in opened.vessels.counted["vessel_id"]]
    opened.delete(ids[0])
    opened.count(ids[1], False)
    opened.merge(ids[2:4])
    opened.split(ids[5], across(opened, ids[5]))
    opened.outline(ids[7], [square(200, 200, 20)])
    opened.add([square(300, 60, 20), square(300, 60, 10)])
    opened.add(point_um=(60, 300))
    spot = opened.hotspots()[0]
    opened.move_hotspot(spot, spot.x_um + 10, spot.y_um)
