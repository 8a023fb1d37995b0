"""A point that a person shows -> the field close to it that holds the most vessels, exactly."""

import numpy as np
from numpy.typing import NDArray

from mvd.hotspots.field import Hotspot, radius_of, tissue_fraction
from mvd.hotspots.find import best_circles, best_squares
from mvd.settings import HotspotSettings
from mvd.tissue import Tissue

Points = NDArray[np.float64]


def hotspot_near(
    xy_um: Points, settings: HotspotSettings, tissue: Tissue, near_um: tuple[float, float], reach_um: float
) -> Hotspot | None:
    """Find the field that holds the most vessels of all whose centre lies close to a point.

    Parameters
    ----------
    xy_um : (n, 2) float64
        Centroids of the counted vessels, um.
    settings : HotspotSettings
        ``count`` and ``edge`` play no part.
    tissue : Tissue
    near_um : (float, float)
        x, y.
    reach_um : float
        The centre lies so far from the point at most, along x and along y.

    Returns
    -------
    Hotspot or None
        Exact as those of ``find_hotspots``; None if there is no vessel to be held.
    """
    xy_um = np.asarray(xy_um, np.float64).reshape(-1, 2)
    reach_and_field_um = reach_um + 2 * radius_of(settings)
    close = (np.abs(xy_um - near_um) <= reach_and_field_um).all(axis=1)
    low, high = np.round(np.array(near_um) - reach_um, 3), np.round(np.array(near_um) + reach_um, 3)
    far_um = 1e7
    beyond = np.array(
        [
            [-far_um, -far_um, far_um, low[1]],
            [-far_um, high[1], far_um, far_um],
            [-far_um, -far_um, low[0], far_um],
            [high[0], -far_um, far_um, far_um],
        ]
    )
    vessels = np.unique(xy_um[close], axis=0, return_counts=True)
    best = best_circles if settings.shape == "circle" else best_squares
    tied = best(vessels, radius_of(settings), np.empty((0, 2)), beyond)
    if not tied:
        return None
    fractions = [tissue_fraction(tissue, x, y, radius_of(settings), settings.shape) for _, (x, y) in tied]
    fraction, y_um, x_um, count = min(
        (-f, y, x, count) for f, (count, (x, y)) in zip(fractions, tied, strict=True)
    )
    return Hotspot(
        1, settings.field_mm2, x_um, y_um, radius_of(settings), count, -fraction, shape=settings.shape
    )
