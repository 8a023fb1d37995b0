"""Regions between a viewer, which has um from the slide's top left corner, and QuPath, which has pixels of level 0.

QuPath's (0, 0) lies at ``SlideInfo.origin_px``. Nothing here draws, and nothing is written.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from mvd.errors import RegionError, UnknownPixelSize
from mvd.region import Region, drawn_regions
from mvd.slide import SlideInfo

Polygons = list[list[NDArray[np.floating]]]
"""An outer ring and then its holes for each polygon, each (n, 2) as (x, y), not closed."""


def region_um(
    name: str,
    ring_um: ArrayLike,
    info: SlideInfo,
    classification: str = "",
    holes_um: Sequence[ArrayLike] = (),
) -> Region:
    """Make a region of one ring drawn on a slide, for ``analyze``.

    Parameters
    ----------
    name : str
    ring_um : (n, 2) array
        (x, y), um from the slide's top left corner, n >= 3.
    info : SlideInfo
    classification : str
        As ``Tumor``; empty without one.
    holes_um : sequence of (n, 2) array
        What is no part of it.

    Raises
    ------
    RegionError
        A ring has fewer than three points.
    UnknownPixelSize
        The slide's pixel size is not known.
    """
    rings = [np.asarray(ring, float) for ring in (ring_um, *holes_um)]
    if any(ring.ndim != 2 or len(ring) < 3 for ring in rings):
        raise RegionError("a region needs three points at least; draw an area")
    ring, *holes = [ring / _mpp(info) - np.array(info.origin_px, float) for ring in rings]
    return Region.polygon(name, ring, holes, classification)


def region_rings_um(
    given: str | Path | Sequence[Region], info: SlideInfo | None
) -> list[tuple[Region, Polygons]]:
    """Read regions of a GeoJSON file, or take those of a program, and lay them on a slide.

    Parameters
    ----------
    given : str, Path or sequence of Region
        As ``analyze`` takes them.
    info : SlideInfo or None
        The slide; without one the polygons stay in pixels of level 0, as in the file.

    Returns
    -------
    list of (Region, polygons)
        Polygons in um from the slide's top left corner. What hangs over its edge is not cut off.

    Raises
    ------
    RegionError
        As ``mvd.region.drawn_regions``.
    """
    scale, origin = (_mpp(info), np.array(info.origin_px, float)) if info else (1.0, np.zeros(2))
    found = []
    for region in drawn_regions(given).regions:
        moved = shapely.transform(region.outline, lambda xy: (xy + origin) * scale)
        polygons = [
            [shapely.get_coordinates(ring)[:-1] for ring in (part.exterior, *part.interiors)]
            for part in shapely.get_parts(moved)
        ]
        found.append((region, polygons))
    return found


def regions_geojson(regions: Iterable[Region]) -> bytes:
    """Write regions as QuPath reads annotations: a FeatureCollection in pixels of level 0, to a hundredth, UTF-8."""
    features = [_feature(region) for region in drawn_regions(list(regions)).regions]
    return json.dumps({"type": "FeatureCollection", "features": features}, indent=1).encode() + b"\n"


def _feature(region: Region) -> dict[str, Any]:
    rounded = shapely.transform(region.outline, lambda xy: np.round(xy, 2))
    properties: dict[str, Any] = {"objectType": "annotation", "name": region.name}
    if region.classification:
        properties["classification"] = {"name": region.classification}
    return {"type": "Feature", "geometry": shapely.geometry.mapping(rounded), "properties": properties}


def _mpp(info: SlideInfo) -> float:
    if info.mpp is None:
        raise UnknownPixelSize(
            f"{info.path.name}: the file states no pixel size; set slide.mpp (um per pixel of the full resolution)"
        )
    return info.mpp
