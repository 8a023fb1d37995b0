"""A slide made of tiles in one file: any rectangle of any level, from several threads at once.

Input: for each level, where its tiles lie in the file and how one is decoded. Output: (h, w, 3) uint8. Never
decodes a tile that the rectangle does not touch, and keeps only those at the rectangle's rim.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from mvd.errors import UnreadableSlide
from mvd.geometry import Rect
from mvd.slide.base import Rgb, SlideInfo
from mvd.slide.cache import TileCache
from mvd.slide.naming import one_line, shown_name

BACKGROUND = 255
"""Value of the unscanned area, which has no tiles."""
CACHE_BYTES = 128 * 2**20
RIM_TILES = 2
"""Tiles at the rim that are kept: one in the rectangle's own halo, and the next, which is in its neighbour's."""

Decode = Callable[[list[bytes], int], Rgb]


@dataclass(frozen=True)
class TileGrid:
    """Where the tiles of one level lie.

    Attributes
    ----------
    shape_px, tile_px : (int, int)
        Height and width of the level and of a whole tile (a strip is a tile as wide as the level).
    offsets, byte_counts : (planes, tiles) int64
        Position in the file; a tile without bytes was not scanned. One plane, or three for planes kept apart.
    decode : callable
        The bytes of each plane and the tile's index -> (h, w, 3) uint8, at most ``tile_px``.
    """

    shape_px: tuple[int, int]
    tile_px: tuple[int, int]
    offsets: NDArray[np.int64]
    byte_counts: NDArray[np.int64]
    decode: Decode

    @property
    def columns(self) -> int:
        """Tiles in a row of tiles."""
        return -(-self.shape_px[1] // self.tile_px[1])

    def tile_rect(self, index: int) -> Rect:
        """Return the tile's rectangle, cropped to the level."""
        row, col = divmod(index, self.columns)
        height, width = self.tile_px
        return Rect(row * height, col * width, height, width).clipped(self.shape_px)


