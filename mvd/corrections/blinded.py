"""A second reader: slides or fields in a shuffled order, the points that the reader set, and their CSV files.

The reader sees slides and no result. Every point is on the disk before it is shown, in
``second_reader/<reader>.json`` of the result folder. What mvd counted in the same fields is written beside the
reader's, for ``mvd agree``, and only when all are read: before that it would tell.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mvd.columns import Cell, Column
from mvd.corrections.fields import ReadField, counted_by_mvd, fields_to_read
from mvd.corrections.given import points_given, reader_given
from mvd.corrections.model import Point, Reader
from mvd.corrections.readings import blinded_order, write_readings
from mvd.errors import CorrectionsError
from mvd.report.atomic import write_atomically
from mvd.report.table import csv_of_rows

FOLDER = "second_reader"
POINT_COLUMNS = (
    Column("slide_id", "", "see summary.csv", "text"),
    Column("field", "", "what the field is called; empty for the whole slide", "text"),
    Column("reader", "", "who counted", "text"),
    Column("x_um", "um", "a counted vessel, from the slide's left edge"),
    Column("y_um", "um", "a counted vessel, from the slide's top edge"),
)
Points = NDArray[np.float64]


class Reading(BaseModel):
    """The content of a session's file.

    Attributes
    ----------
    seed : int
        Of the order.
    fields : tuple of ReadField
        In the order in which they are read.
    points : dict
        Key of a field -> points (x, y), um.
    finished : tuple of str
        Keys of the fields that are read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: Literal["mvd blinded reading"] = "mvd blinded reading"
    version: Literal[1] = 1
    reader: Reader
    seed: Annotated[int, Field(ge=0)]
    fields: Annotated[tuple[ReadField, ...], Field(min_length=1)]
    points: dict[str, tuple[Point, ...]] = {}
    finished: tuple[str, ...] = ()


