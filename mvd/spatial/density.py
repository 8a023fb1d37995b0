"""Vessel positions and tissue -> a map of the vessel density.

Input: counted vessels and the tissue mask. Output: vessels per mm2 in every pixel of a coarse grid. Never a count:
the density depends on the bandwidth, which is a setting.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from mvd.spatial.grid import tissue_grid
from mvd.tissue import Tissue

PIXELS_PER_SIGMA = 6.0
"""The map's pixel is a sixth of the bandwidth at most: finer ones show nothing more."""

TRUNCATE = 4.0
"""The kernel ends at so many sigmas; 0.03 % of its mass lies beyond."""

ROUNDS = 6
"""Rounds of scaling at the edge of the tissue."""

LEAST_MASS = 1e-9

Points = NDArray[np.float64]


@dataclass(frozen=True)
class DensityMap:
    """Density of the counted vessels.

    Attributes
    ----------
    per_mm2 : (h, w) float32
        Vessels per mm2 of tissue; NaN where a pixel has no tissue. Top left corner at the slide's.
    tissue_part : (h, w) float32
        Part of the pixel that is tissue, 0 to 1. ``per_mm2 * tissue_part`` times the pixel's area adds up to the
        number of vessels.
    mpp : float
        Pixel size, um/px.
    bandwidth_um : float
        Sigma of the Gaussian.
    """

    per_mm2: NDArray[np.float32]
    tissue_part: NDArray[np.float32]
    mpp: float
    bandwidth_um: float


def density_map(xy_um: Points, tissue: Tissue, bandwidth_um: float) -> DensityMap:
    """Spread each vessel over the tissue round it as a Gaussian.

    At the edge of the tissue the kernel k(u, x) is corrected to a(u) k(u, x) b(x), so that each vessel's kernel adds up
    to one vessel and an even pattern gives an even map. The usual corrections keep one of the two: a = 1 makes the map
    fade to 0.7 at a straight edge (Jones 1993, Diggle 2010), and b = 1 loses vessels (Diggle 1985). Both hold for the
    bi-stochastic kernel (Marshall and Coifman 2019), found by a few rounds of scaling: vessels add up exactly, and an
    even pattern is even to about 1 %.

    Vessels are moved to the middle of their pixel first, by at most an eighth of the bandwidth unless the tissue
    mask is coarse beside it. The default bandwidth of 150 um is ours: three or four times the usual distance
    between tumour vessels, a third of the radius of a hot spot.

    Parameters
    ----------
    xy_um : (n, 2) float64
        Centroids (x, y) of the counted vessels, um.
    tissue : Tissue
    bandwidth_um : float
        Sigma of the kernel, um, > 0.
    """
    grid = tissue_grid(tissue, bandwidth_um / PIXELS_PER_SIGMA)
    counts = np.zeros(grid.part.shape)
    np.add.at(counts, grid.indices(xy_um), 1.0)
    sigma_px = bandwidth_um / grid.mpp
    part = grid.part.astype(np.float64)
    scale = _edge_scale(part, sigma_px)
    # A vessel without any tissue under its kernel (a stray outline beside the mask) has no place on the map.
    weights = _over(counts, _blurred(scale * part, sigma_px))
    per_mm2 = scale * _blurred(weights, sigma_px) / grid.pixel_mm2
    per_mm2[part == 0] = np.nan
    return DensityMap(per_mm2.astype(np.float32), grid.part, grid.mpp, bandwidth_um)


def _edge_scale(part: NDArray[np.float64], sigma_px: float) -> NDArray[np.float64]:
    """Factors a that make a(u) k(u, x) a(x) add up to 1 over the tissue, (h, w); 1 far from its edge, 0 outside."""
    scale = np.where(part > 0, 1.0, 0.0)
    for _ in range(ROUNDS):
        scale = np.sqrt(_over(scale, _blurred(scale * part, sigma_px)))
    return scale


def _over(values: NDArray[np.float64], mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quotient of values and mass; 0 where no mass is."""
    quotient: NDArray[np.float64] = np.divide(
        values, mass, out=np.zeros_like(values), where=mass > LEAST_MASS
    )
    return quotient


def _blurred(values: NDArray[np.float64], sigma_px: float) -> NDArray[np.float64]:
    """Gaussian blur with nothing beyond the edges; the same to the last bit on any number of threads."""
    blurred: NDArray[np.float64] = gaussian_filter(values, sigma_px, mode="constant", truncate=TRUNCATE)
    return blurred
