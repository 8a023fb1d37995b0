"""Slides in a folder that somebody writes into -> which of them are complete.

A slide is complete when size and time of all its files have stayed the same for a while, and all can be read: a
scanner on a Windows share holds a file until it has written it, and its size may be the final one from the beginning.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mvd.batch.one import FoundFile
from mvd.slide.files import files_of

PATIENCE = 10
"""A file that cannot be opened for so many settle times is handed over all the same, so that its failure is told."""
_UNDER_WAY = (".part", ".partial", ".filepart", ".crdownload", ".download", ".tmp", ".temp")

Mark = tuple[Any, ...]


@dataclass
class _Seen:
    """How a slide's files are, and since when."""

    mark: Mark
    since_s: float
    opened: bool = False


class Arrivals:
    """Looks at slides again and again.

    Parameters
    ----------
    settled_s : float
        For how long a slide must stay the same.
    clock : callable
        Seconds that only go forward: what the file system calls the time is another machine's clock.
    """

    def __init__(self, settled_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._settled_s, self._clock = settled_s, clock
        self._seen: dict[str, _Seen] = {}

    def look(self, found: Sequence[FoundFile]) -> dict[str, Mark]:
        """Return the complete ones among the slides.

        Parameters
        ----------
        found : sequence of FoundFile
            All that are in the folder now.

        Returns
        -------
        dict
            Name -> what its files are like; another content has another mark.
        """
        slides = {slide.name: slide.path for slide in found}
        self._seen = {name: seen for name, seen in self._seen.items() if name in slides}
        marks = {name: self._complete(name, path) for name, path in slides.items()}
        return {name: mark for name, mark in marks.items() if mark is not None}

    def names(self) -> tuple[str, ...]:
        """Return the slides that were there at the last look, complete or not."""
        return tuple(self._seen)

    def _complete(self, name: str, path: Path) -> Mark | None:
        try:
            files = files_of(path)
            mark: Mark = tuple((part, *_stat(file)) for part, file in files)
        except OSError:  # moved, or being renamed, just now
            self._seen.pop(name, None)
            return None
        now_s = self._clock()
        seen = self._seen.get(name)
        if seen is None or seen.mark != mark:
            seen = self._seen[name] = _Seen(mark, now_s)
        unchanged_s = now_s - seen.since_s
        if unchanged_s < self._settled_s:
            return None
        seen.opened = seen.opened or _can_be_opened(files)
        if seen.opened or unchanged_s >= PATIENCE * self._settled_s:
            return (*mark, seen.opened)
        return None


def is_under_way(name: str) -> bool:
    """Whether a file is called as programs call what they have not copied wholly yet."""
    return name.lower().endswith(_UNDER_WAY)


def _stat(path: Path) -> tuple[int, int]:
    about = path.stat()
    return about.st_size, about.st_mtime_ns


def _can_be_opened(files: Sequence[tuple[str, Path]]) -> bool:
    try:
        for _, path in files:
            with path.open("rb") as stream:
                stream.read(1)
    except OSError:
        return False
    return bool(files)
