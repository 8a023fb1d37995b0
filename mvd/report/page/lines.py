"""vessels.geojson -> outlines as short SVG paths, in half um. Line by line: the file may be larger than the memory."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.errors import UnreadableSlide

PER_UM = 2
"""Coordinates of paths are whole numbers of so many to a um."""

Ring = NDArray[np.float64]
"""(n, 2) as (x, y), um."""

_NAME = '"name":"'
_DETECTION = '"objectType":"detection"'


@dataclass
class Outlines:
    """Rings of what is drawn; of vessels only the outer ones, so that the lines bury no vessel.

    Attributes
    ----------
    tissue, lost : list of (n, 2) float64
        Lost is what could not be decoded.
    regions : mapping
        Name -> rings.
    vessels : mapping
        ``vessel_id`` -> rings.
    """

    tissue: list[Ring] = field(default_factory=list)
    lost: list[Ring] = field(default_factory=list)
    regions: dict[str, list[Ring]] = field(default_factory=dict)
    vessels: dict[int, list[Ring]] = field(default_factory=dict)


def read_outlines(folder: Path, image: Mapping[str, Any], vessels: Collection[int]) -> Outlines:
    """Read the tissue, the regions, and some of the vessels of a slide's folder.

    Parameters
    ----------
    folder : Path
    image : mapping
        Of slide.json: ``mpp``, and ``origin_px`` where QuPath has its (0, 0).
    vessels : collection of int
        ``vessel_id`` of those that are wanted.

    Raises
    ------
    UnreadableSlide
        The file is missing or damaged.
    """
    found = Outlines()
    origin = np.asarray(image.get("origin_px", (0, 0)), float)
    try:
        with (folder / "vessels.geojson").open(encoding="utf-8") as lines:
            for line in lines:
                if not line.startswith('{"type":"Feature",'):
                    continue
                if _DETECTION in line and not _is_wanted(line, vessels):
                    continue
                feature = json.loads(line.rstrip().rstrip(","))
                _add(found, feature, origin, float(image["mpp"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise UnreadableSlide(
            f"{folder.name}/vessels.geojson: is missing or damaged; `mvd report` makes it again"
        ) from None
    return found


def _is_wanted(line: str, vessels: Collection[int]) -> bool:
    start = line.index(_NAME) + len(_NAME)
    return int(line[start : line.index('"', start)]) in vessels


def _add(found: Outlines, feature: Mapping[str, Any], origin: Ring, mpp: float) -> None:
    geometry, about = feature["geometry"], feature["properties"]
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    rings = [(np.array(ring[:-1], float) + origin) * mpp for polygon in polygons for ring in polygon]
    if about["objectType"] == "detection":
        outer = np.cumsum([0, *map(len, polygons[:-1])])
        found.vessels[int(about["name"])] = [rings[number] for number in outer]
    elif about["classification"]["name"] == "Tissue":
        found.tissue = rings
    elif about["classification"]["name"] == "Not decoded":
        found.lost += rings
    elif about["classification"]["name"] == "Region":
        found.regions.setdefault(about["name"], []).extend(rings)


def path_of(rings: Iterable[Ring], tolerance_um: float) -> str:
    """Write closed rings as the ``d`` of an SVG path.

    Parameters
    ----------
    rings : iterable of (n, 2) array
        um.
    tolerance_um : float
        The path may run so far beside the ring; rings that fall together into less than a triangle become a point.
    """
    written = []
    for ring in rings:
        scaled = (ring * PER_UM).astype(np.float32).reshape(-1, 1, 2)
        corners = np.rint(cv2.approxPolyDP(scaled, tolerance_um * PER_UM, True).reshape(-1, 2)).astype(int)
        written.append(f"M{_pair(*corners[0])}{_steps(corners)}z")
    return "".join(written)


def dots_of(xy_um: Ring) -> str:
    """Write positions as the ``d`` of an SVG path of points, to be drawn with round ends."""
    whole = np.rint(xy_um * PER_UM).astype(int)
    return "".join(f"M{_pair(x, y)}h0" for x, y in whole.tolist())


def _steps(corners: NDArray[np.signedinteger]) -> str:
    steps = np.diff(corners, axis=0).tolist()
    if not steps:
        return "h0"
    return "l" + "".join(
        f"{'' if number == 0 or dx < 0 else ' '}{_pair(dx, dy)}" for number, (dx, dy) in enumerate(steps)
    )


def _pair(x: int, y: int) -> str:
    return f"{x}{'' if y < 0 else ' '}{y}"


def extent(rings: Sequence[Ring]) -> tuple[float, float]:
    """Return the (x, y) in the middle of the top edge of some rings, um."""
    points = np.concatenate(rings)
    return float(points[:, 0].min() + points[:, 0].max()) / 2, float(points[:, 1].min())
