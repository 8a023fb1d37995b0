"""Where a slide is analysed: regions that a person drew, less what could not be decoded.

``drawn.py`` reads regions from GeoJSON, ``area.py`` lays them on a slide in um, ``coverage.py`` tells how much of each
pixel they cover.
"""

from mvd.region.area import Boxes, Laid, Shape, boxes_um, lay_regions, part_in_boxes, touched
from mvd.region.coverage import FULL, coverage
from mvd.region.drawn import WHOLE, Drawn, Region, drawn_regions

__all__ = [
    "FULL",
    "WHOLE",
    "Boxes",
    "Drawn",
    "Laid",
    "Region",
    "Shape",
    "boxes_um",
    "coverage",
    "drawn_regions",
    "lay_regions",
    "part_in_boxes",
    "touched",
]
