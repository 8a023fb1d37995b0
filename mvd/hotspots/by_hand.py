"""Fields that a person placed, and those that a person took away; nothing here searches."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mvd.hotspots.field import Hotspot, hotspot_rank, radius_of, tissue_fraction
from mvd.settings import HotspotSettings
from mvd.tissue import Tissue

Points = NDArray[np.float64]


@dataclass(frozen=True)
class HandPlaced:
    """What a person said of the hot spots of one field.

    Attributes
    ----------
    field_mm2 : float
    shape : str
        ``circle`` or ``square``.
    placed_um : tuple of (float, float)
        Centres (x, y), um: these are hot spots.
    cleared_um : tuple of (float, float)
        Centres of fields that are none: no other hot spot overlaps one of them.
    """

    field_mm2: float
    shape: str
    placed_um: tuple[tuple[float, float], ...] = ()
    cleared_um: tuple[tuple[float, float], ...] = ()

    @property
    def taken_um(self) -> Points:
        """Centres that all other hot spots keep two radii from, (n, 2)."""
        return np.array([*self.placed_um, *self.cleared_um], np.float64).reshape(-1, 2)


def placed_hotspots(
    xy_um: Points, settings: HotspotSettings, tissue: Tissue, by_hand: HandPlaced
) -> tuple[Hotspot, ...]:
    """Count in the fields that a person placed: exactly the vessels that the printed circle or square holds.

    Parameters
    ----------
    xy_um : (n, 2) float64
        Centroids of the counted vessels, um.
    settings, tissue, by_hand
        As in ``find_hotspots``.

    Returns
    -------
    tuple of Hotspot
        In the order of ``by_hand.placed_um``; their rank is that in this order. One may hold no vessel, but then some
        tissue: a field in another region is left out.
    """
    radius_um, found = radius_of(settings), []
    for rank, (x, y) in enumerate(by_hand.placed_um, 1):
        about = (rank, settings.field_mm2, x, y, radius_um, 0)
        fraction = tissue_fraction(tissue, x, y, radius_um, settings.shape)
        spot = Hotspot(*about, fraction, shape=settings.shape, by_hand=True)
        held = int(np.count_nonzero(hotspot_rank(xy_um, [spot])))
        if held or fraction:
            found.append(replace(spot, vessels=held))
    return tuple(found)
