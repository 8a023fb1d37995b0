"""A slide behind a library that gives any rectangle: it is only ever asked for the same blocks.

Input: for each level its blocks, and a source of rectangles. Output: (h, w, 3) uint8, white where nothing was scanned.
A library may resample levels, or lay overlapping tiles over each other, from the corner that it is asked for: with
fixed blocks a pixel has one value, whoever reads it. A block that cannot be read is read tile by tile, and what
fails again is white, and told.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mvd.errors import UnreadableSlide
from mvd.geometry import Rect
from mvd.slide.base import Rgb, SlideInfo
from mvd.slide.cache import TileCache
from mvd.slide.naming import shown_name
from mvd.slide.tiled import CACHE_BYTES, check_inside

BLOCK_PX = 1024
"""Side that blocks come near to, in whole tiles."""
MOST_BLOCK_PX = 4096
MOST_DAMAGED_TILES = 1000
"""More are not looked for one by one: each costs an opening of the file."""
_NOT_SCANNED = (255, 255, 255, 0)


class UnreadRectangle(Exception):
    """The source could not decode a rectangle; the next try begins with the file opened anew."""


class RectangleSource(Protocol):
    """What gives the pixels, to several threads at once."""

    def rectangle(self, rect: Rect, level: int) -> NDArray[np.uint8]:
        """Return ``rect`` as (h, w, 4) uint8: colour on white, then 0 where not scanned.

        Raises
        ------
        UnreadRectangle
            Something in it cannot be decoded.
        """
        ...

    def close(self) -> None:
        """Give the file back."""
        ...


@dataclass(frozen=True)
class BlockGrid:
    """The blocks of one level.

    Attributes
    ----------
    shape_px : (int, int)
        Height and width of the level.
    tile_px : (int, int)
        Height and width of the file's own tiles, the smallest part that can be damaged.
    """

    shape_px: tuple[int, int]
    tile_px: tuple[int, int]

    @property
    def block_px(self) -> tuple[int, int]:
        """Height and width of a block: whole tiles, unless they are huge."""
        height, width = (min(side * max(1, BLOCK_PX // side), MOST_BLOCK_PX) for side in self.tile_px)
        return height, width

    def blocks_under(self, rect: Rect) -> list[Rect]:
        """Return the blocks that ``rect`` touches, cropped to the level, row by row."""
        return list(_pieces(rect, self.block_px, Rect(0, 0, *self.shape_px)))

    def tiles_in(self, block: Rect) -> list[Rect]:
        """Return the tiles of a block, cropped to it, row by row."""
        return list(_pieces(block, self.tile_px, block))


def _pieces(rect: Rect, piece_px: tuple[int, int], whole: Rect) -> Iterator[Rect]:
    """Yield the pieces of a grid that ``rect`` touches, each cropped to ``whole``."""
    height, width = piece_px
    if rect.area_px == 0:
        return
    for row in range(rect.row // height * height, rect.row_stop, height):
        for col in range(rect.col // width * width, rect.col_stop, width):
            yield Rect(row, col, height, width).common(whole)


class BlockSlide:
    """A slide that is read by blocks."""

    def __init__(self, info: SlideInfo, grids: Sequence[BlockGrid], source: RectangleSource) -> None:
        self._info = info
        self._grids = tuple(grids)
        self._source = source
        self._cache = TileCache(CACHE_BYTES)
        self._damaged: dict[int, set[tuple[int, int, int, int]]] = {}
        self._lock = Lock()

    @property
    def info(self) -> SlideInfo:
        """What is known of the slide."""
        return self._info

    def tile_px(self, level: int) -> tuple[int, int]:
        """Height and width of the blocks of ``level``: reading along them decodes nothing twice."""
        return self._grids[level].block_px

    def read(self, rect: Rect, level: int = 0) -> Rgb:
        """Read ``rect`` (px of ``level``, inside the level) as (h, w, 3) uint8 sRGB.

        Raises
        ------
        ValueError
            For a rectangle or level that the slide does not have.
        UnreadableSlide
            The file has gone, or more of it is damaged than is worth looking for.
        """
        return np.ascontiguousarray(self._rgb_and_scanned(rect, level)[..., :3])

    def scanned(self, rect: Rect, level: int = 0) -> NDArray[np.bool_]:
        """Return where ``rect`` (px of ``level``) was scanned and could be read, (h, w) bool."""
        return self._rgb_and_scanned(rect, level)[..., 3] > 0

    def damage(self, level: int = 0) -> tuple[Rect, ...]:
        """Return the tiles of ``level`` that could not be decoded so far, in px of that level, row by row."""
        with self._lock:
            return tuple(Rect(*place) for place in sorted(self._damaged.get(level, ())))

    def reduction(self, level: int, factor: int) -> int:
        """Return 1: what comes out of the library is not reduced on the way."""
        return 1

    def read_reduced(self, rect: Rect, level: int, factor: int) -> Rgb:
        """Read ``rect`` as ``read`` does; ``factor`` is the 1 that ``reduction`` returned."""
        return self.read(rect, level)

    def expect(self, rects: Iterable[Rect], level: int, factor: int) -> None:
        """Announce what will be read, each rectangle once: a block that several of them touch is read once."""
        grid = self._grids[level]
        self._cache.expect(_key(level, block) for rect in rects for block in grid.blocks_under(rect))

    def forget(self) -> None:
        """Let go of the blocks that are held for what was announced."""
        self._cache.clear()

    def close(self) -> None:
        """Give the file back."""
        self._cache.clear()
        self._source.close()

    def _rgb_and_scanned(self, rect: Rect, level: int) -> NDArray[np.uint8]:
        check_inside(self._info, rect, level)
        pixels = np.empty((rect.height, rect.width, 4), np.uint8)
        for block in self._grids[level].blocks_under(rect):
            part = block.common(rect)
            whole = self._block(block, level)
            pixels[part.slices(rect)] = whole[part.slices(block)]
        return pixels

    def _block(self, block: Rect, level: int) -> NDArray[np.uint8]:
        pixels = self._cache.tile(_key(level, block), lambda: self._retried(block, level))
        assert pixels is not None  # _retried always returns pixels
        return pixels

    def _retried(self, block: Rect, level: int) -> NDArray[np.uint8]:
        for _ in range(2):
            try:
                return self._source.rectangle(block, level)
            except UnreadRectangle:
                continue
        return self._tile_by_tile(block, level)

    def _tile_by_tile(self, block: Rect, level: int) -> NDArray[np.uint8]:
        pixels = np.empty((block.height, block.width, 4), np.uint8)
        for tile in self._grids[level].tiles_in(block):
            try:
                pixels[tile.slices(block)] = self._source.rectangle(tile, level)
            except UnreadRectangle as error:
                pixels[tile.slices(block)] = _NOT_SCANNED
                self._note_damage(tile, level, error)
        return pixels

    def _note_damage(self, tile: Rect, level: int, error: UnreadRectangle) -> None:
        with self._lock:
            places = self._damaged.setdefault(level, set())
            places.add((tile.row, tile.col, tile.height, tile.width))
            if sum(map(len, self._damaged.values())) > MOST_DAMAGED_TILES:
                raise UnreadableSlide(
                    f"{shown_name(self._info.path)}: more than {MOST_DAMAGED_TILES} tiles cannot be decoded "
                    f"({error}); copy the file again or export it anew"
                ) from error


def _key(level: int, block: Rect) -> tuple[int, int, int]:
    return level, block.row, block.col
