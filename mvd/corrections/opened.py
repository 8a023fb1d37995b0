"""A slide's stored result, its vessels as found and as corrected, and what is counted of them while a person looks on.

Nothing here writes. Only quick numbers are here: everything else is for ``mvd report``.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mvd.corrections.pointed import shown_rows, vessel_at
from mvd.hotspots import (
    HandPlaced,
    Hotspot,
    find_hotspots,
    hotspot_near,
    hotspot_rank,
    placed_hotspots,
)
from mvd.limits import limit_tissue, limit_vessels
from mvd.measures import fields_in_use
from mvd.recount import Stored
from mvd.settings import HotspotSettings
from mvd.tissue import Tissue
from mvd.vessels import Vessels, find_vessels


class Opened:
    """A slide's result, to be looked at and counted.

    Attributes
    ----------
    stored : Stored
        ``settings``, ``found``, ``about`` (slide.json), ``pictures``.
    tissue : Tissue
        That counts.
    candidates : Vessels
        All that was found, whatever the regions are.
    automatic : Vessels
        As mvd counted them.
    vessels : Vessels
        As corrected, those made by hand last; ``table`` has ``by_hand`` (what was done, or None).
    counted_um : (n, 2) float64
        Centroids (x, y) of those of ``vessels`` that are counted, um.
    """

    def __init__(self, stored: Stored, workers: int = 1) -> None:
        found, self.stored = stored.found, stored
        self.tissue: Tissue = limit_tissue(found.tissue, self._union, found.damage)
        self.candidates = find_vessels(
            found.components,
            found.tissue,
            found.stain,
            stored.settings.vessel,
            found.analysis_mpp,
            workers=workers,
        )
        self.automatic = self._limited(self.candidates)
        self.show(self.candidates, ())

    def show(self, candidates: Vessels, placed: Sequence[HandPlaced]) -> None:
        """Take over vessels (all of the slide) and hot spots as corrected."""
        self.vessels = self._limited(candidates)
        table = self.vessels.table
        counted = table["counted"].to_numpy(bool)
        self.counted_um: NDArray[np.float64] = table[["x_um", "y_um"]].to_numpy(float)[counted]
        self._placed = tuple(placed)

    @property
    def mpp(self) -> float:
        """um/px of the analysis level, in which everything is measured."""
        return self.stored.found.analysis_mpp

    def summary(self) -> dict[str, float | int | bool | None]:
        """Return the count as corrected and, as ``automatic_...``, as mvd made it. Quick: no hot spot is searched."""
        area_mm2 = self.tissue.area_mm2
        numbers: dict[str, float | int | bool | None] = {"tissue_area_mm2": area_mm2}
        for head, vessels in (("", self.vessels), ("automatic_", self.automatic)):
            count = int(vessels.table["counted"].sum())
            numbers |= {
                f"{head}vessels": count,
                f"{head}mvd_tissue_per_mm2": count / area_mm2 if area_mm2 else None,
            }
        return numbers

    @property
    def fields(self) -> tuple[HotspotSettings, ...]:
        """The fields that are counted in, that of the headline first."""
        return tuple(fields_in_use(self.stored.settings.hotspot))

    def hotspots(self, field: HotspotSettings | None = None) -> tuple[Hotspot, ...]:
        """Return the hot spots of a field as corrected, best first; without p and Chalkley count, which take longer."""
        field = field or self.fields[0]
        hand = next((each for each in self._placed if _is_of(each, field)), None)
        damage_um = self.stored.found.damage.boxes_um
        return find_hotspots(self.counted_um, field, self.tissue, damage_um, hand)

    def count_at(self, x_um: float, y_um: float, field: HotspotSettings | None = None) -> Hotspot | None:
        """Count in a field wherever it is dragged, exactly; None where it holds neither tissue nor a vessel."""
        field = field or self.fields[0]
        hand = HandPlaced(field.field_mm2, field.shape, (_place(x_um, y_um),))
        return next(iter(placed_hotspots(self.counted_um, field, self.tissue, hand)), None)

    def snap(
        self, x_um: float, y_um: float, reach_um: float = 200.0, field: HotspotSettings | None = None
    ) -> Hotspot | None:
        """Find the exact maximum whose centre lies within ``reach_um`` along x and y; see ``hotspot_near``."""
        near = _place(x_um, y_um)
        return hotspot_near(self.counted_um, field or self.fields[0], self.tissue, near, reach_um)

    @property
    def shown(self) -> NDArray[np.bool_]:
        """Which rows of ``vessels`` are vessels to be shown: not those that were merged or split into other rows."""
        return shown_rows(self.vessels, len(self.candidates.table))

    def vessel_at(self, x_um: float, y_um: float, reach_um: float = 5.0) -> int | None:
        """Return the ``vessel_id`` of what somebody points at; None where nothing lies within reach."""
        return vessel_at(self.vessels, self.shown, (x_um, y_um), reach_um)

    def automatic_count(self, hotspot: Hotspot) -> int:
        """Return how many vessels mvd itself counted in the field of a hot spot."""
        counted = self.automatic.counted[["x_um", "y_um"]].to_numpy(float)
        return int(np.count_nonzero(hotspot_rank(counted, [hotspot])))

    @property
    def _union(self):  # type: ignore[no-untyped-def]
        return self.stored.found.laid.union if self.stored.found.laid else None

    def _limited(self, vessels: Vessels) -> Vessels:
        return limit_vessels(vessels, self._union, self.stored.found, self.stored.settings)


def _is_of(hand: HandPlaced, field: HotspotSettings) -> bool:
    return (hand.field_mm2, hand.shape) == (field.field_mm2, field.shape)


def _place(x_um: float, y_um: float) -> tuple[float, float]:
    """A centre in whole 0.001 um, as it is printed."""
    return round(float(x_um), 3), round(float(y_um), 3)
