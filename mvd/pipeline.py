"""``analyze()``: the stages in order, and nothing else.

The stages after the overview are imported while the overview is read: that takes as long as a small slide.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mvd.errors import SettingsError
from mvd.geometry import Rect
from mvd.result import Picture, SlideResult
from mvd.settings import Settings
from mvd.slide import AnalysisLevel, Slide, at_mpp, open_slide
from mvd.tissue import find_tissue

if TYPE_CHECKING:
    from mvd.hotspots import Hotspot
    from mvd.scan import Progress
    from mvd.vessels import Vessels

TILE_PX = 1024
OVERVIEW_LEAST_PX = 2000
"""The overview of a small slide is finer than ``tissue.overview_mpp``, down to so many pixels on its long side."""


def analyze(
    slide: str | Path | Slide,
    settings: Settings | None = None,
    *,
    tile_px: int = TILE_PX,
    workers: int | None = None,
    progress: Progress | None = None,
) -> SlideResult:
    """Measure the microvessel density of one slide.

    Parameters
    ----------
    slide : str, Path or Slide
        A file, or an open slide (which stays open).
    settings : Settings, optional
        What to measure; the defaults if left out.
    tile_px : int
        Side of a tile, px. Never changes a result.
    workers : int, optional
        Threads; the number of processors if left out. Never changes a result.
    progress : callable, optional
        ``progress(stage, done, total)``; raising ``Cancelled`` in it stops the run.

    Raises
    ------
    MvdError
        ``UnreadableSlide``, ``UnknownPixelSize``, ``UnsupportedPixels``, ``TooCoarse``, ``NoTissue``,
        ``StainError``; the message says what to do.
    """
    settings = settings or Settings()
    if tile_px < 1 or (workers is not None and workers < 1):
        raise SettingsError(f"tile_px ({tile_px}) and workers ({workers}) must be at least 1")
    if isinstance(slide, (str, Path)):
        with closing(open_slide(Path(slide), mpp=settings.slide.mpp)) as opened:
            return analyze(opened, settings, tile_px=tile_px, workers=workers, progress=progress)
    if settings.slide.mpp not in (None, slide.info.mpp):
        raise SettingsError(
            f"slide.mpp is {settings.slide.mpp} but the slide was opened at {slide.info.mpp}; "
            "open it with that pixel size, or give its path"
        )
    report = progress or _silent
    level = at_mpp(slide, settings.slide.analysis_mpp, allow_coarse=settings.slide.allow_coarse)
    report("overview", 0, 1)
    with ThreadPoolExecutor(1) as beside:
        loaded = beside.submit(_load_stages)
        overview = _overview(slide, level, settings)
        tissue = find_tissue(overview.rgb, overview.mpp, settings.tissue, settings.stain.white_point)
        loaded.result()
    report("overview", 1, 1)
    from mvd.fit import fit_stain
    from mvd.hotspots import find_hotspots
    from mvd.scan import scan
    from mvd.summary import summarize
    from mvd.vessels import find_vessels

    report("fit", 0, 1)
    stain = fit_stain(level, overview.rgb, tissue, settings)
    report("fit", 1, 1)
    threads = workers or os.cpu_count() or 1
    components = scan(
        level, tissue, stain, settings.vessel, tile_px=tile_px, workers=threads, progress=report
    )
    report("vessels", 0, 1)
    vessels = find_vessels(components, tissue, stain, settings.vessel, level.mpp, workers=threads)
    report("vessels", 1, 1)
    report("hotspots", 0, 1)
    hotspots = find_hotspots(vessels.counted[["x_um", "y_um"]].to_numpy(float), settings.hotspot, tissue)
    vessels = _ranked(vessels, hotspots)
    report("hotspots", 1, 1)
    return SlideResult(
        info=slide.info,
        settings=settings,
        analysis_mpp=level.mpp,
        tissue=tissue,
        stain=stain,
        vessels=vessels,
        hotspots=hotspots,
        summary=summarize(slide.info, level.mpp, tissue, vessels, hotspots, settings),
        overview=overview,
        hotspot_pictures=_hotspot_pictures(slide, hotspots, settings),
    )


def _load_stages() -> None:
    """Import the stages that come after the overview, and load the first kernels."""
    import mvd.fit
    import mvd.scan
    import mvd.summary
    import mvd.vessels  # noqa: F401
    from mvd.hotspots import load_search

    load_search()


def _silent(stage: str, done: int, total: int) -> None:
    pass


def _overview(slide: Slide, level: AnalysisLevel, settings: Settings) -> Picture:
    long_um = max(level.shape_px) * level.mpp
    mpp = min(settings.tissue.overview_mpp, max(level.mpp, long_um / OVERVIEW_LEAST_PX))
    coarse = at_mpp(slide, mpp, allow_coarse=True)
    return Picture(coarse.read(Rect(0, 0, *coarse.shape_px)), 0.0, 0.0, coarse.mpp)


def _ranked(vessels: Vessels, hotspots: tuple[Hotspot, ...]) -> Vessels:
    """Note for each counted vessel the hot spot that it lies in."""
    from mvd.hotspots import hotspot_rank

    table = vessels.table.copy()
    counted = table["counted"].to_numpy(bool)
    table.loc[counted, "hotspot_rank"] = hotspot_rank(
        table.loc[counted, ["x_um", "y_um"]].to_numpy(float), hotspots
    )
    return replace(vessels, table=table)


def _hotspot_pictures(slide: Slide, hotspots: tuple[Hotspot, ...], settings: Settings) -> tuple[Picture, ...]:
    """Pixels round the first hot spots, at the size that the report shows."""
    pictures = []
    for hotspot in hotspots[: settings.report.hotspot_pictures]:
        side_um = 2.1 * hotspot.radius_um
        close = at_mpp(slide, side_um / settings.report.hotspot_px, allow_coarse=True)
        side_px = round(side_um / close.mpp)
        row, col = (round((centre - side_um / 2) / close.mpp) for centre in (hotspot.y_um, hotspot.x_um))
        rect = Rect(row, col, side_px, side_px).clipped(close.shape_px)
        pictures.append(Picture(close.read(rect), rect.col * close.mpp, rect.row * close.mpp, close.mpp))
    return tuple(pictures)
