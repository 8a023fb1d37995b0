"""Vessel positions and tissue -> the mean distance from a vessel to the nearest other one.

Input: counted vessels and the tissue mask. Output: the mean, free of the bias of the tissue's edge, and how it
compares with vessels scattered at random. Distances are between centroids, not between walls.
"""

from dataclasses import dataclass
from math import sqrt

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mvd.spatial.grid import Mask, tissue_grid
from mvd.tissue import Tissue

FINEST_MPP = 4.0
"""Distances to the tissue's edge are measured on pixels of this size, or on the mask's own where it is coarser."""

STRIP_ROWS = 256
"""So many rows are looked at at once, to take little memory."""

Points = NDArray[np.float64]


@dataclass(frozen=True)
class NearestNeighbours:
    """Distances from each counted vessel to the nearest other one.

    Attributes
    ----------
    mean_um : float or None
        Mean after Hanisch (1984); None where no vessel is nearer to another than to the tissue's edge.
    uncorrected_um : float or None
        Plain mean: too large, as neighbours beyond the edge are not seen. None for fewer than two vessels.
    clark_evans : float or None
        ``mean_um`` / the mean for as many vessels scattered at random, 1 / (2 sqrt(density)) (Clark and Evans 1954):
        below 1 clustered, above 1 regular.
    used : int
        Vessels that ``mean_um`` rests on: those nearer to another vessel than to the edge.
    """

    mean_um: float | None
    uncorrected_um: float | None
    clark_evans: float | None
    used: int


def nearest_neighbours(xy_um: Points, tissue: Tissue) -> NearestNeighbours:
    """Find the mean distance to the nearest counted vessel.

    A vessel counts only if its neighbour is nearer than the edge of the tissue, for then no unseen vessel beyond
    the edge can be nearer still. This favours short distances, which a weight undoes: one over the area of the
    tissue that lies farther from the edge than the distance (Hanisch 1984). Where the tissue is narrow beside the
    distances, few vessels are left (``used``) and long distances cannot be seen at all.

    Parameters
    ----------
    xy_um : (n, 2) float64
        Centroids (x, y) of the counted vessels, um.
    tissue : Tissue
        What lies outside its mask, or off the slide, is beyond the edge.
    """
    xy_um = np.asarray(xy_um, dtype=np.float64).reshape(-1, 2)
    if len(xy_um) < 2:
        return NearestNeighbours(None, None, None, 0)
    distance_um = cKDTree(xy_um).query(xy_um, k=2)[0][:, 1]
    grid = tissue_grid(tissue, FINEST_MPP)
    to_edge_px = _to_edge_px(grid.part >= 0.5)
    # An edge is half a pixel nearer than the middle of the pixel beyond. A vessel takes the distance of its pixel.
    needed_px2 = (distance_um / grid.mpp + 0.5) ** 2
    seen = _squares(to_edge_px[grid.indices(xy_um)]) >= needed_px2
    uncorrected_um = float(distance_um.mean())
    if not seen.any():
        return NearestNeighbours(None, uncorrected_um, None, 0)
    inner_px = _as_far(to_edge_px, np.ceil(needed_px2[seen]).astype(np.int64))
    mean_um = float(np.sum(distance_um[seen] / inner_px) / np.sum(1 / inner_px))
    random_um = sqrt(np.count_nonzero(to_edge_px) * grid.mpp**2 / len(xy_um)) / 2
    return NearestNeighbours(mean_um, uncorrected_um, mean_um / random_um, int(np.count_nonzero(seen)))


def _to_edge_px(mask: Mask) -> NDArray[np.float32]:
    """Distance from the middle of each pixel to that of the nearest pixel outside, px; 0 outside."""
    framed = cv2.copyMakeBorder(mask.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    distance_px: NDArray[np.float32] = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return distance_px[1:-1, 1:-1]


def _as_far(to_edge_px: NDArray[np.float32], least_px2: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many pixels are as far from the edge as each of ``least_px2`` (> 0), or farther; strip by strip."""
    most = int(least_px2.max())
    counts = np.zeros(most + 1, np.int64)
    for top in range(0, len(to_edge_px), STRIP_ROWS):
        far_px2 = np.minimum(_squares(to_edge_px[top : top + STRIP_ROWS]), most)
        counts += np.bincount(far_px2.ravel(), minlength=most + 1)
    as_far: NDArray[np.int64] = np.cumsum(counts[::-1])[::-1][least_px2]
    return as_far


def _squares(distance_px: NDArray[np.float32]) -> NDArray[np.int64]:
    """Squared distances between pixels: whole numbers, and rounded to them the last bit is the same everywhere."""
    squares: NDArray[np.int64] = np.rint(np.square(distance_px, dtype=np.float64)).astype(np.int64)
    return squares
