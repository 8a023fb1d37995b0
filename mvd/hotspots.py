"""Vessel positions -> the circles that hold the most of them. (types first; the work follows)"""

from dataclasses import dataclass


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
    """

    rank: int
    field_mm2: float
    x_um: float
    y_um: float
    radius_um: float
    vessels: int
    tissue_fraction: float

    @property
    def vessels_per_mm2(self) -> float:
        """Counted vessels / area of the circle, 1/mm2."""
        return self.vessels / self.field_mm2

    @property
    def vessels_per_mm2_tissue(self) -> float | None:
        """Counted vessels / tissue area inside the circle, 1/mm2; None without tissue."""
        area_mm2 = self.field_mm2 * self.tissue_fraction
        return self.vessels / area_mm2 if area_mm2 > 0 else None
