"""A slide made of tiles in one file: any rectangle of any level, from several threads at once.

Input: for each level, where its tiles lie in the file and how one is decoded. Output: (h, w, 3) uint8, at full size
or reduced. Never decodes a tile that the rectangle does not touch. A tile that cannot be decoded is white, and told.
"""

from collections.abc import Iterable, Sequence
from contextlib import closing
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from mvd.geometry import Rect
from mvd.slide.base import Rgb, SlideInfo
from mvd.slide.cache import TileCache
from mvd.slide.grid import Decode, TileGrid
from mvd.slide.tilefile import TileFile

BACKGROUND = 255
"""Value of the unscanned area, which has no tiles, and of tiles that cannot be decoded."""
CACHE_BYTES = 256 * 2**20
_MOST_BYTES_PER_PX = 8
_MOST_HEADER_BYTES = 2**16


class TiledSlide:
    """A slide whose pixels are read tile by tile."""

    def __init__(self, info: SlideInfo, grids: Sequence[TileGrid]) -> None:
        self._info = info
        self._grids = tuple(grids)
        self._file = TileFile(info.path)
        self._cache = TileCache(CACHE_BYTES)
        self._damaged: set[tuple[int, int]] = set()
        self._lock = Lock()

    @property
    def info(self) -> SlideInfo:
        """What is known of the slide."""
        return self._info

    def tile_px(self, level: int) -> tuple[int, int]:
        """Height and width of the tiles of ``level``: reading along them decodes nothing twice."""
        return self._grids[level].tile_px

    def reduction(self, level: int, factor: int) -> int:
        """Return the largest divisor of ``factor`` that ``read_reduced`` takes at ``level``."""
        return self._grids[level].reduction(factor)

    def read(self, rect: Rect, level: int = 0) -> Rgb:
        """Read ``rect`` (px of ``level``, inside the level) as (h, w, 3) uint8 sRGB; ``ValueError`` outside."""
        check_inside(self._info, rect, level)
        return self.read_reduced(rect, level, 1)

    def read_reduced(self, rect: Rect, level: int, factor: int) -> Rgb:
        """Read ``rect``, in pixels ``factor`` times larger than those of ``level``, as (h, w, 3) uint8 sRGB.

        Parameters
        ----------
        rect : Rect
            Inside the level; blocks at its right and lower edge that are not whole don't count.
        level : int
        factor : int
            One that ``reduction`` returned. Each pixel is the mean of its block; for JPEG tiles what the
            decoder makes of it, within a level or two.

        Raises
        ------
        UnreadableSlide
            The file has become another one meanwhile.
        """
        grid = self._grids[level]
        rgb = np.empty((rect.height, rect.width, 3), np.uint8)
        for index in grid.tiles_under(rect, factor):
            whole = grid.tile_rect(index, factor)
            part = whole.common(rect)
            tile = self._tile(level, factor, index)
            rgb[part.slices(rect)] = BACKGROUND if tile is None else tile[part.slices(whole)]
        return rgb

    def expect(self, rects: Iterable[Rect], level: int, factor: int) -> None:
        """Announce what will be read, each rectangle once: what several of them touch is decoded once.

        Parameters
        ----------
        rects : iterable of Rect
            As ``read_reduced`` will get them.
        level, factor : int
        """
        grid = self._grids[level]
        self._cache.expect(
            (level, factor, index) for rect in rects for index in grid.tiles_under(rect, factor)
        )

    def forget(self) -> None:
        """Let go of the tiles that are held for what was announced."""
        self._cache.clear()

    def scanned(self, rect: Rect, level: int = 0) -> NDArray[np.bool_]:
        """Return where ``rect`` (px of ``level``) was scanned, (h, w) bool: neither without a tile nor transparent."""
        check_inside(self._info, rect, level)
        grid = self._grids[level]
        mask = np.ones((rect.height, rect.width), bool)
        holes: NDArray[np.bool_] = (grid.byte_counts == 0).any(axis=0)
        if grid.alpha is None and not holes.any():
            return mask
        for index in grid.tiles_under(rect):
            whole = grid.tile_rect(index)
            part = whole.common(rect)
            if holes[index]:
                mask[part.slices(rect)] = False
            elif grid.alpha and (alpha := self._retried(level, index, grid.alpha)) is not None:
                mask[part.slices(rect)] = alpha[part.slices(whole)] > 0
        return mask

    def damage(self, level: int = 0) -> tuple[Rect, ...]:
        """Return the tiles of ``level`` that could not be decoded so far, in px of that level, row by row."""
        with self._lock:
            found = sorted(index for own, index in self._damaged if own == level)
        return tuple(self._grids[level].tile_rect(index) for index in found)

    def close(self) -> None:
        """Give the file back."""
        self._cache.clear()
        self._file.close()

    def _tile(self, level: int, factor: int, index: int) -> Rgb | None:
        """Return the decoded tile, None for one that was not scanned or is damaged."""
        grid = self._grids[level]
        if not grid.byte_counts[:, index].all():
            return None

        def decode(parts: list[bytes], index: int) -> Rgb:
            return _reduced(grid, parts, index, factor)

        return self._cache.tile((level, factor, index), lambda: self._retried(level, index, decode))

    def _retried(self, level: int, index: int, decode: Decode) -> NDArray[np.uint8] | None:
        """Decode a tile, with the file opened anew if that fails; None, and noted, if that fails too."""
        if (level, index) in self._damaged:
            return None
        try:
            return self._decoded(self._file, level, index, decode)
        except MemoryError:
            raise
        except Exception:  # each decoder has errors of its own; the second failure is the one that counts
            return self._decoded_again(level, index, decode)

    def _decoded_again(self, level: int, index: int, decode: Decode) -> NDArray[np.uint8] | None:
        with closing(self._file.reopened()) as fresh:
            try:
                return self._decoded(fresh, level, index, decode)
            except MemoryError:
                raise
            except Exception:
                with self._lock:
                    self._damaged.add((level, index))
                return None

    def _decoded(self, file: TileFile, level: int, index: int, decode: Decode) -> NDArray[np.uint8]:
        grid = self._grids[level]
        most_bytes = _MOST_BYTES_PER_PX * grid.tile_px[0] * grid.tile_px[1] + _MOST_HEADER_BYTES
        places = list(zip(grid.offsets[:, index].tolist(), grid.byte_counts[:, index].tolist(), strict=True))
        if any(count > most_bytes for _, count in places):
            raise ValueError(f"a tile of {places} bytes, more than any codec makes of it")
        return decode([file.read_at(offset, count) for offset, count in places], index)


def _reduced(grid: TileGrid, parts: list[bytes], index: int, factor: int) -> Rgb:
    """Decode a tile at a reduced size, at least as large as the level needs it."""
    if factor > 1 and grid.decode_reduced:
        tile = grid.decode_reduced(parts, index, factor)
    else:
        tile = grid.decode(parts, index)
        if factor > 1:
            from mvd.slide.blockmean import block_mean

            tile = block_mean(tile, factor)
    needed = grid.tile_rect(index, factor)
    if tile.shape[0] < needed.height or tile.shape[1] < needed.width or tile.shape[2:] != (3,):
        raise ValueError(f"tile of {tile.shape} where {needed.height} x {needed.width} x 3 is declared")
    return tile


def check_inside(info: SlideInfo, rect: Rect, level: int) -> None:
    """Raise ``ValueError`` for a rectangle or a level that the slide does not have."""
    if not 0 <= level < len(info.level_shapes):
        raise ValueError(f"level {level}: the slide has {len(info.level_shapes)}")
    height, width = info.level_shapes[level]
    inside = 0 <= rect.row <= rect.row_stop <= height and 0 <= rect.col <= rect.col_stop <= width
    if not inside:
        raise ValueError(f"{rect} is not inside level {level} of {height} x {width} px")
