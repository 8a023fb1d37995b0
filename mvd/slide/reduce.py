"""A slide at the pixel size of the analysis: a pyramid level and a whole-number block mean of it.

Input: an open slide and the wanted um/px. Output: (h, w, 3) uint8 in pixels of that size. Blocks start at the
slide's top left corner, so any rectangle gives the bytes that a crop of the whole would. Never enlarges.
The mean is exact, but for JPEG tiles that the decoder reduces itself. Where a level is damaged, the next finer one
stands in.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

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
        self._check_inside(rect)
        parts = self._parts(rect, self.factor // self._own_reduction())
        if len(parts) == 1:  # without a copy, which costs as much as a third of the decoding
            rgb = self._reduced(rect)
        else:
            rgb = np.empty((rect.height, rect.width, 3), np.uint8)
            for part in parts:
                rgb[part.slices(rect)] = self._reduced(part)
        for hole in self._damage():
            if (common := hole.common(rect)).area_px and (finer := self._finer()):
                common = common.clipped(finer.shape_px)
                rgb[common.slices(rect)] = finer.read(common)
        return rgb

    def scanned(self, rect: Rect) -> NDArray[np.bool_]:
        """Return where ``rect`` (px here, inside ``shape_px``) was scanned in all of its pixels, (h, w) bool."""
        self._check_inside(rect)
        mask = np.empty((rect.height, rect.width), bool)
        for part in self._parts(rect, self.factor):
            found = self.slide.scanned(part.scaled(self.factor), self.level)
            if found.all():  # nearly always, and many times as fast
                mask[part.slices(rect)] = True
                continue
            blocks = found.reshape(part.height, self.factor, part.width, self.factor)
            mask[part.slices(rect)] = blocks.all(axis=(1, 3))
        return mask

    def damage(self) -> tuple[Rect, ...]:
        """Return what ``read`` could not give so far, not from a finer level either: rectangles in px here."""
        finer = self._finer()
        if finer is None:
            return tuple(self._damage())
        lost = [hole.common(left) for hole in self._damage() for left in finer.damage()]
        return tuple(rect for rect in lost if rect.area_px)

    @contextmanager
    def expecting(self, rects: Iterable[Rect]) -> Iterator[None]:
        """Have the slide hold what several of the rectangles, which ``read`` is to get within, need of it."""
        expect = getattr(self.slide, "expect", None)
        if expect is None:
            yield
            return
        own = self._own_reduction()
        left = self.factor // own
        parts = (part.scaled(left) for rect in rects for part in self._parts(rect, left))
        expect(parts, self.level, own)
        try:
            yield
        finally:
            self.slide.forget()  # type: ignore[attr-defined]

    def _check_inside(self, rect: Rect) -> None:
        if not (
            0 <= rect.row <= rect.row_stop <= self.shape_px[0]
            and 0 <= rect.col <= rect.col_stop <= self.shape_px[1]
        ):
            raise ValueError(f"{rect} is not inside {self.shape_px[0]} x {self.shape_px[1]} px")

    def _own_reduction(self) -> int:
        """The part of the factor that the slide itself reduces by."""
        reduction = getattr(self.slide, "reduction", None)
        return reduction(self.level, self.factor) if reduction else 1

    def _reduced(self, rect: Rect) -> Rgb:
        own = self._own_reduction()
        left = self.factor // own
        if own == 1:
            rgb = self.slide.read(rect.scaled(left), self.level)
        else:
            rgb = self.slide.read_reduced(rect.scaled(left), self.level, own)  # type: ignore[attr-defined]
        if left == 1:
            return rgb
        from mvd.slide.blockmean import block_mean

        return block_mean(rgb, left)

    def _damage(self) -> list[Rect]:
        """What could not be decoded of the level itself, in px here: every pixel that has a part in it."""
        return [_covering(hole, self.factor).clipped(self.shape_px) for hole in self.slide.damage(self.level)]

    def _finer(self) -> "AnalysisLevel | None":
        """The same pixels from the next finer level, if there is one."""
        shapes = self.slide.info.level_shapes
        for level in range(self.level - 1, -1, -1):
            whole = level_factor(shapes[level], shapes[0])
            if whole and self.level0_factor % whole == 0:
                factor = self.level0_factor // whole
                rows, cols = (
                    min(own, side // factor) for own, side in zip(self.shape_px, shapes[level], strict=True)
                )
                return replace(self, level=level, factor=factor, shape_px=(rows, cols))
        return None

    def _parts(self, rect: Rect, left: int) -> list[Rect]:
        """Cut a rectangle into pieces that need little memory ``left`` times larger, along the slide's tiles."""
        if left == 1:
            return [rect]
        cols = max(1, _STRIPE_COLS // left)
        rows = self._stripe_rows(min(rect.width, cols), left)
        cuts = [rect.row, *range((rect.row // rows + 1) * rows, rect.row_stop, rows), rect.row_stop]
        return [
            Rect(row, col, row_stop - row, min(cols, rect.col_stop - col))
            for row, row_stop in pairwise(cuts)
            for col in range(rect.col, rect.col_stop, cols)
        ]

    def _stripe_rows(self, width: int, left: int) -> int:
        """Rows of a stripe: whole rows of tiles where they fit, in pixels here."""
        most = max(1, _STRIPE_BYTES // max(1, 3 * width * left**2))
        tile_px = getattr(self.slide, "tile_px", None)
        tile_rows = (tile_px(self.level)[0] if tile_px else 0) // self.factor
        return most // tile_rows * tile_rows if 0 < tile_rows <= most else most


def _covering(rect: Rect, factor: int) -> Rect:
    """The rectangle of pixels ``factor`` times larger that covers ``rect``."""
    row, col = rect.row // factor, rect.col // factor
    return Rect(row, col, -(-rect.row_stop // factor) - row, -(-rect.col_stop // factor) - col)


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
        why = ", ".join(slide.info.mpp_notes) or "the file states no pixel size"
        raise UnknownPixelSize(f"{name}: {why}; pass --mpp (um per pixel of the full resolution)")
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
