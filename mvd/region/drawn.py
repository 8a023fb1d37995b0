"""GeoJSON as QuPath writes it -> regions with their names.

Input: a file, or regions made by a program. Output: ``Drawn``, valid areas in pixels of level 0. A feature that is no
area is refused by its number and name, never left out. It knows nothing of the slide.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely.geometry.base import BaseGeometry

from mvd.errors import NoRegion, RegionError

WHOLE = "(all)"
"""What the regions together are called."""

_HOW_TO = "draw it as an area in QuPath and export the annotations as GeoJSON"
_FOUND_BY_PROGRAM = {"detection", "cell", "tile"}


@dataclass(frozen=True)
class Region:
    """An area that a person drew.

    Attributes
    ----------
    name : str
        Not empty.
    outline : shapely Polygon or MultiPolygon
        (x, y), pixels of level 0 from the top left corner of what QuPath shows of the slide. A self-crossing outline
        is taken apart where it crosses.
    classification : str
        Its class, as ``Tumor`` or ``Stroma`` in QuPath; empty without one.
    """

    name: str
    outline: BaseGeometry
    classification: str = ""

    @classmethod
    def polygon(
        cls, name: str, ring: ArrayLike, holes: Sequence[ArrayLike] = (), classification: str = ""
    ) -> "Region":
        """Make a region of one ring and the holes in it, each (n, 2) as (x, y), pixels of level 0."""
        outline = shapely.Polygon(np.asarray(ring, float), [np.asarray(hole, float) for hole in holes])
        return cls(name, outline, classification)


@dataclass(frozen=True)
class Drawn:
    """The regions of one slide.

    Attributes
    ----------
    regions : tuple of Region
        In the order of the file, at least one; no two of one name.
    file_name : str
        Without folders; empty if they came from a program.
    sha256 : str
        Of the file, or of the outlines, hex.
    """

    regions: tuple[Region, ...]
    file_name: str
    sha256: str


def drawn_regions(given: str | Path | Sequence[Region]) -> Drawn:
    """Read regions from a GeoJSON file, or take those of a program.

    A FeatureCollection, one feature, an array of features, a GeometryCollection or a bare geometry, of Polygon and
    MultiPolygon with holes. A name is ``properties.name``, else ``properties.classification.name``, else ``Region N``;
    a second one of the same name is told apart by a number. What a program found (``objectType`` detection, cell or
    tile) is no region and left alone; lines and points are refused.

    Raises
    ------
    NoRegion
        There is no such file.
    RegionError
        The message names the file and the line or the feature.
    """
    if not isinstance(given, (str, Path)):
        regions = _named(
            [
                Region(region.name, _area(region.outline, f"region {region.name!r}"), region.classification)
                for region in given
            ]
        )
        outlines = b"".join(
            shapely.to_wkb(region.outline) + f"{region.name}{region.classification}".encode()
            for region in regions
        )
        return Drawn(regions, "", hashlib.sha256(outlines).hexdigest())
    path = Path(given)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NoRegion(
            f"{path.name}: there is no such file of regions; {_HOW_TO}, or run without --region"
        ) from None
    except OSError as error:
        raise RegionError(f"{path.name}: cannot be read ({error.strerror}); check the path") from None
    try:
        found = list(_features(_json(content)))
    except RegionError as error:
        raise RegionError(f"{path.name}: {error}") from None
    return Drawn(_named(found, f"{path.name}: "), path.name, hashlib.sha256(content).hexdigest())


def _named(found: Sequence[Region], where: str = "") -> tuple[Region, ...]:
    """Give every area a name of its own."""
    if not found:
        raise RegionError(f"{where}holds no region; {_HOW_TO}")
    names = {WHOLE}
    regions = []
    for number, region in enumerate(found, 1):
        first = " ".join(region.name.split()) or f"Region {number}"
        name, copy = first, 2
        while name in names:
            name, copy = f"{first} ({copy})", copy + 1
        names.add(name)
        regions.append(replace(region, name=name))
    return tuple(regions)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise RegionError(
            f"line {error.lineno}: is no JSON ({error.msg.lower()}); export the annotations from QuPath again"
        ) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RegionError(f"line {line}: is no UTF-8; export the annotations from QuPath again") from None
    except (RecursionError, ValueError):
        raise RegionError("is no GeoJSON; export the annotations from QuPath again") from None


def _no_number(word: str) -> NoReturn:
    raise RegionError(f"holds {word}, which is no coordinate; export the annotations from QuPath again")


def _features(content: Any) -> Iterator[Region]:
    """Yield every feature, its name may be empty."""
    if isinstance(content, dict) and content.get("type") == "FeatureCollection":
        features = content.get("features")
    elif isinstance(content, dict) and content.get("type") == "GeometryCollection":
        features = content.get("geometries")
    else:
        features = content if isinstance(content, list) else [content]
    if not isinstance(features, list):
        raise RegionError(f"has a collection without a list of features; {_HOW_TO}")
    for number, feature in enumerate(features, 1):
        if not isinstance(feature, dict):
            raise RegionError(f"feature {number} is no GeoJSON object; {_HOW_TO}")
        properties = feature.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        if properties.get("objectType") in _FOUND_BY_PROGRAM:
            continue
        classification = _class(properties)
        name = _plain(properties.get("name")) or classification
        called = f"feature {number}" + (f" ({name!r})" if name else "")
        geometry = feature.get("geometry") if feature.get("type") == "Feature" else feature
        yield Region(name, _area(_geometry(geometry, called), called), classification)


def _class(properties: dict[str, Any]) -> str:
    """The class; a derived one, which newer QuPath writes as a list, as QuPath shows it: ``Tumor: CD34``."""
    told = properties.get("classification")
    if not isinstance(told, dict):
        return _plain(told)
    names = told["names"] if isinstance(told.get("names"), list) else [told.get("name")]
    return ": ".join(filter(None, map(_plain, names)))


def _plain(name: object) -> str:
    """A name ends up in pictures and on a terminal: no line ends, nothing that steers either."""
    if not isinstance(name, str):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())


def _geometry(geometry: Any, called: str) -> BaseGeometry:
    if not isinstance(geometry, dict) or not isinstance(geometry.get("type"), str):
        raise RegionError(f"{called} has no geometry; {_HOW_TO}")
    kind, coordinates = geometry["type"], geometry.get("coordinates")
    if kind == "GeometryCollection" and isinstance(geometry.get("geometries"), list):
        return shapely.union_all([_area(_geometry(part, called), called) for part in geometry["geometries"]])
    if kind not in ("Polygon", "MultiPolygon"):
        raise RegionError(f"{called} is a {kind}, not an area; {_HOW_TO}, or delete it")
    try:
        polygons: Any = [coordinates] if kind == "Polygon" else coordinates
        return shapely.MultiPolygon(
            [shapely.Polygon(_ring(rings[0]), [_ring(hole) for hole in rings[1:]]) for rings in polygons]
        )
    except (TypeError, ValueError, IndexError, KeyError, OverflowError, shapely.errors.ShapelyError):
        raise RegionError(f"{called} has a ring that is no list of three [x, y] or more; {_HOW_TO}") from None


def _ring(points: Any) -> list[tuple[float, float]]:
    ring = [(_coordinate(point[0]), _coordinate(point[1])) for point in points]
    if len(ring) < 3:
        raise ValueError("fewer than three points")
    return ring


def _coordinate(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e9:
        raise ValueError(f"{value!r} is no coordinate")
    return float(value)


def _area(shape: BaseGeometry, called: str) -> BaseGeometry:
    """Return the valid polygons of a geometry; an area of nothing is refused."""
    parts = shapely.get_parts(shapely.make_valid(shape))
    areas = parts[np.isin(shapely.get_type_id(parts), (3, 6))]
    whole = shapely.union_all(areas)
    if not len(areas) or not whole.area > 0:
        raise RegionError(f"{called} has no area; {_HOW_TO}, or delete it")
    return whole
