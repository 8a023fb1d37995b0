"""Levels that take long to make: what is there already is shown, the rest comes in the background.

A slide without small levels must be read whole for a view of all of it. Nobody waits for that: a tile that is not made
yet is grey, and is made by a thread, the last one asked for first. It never draws: who shows a level asks ``changed``.
"""

import math
import threading
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mvd

TILE_PX = 256
MOST_TILES = 1024  # 200 MB
NOT_YET = 225

Key = tuple[int, int]


class Filler:
    """One thread that makes the tiles of a slide; it ends when there is nothing to do."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: OrderedDict[tuple[int, Key], FilledLevel] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._changed = False
        self.failed = ""

    def want(self, level: "FilledLevel", keys: list[Key]) -> None:
        """Have tiles made, these before all that were asked for earlier."""
        with self._lock:
            for key in reversed(keys):
                self._wanted[id(level), key] = level
                self._wanted.move_to_end((id(level), key))
            while len(self._wanted) > MOST_TILES:
                self._wanted.popitem(last=False)
            if self._wanted and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._work, daemon=True, name="mvd fills levels")
                self._thread.start()

    def changed(self) -> bool:
        """Whether tiles have come since this was asked last."""
        with self._lock:
            changed, self._changed = self._changed, False
        return changed

    @property
    def busy(self) -> bool:
        """Whether there is something to make."""
        return bool(self._wanted) or (self._thread is not None and self._thread.is_alive())

    def stop(self) -> None:
        """Forget what was asked for."""
        with self._lock:
            self._wanted.clear()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._wanted:
                    self._thread = None
                    return
                (_, key), level = self._wanted.popitem(last=True)
            try:
                level.make(key)
            except (mvd.MvdError, OSError, ValueError) as error:  # the slide was closed or taken away
                self.failed = str(error)
                self.stop()
            with self._lock:
                self._changed = True


class FilledLevel:
    """One level that looks like an array, (h, w, 3) uint8, and is filled as it is looked at.

    Parameters
    ----------
    level : mvd.AnalysisLevel
    filler : Filler
    """

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(self, level: mvd.AnalysisLevel, filler: Filler) -> None:
        self._level, self._filler = level, filler
        self._tiles: OrderedDict[Key, NDArray[np.uint8]] = OrderedDict()
        self.shape = (*level.shape_px, 3)
        self.size = math.prod(self.shape)

    def make(self, key: Key) -> None:
        """Read one tile and keep it."""
        if key in self._tiles:
            return
        rect = mvd.Rect(key[0] * TILE_PX, key[1] * TILE_PX, TILE_PX, TILE_PX).clipped(self.shape[:2])
        self._tiles[key] = self._level.read(rect)
        while len(self._tiles) > MOST_TILES:
            self._tiles.popitem(last=False)

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        """Return what is there of the rows and columns of ``key``, and have the rest made."""
        rows, columns, channels = (*(key if isinstance(key, tuple) else (key,)), *(slice(None),) * 3)[:3]
        top, bottom, row_step = rows.indices(self.shape[0])
        left, right, column_step = columns.indices(self.shape[1])
        seen = mvd.Rect(top, left, max(bottom - top, 0), max(right - left, 0))
        out = np.full((seen.height, seen.width, 3), NOT_YET, np.uint8)
        missing = []
        for row in range(top // TILE_PX, -(-bottom // TILE_PX)):
            for col in range(left // TILE_PX, -(-right // TILE_PX)):
                tile = self._tiles.get((row, col))
                if tile is None:
                    missing.append((row, col))
                    continue
                whole = mvd.Rect(row * TILE_PX, col * TILE_PX, *tile.shape[:2])
                common = whole.common(seen)
                out[common.slices(seen)] = tile[common.slices(whole)]
        if missing:
            self._filler.want(self, missing)
        return out[::row_step, ::column_step, channels]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return what is there of the whole level."""
        return np.asarray(self[:, :], dtype)
