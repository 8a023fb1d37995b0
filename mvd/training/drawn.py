"""What somebody drew on a slide in um -> marks, and a GeoJSON file of them that ``mvd train`` and QuPath read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mvd.errors import LabelsError
from mvd.slide import SlideInfo
from mvd.training.marks import BACKGROUND, VESSEL, Mark, Marks

_KINDS = {"vessel": VESSEL, "background": BACKGROUND}
_COLOURS = {"vessel": [0, 200, 83], "background": [41, 121, 255]}


@dataclass(frozen=True)
class Scribble:
    """One line or area.

    Attributes
    ----------
    kind : str
        ``vessel`` or ``background``.
    xy_um : (n, 2) float64
        (x, y) from the slide's top left corner, um; one point alone is a dot.
    is_area : bool
        Whether all within it is meant.
    """

    kind: Literal["vessel", "background"]
    xy_um: NDArray[np.float64]
    is_area: bool = False


def marks_of(scribbles: Sequence[Scribble], info: SlideInfo) -> Marks:
    """Return scribbles as marks, in pixels of level 0 as QuPath counts them.

    Raises
    ------
    LabelsError
        Not both of vessel and background.
    """
    for kind in _KINDS:
        if not any(scribble.kind == kind for scribble in scribbles):
            raise LabelsError(f"there is no scribble on {kind}; draw some on vessels and some on background")
    return Marks(tuple(_mark(scribble, info) for scribble in scribbles))


def geojson_of(scribbles: Sequence[Scribble], info: SlideInfo) -> bytes:
    """Return scribbles as a GeoJSON FeatureCollection, whose features have the class vessel or background."""
    features = []
    for scribble in scribbles:
        points = np.round(_px(scribble, info), 3).tolist()
        if scribble.is_area:
            geometry: dict[str, Any] = {"type": "Polygon", "coordinates": [[*points, points[0]]]}
        elif len(points) > 1:
            geometry = {"type": "LineString", "coordinates": points}
        else:
            geometry = {"type": "Point", "coordinates": points[0]}
        named = {"name": scribble.kind, "color": _COLOURS[scribble.kind]}
        told = {"objectType": "annotation", "classification": named}
        features.append({"type": "Feature", "geometry": geometry, "properties": told})
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def beside(path: Path) -> Path:
    """Return where the scribbles of a classifier's file are written."""
    return path.with_suffix(".geojson")


def _mark(scribble: Scribble, info: SlideInfo) -> Mark:
    points = _px(scribble, info)
    kind = _KINDS[scribble.kind]
    return Mark(kind, areas=((points,),)) if scribble.is_area else Mark(kind, lines=(points,))


def _px(scribble: Scribble, info: SlideInfo) -> NDArray[np.float64]:
    if not info.mpp:
        raise LabelsError(f"{info.path.name}: has no pixel size, so um mean nothing on it; give --mpp")
    points: NDArray[np.float64] = np.asarray(scribble.xy_um, np.float64).reshape(-1, 2) / info.mpp
    return points - np.asarray(info.origin_px, np.float64)
