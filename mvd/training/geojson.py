"""GeoJSON -> its features, their properties and the rings, lines and points of their geometries.

Anything that is not as it should be is a ``LabelsError`` that names the file and the line or the feature.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from mvd.errors import LabelsError
from mvd.training.marks import Points

_MOST_PX = 1e9


@dataclass(frozen=True)
class Feature:
    """One feature: what it is called in an error, its properties, and its shape as in ``Mark``."""

    called: str
    properties: dict[str, Any]
    areas: tuple[tuple[Points, ...], ...]
    lines: tuple[Points, ...]


def read_features(path: Path) -> Iterator[Feature]:
    """Read a FeatureCollection, a list of features or one feature.

    Raises
    ------
    LabelsError
    """
    content = _read_json(path)
    features = content.get("features", [content]) if isinstance(content, dict) else content
    if not isinstance(features, list):
        raise LabelsError(f"{path.name}: holds no list of features; export the annotations as GeoJSON")
    for number, feature in enumerate(features, 1):
        called = f"{path.name}: feature {number}"
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise LabelsError(f"{called} is no GeoJSON feature; export the annotations as GeoJSON")
        properties = feature.get("properties")
        areas, lines = _shape(feature.get("geometry"), called)
        yield Feature(called, properties if isinstance(properties, dict) else {}, areas, lines)


def _read_json(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
        return json.loads(text, parse_constant=_no_number)
    except OSError as error:
        raise LabelsError(f"{path.name}: cannot be read ({error.strerror}); check the path") from None
    except json.JSONDecodeError as error:
        raise LabelsError(
            f"{path.name}: line {error.lineno}: is no JSON ({error.msg.lower()}); export the annotations again"
        ) from None
    except (UnicodeDecodeError, RecursionError, ValueError):
        raise LabelsError(f"{path.name}: is no GeoJSON; export the annotations again") from None


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _shape(geometry: Any, called: str) -> tuple[tuple[tuple[Points, ...], ...], tuple[Points, ...]]:
    """Areas and lines of a geometry; one without any is refused."""
    try:
        areas, lines = _areas_and_lines(geometry)
        if areas or lines:
            return areas, lines
    except (TypeError, ValueError, KeyError, IndexError, OverflowError, RecursionError):
        pass
    raise LabelsError(f"{called} has no polygon, line or point that can be read; draw it again or delete it")


def _areas_and_lines(geometry: Any) -> tuple[tuple[tuple[Points, ...], ...], tuple[Points, ...]]:
    kind = geometry["type"]
    if kind == "GeometryCollection":
        parts = [_areas_and_lines(part) for part in geometry["geometries"]]
        return sum((areas for areas, _ in parts), ()), sum((lines for _, lines in parts), ())
    found = geometry["coordinates"]
    several = found if kind.startswith("Multi") else [found]
    if kind in ("Polygon", "MultiPolygon"):
        return tuple(
            (_points(outer, 3), *(_points(hole, 3) for hole in holes)) for outer, *holes in several
        ), ()
    if kind in ("LineString", "MultiLineString"):
        return (), tuple(_points(line, 1) for line in several)
    if kind in ("Point", "MultiPoint"):
        return (), tuple(_points([point], 1) for point in several)
    raise ValueError(f"{kind} is no shape to learn from")


def _points(points: Any, least: int) -> Points:
    xy = np.array([(float(point[0]), float(point[1])) for point in points], np.float64)
    if len(xy) < least or not (np.abs(xy) < _MOST_PX).all():
        raise ValueError("too few points, or one that is nowhere")
    return xy
