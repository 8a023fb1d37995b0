"""A labelled slide -> features of labelled pixels, taken exactly as `mvd run` takes them.

Input: a slide and its marks. Output: ``Samples``. The same slide, marks and settings give the same samples.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mvd.classifier import FEATURES, feature_values, sizes_at, stacked
from mvd.errors import LabelsError
from mvd.fit import MOST_WINDOWS, WINDOW_PX, fit_stain
from mvd.geometry import Rect, um_to_px
from mvd.overview import read_overview
from mvd.segment import ZERO_MILLI_OD
from mvd.settings import Settings
from mvd.slide import AnalysisLevel, as_analysed, open_slide
from mvd.stain import stain_luts
from mvd.tiles import sample_windows
from mvd.training.marks import BACKGROUND, VESSEL, Mark, Marks
from mvd.training.paint import Said, away_from, paint
from mvd.walls import TilePlanes, tile_planes

LEAST_OD = 0.05
"""Pixels with less DAB above the background are never wall: they are neither learnt nor looked at."""
MOST_OF_A_KIND = 20_000
"""Pixels of vessel, and of background, that are taken from one slide at most."""
BLOCK_UM = 250.0
"""Pixels of one square of this side are never both learnt from and tested on."""
_MARGIN_UM = 3.0  # round a candidate of a corrected result, where nothing is said


@dataclass(frozen=True)
class Samples:
    """Labelled pixels.

    Attributes
    ----------
    values : (n, features) int32
    is_vessel : (n,) bool
    slide : (n,) int32
        Number of the slide, from 0.
    block : (n, 2) int32
        Row and column of the square of ``BLOCK_UM`` that a pixel lies in.
    mpp : float
        Pixel size that they were taken at, um/px.
    """

    values: NDArray[np.int32]
    is_vessel: NDArray[np.bool_]
    slide: NDArray[np.int32]
    block: NDArray[np.int32]
    mpp: float


def sample_slide(
    path: Path, marks: Marks, settings: Settings, *, number: int = 0, line_um: float = 2.0
) -> Samples:
    """Take the features of the labelled pixels of one slide.

    Parameters
    ----------
    path : Path
    marks : Marks
    settings : Settings
        Sections slide, tissue and stain are those of the run to come.
    number : int
        Of the slide, from 0.
    line_um : float
        Width of lines and dots, um.

    Raises
    ------
    LabelsError
        No mark lies on the slide.
    MvdError
        The slide cannot be read or fitted.
    """
    with closing(open_slide(path, mpp=settings.slide.mpp)) as opened:
        slide, level = as_analysed(opened, settings.slide)
        overview = read_overview(slide, level, settings)
        stain = fit_stain(level, overview.picture.rgb, overview.tissue, settings)
        planes = tile_planes(stain, stain_luts(stain.white_point, stain.matrix), level.mpp)
        placed = [mark.moved(slide.info.origin_px, level.level0_factor) for mark in marks.marks]
        if marks.rest_is_background:
            scale = level.mpp / overview.tissue.mpp
            windows = sample_windows(level.shape_px, overview.tissue.mask, scale, WINDOW_PX, MOST_WINDOWS)
        else:
            windows = _windows_with(placed, level, um_to_px(line_um, level.mpp))
        if not windows:
            raise LabelsError(
                f"{path.name}: no annotation lies on the slide; were they drawn on another one?"
            )
        parts = [
            _sample_window(level, planes, window, said)
            for window, said in _said_in(windows, placed, marks, level.mpp, line_um)
        ]
    values, kinds, places = (np.concatenate(column) for column in zip(*parts, strict=True))
    kept = _thinned(kinds, number)
    blocks = np.floor(places[kept] * level.mpp / BLOCK_UM).astype(np.int32)
    slides = np.full(len(kept), number, np.int32)
    return Samples(values[kept], kinds[kept] == VESSEL, slides, blocks, level.mpp)


def _windows_with(placed: list[Mark], level: AnalysisLevel, line_px: float) -> list[Rect]:
    """The squares of a grid over the slide that marks lie in, in their order."""
    found = set()
    for left, top, right, bottom in (mark.box for mark in placed):
        whole = Rect(0, 0, *level.shape_px)
        corner = Rect(int(top - line_px), int(left - line_px), 0, 0)
        size = ceil(bottom + line_px) - corner.row, ceil(right + line_px) - corner.col
        box = Rect(corner.row, corner.col, *size).common(whole)
        if box.area_px:
            found |= {
                (row, col)
                for row in range(box.row // WINDOW_PX, (box.row_stop - 1) // WINDOW_PX + 1)
                for col in range(box.col // WINDOW_PX, (box.col_stop - 1) // WINDOW_PX + 1)
            }
    sides = (WINDOW_PX, WINDOW_PX)
    return [
        Rect(row * WINDOW_PX, col * WINDOW_PX, *sides).clipped(level.shape_px) for row, col in sorted(found)
    ]


def _said_in(
    windows: list[Rect], placed: list[Mark], marks: Marks, mpp: float, line_um: float
) -> Iterator[tuple[Rect, Said]]:
    """Each window and what is said of its pixels."""
    line_px, margin_px = um_to_px(line_um, mpp), round(um_to_px(_MARGIN_UM, mpp))
    boxes = np.array([mark.box for mark in placed])
    for window in windows:
        reach = max(line_px, margin_px) + 1
        meets = (boxes[:, 0] < window.col_stop + reach) & (boxes[:, 2] > window.col - reach)
        meets &= (boxes[:, 1] < window.row_stop + reach) & (boxes[:, 3] > window.row - reach)
        here = [placed[i] for i in np.flatnonzero(meets)]
        said = paint(here, window, line_px)
        if marks.rest_is_background:
            said[away_from(here, window, margin_px)] = BACKGROUND
        yield window, said


def _sample_window(
    level: AnalysisLevel, planes: TilePlanes, window: Rect, said: Said
) -> tuple[NDArray[np.int32], Said, NDArray[np.int64]]:
    """Features, kind and place (row, col) of the labelled pixels of a window that have enough DAB."""
    if not said.any():
        return np.empty((0, len(FEATURES)), np.int32), np.empty(0, np.uint8), np.empty((0, 2), np.int64)
    sizes = sizes_at(level.mpp)
    halo = window.grown(sizes.reach_px).clipped(level.shape_px)
    stack = stacked(planes.of(level.read(halo), halo), sizes)
    inner = window.slices(halo)
    enough = stack.smooth[0][inner] >= round(LEAST_OD * 1000) + ZERO_MILLI_OD
    rows, cols = np.nonzero(enough & ((said == VESSEL) | (said == BACKGROUND)))
    values = feature_values(stack, rows + inner[0].start, cols + inner[1].start)
    return values, said[rows, cols], np.stack([rows + window.row, cols + window.col], axis=1)


def _thinned(kinds: Said, seed: int) -> NDArray[np.int64]:
    """Places of at most ``MOST_OF_A_KIND`` pixels of each kind, by chance but always the same ones."""
    chance = np.random.default_rng(seed)
    kept = []
    for kind in (BACKGROUND, VESSEL):
        places = np.flatnonzero(kinds == kind)
        if len(places) > MOST_OF_A_KIND:
            places = chance.choice(places, MOST_OF_A_KIND, replace=False)
        kept.append(places)
    return np.sort(np.concatenate(kept))
