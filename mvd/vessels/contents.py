"""What lies in the lumen of a vessel: red cells, and what floats among them, is no vessel of its own.

Input: the vessel table and its outlines. Output: one flag each. A vessel inside the ring of others has a lumen of its
own, and is left alone.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mvd.vessels.outlines import Outline


def are_contents(table: pd.DataFrame, outlines: Sequence[Outline], own_lumen_um2: float) -> NDArray[np.bool_]:
    """Whether each candidate, (n,) bool, is counted, has no lumen, and has its centre in the lumen of another.

    Parameters
    ----------
    table : DataFrame
        ``x_um, y_um, counted, filled_area_um2, lumen_area_um2, max_feret_um`` of all candidates.
    outlines : sequence of Outline
    own_lumen_um2 : float
        Least lumen that makes a part a vessel of its own, um2.
    """
    found = np.zeros(len(table), bool)
    xy_um = table[["x_um", "y_um"]].to_numpy(float)
    lumen_um2 = table["lumen_area_um2"].to_numpy(float)
    solid = np.flatnonzero(table["counted"].to_numpy(bool) & (lumen_um2 < own_lumen_um2))
    hosts = np.flatnonzero(table["counted"].to_numpy(bool) & (lumen_um2 >= own_lumen_um2))
    if not len(solid) or not len(hosts):
        return found
    filled_um2 = table["filled_area_um2"].to_numpy(float)
    reach_um = table["max_feret_um"].to_numpy(float)[hosts]
    near = cKDTree(xy_um[solid]).query_ball_point(xy_um[hosts], reach_um)
    for host, places in zip(hosts.tolist(), near, strict=True):
        inside = (
            [one for one in solid[sorted(places)] if filled_um2[one] <= lumen_um2[host]] if places else []
        )
        if inside:
            lumens = [np.asarray(ring, np.float32) for ring in outlines[host].lumens]
            found[inside] |= [_is_within(xy_um[one], lumens) for one in inside]
    return found


def _is_within(point: NDArray[np.float64], rings: list[NDArray[np.float32]]) -> bool:
    return any(cv2.pointPolygonTest(ring, point.tolist(), False) >= 0 for ring in rings)
