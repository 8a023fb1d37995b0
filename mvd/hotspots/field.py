"""One field: a circle or a square of a given area, the vessels that lie in it, and the part of it that is tissue."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mvd.geometry import UM2_PER_MM2, circle_radius_um
from mvd.hotspots.centring import STEP_UM
from mvd.settings import HotspotSettings
from mvd.tissue import Tissue

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Hotspot:
    """One hot spot: a circle of a given area that holds the most counted vessels.

    Attributes
    ----------
    rank : int
        1 for the best.
    field_mm2 : float
        Area of the circle, mm2.
    x_um, y_um : float
        Centre, um from the slide's top left corner, rounded to 0.001 um; every vessel that is counted lies
        within ``radius_um`` of this rounded centre.
    radius_um : float
        Radius, um.
    vessels : int
        Counted vessels whose centroid lies in the circle.
    tissue_fraction : float
        Part of the circle that is tissue, 0 to 1.
    chalkley : int or None
        Chalkley count about the centre; None where it was not counted.
    p : float or None
        Chance of such a hot spot for vessels scattered at random; None where it was not compared.
    shape : str
        ``circle`` or ``square``; ``radius_um`` of a square is half its side.
    by_hand : bool
        A person placed it; it need not hold the most.
    automatic_vessels : int or None
        Vessels that it held before a person corrected them; None where nobody did.
    """

    rank: int
    field_mm2: float
    x_um: float
    y_um: float
    radius_um: float
    vessels: int
    tissue_fraction: float
    chalkley: int | None = None
    p: float | None = None
    shape: str = "circle"
    by_hand: bool = False
    automatic_vessels: int | None = None

    @property
    def vessels_per_mm2(self) -> float:
        """Counted vessels / area of the circle, 1/mm2."""
        return self.vessels / self.field_mm2

    @property
    def vessels_per_mm2_tissue(self) -> float | None:
        """Counted vessels / tissue area inside the circle, 1/mm2; None without tissue."""
        area_mm2 = self.field_mm2 * self.tissue_fraction
        return self.vessels / area_mm2 if area_mm2 > 0 else None


def hotspot_rank(xy_um: Points, hotspots: Sequence[Hotspot]) -> NDArray[np.int64]:
    """Rank of the hot spot that each vessel lies in.

    Parameters
    ----------
    xy_um : (n, 2) float64
    hotspots : sequence of Hotspot
        Best first.

    Returns
    -------
    (n,) int64
        0 where the vessel lies in none; where two circles touch in a vessel, the better rank.
    """
    xy_um = np.asarray(xy_um, dtype=np.float64).reshape(-1, 2)
    ranks = np.zeros(len(xy_um), dtype=np.int64)
    for spot in sorted(hotspots, key=lambda spot: -spot.rank):
        away = np.abs(xy_um - [spot.x_um, spot.y_um])
        if spot.shape == "square":  # whole 0.001 um: half a one more is no other vessel
            held = away.max(axis=1) <= spot.radius_um + STEP_UM / 2
        else:
            held = np.hypot(away[:, 0], away[:, 1]) <= spot.radius_um
        ranks[held] = spot.rank
    return ranks


def tissue_fraction(
    tissue: Tissue, x_um: float, y_um: float, radius_um: float, shape: str = "circle"
) -> float:
    """Part of a circle or square that is tissue, 0 to 1, by the mask's pixels whose middle lies in it.

    What lies outside the mask is not tissue. A circle that holds no pixel's middle takes the pixel it lies
    in.
    """
    rows, cols = _pixels(y_um, radius_um, tissue.mpp), _pixels(x_um, radius_um, tissue.mpp)
    dy, dx = (rows + 0.5) * tissue.mpp - y_um, (cols + 0.5) * tissue.mpp - x_um
    if shape == "square":  # as a sum, so that one loop serves both
        down, across = (np.where(np.abs(along) <= radius_um, 0.0, np.inf) for along in (dy, dx))
    else:
        down, across = dy * dy, dx * dx
    inside, seen = _count(tissue.mask, int(rows[0]), int(cols[0]), down, across, radius_um * radius_um)
    if inside:
        return float(seen / inside)
    row, col = int(y_um // tissue.mpp), int(x_um // tissue.mpp)
    lies_in = 0 <= row < tissue.mask.shape[0] and 0 <= col < tissue.mask.shape[1]
    return float(lies_in and tissue.mask[row, col])


@njit(cache=True, nogil=True)
def _count(
    mask: NDArray[np.bool_], top: int, left: int, down: Points, across: Points, most: float
) -> tuple[int, int]:
    """Pixels for which ``down`` and ``across`` add up to ``most`` at most, and those of them that are True.

    The first of each is for the row ``top`` and the column ``left``, which may lie outside the mask.
    """
    inside = seen = 0
    for i in range(len(down)):
        row = top + i
        for j in range(len(across)):
            if down[i] + across[j] <= most:
                inside += 1
                col = left + j
                if 0 <= row < mask.shape[0] and 0 <= col < mask.shape[1] and mask[row, col]:
                    seen += 1
    return inside, seen


def radius_of(settings: HotspotSettings) -> float:
    """Radius of the circle, or half the side of the square, in whole 0.001 um, as it is printed."""
    if settings.shape == "square":
        return round(sqrt(settings.field_mm2 * UM2_PER_MM2) / 2, 3)
    return round(circle_radius_um(settings.field_mm2), 3)


def _pixels(middle_um: float, radius_um: float, mpp: float) -> NDArray[np.int64]:
    """Indices of the pixels that a circle can touch, along one axis."""
    first, last = (middle_um - radius_um) // mpp, (middle_um + radius_um) // mpp
    return np.arange(int(first), int(last) + 1)
