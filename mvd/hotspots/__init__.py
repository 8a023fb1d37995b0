"""Vessel positions -> the circles that hold the most of them, exactly.

The way there: ``pattern`` (the vessels in order) -> ``sieve`` (where a search is worth it) -> ``densest`` (branch and
bound over all of the plane) -> ``sweep`` (the best centre on one circle) -> ``centring`` (a centre that holds as
printed) -> ``find`` (one hot spot after the other, ties).
``field`` is one of them; ``by_hand`` those that a person places, ``near`` looks close to a point.
"""

from mvd.hotspots.by_hand import HandPlaced, placed_hotspots
from mvd.hotspots.field import Hotspot, hotspot_rank, radius_of, tissue_fraction
from mvd.hotspots.find import find_hotspots, forbidden_boxes, load_search, most_vessels
from mvd.hotspots.near import hotspot_near

__all__ = [
    "HandPlaced",
    "Hotspot",
    "find_hotspots",
    "forbidden_boxes",
    "hotspot_near",
    "hotspot_rank",
    "load_search",
    "most_vessels",
    "placed_hotspots",
    "radius_of",
    "tissue_fraction",
]
