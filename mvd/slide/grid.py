"""Where the tiles of one level lie in a file, and how one is decoded: what a format knows, before a byte is read."""

from collections.abc import Callable
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from mvd.geometry import Rect
from mvd.slide.base import Rgb

Decode = Callable[[list[bytes], int], NDArray[np.uint8]]
DecodeReduced = Callable[[list[bytes], int, int], Rgb]


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
    decode_reduced : callable, optional
        The same and a factor -> (h // factor, w // factor, 3) uint8, for codecs that decode at a reduced size.
    alpha : callable, optional
        The same as for ``decode`` -> (h, w) uint8, 0 where transparent, for pixels that have it.
    """

    shape_px: tuple[int, int]
    tile_px: tuple[int, int]
    offsets: NDArray[np.int64]
    byte_counts: NDArray[np.int64]
    decode: Decode
    decode_reduced: DecodeReduced | None = None
    alpha: Decode | None = None

    @property
    def columns(self) -> int:
        """Tiles in a row of tiles."""
        return -(-self.shape_px[1] // self.tile_px[1])

    def reduction(self, factor: int) -> int:
        """Return the largest divisor of ``factor`` that tiles can be reduced by, each on its own.

        Blocks must not reach across tiles. A mean of means would be rounded twice: only a codec that decodes at a
        reduced size, and so rounds once, takes a part of the factor.
        """
        rows = -(-self.shape_px[0] // self.tile_px[0])
        divided = [side for side, count in zip(self.tile_px, (rows, self.columns), strict=True) if count > 1]
        common = gcd(factor, *divided)
        return common if common == factor or self.decode_reduced else 1

    def tile_rect(self, index: int, factor: int = 1) -> Rect:
        """Return the tile's rectangle, cropped to the level, in pixels ``factor`` times larger."""
        row, col = divmod(index, self.columns)
        height, width = (-(-side // factor) for side in self.tile_px)
        shape_px = self.shape_px[0] // factor, self.shape_px[1] // factor
        return Rect(row * height, col * width, height, width).clipped(shape_px)

    def tiles_under(self, rect: Rect, factor: int = 1) -> list[int]:
        """Return the tiles that ``rect`` touches, in pixels ``factor`` times larger, row by row."""
        if rect.area_px == 0:
            return []
        height, width = (-(-side // factor) for side in self.tile_px)
        rows = range(rect.row // height, (rect.row_stop - 1) // height + 1)
        cols = range(rect.col // width, (rect.col_stop - 1) // width + 1)
        return [row * self.columns + col for row in rows for col in cols]
