"""Masks -> runs -> components. No seams.

The way there: ``encode`` (a tile's mask -> runs) -> ``bands`` (the runs of one row of tiles, fused and labelled while
other tiles are being read) -> ``components`` (bands united over the whole slide). A run is a row's stretch of
candidate pixels with integer sums, so fusing abutting runs of two tiles gives exactly what one tile would have given:
components are identical for every tile size, order and number of workers.
"""

from mvd.runs.bands import fuse
from mvd.runs.components import Components, Reduction, connect
from mvd.runs.encode import I32, KIND, ROW, START, STOP, Search, encode, search_index

__all__ = [
    "I32",
    "KIND",
    "ROW",
    "START",
    "STOP",
    "Components",
    "Reduction",
    "Search",
    "connect",
    "encode",
    "fuse",
    "search_index",
]
