"""Outlines of vessels -> their outer rings in one array, ready to be searched.

Input: the outlines of the counted vessels. Output: the rings with their boxes; lumens are part of the vessel. Never
joins rings: vessels may overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvd.vessels import Outline

Points = NDArray[np.float64]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class FilledVessels:
    """Outer outlines of filled vessels, ready to be searched.

    Attributes
    ----------
    corners_um : (n, 2) float64
        Corners (x, y) of all rings, one ring after the other.
    starts : (m,) int64
        First corner of each ring.
    boxes_um : (m, 4) float64
        Left, top, right, bottom of each ring.
    """

    corners_um: Points
    starts: NDArray[np.int64]
    boxes_um: Values

    @classmethod
    def of(cls, outlines: Sequence[Outline], outset_um: float = 0.0) -> "FilledVessels":
        """Take the outer rings of the counted vessels; holes are lumens, which belong to the vessel.

        Parameters
        ----------
        outlines : sequence of Outline
        outset_um : float
            Outlines run through the middles of the outermost pixels: half a pixel makes them enclose those pixels.
        """
        rings = [ring.astype(np.float64) for outline in outlines for ring in outline.outer if len(ring) > 2]
        if not rings:
            return cls(np.empty((0, 2)), np.empty(0, np.int64), np.empty((0, 4)))
        sizes = np.array([len(ring) for ring in rings])
        starts = np.cumsum(sizes) - sizes
        corners = _outset(np.concatenate(rings), starts, outset_um)
        boxes = [np.minimum.reduceat(corners, starts), np.maximum.reduceat(corners, starts)]
        return cls(corners, starts, np.concatenate(boxes, axis=1))

    def near(self, x_um: float, y_um: float, reach_um: float) -> "FilledVessels":
        """Those whose box comes within reach along both axes."""
        left, top, right, bottom = self.boxes_um.T
        kept = np.flatnonzero(
            (left <= x_um + reach_um)
            & (right >= x_um - reach_um)
            & (top <= y_um + reach_um)
            & (bottom >= y_um - reach_um)
        )
        sizes = np.diff(self.starts, append=len(self.corners_um))[kept]
        starts = np.cumsum(sizes) - sizes
        chosen = np.arange(sizes.sum()) + np.repeat(self.starts[kept] - starts, sizes)
        return FilledVessels(self.corners_um[chosen], starts, self.boxes_um[kept])


def _outset(corners: Points, starts: NDArray[np.int64], distance: float) -> Points:
    """Move each corner outward, across the line between its neighbours; (n, 2)."""
    if not distance:
        return corners
    stops = np.append(starts[1:], len(corners))
    before, after = np.arange(len(corners)) - 1, np.arange(len(corners)) + 1
    before[starts], after[stops - 1] = stops - 1, starts
    way = corners[after] - corners[before]
    tip = (way == 0).all(axis=1)  # the end of a line one pixel wide: outward is straight on
    across = np.stack([way[:, 1], -way[:, 0]], axis=1)
    x, y = corners.T
    twice_area = np.add.reduceat(x * y[after] - x[after] * y, starts)
    across *= np.repeat(np.where(twice_area < 0, -1.0, 1.0), stops - starts)[:, None]
    across[tip] = (corners - corners[before])[tip]
    length = np.hypot(across[:, 0], across[:, 1])
    moved: Points = corners + across * (distance / np.where(length > 0, length, 1))[:, None]
    return moved
