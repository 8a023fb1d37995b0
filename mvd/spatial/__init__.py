"""Vessel positions, outlines and tissue -> where vessels lie, and what of it is more than chance.

Each module is one measure: ``density`` (map), ``nearest`` (neighbours), ``ripley`` (L and its envelope), ``distance``
(tissue far from vessels), ``fields`` (systematic sample), ``chance`` (random patterns behind p-values).
"""

from mvd.spatial.chance import NullMaxima, TissueRuns, measure_nulls, tissue_runs
from mvd.spatial.density import DensityMap, density_map
from mvd.spatial.distance import FAR_UM, VesselDistance, vessel_distance
from mvd.spatial.fields import FieldSample, sample_fields
from mvd.spatial.nearest import NearestNeighbours, nearest_neighbours
from mvd.spatial.ripley import PairWindow, RipleyTest, pair_window, ripley_test

__all__ = [
    "FAR_UM",
    "DensityMap",
    "FieldSample",
    "NearestNeighbours",
    "NullMaxima",
    "PairWindow",
    "RipleyTest",
    "TissueRuns",
    "VesselDistance",
    "density_map",
    "measure_nulls",
    "nearest_neighbours",
    "pair_window",
    "ripley_test",
    "sample_fields",
    "tissue_runs",
    "vessel_distance",
]
