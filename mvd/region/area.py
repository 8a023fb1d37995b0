"""Drawn regions and damaged rectangles -> shapes on one slide, in um from its top left corner.

Input: regions in pixels of level 0, rectangles in pixels of any level. Output: ``Shape`` and boxes that the later
stages ask. It never looks at tissue or vessels.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from mvd.errors import RegionError
from mvd.geometry import Rect
from mvd.region.coverage import coverage
from mvd.region.drawn import WHOLE, Drawn
from mvd.slide.base import SlideInfo

MARGIN_UM = 200.0
"""So far round a region vessels are looked for too: one with its centre inside is measured whole."""

Points = NDArray[np.floating]
Boxes = NDArray[np.float64]
"""(k, 4) float64: left, top, right, bottom, um."""


@dataclass(frozen=True)
class Shape:
    """An area of a slide.

    Attributes
    ----------
    name : str
    outline : shapely Polygon or MultiPolygon
        Valid, inside the slide; (x, y), um from the slide's top left corner.
    """

    name: str
    outline: BaseGeometry

    def holds(self, xy_um: Points) -> NDArray[np.bool_]:
        """Tell which of (n, 2) points lie inside or on the edge, (n,) bool."""
        shapely.prepare(self.outline)
        return np.asarray(shapely.intersects_xy(self.outline, xy_um[:, 0], xy_um[:, 1]), np.bool_)

    @property
    def key(self) -> bytes:
        """The same for the same outline, wherever its rings begin."""
        return bytes(shapely.to_wkb(shapely.normalize(self.outline)))

    def near(self, shape_px: tuple[int, int], mpp: float) -> NDArray[np.bool_]:
        """Pixels of a grid that lie inside, or within ``MARGIN_UM``, at least in part; (h, w) bool."""
        return coverage(shapely.buffer(self.outline, MARGIN_UM), shape_px, mpp) > 0

    @property
    def polygons_um(self) -> list[list[Points]]:
        """An outer ring and then its holes for each polygon, each (n, 2) as (x, y), not closed."""
        parts = shapely.get_parts(self.outline)
        return [
            [shapely.get_coordinates(ring)[:-1] for ring in (part.exterior, *part.interiors)]
            for part in parts
            if part.area > 0
        ]


@dataclass(frozen=True)
class Laid:
    """Regions on a slide.

    Attributes
    ----------
    drawn : Drawn
        Where they come from.
    shapes : tuple of Shape
        One for each region of ``drawn``.
    union : Shape
        All of them; what several cover is in it once.
    slide : shapely Polygon
        All of the slide, um.
    """

    drawn: Drawn
    shapes: tuple[Shape, ...]
    union: Shape
    slide: BaseGeometry


def lay_regions(drawn: Drawn, info: SlideInfo) -> Laid:
    """Lay the regions on a slide; what hangs over its edge is cut off.

    Parameters
    ----------
    drawn : Drawn
    info : SlideInfo
        With a pixel size.

    Raises
    ------
    RegionError
        A region lies wholly outside the slide: it was drawn on another one.
    """
    slide_px = shapely.box(0, 0, *info.shape_px[::-1])
    offset = np.array(info.origin_px, np.float64)
    shapes = []
    for region in drawn.regions:
        moved = shapely.transform(region.outline, lambda xy: xy + offset)
        parts = shapely.get_parts(shapely.intersection(moved, slide_px))
        inside = shapely.union_all(parts[np.isin(shapely.get_type_id(parts), (3, 6))])
        if not inside.area > 0:
            file_name = f"{drawn.file_name}: " if drawn.file_name else ""
            raise RegionError(
                f"{file_name}region {region.name!r} lies outside the slide "
                f"({info.shape_px[1]} x {info.shape_px[0]} px); was it drawn on another slide?"
            )
        shapes.append(Shape(region.name, shapely.transform(inside, lambda xy: xy * (info.mpp or 1.0))))
    union = shapely.union_all([shape.outline for shape in shapes])
    slide_um = shapely.transform(slide_px, lambda xy: xy * (info.mpp or 1.0))
    return Laid(drawn, tuple(shapes), Shape(WHOLE, union), slide_um)


def part_in_boxes(outline: BaseGeometry | None, boxes: Boxes) -> BaseGeometry:
    """Return the part of an outline (of all of the plane where None) that lies in one of the boxes or more."""
    union = shapely.union_all(shapely.box(*boxes.T))
    return union if outline is None else shapely.intersection(outline, union)


def boxes_um(rects: Iterable[Rect], mpp: float) -> Boxes:
    """Return rectangles of pixels of ``mpp`` um as boxes in um, (k, 4)."""
    corners = [(rect.col, rect.row, rect.col_stop, rect.row_stop) for rect in rects if rect.area_px]
    return np.array(corners, np.float64).reshape(-1, 4) * mpp


def touched(rings_um: Sequence[Points], boxes: Boxes, reach_um: float) -> bool:
    """Tell whether what the rings enclose comes as near as ``reach_um`` to one of the boxes."""
    points = np.concatenate(rings_um)
    left, top, right, bottom = (boxes + reach_um * np.array([-1, -1, 1, 1])).T
    (low_x, low_y), (high_x, high_y) = points.min(axis=0), points.max(axis=0)
    near = boxes[(low_x <= right) & (high_x >= left) & (low_y <= bottom) & (high_y >= top)]
    if not len(near):
        return False
    enclosed = [shapely.Polygon(ring) if len(ring) > 2 else shapely.MultiPoint(ring) for ring in rings_um]
    distances = shapely.distance(np.array(enclosed)[:, None], shapely.box(*near.T)[None, :])
    return bool(distances.min() <= reach_um)
