"""Vessel outlines and tissue -> how far the tissue is from its vessels.

Input: the outlines of the counted vessels and the tissue mask. Output: the part of the tissue that lies farther from
the nearest vessel than oxygen reaches, and a map. Measured to the outer wall of the filled vessel; inside a vessel
the distance is 0. It knows nothing of vessels above and below the section: real distances are shorter.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.spatial.grid import TissueGrid, tissue_grid
from mvd.tissue import Tissue
from mvd.vessels import Outline

FAR_UM = (50.0, 100.0, 150.0)
"""Distances that the far part of the tissue is given for; 100 um and more is beyond diffusion (Folkman 1971)."""

LARGEST_MPP = 4.0
"""Distances are measured on pixels of this size at most."""

CAP_UM = 400.0
"""The map goes no farther; nor has a strip to look farther beyond its edge."""

OUTSIDE_PX = 0.2
"""How far the nearest pixel of a vessel lies outside its wall, px: the mean over places and directions, as measured for
vessels 5 to 20 um wide at 4 um/px (0.14 to 0.25)."""

MAP_MPP = 16.0
STRIP_ROWS = 256

Values = NDArray[np.float32]


@dataclass(frozen=True)
class VesselDistance:
    """How far the tissue is from the nearest counted vessel.

    Attributes
    ----------
    far_fraction : tuple of float
        For each of ``FAR_UM``: part of the tissue that is farther from a vessel, 0 to 1; 1 without vessels.
    distance_um : (h, w) float32
        Mean distance in each pixel of the map, um; 400 stands for 400 and more, NaN for no tissue. Top left corner at
        the slide's.
    mpp : float
        Pixel size of the map, um/px.
    """

    far_fraction: tuple[float, ...]
    distance_um: Values
    mpp: float


def vessel_distance(outlines: Sequence[Outline], tissue: Tissue) -> VesselDistance:
    """Measure the distance of all tissue to the nearest vessel.

    Exact Euclidean distances between the middles of pixels of 2 to 4 um: a whole number of them makes a pixel of the
    mask, or the other way round. A pixel is vessel if the outline passes through it or it lies within, so that no
    vessel is lost; the middle of the nearest such pixel lies a little outside the wall, which is added again
    (``OUTSIDE_PX``). A single distance is off by half a pixel or so, the mean by a tenth. The distances are taken in
    strips: beside a byte for each pixel, they need about 5 MB for each millimetre of the slide's width, whatever
    its height.

    Parameters
    ----------
    outlines : sequence of Outline
        Of the counted vessels. Vessels outside the tissue count too: give those beside a region with it.
    tissue : Tissue
    """
    grid, split = _fine_grid(tissue)
    mpp = grid.mpp / split
    block = max(1, int(MAP_MPP / mpp / split)) * split  # whole pixels of the grid: those have one weight
    vessels = _painted(outlines, (grid.part.shape[0] * split, grid.part.shape[1] * split), mpp)
    far_px, rows = np.zeros(len(FAR_UM)), []
    for distance_um, weight in _strips(vessels, grid, split, block):
        for k, limit_um in enumerate(FAR_UM):
            far_px[k] += weight[distance_um > limit_um].sum(dtype=np.float64)
        rows.append(_block_means(distance_um, weight, block))
    total_px = grid.part.sum(dtype=np.float64) * split**2
    fractions = tuple(float(px / total_px) if total_px > 0 else 0.0 for px in far_px)
    return VesselDistance(fractions, np.concatenate(rows), mpp * block)


def _fine_grid(tissue: Tissue) -> tuple[TissueGrid, int]:
    """Tissue in pixels of at most 4 um where the mask is so fine, and what a pixel has to be split into."""
    grid = tissue_grid(tissue, LARGEST_MPP)
    return grid, max(1, ceil(grid.mpp / LARGEST_MPP - 1e-9))


def _painted(outlines: Sequence[Outline], shape: tuple[int, int], mpp: float) -> NDArray[np.uint8]:
    """0 in every pixel that a filled vessel touches, 1 elsewhere; as cv2's distance transform wants it."""
    free = np.ones(shape, np.uint8)
    for outline in outlines:
        for ring in outline.outer:
            if len(ring):
                cv2.fillPoly(free, [np.floor(ring.astype(np.float64) / mpp).astype(np.int32)], 0)
    return free


def _strips(
    free: NDArray[np.uint8], grid: TissueGrid, split: int, block: int
) -> Iterator[tuple[Values, Values]]:
    """Yield the distances (um, up to ``CAP_UM``) and the tissue parts of one strip of rows after the other."""
    mpp = grid.mpp / split
    halo, height = ceil(CAP_UM / mpp) + 1, len(free)
    step = max(1, STRIP_ROWS // block) * block
    for top in range(0, height, step):
        bottom = min(top + step, height)
        part = grid.part[top // split : bottom // split]
        if not part.any():
            nothing = np.zeros((bottom - top, free.shape[1]), np.float32)
            yield nothing, nothing
            continue
        first = max(top - halo, 0)
        seen = free[first : min(bottom + halo, height)]
        distance_um = _distance_um(seen, mpp)[top - first : bottom - first]
        yield distance_um, part.repeat(split, axis=0).repeat(split, axis=1)


def _distance_um(free: NDArray[np.uint8], mpp: float) -> Values:
    """Distance of each pixel to the nearest 0, um, at most ``CAP_UM``; that too where there is none.

    The squared distance between pixels is a whole number: rounded to it, the last bit is the same everywhere.
    """
    if free.all():
        return np.full(free.shape, CAP_UM, np.float32)
    distance_px = cv2.distanceTransform(free, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    near_px = np.minimum(distance_px, np.float32(2 * CAP_UM / mpp), out=distance_px)
    exact_px = np.sqrt(np.rint(near_px * near_px))
    exact_px[exact_px > 0] += np.float32(OUTSIDE_PX)
    distance_um: Values = np.minimum(exact_px * np.float32(mpp), np.float32(CAP_UM))
    return distance_um


def _block_means(distance_um: Values, weight: Values, block: int) -> Values:
    """Mean over the tissue of each block of pixels, float32; NaN without tissue."""
    rows, cols = (np.arange(0, size, block) for size in distance_um.shape)

    def sums(values: Values) -> NDArray[np.float64]:
        across = np.add.reduceat(values, cols, axis=1, dtype=np.float64)
        total: NDArray[np.float64] = np.add.reduceat(across, rows, axis=0)
        return total

    total = sums(weight)
    means = np.full(total.shape, np.nan)
    np.divide(sums(distance_um * weight), total, out=means, where=total > 0)
    return means.astype(np.float32)
