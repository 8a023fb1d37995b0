"""Regions: a GeoJSON file -> a Shapes layer, and shapes that a person drew -> regions.

Rings are in um from the slide's top left corner as soon as a slide is known, in pixels of level 0 before. A hole is a
shape of its own that says of which polygon it is one.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import mvd
from napari_mvd.layers import IN_UM, LayerTuple

REGION_COLOUR = "#d55e00"
MOST_SHAPES = 300
MOST_CORNERS = 60_000
_ELLIPSE_POINTS = 128
_AREAS = ("polygon", "rectangle", "ellipse")


def regions_layer(path: Path, info: mvd.SlideInfo | None) -> LayerTuple:
    """Read regions as QuPath exports them: shapes, or points in their middles where shapes would take minutes.

    Raises
    ------
    MvdError
        The file holds no regions; the message names it.
    """
    known = info if info is not None and info.mpp is not None else None
    rings, rows = [], []
    for region, polygons in mvd.region_rings_um(path, known):
        for polygon in polygons:
            number = max((row["polygon"] for row in rows), default=-1) + 1
            for at, ring in enumerate(polygon):
                rings.append(np.asarray(ring, float)[:, ::-1])
                rows.append(
                    {
                        "region": region.name,
                        "classification": region.classification,
                        "polygon": number,
                        "hole": at > 0,
                    }
                )
    features = pd.DataFrame(rows)
    keywords: dict[str, Any] = {"name": path.stem, "features": features, **(IN_UM if known else {})}
    if len(rings) > MOST_SHAPES or sum(map(len, rings)) > MOST_CORNERS:
        middles = np.array([ring.mean(axis=0) for ring in rings])
        return middles, {**keywords, "size": 40, "face_color": REGION_COLOUR}, "points"
    keywords |= {
        "shape_type": "polygon",
        "face_color": "transparent",
        "edge_color": REGION_COLOUR,
        "edge_width": 8,
        "text": {"string": "{region}", "color": REGION_COLOUR, "size": 12, "anchor": "upper_left"},
    }
    return rings, keywords, "shapes"


def regions_of_shapes(
    rings: Sequence[NDArray[Any]], kinds: Iterable[str], features: pd.DataFrame, info: mvd.SlideInfo
) -> list[mvd.Region]:
    """Make regions of the areas among shapes; lines are left alone.

    Parameters
    ----------
    rings : sequence of (n, 2) array
        (y, x), um from the slide's top left corner, as napari keeps them.
    kinds : iterable of str
        napari's shape types.
    features : DataFrame
        A row a shape; ``region``, ``classification``, ``polygon`` and ``hole`` are looked at where they are there.
    info : mvd.SlideInfo

    Raises
    ------
    MvdError
        There is no area among them.
    """
    areas = [
        (row, _ring(ring, kind))
        for row, (ring, kind) in enumerate(zip(rings, kinds, strict=True))
        if kind in _AREAS
    ]
    holes: dict[object, list[NDArray[Any]]] = {}
    for row, ring in areas:
        if _told(features, row, "hole") == "True":
            holes.setdefault(_told(features, row, "polygon"), []).append(ring)
    regions = [
        mvd.region_um(
            _told(features, row, "region") or f"Region {row + 1}",
            ring,
            info,
            _told(features, row, "classification"),
            holes.get(_told(features, row, "polygon") or row, []),
        )
        for row, ring in areas
        if _told(features, row, "hole") != "True"
    ]
    if not regions:
        raise mvd.MvdError("there is no area among the shapes; draw a polygon, a rectangle or an ellipse")
    return regions


def _told(features: pd.DataFrame, row: int, column: str) -> str:
    """What a feature says of a shape, as text; empty where it says nothing."""
    value = features[column].iloc[row] if column in features and row < len(features) else None
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _ring(corners: NDArray[Any], kind: str) -> NDArray[np.float64]:
    """The edge of a shape, (n, 2) as (x, y); of an ellipse from the box round it."""
    points = np.asarray(corners, float)[:, -2:]
    if kind == "ellipse":
        angles = np.linspace(0, 2 * np.pi, _ELLIPSE_POINTS, endpoint=False)[:, None]
        middle = points.mean(axis=0)
        across, down = (points[1] - points[0]) / 2, (points[3] - points[0]) / 2
        points = middle + np.cos(angles) * across + np.sin(angles) * down
    return points[:, ::-1]
