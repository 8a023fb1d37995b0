"""A slide's result, just made or read from its folder -> what a viewer shows and hands over of it.

Nothing here reads a slide, and nothing is written. What was corrected by hand is applied.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mvd.corrections.redo import count_corrected
from mvd.errors import UnreadableSlide
from mvd.hotspots import Hotspot
from mvd.report.geojson import geojson
from mvd.report.label_image import LabelImage
from mvd.report.rows import vessel_columns
from mvd.report.stored import rows_of_csv
from mvd.report.table import csv_pieces
from mvd.result import HOTSPOT_COLUMNS, VESSEL_COLUMNS, SlideResult

_QUICK = {"hotspot": {"nulls": 0, "ladder": False}}
"""p-values and the other field areas take the most time to count again, and stand in hotspots.csv."""


@dataclass(frozen=True)
class StoredSlide:
    """A slide of a result folder.

    Attributes
    ----------
    folder : Path
        ``slides/<slide_id>``.
    name : str
        As in summary.csv.
    vessels : int
    per_mm2 : float or None
        mvd_tissue_per_mm2.
    """

    folder: Path
    name: str
    vessels: int
    per_mm2: float | None


@dataclass(frozen=True)
class Shown:
    """A slide's result, to be shown.

    Attributes
    ----------
    result : SlideResult
    slide_id, name : str
        As in summary.csv.
    folder : Path or None
        ``slides/<slide_id>``; None for a result that was not saved.
    """

    result: SlideResult
    slide_id: str
    name: str
    folder: Path | None = None

    @property
    def hotspots(self) -> pd.DataFrame:
        """The hot spots of the headline's field, the columns of hotspots.csv and ``vessels_per_mm2``, best first."""
        names = [c.name for c in HOTSPOT_COLUMNS[1:]]
        rows = [{name: getattr(spot, name) for name in names} for spot in self.result.hotspots]
        return pd.DataFrame(rows, columns=names)

    @cached_property
    def vessels(self) -> pd.DataFrame:
        """All candidates, the columns of vessels.csv without ``slide_id``."""
        columns = vessel_columns(self.result, self.slide_id)
        return pd.DataFrame({c.name: columns[c.name] for c in VESSEL_COLUMNS[1:]})

    @cached_property
    def empty_columns(self) -> tuple[str, ...]:
        """Columns of ``vessels`` without a value, as those of corrections where there are none."""
        table = self.vessels
        return tuple(str(name) for name in table if len(table) and table[name].isna().all())

    def labels(self, *, counted: bool) -> LabelImage:
        """Return the walls of those vessels that are counted, or of the others, as an image drawn where it is read."""
        is_counted = self.result.vessels.table["counted"].to_numpy(bool)
        return LabelImage(self.result, np.flatnonzero(is_counted == counted).tolist())

    def outline_um(self, vessel_id: int) -> list[NDArray[np.floating]]:
        """Return the outer rings of a vessel, (n, 2) as (x, y), um."""
        return list(self.result.vessels.outlines[int(vessel_id) - 1].outer)

    def geojson(self) -> Iterator[bytes]:
        """Write vessels, tissue, hot spots and regions as GeoJSON for QuPath, piece by piece."""
        return geojson(self.result, self.slide_id)

    def csv(self) -> Iterator[bytes]:
        """Write vessels.csv, piece by piece."""
        return csv_pieces([vessel_columns(self.result, self.slide_id)], VESSEL_COLUMNS)


def slides_of_result(folder: Path) -> tuple[StoredSlide, ...]:
    """List the finished slides of a result folder, by name; of a slide's own folder, that slide.

    Raises
    ------
    UnreadableSlide
        There is none.
    """
    own = [folder] if (folder / "slide.json").is_file() else sorted((folder / "slides").glob("[!.]*"))
    found = [_stored(each) for each in own if (each / "slide.json").is_file()]
    if not found:
        raise UnreadableSlide(
            f"{folder.name}: holds no finished slide; give a result folder of `mvd run`, or a slide's folder in it"
        )
    return tuple(sorted(found, key=lambda slide: (slide.name, slide.folder.name)))


def _stored(folder: Path) -> StoredSlide:
    try:
        about = json.loads((folder / "slide.json").read_bytes())
        summary: dict[str, Any] = about["summary"]
        return StoredSlide(folder, about["slide"], int(summary["vessels"]), summary["mvd_tissue_per_mm2"])
    except (OSError, ValueError, KeyError, TypeError):
        raise UnreadableSlide(
            f"{folder.name}/slide.json: is missing or damaged; run `mvd run` on the slide again"
        ) from None


def read_shown(folder: Path) -> Shown:
    """Read the folder of one slide, ``slides/<slide_id>``, as corrected by hand.

    Raises
    ------
    MvdError
        Something in it is missing, damaged or of another version; the message names it.
    """
    result, slide_id, name = count_corrected(folder, _QUICK, progress=lambda *_: None)
    about = json.loads((folder / "slide.json").read_bytes())
    settings = result.settings.model_copy(
        update={
            "hotspot": result.settings.hotspot.model_copy(
                update={key: about["settings"]["hotspot"][key] for key in _QUICK["hotspot"]}
            )
        }
    )
    summary = {**result.summary, "settings_fingerprint": settings.fingerprint}
    spots = _with_p(result.hotspots, folder)
    return Shown(replace(result, settings=settings, summary=summary, hotspots=spots), slide_id, name, folder)


def _with_p(spots: Sequence[Hotspot], folder: Path) -> tuple[Hotspot, ...]:
    """The hot spots with the p of those in hotspots.csv that lie at the same place and hold as many."""
    try:
        rows = rows_of_csv((folder / "hotspots.csv").read_bytes(), HOTSPOT_COLUMNS)
    except (OSError, ValueError) as error:
        raise UnreadableSlide(
            f"{folder.name}/hotspots.csv: is missing or damaged ({error}); run `mvd report` on the result folder"
        ) from None
    known = {
        (
            row["field_mm2"],
            round(float(row["x_um"] or 0), 3),
            round(float(row["y_um"] or 0), 3),
            row["vessels"],
        ): row
        for row in rows
    }
    found = []
    for spot in spots:
        row = known.get((spot.field_mm2, round(spot.x_um, 3), round(spot.y_um, 3), spot.vessels))
        found.append(replace(spot, p=row["p"]) if row and row["p"] is not None else spot)  # type: ignore[arg-type]
    return tuple(found)


def shown_result(result: SlideResult, slide_id: str, name: str, folder: Path | None = None) -> Shown:
    """Show a result that ``analyze`` has just made."""
    return Shown(result, slide_id, name, folder)
