"""Counted vessels in a tissue -> every measure of their density: hot spots, Chalkley counts, chance, space, interval.

Input: the vessels of a slide or of one region of it, and its tissue. Output: ``Measures``. The stages do the work; here
it is only said which of them is asked for what. The same for any number of threads.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mvd.chalkley import FIELD_MM2, ChalkleyCount, FilledVessels, chalkley_count, mean_of_three
from mvd.hotspots import HandPlaced, Hotspot, find_hotspots, forbidden_boxes, most_vessels
from mvd.settings import HotspotSettings, Settings
from mvd.spatial import (
    DensityMap,
    FieldSample,
    NearestNeighbours,
    NullMaxima,
    RipleyTest,
    VesselDistance,
    density_map,
    measure_nulls,
    nearest_neighbours,
    pair_window,
    ripley_test,
    sample_fields,
    tissue_runs,
    vessel_distance,
)
from mvd.stain import Stain
from mvd.tissue import Tissue
from mvd.uncertainty import density_interval
from mvd.vessels import Outline, Vessels, outlines_of

LADDER_MM2 = (0.74, 0.61, 0.35, 0.196, 0.19, 0.15)
"""Field areas that studies count in; see docs/methods.md."""

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """What is measured.

    Attributes
    ----------
    vessels : Vessels
        Every candidate in the tissue, counted or not.
    tissue : Tissue
    around : sequence of Outline
        All vessels that may be the nearest to some of the tissue: the counted ones, and those beside a region.
    stain : Stain
    damage_um : (k, 4) float64
        Left, top, right, bottom of what could not be decoded, um.
    by_hand : tuple of HandPlaced
        Hot spots that a person placed or took away, field by field.
    """

    vessels: Vessels
    tissue: Tissue
    around: Sequence[Outline]
    stain: Stain
    damage_um: Points
    by_hand: tuple[HandPlaced, ...] = ()


@dataclass(frozen=True)
class Measures:
    """What one run says of the density of the counted vessels.

    Attributes
    ----------
    hotspots : tuple of Hotspot
        Of the headline's field, best first, with their p.
    ladder : tuple of Hotspot
        Of the other fields, field by field in the order of ``LADDER_MM2``; with p by ``hotspot.ladder_nulls``.
    chalkley_spots : tuple of Hotspot
        The first hot spots of Chalkley's 0.196 mm2, three at most.
    chalkley : tuple of ChalkleyCount
        In these.
    expected_max : float or None
        Vessels that the fullest field of random patterns holds on average; None without patterns.
    density : DensityMap
    distance : VesselDistance
    nearest : NearestNeighbours
    ripley : RipleyTest or None
    sample : FieldSample
    interval_per_mm2 : (float, float) or None
        Lower and upper end of the density; None without tissue.
    """

    hotspots: tuple[Hotspot, ...]
    ladder: tuple[Hotspot, ...]
    chalkley_spots: tuple[Hotspot, ...]
    chalkley: tuple[ChalkleyCount, ...]
    expected_max: float | None
    density: DensityMap
    distance: VesselDistance
    nearest: NearestNeighbours
    ripley: RipleyTest | None
    sample: FieldSample
    interval_per_mm2: tuple[float, float] | None

    @property
    def chalkley_mean3(self) -> float | None:
        """Mean Chalkley count of three hot spots; None where there are fewer."""
        return mean_of_three(self.chalkley)


def measure(place: Place, settings: Settings, *, workers: int = 1) -> Measures:
    """Measure everything.

    Parameters
    ----------
    place : Place
    settings : Settings
    workers : int
        Threads. Never changes a result.
    """
    counted = place.vessels.table["counted"].to_numpy(bool)
    xy_um = place.vessels.table.loc[counted, ["x_um", "y_um"]].to_numpy(float)
    filled = FilledVessels.of(outlines_of(place.vessels.outlines, np.flatnonzero(counted)))
    fields = fields_in_use(settings.hotspot)
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(lambda field: _hotspots(xy_um, field, place, filled), fields))
    maxima, ripley = _chance(xy_um, place, settings, workers)
    tested = [_with_p(spots, one) for spots, one in zip(found, maxima, strict=False)]
    headline, *others = [*tested, *found[len(tested) :]]
    chalkley_spots = [spot for spots in (headline, *others) for spot in spots if _is_chalkleys(spot)][:3]
    return Measures(
        headline,
        tuple(spot for spots in others for spot in spots),
        tuple(chalkley_spots),
        tuple(chalkley_count(filled, spot.x_um, spot.y_um) for spot in chalkley_spots),
        maxima[0].expected if maxima else None,
        density_map(xy_um, place.tissue, settings.spatial.bandwidth_um),
        vessel_distance(place.around, place.tissue),
        nearest_neighbours(xy_um, place.tissue),
        ripley,
        sample_fields(xy_um, place.tissue, settings.spatial, settings.hotspot.seed),
        density_interval(place.vessels.table, place.tissue, place.stain, settings.vessel),
    )


def fields_in_use(settings: HotspotSettings) -> list[HotspotSettings]:
    """The headline's field, the other areas, and a circle of Chalkley's area if none of them is one."""
    fields = [settings]
    if settings.ladder:
        areas = [area for area in LADDER_MM2 if area != settings.field_mm2]
        fields += [settings.model_copy(update={"field_mm2": area}) for area in areas]
    chalkleys = settings.model_copy(update={"field_mm2": FIELD_MM2, "shape": "circle"})
    return fields if chalkleys in fields else [*fields, chalkleys]


def _is_chalkleys(spot: Hotspot) -> bool:
    return spot.shape == "circle" and spot.field_mm2 == FIELD_MM2


def _hotspots(
    xy_um: Points, settings: HotspotSettings, place: Place, filled: FilledVessels
) -> tuple[Hotspot, ...]:
    """The hot spots of one field, each with the Chalkley count about its centre."""
    field = (settings.field_mm2, settings.shape)
    by_hand = next((each for each in place.by_hand if (each.field_mm2, each.shape) == field), None)
    spots = find_hotspots(xy_um, settings, place.tissue, place.damage_um, by_hand)
    return tuple(replace(spot, chalkley=chalkley_count(filled, spot.x_um, spot.y_um).hits) for spot in spots)


def _with_p(spots: tuple[Hotspot, ...], maxima: NullMaxima) -> tuple[Hotspot, ...]:
    return tuple(replace(spot, p=maxima.p(spot.vessels)) for spot in spots)


def _chance(
    xy_um: Points, place: Place, settings: Settings, workers: int
) -> tuple[list[NullMaxima], RipleyTest | None]:
    """The fullest fields of random patterns, and Ripley's L beside theirs; nothing where there is none to compare.

    The maxima are those of the headline's field, and with ``ladder_nulls`` of all fields, in the same patterns.
    """
    hotspot, tissue = settings.hotspot, place.tissue
    if not len(xy_um) or not hotspot.nulls or not tissue.mask.any():
        return [], None
    fields = fields_in_use(hotspot) if hotspot.ladder_nulls else [hotspot]
    boxes_um = [forbidden_boxes(field, tissue, place.damage_um) for field in fields]
    window = pair_window(tissue, settings.spatial.ripley_max_um)
    measured = measure_nulls(
        tissue_runs(tissue),
        len(xy_um),
        lambda null_um: (
            [most_vessels(null_um, field, boxes) for field, boxes in zip(fields, boxes_um, strict=True)],
            window.pairs(null_um),
        ),
        nulls=hotspot.nulls,
        seed=hotspot.seed,
        workers=workers,
    )
    most = np.array([most for most, _ in measured]).T
    maxima = [
        NullMaxima(of_field, len(xy_um), len(xy_um) * field.field_mm2 / tissue.area_mm2)
        for of_field, field in zip(most, fields, strict=True)
    ]
    return maxima, ripley_test(xy_um, window, [pairs for _, pairs in measured])
