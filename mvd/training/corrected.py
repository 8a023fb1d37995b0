"""A result that somebody looked through -> marks: what was counted, what was not, and the rest of the tissue.

Counted vessels are vessel. What is ``not_dab``, or was rejected by hand, is background, and so is all tissue without a
candidate. What a rule of size rejected is left out, for it may well be a vessel.
"""

import csv
import json
from pathlib import Path

from mvd.errors import LabelsError
from mvd.training.geojson import read_features
from mvd.training.marks import BACKGROUND, LEFT_OUT, VESSEL, Mark, Marks

_NO_VESSEL = ("not_dab", "by_hand")


def corrected_marks(folder: Path, slide_name: str) -> Marks:
    """Read ``vessels.csv`` (counted or not) and ``vessels.geojson`` (the outlines) of a slide.

    Raises
    ------
    LabelsError
        The folder holds no result of this slide, or its tables do not fit together.
    """
    folder = _slide_folder(folder, slide_name)
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
        marks.append(Mark(kinds[vessel_id], feature.areas, feature.lines))
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


def _kinds(path: Path) -> dict[str, int]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return {row["vessel_id"]: _kind(row) for row in rows}
    except (OSError, ValueError, KeyError, AttributeError, csv.Error):
        raise LabelsError(
            f"{path.parent.name}/{path.name}: cannot be read as a table with vessel_id, counted (true or false) and "
            "reason; run `mvd run` again"
        ) from None


def _kind(row: dict[str, str]) -> int:
    counted = {"true": True, "false": False}[row["counted"].lower()]
    if counted:
        return VESSEL
    return BACKGROUND if row["reason"] in _NO_VESSEL else LEFT_OUT