class BlindedReading:
    """A session of one reader; ``begin`` makes one or goes on with it.

    Attributes
    ----------
    result : Path
    fields : tuple of ReadField
        In the reader's order.
    """

    def __init__(self, result: Path, reading: Reading) -> None:
        self.result, self._reading = result, reading

    @classmethod
    def begin(
        cls, result: Path | str, reader: str, what: str | Path = "hot spots", *, seed: int | None = None
    ) -> "BlindedReading":
        """Begin to read a result's slides or fields; a session of this reader that is there already goes on.

        Parameters
        ----------
        result : Path or str
            The result folder.
        reader : str
            Initials or a short name.
        what : str or Path
            As in ``fields_to_read``; plays no part where a session goes on.
        seed : int, optional
            Of the order; by chance if left out. It is recorded.

        Raises
        ------
        CorrectionsError
            The result or the session's file cannot be read.
        """
        result, reader = Path(result), reader_given(reader)
        path = _path(result, reader, ".json")
        if path.exists():
            return cls(result, _read(path))
        seed = secrets.randbelow(2**31) if seed is None else seed
        fields = {field.key: field for field in fields_to_read(result, what)}
        order = blinded_order(fields, f"{reader}\n{seed}")
        session = cls(result, Reading(reader=reader, seed=seed, fields=tuple(fields[key] for key in order)))
        session._save(session._reading)
        return session

    @property
    def reader(self) -> str:
        """Who reads."""
        return self._reading.reader

    @property
    def seed(self) -> int:
        """Of the order."""
        return self._reading.seed

    @property
    def fields(self) -> tuple[ReadField, ...]:
        """In the reader's order."""
        return self._reading.fields

    @property
    def next(self) -> int | None:
        """Place in ``fields`` of the first that is not read; None if all are."""
        done = set(self._reading.finished)
        return next((n for n, field in enumerate(self.fields) if field.key not in done), None)

    def points(self, number: int) -> Points:
        """Return the points of a field, (n, 2) as (x, y), um."""
        given = self._reading.points.get(self.fields[number].key, ())
        return np.array(given, np.float64).reshape(-1, 2)

    def is_finished(self, number: int) -> bool:
        """Whether a field is read."""
        return self.fields[number].key in self._reading.finished

    def count(self, number: int) -> int:
        """Return how many of its points lie in a field."""
        return int(np.count_nonzero(self.fields[number].holds(self.points(number))))

    def mark(self, number: int, xy_um: Sequence[Sequence[float]] | Points) -> None:
        """Keep the points of a field, all of them; ``CorrectionsError`` if they cannot be written."""
        points = {**self._reading.points, self.fields[number].key: points_given(xy_um)}  # type: ignore[arg-type]
        self._save(self._reading.model_copy(update={"points": points}))

    def finish(self, number: int, *, finished: bool = True) -> None:
        """Say that a field is read, or is not after all. One without points holds no vessel."""
        key = self.fields[number].key
        others = tuple(each for each in self._reading.finished if each != key)
        self._save(self._reading.model_copy(update={"finished": (*others, key) if finished else others}))

    def write(self) -> tuple[Path, ...]:
        """Write the CSV files: of fields that are read; when all are, those of mvd too.

        Returns
        -------
        tuple of Path
            ``<reader>.csv`` (a row a field) and ``<reader>_points.csv`` (a row a vessel); perhaps
            ``mvd_as_<reader>.csv`` and ``mvd_as_<reader>_points.csv``: what mvd counts in the same fields.

        Raises
        ------
        CorrectionsError
            No field is read yet, or a file cannot be written.
        """
        done = [n for n in range(len(self.fields)) if self.is_finished(n)]
        if not done:
            raise CorrectionsError("nothing is read yet; finish a slide or field first")
        own = [(self.fields[n], self.points(n)) for n in done]
        written = self._write(own, self.reader, self.reader)
        if self.next is None:
            counted = {field.slide_id: counted_by_mvd(self.result, field.slide_id) for field in self.fields}
            automatic = [(field, counted[field.slide_id]) for field in self.fields]
            written += self._write(automatic, "mvd", f"mvd_as_{self.reader}")
        return written

    def _write(self, found: Sequence[tuple[ReadField, Points]], reader: str, name: str) -> tuple[Path, ...]:
        held = [(field, xy_um[field.holds(xy_um)]) for field, xy_um in found]
        path, points_path = (_path(self.result, name, end) for end in (".csv", "_points.csv"))
        write_readings(path, [_row(field, len(xy_um), reader) for field, xy_um in held])
        rows: list[dict[str, Cell]] = [
            {"slide_id": field.slide_id, "field": field.field or None, "reader": reader, "x_um": x, "y_um": y}
            for field, xy_um in sorted(held, key=lambda each: each[0].key)
            for x, y in sorted(xy_um.tolist())
        ]
        _write_file(points_path, csv_of_rows(rows, POINT_COLUMNS))
        return path, points_path

    def _save(self, reading: Reading) -> None:
        path = _path(self.result, reading.reader, ".json")
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise CorrectionsError(f"{FOLDER}: cannot be made ({error.strerror})") from None
        _write_file(path, reading.model_dump_json(indent=1).encode())
        self._reading = reading


def _row(field: ReadField, vessels: int, reader: str) -> dict[str, Cell]:
    return {
        "slide_id": field.slide_id,
        "slide": field.slide,
        "reader": reader,
        "field": field.field or None,
        "x_um": field.x_um,
        "y_um": field.y_um,
        "field_mm2": field.field_mm2,
        "vessels": vessels,
        "vessels_per_mm2": vessels / field.field_mm2,
    }


def _path(result: Path, name: str, end: str) -> Path:
    return result / FOLDER / f"{name}{end}"


def _write_file(path: Path, content: bytes) -> None:
    try:
        write_atomically(path, content)
    except OSError as error:
        raise CorrectionsError(
            f"{path.name}: cannot be written ({error.strerror}); see to the folder"
        ) from None


def _read(path: Path) -> Reading:
    try:
        return Reading.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CorrectionsError(f"{path.name}: cannot be read ({error.strerror})") from None
    except ValidationError:
        raise CorrectionsError(
            f"{FOLDER}/{path.name}: is damaged; mend or remove it (nothing was changed)"
        ) from None
