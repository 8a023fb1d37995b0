"""Filled vessels and hot spots -> the Chalkley count.

The way there: ``filled`` (outlines as rings) -> ``arcs`` (where a turning point is on a vessel) -> ``count`` (the angle
with the most points on vessels).
"""

from mvd.chalkley.count import FIELD_MM2, ChalkleyCount, chalkley_count, graticule, mean_of_three
from mvd.chalkley.filled import FilledVessels

__all__ = ["FIELD_MM2", "ChalkleyCount", "FilledVessels", "chalkley_count", "graticule", "mean_of_three"]
