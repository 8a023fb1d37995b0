"""Vessels, hot spots and tissue -> GeoJSON that QuPath opens.

Coordinates are (x, y) in level-0 pixels from ``SlideInfo.origin_px``, where QuPath has its (0, 0), a hundredth of a
pixel fine. The text is put together by hand: a slide has a hundred thousand outlines, and ``json.dumps`` takes as long
for them as the analysis does.
"""

import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

from mvd.report.coordinates import ring_texts
from mvd.report.rings import Polygon, box_um, field_um, tissue_polygons_um
from mvd.report.rows import hotspot_rows, vessel_columns
from mvd.report.table import format_column
from mvd.result import (
    HOTSPOT_COLUMNS,
    REGION_COLUMNS,
    VESSEL_COLUMNS,
    Column,
    RegionResult,
    RegionResults,
    SlideResult,
)

Colour = tuple[int, int, int]

COUNTED: Colour = (0, 190, 160)
NOT_COUNTED: Colour = (230, 159, 0)
HOTSPOT: Colour = (204, 121, 167)
TISSUE: Colour = (0, 114, 178)
REGION: Colour = (213, 94, 0)
LOST: Colour = (240, 228, 66)

_NAMESPACE = uuid.UUID("a3a1b1de-3c1f-5a70-9d0e-2f6d7664cd34")  # any fixed one: it makes the ids reproducible
_BATCH = 2048  # features whose coordinates are written at once
_MEASURED = tuple(c for c in VESSEL_COLUMNS if c.kind in ("int", "float") and c.name != "vessel_id")


class _Feature(NamedTuple):
    """One thing to draw; ``numbers`` is the inside of a JSON object."""

    key: str
    name: str
    class_name: str
    colour: Colour
    numbers: str
    polygons_um: Sequence[Polygon]
    is_annotation: bool = False


def geojson(result: SlideResult, slide_id: str) -> Iterator[bytes]:
    """Write the vessels (detections), and tissue, hot spots, regions and what was not decoded (locked annotations).

    Parameters
    ----------
    result : SlideResult
    slide_id : str
        Part of the features' ids, so that the same slide gives the same bytes.

    Yields
    ------
    bytes
        A FeatureCollection, UTF-8, piece by piece: as a whole it may take more memory than the slide's analysis.
    """
    yield b'{"type":"FeatureCollection","features":['
    features = chain(_regions(result), _tissue(result), _lost(result), _hotspots(result), _vessels(result))
    scale, separator = 1 / float(result.summary["mpp"]), "\n"  # type: ignore[arg-type]
    while batch := list(islice(features, _BATCH)):
        rings = [ring for feature in batch for polygon in feature.polygons_um for ring in polygon]
        texts = iter(ring_texts(rings, scale, result.info.origin_px))
        yield (separator + ",\n".join(_feature_text(feature, slide_id, texts) for feature in batch)).encode()
        separator = ",\n"
    yield b"\n]}\n"


def _regions(result: SlideResult) -> Iterator[_Feature]:
    columns = [column for column in REGION_COLUMNS if column.kind != "text"]
    for number, region in enumerate(_shown(result.drawn), 1):
        (numbers,) = _numbers(columns, [format_column([region.summary[c.name]], c) for c in columns])
        key = f"region {number} {region.name}"
        yield _Feature(key, region.name, "Region", REGION, numbers, region.polygons_um, is_annotation=True)


def _shown(drawn: RegionResults | None) -> list[RegionResult]:
    """The regions as drawn, and both sides of the margin where there is any."""
    if drawn is None:
        return []
    sides = [zone for zone in drawn.zones if zone.kind in ("margin_inside", "margin_outside")]
    return [*drawn.regions, *(zone for zone in sides if zone.polygons_um)]


