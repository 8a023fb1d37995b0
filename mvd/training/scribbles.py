"""Annotations from QuPath or napari -> marks, by the class that each was given."""

from pathlib import Path
from typing import Any

from mvd.errors import LabelsError
from mvd.training.geojson import read_features
from mvd.training.marks import BACKGROUND, LEFT_OUT, VESSEL, Mark, Marks

VESSEL_CLASSES = ("vessel", "vessels", "vessel wall", "wall", "endothelium", "positive")
BACKGROUND_CLASSES = (
    "background",
    "not vessel",
    "no vessel",
    "negative",
    "other",
    "stroma",
    "nucleus",
    "nuclei",
    "pigment",
    "lumen",
)
"""Names of classes, in whatever case. What begins with ``ignore`` is left out; any other name is refused."""


def scribbled_marks(path: Path) -> Marks:
    """Read scribbles: polygons, lines and points whose ``classification.name`` is a vessel's or the background's.

    Raises
    ------
    LabelsError
        A feature has no class, or one that says nothing; or there is none of either kind.
    """
    marks = [
        Mark(_kind(feature.properties, feature.called), feature.areas, feature.lines)
        for feature in read_features(path)
    ]
    if not any(mark.kind != LEFT_OUT for mark in marks):
        raise LabelsError(
            f"{path.name}: holds no annotation; draw some of class vessel and some of background"
        )
    return Marks(tuple(marks))


def _kind(properties: dict[str, Any], called: str) -> int:
    name = _class_name(properties)
    word = " ".join(name.casefold().split()).rstrip("*")
    if word in VESSEL_CLASSES:
        return VESSEL
    if word in BACKGROUND_CLASSES:
        return BACKGROUND
    if word.startswith("ignore"):
        return LEFT_OUT
    shown = "".join(c for c in name if c.isprintable())[:40]
    which = f"the class {shown!r}, which says neither" if shown else "no class"
    raise LabelsError(f"{called} has {which}; give it the class vessel, background or ignore, or delete it")


def _class_name(properties: dict[str, Any]) -> str:
    """The name of a feature's class: QuPath's, or a plain text as other programs write it."""
    classification = properties.get("classification")
    if isinstance(classification, dict):
        classification = classification.get("name")
    for name in (classification, properties.get("class"), properties.get("label"), properties.get("name")):
        if isinstance(name, str) and name.strip():
            return name
    return ""
