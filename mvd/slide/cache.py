"""Decoded tiles that a neighbour will ask for again, each until its last use, and nothing more.

Input: how often each tile will be wanted, and how to decode one. Output: the tile. What was not announced is
decoded and let go of.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from threading import Lock

from mvd.slide.base import Rgb

TileKey = tuple[int, int, int]
"""Level, how many times its pixels are reduced, number of the tile."""


class TileCache:
    """Tiles from their first use to their last, up to ``limit_bytes``; safe to use from several threads.

    A tile that two threads want at the same time is decoded by one of them.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._held_bytes = 0
        self._uses: Counter[TileKey] = Counter()
        self._tiles: dict[TileKey, Future[Rgb | None]] = {}
        self._lock = Lock()

    @property
    def held_bytes(self) -> int:
        """Bytes of the tiles that are held now."""
        return self._held_bytes

    def expect(self, keys: Iterable[TileKey]) -> None:
        """Announce the uses to come, a key for each, in place of those announced before."""
        uses = Counter(keys)
        with self._lock:
            self._forget()
            self._uses = uses

    def tile(self, key: TileKey, decode: Callable[[], Rgb | None]) -> Rgb | None:
        """Return the tile: the held one, or what ``decode`` makes of it; None for one without pixels."""
        with self._lock:
            held = self._tiles.get(key)
            self._uses[key] -= 1
            left = self._uses[key]
            if left <= 0:
                del self._uses[key]
                self._drop(key)
            elif held is None:
                own = self._tiles[key] = Future()
        if held is not None:
            return held.result()
        if left <= 0:
            return decode()
        return self._decoded(key, own, decode)

    def clear(self) -> None:
        """Forget all tiles and what was announced."""
        with self._lock:
            self._forget()

    def _decoded(
        self, key: TileKey, own: "Future[Rgb | None]", decode: Callable[[], Rgb | None]
    ) -> Rgb | None:
        try:
            tile = decode()
        except BaseException as error:
            own.set_exception(error)
            with self._lock:
                if self._tiles.get(key) is own:
                    del self._tiles[key]
            raise
        with self._lock:
            own.set_result(tile)
            if self._tiles.get(key) is own:  # else its last use has come meanwhile
                self._held_bytes += _bytes_of(own)
                self._make_room(key)
        return tile

    def _make_room(self, newest: TileKey) -> None:
        """Drop the tiles held longest, never the newest: one that is larger than the limit is dear to decode."""
        for key in list(self._tiles):
            if self._held_bytes <= self._limit_bytes:
                return
            if key != newest:
                self._drop(key)

    def _drop(self, key: TileKey) -> None:
        held = self._tiles.pop(key, None)
        if held is not None:
            self._held_bytes -= _bytes_of(held)

    def _forget(self) -> None:
        self._uses.clear()
        self._tiles.clear()
        self._held_bytes = 0


def _bytes_of(held: "Future[Rgb | None]") -> int:
    """Bytes of a tile; 0 while it is being decoded."""
    tile = held.result() if held.done() else None
    return 0 if tile is None else tile.nbytes
