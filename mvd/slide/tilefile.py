"""Bytes at an offset of one file, from several threads at once.

A handle can go stale (a share that was mounted anew): ``reopened`` gives a fresh one, of the same file only.
"""

import os
from pathlib import Path
from threading import Lock

from mvd.errors import UnreadableSlide
from mvd.slide.naming import shown_name


class TileFile:
    """An open file that is read at offsets."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = path.open("rb", buffering=0)
        self._lock = Lock()
        state = os.fstat(self._stream.fileno())
        self._state = state.st_size, state.st_mtime_ns

    def read_at(self, offset: int, count: int) -> bytes:
        """Return exactly ``count`` bytes; ``EOFError`` where the file does not have them."""
        if offset + count > self._state[0]:
            raise EOFError(f"{count} bytes at {offset} of a file of {self._state[0]}")
        if hasattr(os, "pread"):
            read = os.pread(self._stream.fileno(), count, offset)
        else:  # Windows has no pread
            with self._lock:
                self._stream.seek(offset)
                read = self._stream.read(count)
        if len(read) != count:
            raise EOFError(f"{len(read)} of {count} bytes at {offset}")
        return read

    def reopened(self) -> "TileFile":
        """Open the same file anew; ``UnreadableSlide`` if it is gone or no longer what it was."""
        try:
            fresh = TileFile(self._path)
        except OSError as error:
            raise UnreadableSlide(
                f"{shown_name(self._path)}: cannot be opened again ({error.strerror}); check the disk or network"
            ) from error
        if fresh._state != self._state:
            fresh.close()
            raise UnreadableSlide(
                f"{shown_name(self._path)}: the file has changed while it was read; run again once it is complete"
            )
        return fresh

    def close(self) -> None:
        """Give the file back."""
        self._stream.close()
