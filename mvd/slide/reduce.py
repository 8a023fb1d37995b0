"""A slide at the pixel size of the analysis: a pyramid level and an exact whole-number block mean of it.

Input: an open slide and the wanted um/px. Output: (h, w, 3) uint8 in pixels of that size. Blocks start at the
slide's top left corner, so any rectangle gives the bytes that a crop of the whole would. Never enlarges.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mvd.errors import TooCoarse, UnknownPixelSize
from mvd.geometry import Rect
from mvd.slide.base import Rgb, Slide
from mvd.slide.levels import level_factor
from mvd.slide.naming import shown_name

COARSEST_MPP = 1.0
"""Capillaries are not seen in larger pixels, um."""
MAX_BLOCK_PX = 1024
"""Longest side of a block that is averaged."""
_LEVEL_SLACK = 1.05
_STRIPE_BYTES = 32 * 2**20
_STRIPE_COLS = 16_384


@dataclass(frozen=True)
class AnalysisLevel:
    """A slide at one pixel size; ``read`` may be called from several threads at once.

    Attributes
    ----------
    slide : Slide
    level : int
        Pyramid level that is read.
    factor : int
        Pixels of that level along one side of a pixel here.
    mpp : float
        Pixel size here, um/px: what every length is converted with.
    level0_factor : int
        Pixels of level 0 along one side of a pixel here.
    shape_px : (int, int)
        Height and width here; partial blocks at the right and lower edge are dropped.
    """

    slide: Slide
    level: int
    factor: int
    mpp: float
    level0_factor: int
    shape_px: tuple[int, int]

    def read(self, rect: Rect) -> Rgb:
        """Read ``rect`` (px here, inside ``shape_px``) as (h, w, 3) uint8 sRGB; ``ValueError`` outside."""
        if not (
            0 <= rect.row <= rect.row_stop <= self.shape_px[0]
            and 0 <= rect.col <= rect.col_stop <= self.shape_px[1]
        ):
            raise ValueError(f"{rect} is not inside {self.shape_px[0]} x {self.shape_px[1]} px")
        if self.factor == 1:
            return self.slide.read(rect, self.level)
        from mvd.slide.blockmean import block_mean

        rgb = np.empty((rect.height, rect.width, 3), np.uint8)
        for part in self._parts(rect):
            rgb[part.slices(rect)] = block_mean(
                self.slide.read(part.scaled(self.factor), self.level), self.factor
            )
        return rgb

    def _parts(self, rect: Rect) -> list[Rect]:
        """Cut a rectangle into pieces that need little memory at full resolution, along the slide's tiles."""
        cols = max(1, _STRIPE_COLS // self.factor)
        rows = self._stripe_rows(min(rect.width, cols))
        cuts = [rect.row, *range((rect.row // rows + 1) * rows, rect.row_stop, rows), rect.row_stop]
        return [
            Rect(row, col, row_stop - row, min(cols, rect.col_stop - col))
            for row, row_stop in pairwise(cuts)
            for col in range(rect.col, rect.col_stop, cols)
        ]

    def _stripe_rows(self, width: int) -> int:
        """Rows of a stripe: whole rows of tiles where they fit, in pixels here."""
        most = max(1, _STRIPE_BYTES // max(1, 3 * width * self.factor**2))
        tile_px = getattr(self.slide, "tile_px", None)
        tile_rows = (tile_px(self.level)[0] if tile_px else 0) // self.factor
        return most // tile_rows * tile_rows if 0 < tile_rows <= most else most


def at_mpp(slide: Slide, target_mpp: float, *, allow_coarse: bool = False) -> AnalysisLevel:
    """Look at a slide as near ``target_mpp`` as a pyramid level and a whole-number block mean get.

    Parameters
    ----------
    slide : Slide
    target_mpp : float
        Wanted pixel size, um/px, > 0.
    allow_coarse : bool
        Take slides coarser than 1 um/px all the same.

    Raises
    ------
    UnknownPixelSize
        The slide's pixel size is not known.
    TooCoarse
        Level 0 is coarser than 1 um/px and ``allow_coarse`` is not set.
    """
    name, mpp = shown_name(slide.info.path), slide.info.mpp
    if target_mpp <= 0:
        raise ValueError(f"target_mpp {target_mpp} is not positive")
    if mpp is None:
        raise UnknownPixelSize(
            f"{name}: the file states no pixel size; pass --mpp (um per pixel of the full resolution)"
        )
    if mpp > COARSEST_MPP and not allow_coarse:
        raise TooCoarse(
            f"{name}: {mpp:.4g} um/px is too coarse to see capillaries (at most {COARSEST_MPP:g}); "
            "scan at x20 or finer, or pass --allow-coarse"
        )
    level, level0_factor = _coarsest_level(slide, target_mpp / mpp * _LEVEL_SLACK)
    factor = max(1, round(target_mpp / (mpp * level0_factor)))
    height, width = slide.info.level_shapes[level]
    factor = min(factor, height, width, MAX_BLOCK_PX)
    whole = level0_factor * factor
    return AnalysisLevel(slide, level, factor, mpp * whole, whole, (height // factor, width // factor))


def _coarsest_level(slide: Slide, most: float) -> tuple[int, int]:
    """Return the last level that is reduced at most so many times, and how many times it is."""
    shapes = slide.info.level_shapes
    factors = [(level, level_factor(shape, shapes[0])) for level, shape in enumerate(shapes)]
    usable = [(level, factor) for level, factor in factors if factor is not None and factor <= most]
    return usable[-1] if usable else (0, 1)