class TiledSlide:
    """A slide whose pixels are read tile by tile."""

    def __init__(self, info: SlideInfo, grids: Sequence[TileGrid]) -> None:
        self._info = info
        self._grids = tuple(grids)
        self._file = _SharedFile(info.path)
        self._cache = TileCache(CACHE_BYTES)

    @property
    def info(self) -> SlideInfo:
        """What is known of the slide."""
        return self._info

    def tile_px(self, level: int) -> tuple[int, int]:
        """Height and width of the tiles of ``level``: reading along them decodes nothing twice."""
        return self._grids[level].tile_px

    def read(self, rect: Rect, level: int = 0) -> Rgb:
        """Read ``rect`` (px of ``level``, inside the level) as (h, w, 3) uint8 sRGB.

        Raises
        ------
        ValueError
            For a rectangle or level that the slide does not have.
        UnreadableSlide
            For a tile that cannot be decoded, also at a second try.
        """
        check_inside(self._info, rect, level)
        grid = self._grids[level]
        rgb = np.empty((rect.height, rect.width, 3), np.uint8)
        if rect.area_px == 0:
            return rgb
        height, width = grid.tile_px
        rows = range(rect.row // height, (rect.row_stop - 1) // height + 1)
        cols = range(rect.col // width, (rect.col_stop - 1) // width + 1)
        for row in rows:
            for col in cols:
                to_rim = min(row - rows[0], rows[-1] - row, col - cols[0], cols[-1] - col)
                self._place(rgb, rect, level, row * grid.columns + col, keep=to_rim < RIM_TILES)
        return rgb

    def scanned(self, rect: Rect, level: int = 0) -> NDArray[np.bool_]:
        """Return where ``rect`` (px of ``level``) was scanned, (h, w) bool; transparent pixels count as scanned."""
        check_inside(self._info, rect, level)
        grid = self._grids[level]
        mask = np.ones((rect.height, rect.width), bool)
        for index in np.flatnonzero(~grid.byte_counts.all(axis=0)):
            hole = grid.tile_rect(int(index))
            top, left = max(hole.row, rect.row), max(hole.col, rect.col)
            mask[
                top - rect.row : max(hole.row_stop - rect.row, 0),
                left - rect.col : max(hole.col_stop - rect.col, 0),
            ] = False
        return mask

    def damage(self, level: int = 0) -> tuple[Rect, ...]:
        """Return what could not be decoded of ``level`` so far: nothing, for a damaged tile is an error here."""
        return ()

    def close(self) -> None:
        """Give the file back."""
        self._cache.clear()
        self._file.close()

    def _place(self, rgb: Rgb, rect: Rect, level: int, index: int, *, keep: bool) -> None:
        whole = self._grids[level].tile_rect(index)
        row, col = max(whole.row, rect.row), max(whole.col, rect.col)
        part = Rect(
            row, col, min(whole.row_stop, rect.row_stop) - row, min(whole.col_stop, rect.col_stop) - col
        )
        tile = self._tile(level, index, keep=keep)
        rgb[part.slices(rect)] = BACKGROUND if tile is None else tile[part.slices(whole)]

    def _tile(self, level: int, index: int, *, keep: bool) -> Rgb | None:
        """Return the decoded tile, None for one that was not scanned."""
        grid = self._grids[level]
        if not grid.byte_counts[:, index].all():
            return None
        tile = self._cache.get((level, index))
        if tile is None:
            try:
                tile = self._decoded(grid, index)
            except MemoryError:
                raise
            except Exception:  # each decoder has errors of its own; a second failure is reported in full
                tile = self._decoded_again(level, index)
            if keep:
                self._cache.put((level, index), tile)
        return tile

    def _decoded(self, grid: TileGrid, index: int) -> Rgb:
        parts = [
            self._file.read_at(int(offset), int(count))
            for offset, count in zip(grid.offsets[:, index], grid.byte_counts[:, index], strict=True)
        ]
        tile = grid.decode(parts, index)
        needed = grid.tile_rect(index)
        if tile.shape[0] < needed.height or tile.shape[1] < needed.width or tile.shape[2:] != (3,):
            raise ValueError(f"tile of {tile.shape} where {needed.height} x {needed.width} x 3 is declared")
        return tile

    def _decoded_again(self, level: int, index: int) -> Rgb:
        grid = self._grids[level]
        try:
            return self._decoded(grid, index)
        except MemoryError:
            raise
        except Exception as error:
            row, col = divmod(index, grid.columns)
            raise UnreadableSlide(
                f"{shown_name(self._info.path)}: tile in row {row}, column {col} of level {level} cannot "
                f"be decoded ({one_line(error)}); copy the file again or export it anew"
            ) from error


def check_inside(info: SlideInfo, rect: Rect, level: int) -> None:
    """Raise ``ValueError`` for a rectangle or a level that the slide does not have."""
    if not 0 <= level < len(info.level_shapes):
        raise ValueError(f"level {level}: the slide has {len(info.level_shapes)}")
    height, width = info.level_shapes[level]
    inside = 0 <= rect.row <= rect.row_stop <= height and 0 <= rect.col <= rect.col_stop <= width
    if not inside:
        raise ValueError(f"{rect} is not inside level {level} of {height} x {width} px")


class _SharedFile:
    """Bytes at an offset, from several threads at once."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("rb", buffering=0)
        self._lock = Lock()

    def read_at(self, offset: int, count: int) -> bytes:
        """Return exactly ``count`` bytes; ``EOFError`` if the file has become shorter."""
        if hasattr(os, "pread"):
            read = os.pread(self._stream.fileno(), count, offset)
        else:  # Windows has no pread
            with self._lock:
                self._stream.seek(offset)
                read = self._stream.read(count)
        if len(read) != count:
            raise EOFError(f"{len(read)} of {count} bytes at {offset}")
        return read

    def close(self) -> None:
        self._stream.close()
