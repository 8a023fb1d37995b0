"""``analyze()``: the stages in order, and nothing else.

The stages after the overview are imported while the overview is read: that takes as long as a small slide.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mvd.errors import SettingsError
from mvd.geometry import Rect
from mvd.overview import read_overview
from mvd.result import Picture, SlideResult
from mvd.settings import Settings
from mvd.slide import Slide, as_analysed, at_mpp, open_slide

if TYPE_CHECKING:
    from mvd.hotspots import Hotspot
    from mvd.region import Laid, Region
    from mvd.scan import Progress

TILE_PX = 1024


def analyze(
    slide: str | Path | Slide | NDArray[np.uint8],
    settings: Settings | None = None,
    *,
    region: str | Path | Sequence[Region] | None = None,
    tile_px: int = TILE_PX,
    workers: int | None = None,
    progress: Progress | None = None,
) -> SlideResult:
    """Measure the microvessel density of one slide.

    Parameters
    ----------
    slide : str, Path, Slide or array
        A file, an open slide (which stays open), or (h, w, 3) or (h, w, 4) uint8 pixels, RGB or RGBA, whose size
        ``settings.slide.mpp`` tells.
    settings : Settings, optional
        What to measure; the defaults if left out.
    region : str, Path or sequence of Region, optional
        A GeoJSON file as QuPath exports it, or regions: the areas, together, that the analysis is limited to. Stain and
        thresholds are fitted on all tissue all the same. ``vessel.cut_by_edge`` says how a vessel that they cut counts.
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
        ``StainError``, ``RegionError``; the message says what to do.
    """
    settings = settings or Settings()
    if tile_px < 1 or (workers is not None and workers < 1):
        raise SettingsError(f"tile_px ({tile_px}) and workers ({workers}) must be at least 1")
    if isinstance(slide, (str, Path, np.ndarray)):
        with closing(_opened(slide, settings)) as opened:
            return analyze(
                opened, settings, region=region, tile_px=tile_px, workers=workers, progress=progress
            )
    if settings.slide.mpp not in (None, slide.info.mpp):
        raise SettingsError(
            f"slide.mpp is {settings.slide.mpp} but the slide was opened at {slide.info.mpp}; "
            "open it with that pixel size, or give its path"
        )
    laid = None
    if region is None and settings.region.margin_um:
        raise SettingsError("region.margin_um lays a margin round drawn regions: give them too (--region)")
    if region is not None:
        from mvd.region import drawn_regions, lay_regions

        laid = lay_regions(drawn_regions(region), slide.info)
    return _analyze(slide, settings, laid, _How(tile_px, workers or os.cpu_count() or 1, progress or _silent))


def _opened(slide: str | Path | NDArray[np.uint8], settings: Settings) -> Slide:
    if not isinstance(slide, np.ndarray):
        return open_slide(Path(slide), mpp=settings.slide.mpp)
    from mvd.slide.array import ArraySlide

    return ArraySlide(slide, settings.slide.mpp)


@dataclass(frozen=True)
class _How:
    """How it is done; none of it changes a result."""

    tile_px: int
    workers: int
    report: Progress


def _analyze(slide: Slide, settings: Settings, laid: Laid | None, how: _How) -> SlideResult:
    report = how.report
    slide, level = as_analysed(slide, settings.slide)
    report("overview", 0, 1)
    with ThreadPoolExecutor(1) as beside:
        loaded = beside.submit(_load_stages)
        overview = read_overview(slide, level, settings)
        loaded.result()
    report("overview", 1, 1)
    from mvd import limits
    from mvd.count import count
    from mvd.fit import fit_stain
    from mvd.found import Found, pack_found
    from mvd.region import looked_at
    from mvd.scan import scan

    near = limits.near_regions(overview.tissue, looked_at(laid, settings.region) if laid else None)
    report("fit", 0, 1)
    stain = fit_stain(level, overview.picture.rgb, overview.tissue, settings)
    report("fit", 1, 1)
    _give_back()
    components = scan(
        level, near, stain, settings.vessel, tile_px=how.tile_px, workers=how.workers, progress=report
    )
    _give_back()
    damage = limits.find_damage(level, overview.level, near, settings)
    found = Found(slide.info, level.mpp, overview.tissue, stain, components, damage, laid)
    result = count(
        found,
        settings,
        overview.picture,
        lambda hotspots, _kind: _hotspot_pictures(slide, hotspots, settings),
        workers=how.workers,
        progress=report,
    )
    _give_back()
    # Packed, it takes a thirtieth of the memory, which the report can use.
    return replace(result, candidates=pack_found(found))


def _load_stages() -> None:
    """Import the stages that come after the overview, and load the first kernels."""
    import mvd.count
    import mvd.fit
    import mvd.scan  # noqa: F401
    from mvd.hotspots import load_search

    load_search()


def _give_back() -> None:
    """Have the C library give what was freed back to the system: glibc keeps what it may never need again."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # other libraries have no such call, nor the need of it
            ctypes.CDLL(None).malloc_trim(0)


def _silent(stage: str, done: int, total: int) -> None:
    pass


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
