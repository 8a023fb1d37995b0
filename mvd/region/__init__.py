"""Where a slide is analysed: regions that a person drew, less what could not be decoded.

``drawn.py`` reads regions from GeoJSON, ``area.py`` lays them on a slide in um, ``intervals.py`` tells how much of each
pixel they cover, ``cut.py`` which vessels they hold, ``zones.py`` makes classes and the invasive margin of them.
"""

from mvd.region.area import Boxes, Laid, Shape, boxes_um, lay_regions, part_in_boxes, touched
from mvd.region.coverage import FULL, coverage
from mvd.region.cut import CUT, OUTSIDE, CutRule, Frame, Profiles, place
from mvd.region.drawn import WHOLE, Drawn, Region, drawn_regions
from mvd.region.zones import Zone, looked_at, zones

__all__ = [
    "CUT",
    "FULL",
    "OUTSIDE",
    "WHOLE",
    "Boxes",
    "CutRule",
    "Drawn",
    "Frame",
    "Laid",
    "Profiles",
    "Region",
    "Shape",
    "Zone",
    "boxes_um",
    "coverage",
    "drawn_regions",
    "lay_regions",
    "looked_at",
    "part_in_boxes",
    "place",
    "touched",
    "zones",
]