def _tissue(result: SlideResult) -> Iterator[_Feature]:
    polygons = tissue_polygons_um(result.tissue.mask, result.tissue.mpp)
    if polygons:
        numbers = f'"area_mm2":{result.tissue.area_mm2:.6f}'
        yield _Feature("tissue", "Tissue", "Tissue", TISSUE, numbers, polygons, is_annotation=True)


def _lost(result: SlideResult) -> Iterator[_Feature]:
    # One by one: together, those that touch would be no valid polygon.
    for number, box in enumerate(result.damage_um, 1):
        name = f"Not decoded {number}"
        yield _Feature(name, name, "Not decoded", LOST, "", [[box_um(box)]], is_annotation=True)


def _hotspots(result: SlideResult) -> Iterator[_Feature]:
    rows = hotspot_rows(result, "")[: len(result.hotspots)]  # those of the headline's field
    columns = [c for c in HOTSPOT_COLUMNS if c.kind in ("int", "float")]
    numbers = _numbers(columns, [format_column([row[c.name] for row in rows], c) for c in columns])
    for hotspot, measured in zip(result.hotspots, numbers, strict=True):
        name = f"Hot spot {hotspot.rank}"
        yield _Feature(name, name, "Hot spot", HOTSPOT, measured, [[field_um(hotspot)]], is_annotation=True)


def _vessels(result: SlideResult) -> Iterator[_Feature]:
    for start in range(0, len(result.vessels.outlines), _BATCH):
        table = vessel_columns(result, "", slice(start, start + _BATCH))
        numbers = _numbers(_MEASURED, [format_column(table[c.name], c) for c in _MEASURED])
        for row, measured in enumerate(numbers):
            vessel_id, reason = table["vessel_id"][row], table["reason"][row]
            is_counted = table["counted"][row]
            class_name, colour = (
                ("Vessel", COUNTED) if is_counted else (f"Not counted: {reason}", NOT_COUNTED)
            )
            wall = result.vessels.outlines[start + row].wall
            yield _Feature(f"vessel {vessel_id}", str(vessel_id), class_name, colour, measured, wall)


def _numbers(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> list[str]:
    """Turn columns of formatted numbers into the inside of a JSON object for each row; empty ones are left out."""
    named = [
        [f'"{column.name}":{cell},' if cell else "" for cell in column_cells]
        for column, column_cells in zip(columns, cells, strict=True)
    ]
    return ["".join(row)[:-1] for row in zip(*named, strict=True)]


def _feature_text(feature: _Feature, slide_id: str, ring_text: Iterator[str]) -> str:
    """Write a feature; its rings are the next ones of ``ring_text``."""
    polygons = [f"[{','.join(islice(ring_text, len(polygon)))}]" for polygon in feature.polygons_um]
    geometry = (
        f'"Polygon","coordinates":{polygons[0]}'
        if len(polygons) == 1
        else f'"MultiPolygon","coordinates":[{",".join(polygons)}]'
    )
    kind = "annotation" if feature.is_annotation else "detection"
    locked = ',"isLocked":true' if feature.is_annotation else ""
    return (
        f'{{"type":"Feature","id":"{_uuid(f"{slide_id} {feature.key}")}","geometry":{{"type":{geometry}}},'
        f'"properties":{{"objectType":"{kind}","name":{_quoted(feature.name)},'
        f'"classification":{_classification(feature.class_name, feature.colour)}{locked},'
        f'"measurements":{{{feature.numbers}}}}}}}'
    )


def _quoted(name: str) -> str:
    """Return a name as JSON; most are digits. Signs of mark-up are escaped, wherever the file may be shown."""
    if name.isalnum() and name.isascii():
        return f'"{name}"'
    return json.dumps(name).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@lru_cache
def _classification(name: str, colour: Colour) -> str:
    return json.dumps({"name": name, "color": colour}, separators=(",", ":"))


def _uuid(key: str) -> str:
    """Return ``uuid.uuid5`` of a key as text, without the steps that take it a while."""
    digits = hashlib.sha1(_NAMESPACE.bytes + key.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"
