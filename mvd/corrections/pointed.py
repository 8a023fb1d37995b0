"""A place that somebody points at -> the vessel that is meant, if any. Nothing is changed."""

import numpy as np
from numpy.typing import NDArray

from mvd.vessels import Outline, Vessels

USED_UP = ("merged", "split")
"""``by_hand`` of rows whose vessel is another row now, if that row is one that mvd found."""


def shown_rows(vessels: Vessels, candidates: int) -> NDArray[np.bool_]:
    """Return which rows stand for a vessel of their own: not the parts of one that was merged, nor one that was split.

    Parameters
    ----------
    vessels : Vessels
        As corrected.
    candidates : int
        So many rows are those that mvd found; rows made by hand come behind.
    """
    used_up = vessels.table["by_hand"].isin(USED_UP).to_numpy(bool)
    used_up[candidates:] = False
    return ~used_up


def vessel_at(
    vessels: Vessels, shown: NDArray[np.bool_], at_um: tuple[float, float], reach_um: float
) -> int | None:
    """Find the vessel that somebody points at: the smallest that holds the place, else the nearest middle in reach.

    Parameters
    ----------
    vessels : Vessels
    shown : (n,) bool
        Rows that can be meant.
    at_um : (float, float)
        x, y.
    reach_um : float
        A middle that lies no farther than this is meant too: small vessels are hard to hit.

    Returns
    -------
    int or None
        ``vessel_id``.
    """
    table = vessels.table
    away_um = np.hypot(table["x_um"].to_numpy() - at_um[0], table["y_um"].to_numpy() - at_um[1])
    wide_um = np.nan_to_num(table["max_feret_um"].to_numpy(float))
    near = np.flatnonzero(shown & (away_um <= np.maximum(wide_um, reach_um)))
    holding = [row for row in near.tolist() if _holds(vessels.outlines[row], at_um)]
    areas = np.nan_to_num(table["filled_area_um2"].to_numpy(float))
    if holding:
        row = min(holding, key=lambda each: (areas[each], each))
    else:
        row = min(near.tolist(), key=lambda each: (away_um[each], each), default=-1)
        if row < 0 or away_um[row] > reach_um:
            return None
    return int(table["vessel_id"].iloc[row])


def _holds(outline: Outline, at_um: tuple[float, float]) -> bool:
    """Whether a place lies within the outer rings, by the even-odd rule."""
    x, y = at_um
    crossed = 0
    for ring in outline.outer:
        x1, y1 = ring.T
        x2, y2 = np.roll(ring, -1, axis=0).T
        between = (y1 > y) != (y2 > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            where = x1 + (y - y1) / (y2 - y1) * (x2 - x1)
        crossed += int(np.count_nonzero(between & (where > x)))
    return crossed % 2 == 1
