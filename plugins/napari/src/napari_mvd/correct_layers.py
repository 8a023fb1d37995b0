"""Vessels as corrected -> what napari's layers need to draw them. Pure: arrays in, arrays out, no viewer.

Points have a place for each row of the table, in (y, x) um; outlines are line segments, for thousands of those are
drawn quickly where so many polygons are not.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import mvd
from napari_mvd.layers import COUNTED_COLOUR, LEAST_DIAMETER_UM, NOT_COUNTED_COLOUR

BY_HAND_COLOUR = "#ff5aff"
DELETED_COLOUR = "#e53935"
SELECTED_COLOUR = "#00b0ff"

MOST_OUTLINES = 1500
"""So many vessels in view are outlined at most; of more, only rings of their size are seen."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, um."""


def colours(corrections: mvd.Corrections) -> NDArray[np.float64]:
    """Colour of each row, (n, 4): green is counted, pink counted by hand, grey not counted, red deleted."""
    table = corrections.vessels.table
    by_hand, counted = table["by_hand"], table["counted"].to_numpy(bool)
    chosen = np.array([rgba(NOT_COUNTED_COLOUR)] * len(table)).reshape(-1, 4)
    chosen[counted] = rgba(COUNTED_COLOUR)
    chosen[counted & by_hand.notna().to_numpy()] = rgba(BY_HAND_COLOUR)
    chosen[(by_hand == "deleted").to_numpy(bool)] = rgba(DELETED_COLOUR)
    return chosen


def points_of(corrections: mvd.Corrections) -> dict[str, Any]:
    """Return data, size, symbol, shown and border_color of the points, a row for each of the table."""
    table = corrections.vessels.table
    size_um = 2 * np.sqrt(np.nan_to_num(table["filled_area_um2"].to_numpy(float)) / np.pi)
    deleted = (table["by_hand"] == "deleted").to_numpy(bool)
    return {
        "data": table[["y_um", "x_um"]].to_numpy(float),
        "size": np.maximum(size_um, LEAST_DIAMETER_UM),
        "symbol": np.where(deleted, "x", "o"),
        "shown": corrections.shown,
        "border_color": colours(corrections),
    }


def rows_in(corrections: mvd.Corrections, box: Box) -> NDArray[np.int64]:
    """Rows of the shown vessels whose middle lies in a box."""
    table = corrections.vessels.table
    x_um, y_um = table["x_um"].to_numpy(), table["y_um"].to_numpy()
    left, top, right, bottom = box
    inside = (x_um >= left) & (x_um <= right) & (y_um >= top) & (y_um <= bottom)
    return np.flatnonzero(inside & corrections.shown)


def outlines_of(
    corrections: mvd.Corrections, rows: NDArray[np.int64], selected: list[int], least_um: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Outlines of some rows as segments; corners nearer to each other than ``least_um`` are left out.

    Returns
    -------
    (k, 2, 2) float64
        Start and way of each segment, (y, x), um.
    (k, 4) float64
        Its colour; the selected vessels have one of their own.
    """
    every = colours(corrections)
    segments, painted = [np.empty((0, 2, 2))], [np.empty((0, 4))]
    for row in rows.tolist():
        colour = rgba(SELECTED_COLOUR) if row + 1 in selected else every[row]
        for ring in _rings(corrections, row):
            start = _coarser(ring, least_um)[:, ::-1]
            segments.append(np.stack([start, np.roll(start, -1, axis=0) - start], axis=1))
            painted.append(np.tile(colour, (len(start), 1)))
    return np.concatenate(segments), np.concatenate(painted)


def _coarser(ring: NDArray[np.float64], least_um: float) -> NDArray[np.float64]:
    """One corner of a ring in each ``least_um`` along it: what is finer than the screen is not seen, and slow."""
    if least_um <= 0:
        return ring
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))])
    kept = ring[np.flatnonzero(np.diff(np.floor(way / least_um), prepend=-1))]
    return kept if len(kept) > 2 else ring


def _rings(corrections: mvd.Corrections, row: int) -> list[NDArray[np.float64]]:
    """Rings of a vessel, (x, y); a small circle round one that was set as a point."""
    table = corrections.vessels.table
    if np.isfinite(table["filled_area_um2"].iloc[row]):
        outline = corrections.vessels.outlines[row]
        return [*outline.outer, *outline.lumens]
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = np.stack([np.cos(turns), np.sin(turns)], axis=1) * LEAST_DIAMETER_UM / 2
    return [circle + table[["x_um", "y_um"]].iloc[row].to_numpy(float)]


def rgba(colour: str) -> NDArray[np.float64]:
    """``#rrggbb`` -> (4,) of 0 to 1."""
    return np.array([*(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)), 1.0])
