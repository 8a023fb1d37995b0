"""A result folder -> what the report needs of it. Reads only; neither a slide nor what was found stained is opened."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvd.errors import MvdError, UnreadableSlide
from mvd.report.stored import rows_of_csv
from mvd.result import HOTSPOT_COLUMNS, SUMMARY_COLUMNS, Cell

Row = Mapping[str, Cell]
Numbers = NDArray[np.float64]
_READ = ("x_um", "y_um", "area_um2", "lumen_area_um2", "max_feret_um")
_BROKEN = (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError)


@dataclass(frozen=True)
class Cohort:
    """The tables of all slides, and how they came to be.

    Attributes
    ----------
    out : Path
        The result folder.
    rows : tuple of mapping
        Of summary.csv, in its order.
    messages : mapping
        ``slide_id`` of each failed slide -> what to do.
    abouts : mapping
        ``slide_id`` of each other slide -> content of its slide.json; a slide whose file is damaged is not in it.
    settings : mapping
        Section -> name -> value.
    settings_toml, mvd_version, python : str
    fingerprint : str
        Of the settings; a slide with its own has another in its row.
    libraries : mapping
        Name -> version.
    """

    out: Path
    rows: tuple[Row, ...]
    messages: Mapping[str, str]
    abouts: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Mapping[str, Any]]
    settings_toml: str
    fingerprint: str
    mvd_version: str
    python: str
    libraries: Mapping[str, str]


@dataclass(frozen=True)
class Profiles:
    """Stained profiles of a slide, counted or not: columns of vessels.csv, each (n,).

    Attributes
    ----------
    reason : list of str
    hotspot_rank : (n,) int64
        0 for a vessel in no hot spot.
    """

    vessel_id: NDArray[np.int64]
    counted: NDArray[np.bool_]
    reason: list[str]
    hotspot_rank: NDArray[np.int64]
    x_um: Numbers
    y_um: Numbers
    area_um2: Numbers
    lumen_area_um2: Numbers
    max_feret_um: Numbers


@dataclass(frozen=True)
class StoredSlide:
    """What a slide's folder holds.

    Attributes
    ----------
    hotspots : tuple of mapping
        Rows of hotspots.csv of the headline's field, best first.
    about : mapping
        Content of slide.json.
    regions : tuple of mapping
        Rows of regions.csv, as text; none where the whole slide was analysed.
    """

    folder: Path
    about: Mapping[str, Any]
    hotspots: tuple[Row, ...]
    profiles: Profiles
    regions: tuple[Mapping[str, str], ...]


def read_cohort(out: Path, record: Mapping[str, Any]) -> Cohort:
    """Read the tables of a result folder; ``record`` is the content of its run.json.

    Raises
    ------
    MvdError
        It is no result folder, or not of this version.
    """
    try:
        rows = tuple(rows_of_csv((out / "summary.csv").read_bytes(), SUMMARY_COLUMNS))
        messages = {slide["slide_id"]: slide["message"] for slide in record["slides"] if slide["message"]}
        finished = [str(row["slide_id"]) for row in rows if row["status"] != "failed"]
        return Cohort(
            out=out,
            rows=rows,
            messages=messages,
            abouts={key: about for key in finished if (about := _about(out / "slides" / key))},
            settings=record["settings"],
            settings_toml=record["settings_toml"],
            fingerprint=record["settings_fingerprint"],
            mvd_version=record["mvd_version"],
            python=record["python"],
            libraries=dict(record["libraries"]),
        )
    except _BROKEN:
        raise MvdError(
            f"{out}: run.json or summary.csv is missing, damaged or of another version; finish it with `mvd run`"
        ) from None


def read_stored(folder: Path, about: Mapping[str, Any]) -> StoredSlide:
    """Read the tables of a slide.

    Raises
    ------
    UnreadableSlide
        One of them is missing or damaged.
    """
    try:
        spots = rows_of_csv((folder / "hotspots.csv").read_bytes(), HOTSPOT_COLUMNS)
        ranks = [spot["rank"] for spot in spots]
        headline = ranks.index(1, 1) if 1 in ranks[1:] else len(ranks)  # the other fields' ranks begin anew
        is_headline = bool(spots) and spots[0]["field_mm2"] == round(
            float(about["settings"]["hotspot"]["field_mm2"]), 3
        )
        profiles = _profiles((folder / "vessels.csv").read_bytes().decode())
        own = tuple(spots[:headline]) if is_headline else ()
        return StoredSlide(folder, about, own, profiles, _regions(folder) if about["regions"] else ())
    except _BROKEN:
        raise UnreadableSlide(
            f"{folder.name}: its tables are missing or damaged; `mvd report` or `mvd run` makes them again"
        ) from None


def _about(folder: Path) -> dict[str, Any] | None:
    try:
        about = json.loads((folder / "slide.json").read_bytes())
        return (
            about if {"settings", "warnings", "stain", "image", "pictures", "regions"} <= set(about) else None
        )
    except _BROKEN:
        return None


def _regions(folder: Path) -> tuple[Mapping[str, str], ...]:
    text = (folder / "regions.csv").read_bytes().decode()
    return tuple(csv.DictReader(io.StringIO(text, newline="")))


def _profiles(text: str) -> Profiles:
    lines = csv.reader(io.StringIO(text, newline=""))
    names = next(lines)
    wanted = [names.index(name) for name in ("vessel_id", "counted", "reason", "hotspot_rank", *_READ)]
    cells = [[line[place] for place in wanted] for line in lines]
    ids, counted, reasons, ranks, *measures = zip(*cells, strict=True) if cells else [()] * len(wanted)
    return Profiles(
        vessel_id=np.array(ids, np.int64),
        counted=np.array([cell == "true" for cell in counted], bool),
        reason=list(reasons),
        hotspot_rank=np.array([cell or "0" for cell in ranks], np.int64),
        **{name: _numbers(name, cells) for name, cells in zip(_READ, measures, strict=True)},
    )


def _numbers(name: str, cells: tuple[str, ...]) -> Numbers:
    """A column of measures; a vessel that a person set as a point has none, and is shown as one of 2 um."""
    missing = "2" if name == "max_feret_um" else "nan"
    return np.array([cell or missing for cell in cells], np.float64)
