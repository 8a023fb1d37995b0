"""``Found`` -> ``SlideResult``: the rules of counting, hot spots and the numbers. Never reads a slide.

Both ``analyze``, which has just read the slide, and ``recount``, which takes what was found from a file, end here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mvd import limits
from mvd.found import Found
from mvd.hotspots import HandPlaced, Hotspot, hotspot_rank
from mvd.measures import Measures, Place, measure
from mvd.result import Picture, SlideResult
from mvd.settings import Settings
from mvd.slide.naming import shown_name
from mvd.summary import summarize
from mvd.tissue import Tissue
from mvd.vessels import Vessels, find_vessels, outlines_of

Progress = Callable[[str, int, int], None]
FieldPictures = Callable[[tuple[Hotspot, ...], str], tuple[Picture, ...]]


@dataclass(frozen=True)
class HandWork:
    """What a person corrected.

    Attributes
    ----------
    vessels : callable
        Gives all candidates of the slide as corrected.
    hotspots : tuple of HandPlaced
    """

    vessels: Callable[[Vessels], Vessels]
    hotspots: tuple[HandPlaced, ...] = ()


def count(
    found: Found,
    settings: Settings,
    overview: Picture,
    field_pictures: FieldPictures,
    *,
    by_hand: HandWork | None = None,
    workers: int = 1,
    progress: Progress,
) -> SlideResult:
    """Make vessels of what was found, judge them, and sum the slide up.

    Parameters
    ----------
    found : Found
    settings : Settings
        Those of ``slide``, ``tissue`` and ``stain`` have had their effect already.
    overview : Picture
    field_pictures : callable
        Gives the pictures of the first hot spots, once they are known, of the kind ``hotspot`` or ``chalkley``.
    by_hand : HandWork, optional
        What a person corrected; the result is then that of the corrected vessels.
    workers : int
        Threads. Never changes a result.
    progress : callable
        As in ``analyze``.

    Raises
    ------
    NoTissue, UnreadableSlide
        Of ``limits.check_limits``.
    """
    union = found.laid.union if found.laid else None
    tissue = limits.limit_tissue(found.tissue, union, found.damage)
    limits.check_limits(shown_name(found.info.path), tissue)
    progress("vessels", 0, 1)
    everything = find_vessels(
        found.components, found.tissue, found.stain, settings.vessel, found.analysis_mpp, workers=workers
    )
    if by_hand:
        everything = by_hand.vessels(everything)
    around = outlines_of(everything.outlines, np.flatnonzero(everything.table["counted"]))
    vessels = limits.limit_vessels(everything, union, found, settings)
    progress("vessels", 1, 1)
    progress("hotspots", 0, 1)

    placed = by_hand.hotspots if by_hand else ()

    def measured(vessels: Vessels, tissue: Tissue) -> Measures:
        place = Place(vessels, tissue, around, found.stain, found.damage.boxes_um, placed)
        return measure(place, settings, workers=workers)

    measures = measured(vessels, tissue)
    vessels = _ranked(vessels, measures.hotspots)
    progress("hotspots", 1, 1)
    result = SlideResult(
        info=found.info,
        settings=settings,
        analysis_mpp=found.analysis_mpp,
        tissue=tissue,
        stain=found.stain,
        vessels=vessels,
        hotspots=measures.hotspots,
        summary=summarize(found.info, found.analysis_mpp, tissue, vessels, measures, settings),
        overview=overview,
        hotspot_pictures=field_pictures(measures.hotspots, "hotspot"),
        measures=measures,
        chalkley_pictures=field_pictures(measures.chalkley_spots, "chalkley"),
        damage_um=tuple(map(tuple, found.damage.boxes_um.tolist())),
    )
    if found.laid is None:
        return result
    return limits.with_regions(result, everything, found, found.laid, measured)


def _ranked(vessels: Vessels, hotspots: tuple[Hotspot, ...]) -> Vessels:
    """Note for each counted vessel the hot spot that it lies in."""
    table = vessels.table.copy()
    counted = table["counted"].to_numpy(bool)
    table.loc[counted, "hotspot_rank"] = hotspot_rank(
        table.loc[counted, ["x_um", "y_um"]].to_numpy(float), hotspots
    )
    return replace(vessels, table=table)
