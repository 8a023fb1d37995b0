"""A result that somebody looked through -> marks: what was counted, what was not, and the rest of the tissue.

Counted vessels are vessel, with the outlines that a person gave them. What is ``not_dab``, or was deleted by hand, is
background, and so is all tissue without a candidate. What a rule of size rejected, or a person does not count, is left
out, for it may well be a vessel; what was merged or split by hand is what became of it.
"""

import csv
import json
from pathlib import Path

from mvd.corrections import NAME
from mvd.corrections.file import shows_corrections
from mvd.errors import LabelsError
from mvd.training.geojson import read_features
from mvd.training.marks import BACKGROUND, LEFT_OUT, VESSEL, Mark, Marks

_NO_VESSEL = ("not_dab", "by_hand")
_REPLACED = ("merged", "split")  # by hand: the vessels made of it have rows and outlines of their own


def corrected_marks(folder: Path, slide_name: str) -> Marks:
    """Read ``vessels.csv`` (counted or not) and ``vessels.geojson`` (the outlines) of a slide.

    Raises
    ------
    LabelsError
        The folder holds no result of this slide, or its tables do not fit together.
    """
    folder = _slide_folder(folder, slide_name)
    _refuse_unreported(folder)
    kinds = _kinds(folder / "vessels.csv")
    marks = []
    for feature in read_features(folder / "vessels.geojson"):
        if feature.properties.get("objectType") != "detection":
            continue
        vessel_id = str(feature.properties.get("name"))
        if vessel_id not in kinds:
            raise LabelsError(
                f"{feature.called} is vessel {vessel_id}, which vessels.csv has not; run `mvd run` again"
            )
        kind = kinds[vessel_id]
        if kind is not None:
            marks.append(Mark(kind, feature.areas, feature.lines))
    if not marks:
        raise LabelsError(f"{folder.name}: its result has no candidate, so there is nothing to learn from")
    return Marks(tuple(marks), rest_is_background=True)


def _slide_folder(folder: Path, slide_name: str) -> Path:
    if (folder / "vessels.csv").is_file():
        return folder
    found = [path.parent for path in sorted(folder.glob("slides/*/slide.json")) if _name(path) == slide_name]
    if len(found) != 1:
        how_many = "no result" if not found else f"{len(found)} results"
        raise LabelsError(
            f"{folder.name}: holds {how_many} of {slide_name}; give the slide's own folder, slides/<slide_id>"
        )
    return found[0]


def _name(path: Path) -> str:
    try:
        name = json.loads(path.read_text(encoding="utf-8")).get("slide", "")
    except (OSError, ValueError, AttributeError):
        return ""
    return str(name).rpartition("/")[2]


def _refuse_unreported(folder: Path) -> None:
    """Refuse tables that were corrected since; ``CorrectionsError`` if the corrections cannot be read."""
    try:
        about = json.loads((folder / "slide.json").read_bytes())
    except (OSError, ValueError):
        return  # tables alone, without the folder that they came from
    if not shows_corrections(folder, about):
        raise LabelsError(
            f"{folder.name}: {NAME} is newer than the tables; run `mvd report` on the result folder first"
        )


def _kinds(path: Path) -> dict[str, int | None]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return {row["vessel_id"]: _kind(row) for row in rows}
    except (OSError, ValueError, KeyError, AttributeError, csv.Error):
        raise LabelsError(
            f"{path.parent.name}/{path.name}: cannot be read as a table with vessel_id, counted (true or false) and "
            "reason; run `mvd run` again"
        ) from None


def _kind(row: dict[str, str]) -> int | None:
    """What a candidate teaches; None where others stand for it."""
    by_hand = row.get("by_hand") or ""
    counted = {"true": True, "false": False}[row["counted"].lower()]
    if counted:
        return VESSEL
    if by_hand in _REPLACED:
        return None
    if by_hand == "not_counted":
        return LEFT_OUT
    return BACKGROUND if row["reason"] in _NO_VESSEL else LEFT_OUT
