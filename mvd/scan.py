"""Map over the tiles, reduce over the slide: the analysis level and the fit -> components.

Input: a level to read, the tissue, the slide's fit. Output: ``Components``. Tile size, number of threads and the
order in which tiles are done never change it.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.geometry import Rect, um_to_px
from mvd.haze import Haze
from mvd.runs import I32, KIND, Components, Reduction, Search, encode, search_index
from mvd.segment import WALL, Segmenter, make_segmenter
from mvd.settings import VesselSettings
from mvd.slide import AnalysisLevel
from mvd.stain import Stain
from mvd.tiles import Tile, tiles_over
from mvd.tissue import Tissue
from mvd.walls import WallFinder, make_wall_finder, read_dab

Progress = Callable[[str, int, int], None]

SEARCH_MARGIN_UM = 25.0
"""Vessels are looked for this far beyond the tissue outline, for a vessel may lie on the very edge."""


def scan(
    level: AnalysisLevel,
    tissue: Tissue,
    stain: Stain,
    settings: VesselSettings,
    *,
    tile_px: int,
    workers: int,
    progress: Progress | None = None,
) -> Components:
    """Segment every tile of the tissue and connect what was found over the whole slide.

    Parameters
    ----------
    level : AnalysisLevel
    tissue : Tissue
    stain : Stain
    settings : VesselSettings
    tile_px : int
        Side of a tile's core, px.
    workers : int
        Threads; reading, filters and run encoding release the interpreter lock.
    progress : callable, optional
        Called as ``progress("tiles", done, total)`` from this thread; raising in it stops the scan.
    """
    segmenter = make_segmenter(stain, settings, level.mpp)
    search = search_area(level, tissue)
    scale = level.mpp / tissue.mpp
    walls = make_wall_finder(stain, segmenter, settings, level.mpp)
    tiles = tiles_over(level.shape_px, tile_px, walls.reach_px, search.mask, scale)
    # cv2's own threads make tiles slower: the threads here are enough.
    cv2.setNumThreads(1)
    reduction = Reduction((tile.core for tile in tiles), round(stain.high_od * 1000))
    done = 0

    def take(tile: Tile, runs: I32) -> None:
        nonlocal done
        reduction.add(tile.core, runs)
        done += 1
        if progress is not None:
            progress("tiles", done, len(tiles))

    with level.expecting(tile.halo for tile in tiles):
        _map_tiles(
            lambda tile: _encode_tile(level, tile, (segmenter, walls), search, stain.haze),
            tiles,
            workers,
            take,
        )
    return _candidates(reduction, settings)


def scan_part(
    level: AnalysisLevel, search: Search, stain: Stain, settings: VesselSettings, part: Rect
) -> Components:
    """Segment one rectangle alone, as ``scan`` does the slide; what crosses its edge is cut there.

    Parameters
    ----------
    level, stain, settings
        As of ``scan``.
    search : Search
        Of ``search_area``, which takes longer than a rectangle does.
    part : Rect
        Pixels of ``level``, inside it, at least one.
    """
    segmenter = make_segmenter(stain, settings, level.mpp)
    walls = make_wall_finder(stain, segmenter, settings, level.mpp)
    tile = Tile(part, part.grown(walls.reach_px).clipped(level.shape_px))
    reduction = Reduction([part], round(stain.high_od * 1000))
    reduction.add(part, _encode_tile(level, tile, (segmenter, walls), search, stain.haze))
    return _candidates(reduction, settings)


def _candidates(reduction: Reduction, settings: VesselSettings) -> Components:
    found = reduction.components()
    return found.select(_with_wall(found)) if settings.method == "classifier" else found


def _with_wall(components: Components) -> NDArray[np.bool_]:
    """Which components hold wall, (k,) bool: what the classifier is nowhere sure of is no vessel."""
    if not len(components):
        return np.zeros(0, bool)
    found: NDArray[np.bool_] = np.logical_or.reduceat(components.runs[:, KIND] == WALL, components.first[:-1])
    return found


def search_area(level: AnalysisLevel, tissue: Tissue) -> Search:
    """Where vessels are looked for: the tissue, and ``SEARCH_MARGIN_UM`` round it."""
    radius = round(um_to_px(SEARCH_MARGIN_UM, tissue.mpp))
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    mask: NDArray[np.bool_] = cv2.dilate(tissue.mask.astype(np.uint8), element) > 0
    rows, cols = level.shape_px
    return Search(
        mask,
        search_index(rows, level.mpp, tissue.mpp, mask.shape[0]),
        search_index(cols, level.mpp, tissue.mpp, mask.shape[1]),
    )


def _encode_tile(
    level: AnalysisLevel, tile: Tile, method: tuple[Segmenter, WallFinder], search: Search, haze: Haze
) -> I32:
    segmenter, walls = method
    rgb, dab = read_dab(level, tile.halo, segmenter, haze)
    mask = walls.find(rgb, dab, tile.halo)
    return encode(rgb, dab, mask, segmenter.luts, (tile.core, tile.halo), search)


def _map_tiles(
    work: Callable[[Tile], I32], tiles: Sequence[Tile], workers: int, take: Callable[[Tile, I32], None]
) -> None:
    """Do all tiles, a few ahead of what is taken; on any error or cancellation the rest is not begun.

    ``take`` is called from this thread with each tile's runs as they come, in no certain order.
    """
    waiting = iter(tiles)
    pending: dict[Future[I32], Tile] = {}
    with ThreadPoolExecutor(workers) as pool:
        try:
            for tile in islice(waiting, 2 * workers):
                pending[pool.submit(work, tile)] = tile
            while pending:
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                while done:
                    # A result is let go of before the next one is taken.
                    future = done.pop()
                    if (following := next(waiting, None)) is not None:
                        pending[pool.submit(work, following)] = following
                    take(pending.pop(future), future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
