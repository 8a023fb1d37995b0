"""Regions laid on a slide -> areas made of them: all of one class together, and the invasive margin of one class.

Input: regions with the classes that a person gave them, and the width of the margin. Output: zones, which may overlap
one another and the regions, and of which some may be empty. It never looks at tissue or vessels.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import shapely
from shapely.geometry.base import BaseGeometry

from mvd.errors import RegionError
from mvd.region.area import Laid, Shape
from mvd.region.drawn import WHOLE
from mvd.settings import RegionSettings

Kind = Literal["drawn", "class", "margin", "margin_inside", "margin_outside", "core", "all"]

_ARC = 64
"""Chords to a quarter of a circle: the area of a round margin is right to 0.01 %."""


@dataclass(frozen=True)
class Zone:
    """An area that is measured for itself.

    Attributes
    ----------
    shape : Shape
        Its outline may be empty: a tumour narrower than its margin has no core.
    kind : str
        ``drawn``, ``class``, ``margin``, ``margin_inside``, ``margin_outside``, ``core`` or ``all``.
    classification : str
        Class of the regions that it is made of; empty where they have none, or more than one.
    """

    shape: Shape
    kind: Kind
    classification: str = ""


def zones(laid: Laid, settings: RegionSettings) -> tuple[Zone, ...]:
    """Return the regions as drawn, then each class, then the margin.

    Raises
    ------
    RegionError
        A margin is wanted, and nothing of ``settings.margin_class`` is drawn.
    """
    named = zip(laid.shapes, laid.drawn.regions, strict=True)
    drawn = [Zone(shape, "drawn", region.classification) for shape, region in named]
    of_class: dict[str, list[BaseGeometry]] = {}
    for zone in drawn:
        if zone.classification:
            of_class.setdefault(zone.classification, []).append(zone.shape.outline)
    classes = [
        Zone(Shape(f"(class {name})", _together(outlines)), "class", name)
        for name, outlines in of_class.items()
    ]
    margin = _margin_zones(laid, settings) if settings.margin_um else ()
    return (*drawn, *classes, *margin)


def looked_at(laid: Laid, settings: RegionSettings) -> Shape:
    """Return everything that is measured: a margin reaches beyond the regions."""
    if not settings.margin_um:
        return laid.union
    outlines = [laid.union.outline, *(zone.shape.outline for zone in zones(laid, settings))]
    return Shape(WHOLE, shapely.union_all(outlines))


def margin_band(tumour: BaseGeometry, slide: BaseGeometry, width_um: float) -> BaseGeometry:
    """Return what lies within ``width_um`` of the border of an area, on both sides of it.

    Where the area ends at the edge of the slide is not its border: nobody knows how far it goes on.

    Parameters
    ----------
    tumour, slide : shapely Polygon or MultiPolygon
        um.
    width_um : float
        > 0.
    """
    border = shapely.difference(shapely.boundary(tumour), shapely.boundary(slide))
    return shapely.intersection(shapely.buffer(border, width_um, quad_segs=_ARC), slide)


def _margin_zones(laid: Laid, settings: RegionSettings) -> Iterator[Zone]:
    name, tumour = _of_class(laid, settings.margin_class)
    width = f"{settings.margin_um:g} um"
    band = margin_band(tumour, laid.slide, settings.margin_um)
    parts: list[tuple[str, Kind, BaseGeometry]] = [
        (f"(margin of {name}, {width})", "margin", band),
        (f"(margin of {name}, {width}, inside)", "margin_inside", shapely.intersection(band, tumour)),
        (f"(margin of {name}, {width}, outside)", "margin_outside", shapely.difference(band, tumour)),
        (f"({name} without its margin)", "core", shapely.difference(tumour, band)),
    ]
    for called, kind, outline in parts:
        yield Zone(Shape(called, outline), kind, name)


def _of_class(laid: Laid, wanted: str) -> tuple[str, BaseGeometry]:
    """All regions of a class together, and its name as drawn; where no class is called so, of that name."""
    pairs = list(zip(laid.drawn.regions, laid.shapes, strict=True))
    for told in ("classification", "name"):
        found = [pair for pair in pairs if getattr(pair[0], told).casefold() == wanted.casefold()]
        if found:
            return getattr(found[0][0], told), _together([shape.outline for _, shape in found])
    there = sorted({region.classification or region.name for region, _ in pairs})
    file_name = f"{laid.drawn.file_name}: " if laid.drawn.file_name else ""
    raise RegionError(
        f"{file_name}has no region of class {wanted!r} to lay a margin round (there are: {', '.join(there)}); "
        "set region.margin_class (--region-margin-class)"
    )


def _together(outlines: list[BaseGeometry]) -> BaseGeometry:
    return outlines[0] if len(outlines) == 1 else shapely.union_all(outlines)
