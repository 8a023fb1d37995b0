"""A result folder -> the slides or fields that a second reader reads; and what mvd itself counted in them.

Reads slide.json, hotspots.csv and vessels.csv of each slide, never a slide. The reader is shown places and no more.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mvd.errors import CorrectionsError
from mvd.geometry import circle_radius_um
from mvd.hotspots import Hotspot, hotspot_rank

SLIDES, HOTSPOTS = "slides", "hot spots"


class ReadField(BaseModel):
    """One slide, or one field of a slide, to be read.

    Attributes
    ----------
    slide_id, slide : str
    field : str
        Its name; empty for the whole slide.
    x_um, y_um : float, optional
        Its middle; None for the whole slide.
    field_mm2 : float
        Area of the field, or of the slide's tissue, mm2.
    shape : str
        ``circle`` or ``square``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    slide_id: str = Field(min_length=1, max_length=200)
    slide: str
    field: str = ""
    x_um: float | None = None
    y_um: float | None = None
    field_mm2: float = Field(gt=0)
    shape: str = Field(default="circle", pattern="^(circle|square)$")

    @property
    def key(self) -> str:
        """What it is called, once among all."""
        return f"{self.slide_id} / {self.field}" if self.field else self.slide_id

    @property
    def radius_um(self) -> float | None:
        """Radius, or half the side of a square, um, as it is printed; None for the whole slide."""
        if self.x_um is None:
            return None
        side_um = (self.field_mm2 * 1e6) ** 0.5
        return round(side_um / 2 if self.shape == "square" else circle_radius_um(self.field_mm2), 3)

    def holds(self, xy_um: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which places (x, y) lie in it, (n,) bool; as hot spots hold their vessels."""
        radius_um = self.radius_um
        if radius_um is None or self.x_um is None or self.y_um is None:
            return np.ones(len(xy_um), bool)
        spot = Hotspot(1, self.field_mm2, self.x_um, self.y_um, radius_um, 0, 1.0, shape=self.shape)
        held: NDArray[np.bool_] = hotspot_rank(xy_um, [spot]) > 0
        return held


def fields_to_read(result: Path, what: str | Path) -> tuple[ReadField, ...]:
    """List the slides or fields of a result.

    Parameters
    ----------
    result : Path
        The result folder.
    what : str or Path
        ``slides`` (each slide as a whole), ``hot spots`` (those of the first field area), or a CSV file with the
        columns slide_id, field, x_um, y_um, field_mm2 and perhaps shape.

    Raises
    ------
    CorrectionsError
        The result or the file cannot be read, or there is nothing to read.
    """
    slides = {about["slide_id"]: about for about in _abouts(result)}
    if what == SLIDES:
        found = [_whole(about) for about in slides.values()]
    elif what == HOTSPOTS:
        found = [field for about in slides.values() for field in _hotspots(result, about)]
    else:
        found = list(_listed(Path(what), slides))
    if not found:
        raise CorrectionsError(f"{result.name}: holds nothing to read ({what}); give a result of `mvd run`")
    keys = [field.key for field in found]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise CorrectionsError(f"{twice[0]}: stands there twice; give each field a name of its own")
    return tuple(found)


def counted_by_mvd(result: Path, slide_id: str) -> NDArray[np.float64]:
    """Return the centroids (x, y) that the tables of a slide count, um."""
    rows = _rows(result / "slides" / slide_id / "vessels.csv")
    return np.array(
        [(float(row["x_um"]), float(row["y_um"])) for row in rows if row["counted"] == "true"], np.float64
    ).reshape(-1, 2)


def _abouts(result: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((result / "slides").glob("*/slide.json")):
        try:
            about = dict(json.loads(path.read_bytes()))
            about["slide_id"], about["slide"], about["tissue"]["area_mm2"]
        except (OSError, ValueError, KeyError, TypeError):
            raise CorrectionsError(
                f"{path.parent.name}/slide.json: is damaged or of an older version; run `mvd run` on the slide again"
            ) from None
        yield about


def _whole(about: dict[str, Any]) -> ReadField:
    return ReadField(
        slide_id=about["slide_id"], slide=about["slide"], field_mm2=float(about["tissue"]["area_mm2"])
    )


def _hotspots(result: Path, about: dict[str, Any]) -> Iterator[ReadField]:
    rows = _rows(result / "slides" / about["slide_id"] / "hotspots.csv")
    for row in rows:
        if row["field_mm2"] == rows[0]["field_mm2"] and row["shape"] == rows[0]["shape"]:
            yield ReadField(
                slide_id=about["slide_id"],
                slide=about["slide"],
                field=f"hot spot {row['rank']}",
                x_um=float(row["x_um"]),
                y_um=float(row["y_um"]),
                field_mm2=float(row["field_mm2"]),
                shape=row["shape"],
            )


def _listed(path: Path, slides: dict[str, Any]) -> Iterator[ReadField]:
    for number, row in enumerate(_rows(path), 2):
        slide_id = row.get("slide_id", "")
        if slide_id not in slides:
            raise CorrectionsError(f"{path.name}, row {number}: there is no slide {slide_id!r} in the result")
        given = {name: row[name] for name in ("field", "x_um", "y_um", "field_mm2", "shape") if row.get(name)}
        try:
            field = ReadField.model_validate(
                {"slide_id": slide_id, "slide": slides[slide_id]["slide"], **given}
            )
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise CorrectionsError(f"{path.name}, row {number}, {where}: {first['msg']}") from None
        if field.x_um is None or field.y_um is None or not field.field:
            raise CorrectionsError(f"{path.name}, row {number}: field, x_um and y_um are all needed")
        yield field


def _rows(path: Path) -> Sequence[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "is no UTF-8"
        raise CorrectionsError(f"{path.parent.name}/{path.name}: cannot be read ({why})") from None
