"""Decoded tiles that a neighbour will ask for again, and nothing more.

Input: tiles under a key. Output: the tile, or None once it was pushed out. Never holds more bytes than
it was given.
"""

from collections import OrderedDict
from threading import Lock

from mvd.slide.base import Rgb

TileKey = tuple[int, int]


class TileCache:
    """Least recently used tiles up to ``limit_bytes``; safe to use from several threads."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._held_bytes = 0
        self._tiles: OrderedDict[TileKey, Rgb] = OrderedDict()
        self._lock = Lock()

    @property
    def held_bytes(self) -> int:
        """Bytes of the tiles that are held now."""
        return self._held_bytes

    def get(self, key: TileKey) -> Rgb | None:
        """Return the tile and mark it as used, or None."""
        with self._lock:
            tile = self._tiles.get(key)
            if tile is not None:
                self._tiles.move_to_end(key)
            return tile

    def put(self, key: TileKey, tile: Rgb) -> None:
        """Keep the tile; the ones used longest ago make room. A tile larger than the limit is not kept."""
        if tile.nbytes > self._limit_bytes:
            return
        with self._lock:
            old = self._tiles.pop(key, None)
            self._held_bytes += tile.nbytes - (0 if old is None else old.nbytes)
            self._tiles[key] = tile
            while self._held_bytes > self._limit_bytes:
                self._held_bytes -= self._tiles.popitem(last=False)[1].nbytes

    def clear(self) -> None:
        """Forget all tiles."""
        with self._lock:
            self._tiles.clear()
            self._held_bytes = 0
