"""Vessel positions -> the circles that hold the most of them, exactly.

The way there: ``sweep`` (the best centre on one circle) -> ``densest`` (branch and bound over all of the plane) ->
``centring`` (a centre that holds as printed) -> ``find`` (one hot spot after the other, ties).
"""

from mvd.hotspots.find import (
    Hotspot,
    find_hotspots,
    forbidden_boxes,
    hotspot_rank,
    load_search,
    most_vessels,
    tissue_fraction,
)

__all__ = [
    "Hotspot",
    "find_hotspots",
    "forbidden_boxes",
    "hotspot_rank",
    "load_search",
    "most_vessels",
    "tissue_fraction",
]
