"""``Found`` -> ``SlideResult``: the rules of counting, hot spots and the numbers. Never reads a slide.

Both ``analyze``, which has just read the slide, and ``recount``, which takes what was found from a file, end here.
"""

from collections.abc import Callable
from dataclasses import replace

from mvd import limits
from mvd.found import Found
from mvd.hotspots import Hotspot, find_hotspots, hotspot_rank
from mvd.result import Picture, SlideResult
from mvd.settings import Settings
from mvd.slide.naming import shown_name
from mvd.summary import summarize
from mvd.vessels import Vessels, find_vessels

Progress = Callable[[str, int, int], None]
HotspotPictures = Callable[[tuple[Hotspot, ...]], tuple[Picture, ...]]


def count(
    found: Found,
    settings: Settings,
    overview: Picture,
    hotspot_pictures: HotspotPictures,
    *,
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
    hotspot_pictures : callable
        Gives the pictures of the first hot spots, once they are known.
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
    vessels = find_vessels(
        found.components, found.tissue, found.stain, settings.vessel, found.analysis_mpp, workers=workers
    )
    vessels = limits.limit_vessels(vessels, union, found.damage)
    progress("vessels", 1, 1)
    progress("hotspots", 0, 1)
    xy_um = vessels.counted[["x_um", "y_um"]].to_numpy(float)
    hotspots = find_hotspots(xy_um, settings.hotspot, tissue, found.damage.boxes_um)
    vessels = _ranked(vessels, hotspots)
    progress("hotspots", 1, 1)
    result = SlideResult(
        info=found.info,
        settings=settings,
        analysis_mpp=found.analysis_mpp,
        tissue=tissue,
        stain=found.stain,
        vessels=vessels,
        hotspots=hotspots,
        summary=summarize(found.info, found.analysis_mpp, tissue, vessels, hotspots, settings),
        overview=overview,
        hotspot_pictures=hotspot_pictures(hotspots),
    )
    return limits.with_regions(result, found.tissue, found.laid, found.damage) if found.laid else result


def _ranked(vessels: Vessels, hotspots: tuple[Hotspot, ...]) -> Vessels:
    """Note for each counted vessel the hot spot that it lies in."""
    table = vessels.table.copy()
    counted = table["counted"].to_numpy(bool)
    table.loc[counted, "hotspot_rank"] = hotspot_rank(
        table.loc[counted, ["x_um", "y_um"]].to_numpy(float), hotspots
    )
    return replace(vessels, table=table)
