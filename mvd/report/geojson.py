"""Vessels, hot spots and tissue -> GeoJSON that QuPath opens.

Coordinates are (x, y) in level-0 pixels, a hundredth of a pixel fine. The text is put together by hand: a
slide has a hundred thousand outlines, and ``json.dumps`` takes as long for them as the analysis does.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.report.rings import Polygon, Ring, circle_um, tissue_polygons_um, vessel_polygons_um
from mvd.report.rows import hotspot_rows, vessel_columns
from mvd.report.table import format_column
from mvd.result import HOTSPOT_COLUMNS, VESSEL_COLUMNS, SlideResult

Colour = tuple[int, int, int]
Numbers = Mapping[str, str]

COUNTED: Colour = (0, 190, 160)
NOT_COUNTED: Colour = (230, 159, 0)
HOTSPOT: Colour = (204, 121, 167)
TISSUE: Colour = (0, 114, 178)

_NAMESPACE = uuid.UUID("a3a1b1de-3c1f-5a70-9d0e-2f6d7664cd34")  # any fixed one: it makes the ids reproducible
_STRAIGHT_PX = 0.02
_MEASURED = tuple(c for c in VESSEL_COLUMNS if c.kind in ("int", "float") and c.name != "vessel_id")


@dataclass(frozen=True)
class _Feature:
    """One thing to draw: ``numbers`` are JSON numbers already, an empty one is left out."""

    key: str
    name: str
    class_name: str
    colour: Colour
    numbers: Numbers
    polygons_um: list[Polygon]
    is_annotation: bool = False


def geojson(result: SlideResult, slide_id: str) -> bytes:
    """Write the vessels (detections), the tissue and the hot spots (locked annotations) of a slide.

    Parameters
    ----------
    result : SlideResult
    slide_id : str
        Part of the features' ids, so that the same slide gives the same bytes.

    Returns
    -------
    bytes
        A FeatureCollection, UTF-8.
    """
    mpp = float(result.summary["mpp"] or 0)
    features = (*_tissue(result), *_hotspots(result), *_vessels(result))
    lines = (_feature_text(feature, slide_id, mpp) for feature in features)
    return ('{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n").encode()


def _tissue(result: SlideResult) -> Iterator[_Feature]:
    polygons = tissue_polygons_um(result.tissue.mask, result.tissue.mpp)
    if polygons:
        numbers = {"area_mm2": f"{result.tissue.area_mm2:.6f}"}
        yield _Feature("tissue", "Tissue", "Tissue", TISSUE, numbers, polygons, is_annotation=True)


def _hotspots(result: SlideResult) -> Iterator[_Feature]:
    columns = [c for c in HOTSPOT_COLUMNS if c.kind != "text"]
    for hotspot, row in zip(result.hotspots, hotspot_rows(result, ""), strict=True):
        name = f"Hot spot {hotspot.rank}"
        numbers = {c.name: format_column([row[c.name]], c)[0] for c in columns}
        circle = circle_um(hotspot.x_um, hotspot.y_um, hotspot.radius_um)
        yield _Feature(name, name, "Hot spot", HOTSPOT, numbers, [[circle]], is_annotation=True)


def _vessels(result: SlideResult) -> Iterator[_Feature]:
    table = vessel_columns(result, "")
    cells = [format_column(table[c.name], c) for c in _MEASURED]
    known = zip(table["vessel_id"], table["counted"], table["reason"], result.vessels.outlines, strict=True)
    for (vessel_id, counted, reason, outline), *row in zip(known, *cells, strict=True):
        numbers = {c.name: cell for c, cell in zip(_MEASURED, row, strict=True)}
        class_name, colour = ("Vessel", COUNTED) if counted else (f"Not counted: {reason}", NOT_COUNTED)
        polygons = vessel_polygons_um(outline.outer, outline.lumens, result.analysis_mpp)
        yield _Feature(f"vessel {vessel_id}", str(vessel_id), class_name, colour, numbers, polygons)


def _feature_text(feature: _Feature, slide_id: str, mpp: float) -> str:
    texts = [
        "[" + ",".join(_ring_text(ring, mpp) for ring in polygon) + "]" for polygon in feature.polygons_um
    ]
    kind, coordinates = ("Polygon", texts[0]) if len(texts) == 1 else ("MultiPolygon", f"[{','.join(texts)}]")
    properties: dict[str, object] = {
        "objectType": "annotation" if feature.is_annotation else "detection",
        "name": feature.name,
        "classification": {"name": feature.class_name, "color": feature.colour},
    }
    if feature.is_annotation:
        properties["isLocked"] = True
    numbers = ",".join(f'"{name}":{number}' for name, number in feature.numbers.items() if number)
    return (
        f'{{"type":"Feature","id":"{uuid.uuid5(_NAMESPACE, f"{slide_id} {feature.key}")}",'
        f'"geometry":{{"type":"{kind}","coordinates":{coordinates}}},'
        f'"properties":{json.dumps(properties, separators=(",", ":"))[:-1]},"measurements":{{{numbers}}}}}}}'
    )


def _ring_text(ring_um: Ring, mpp: float) -> str:
    """Write a ring, closed, without the points that lie on a straight line between their neighbours."""
    ring: NDArray[np.float32] = (ring_um / mpp).astype(np.float32)
    straight = cv2.approxPolyDP(ring.reshape(-1, 1, 2), _STRAIGHT_PX, True).reshape(-1, 2)
    points = straight if len(straight) >= 3 else ring
    numbers = np.concatenate([points, points[:1]]).ravel().tolist()
    pairs = "[%.2f,%.2f]," * (len(points) + 1)
    return f"[{(pairs % tuple(numbers))[:-1]}]"
