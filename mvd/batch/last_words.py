"""What a process prints, until it ends -> its last words, for a slide's failure and for mvd-error.log.

No words hold a folder: those of the slide, of the program and of its libraries are left out.
"""

import contextlib
import os
import re
import tempfile
from pathlib import Path

from mvd.batch.message import without_paths

_MOST_BYTES = 20_000
_MOST_LINES, _LINES_BEFORE = 40, 8
_MOST_CHARACTERS = 200
_FOLDERS = re.compile(r"(?<![\w/])(?:[A-Za-z]:)?(?:[/\\][^/\\\s\"':]+)*[/\\](?=[^/\\\s\"':])")
_CALLED_LAST = re.compile(r'File "([^"]*)", line (\d+) in (\S+)')


class Log:
    """What one process prints: a file that only the two of them have open, and that goes with them."""

    def __init__(self) -> None:
        self.path = ""
        with contextlib.suppress(OSError):  # no room for it: the process keeps the stderr of its parent
            self._handle, self.path = tempfile.mkstemp(prefix="mvd-", suffix=".log")

    def hide(self) -> None:
        """Take it out of the folder, where the system can while it is open."""
        with contextlib.suppress(OSError):
            Path(self.path).unlink()

    def begin(self) -> None:
        """Forget what was printed at the slides before."""
        with contextlib.suppress(OSError):
            if self.path:
                os.ftruncate(self._handle, 0)

    def tail(self) -> str:
        """Return what was printed last; empty where nothing was."""
        if not self.path:
            return ""
        with contextlib.suppress(OSError):
            size = os.lseek(self._handle, 0, os.SEEK_END)
            os.lseek(self._handle, max(size - _MOST_BYTES, 0), os.SEEK_SET)
            return os.read(self._handle, _MOST_BYTES).decode(errors="replace")
        return ""

    def close(self) -> None:
        """Be done with it."""
        if self.path:
            with contextlib.suppress(OSError):
                os.close(self._handle)
            self.hide()
            self.path = ""


def last_words(printed: str, path: Path, name: str) -> tuple[str, str]:
    """Return the line that says best why a process ended, and what it printed before; both empty if it said nothing.

    Parameters
    ----------
    printed : str
        By the process, at the slide.
    path, name
        Of the slide, as in ``without_paths``.
    """
    lines = [without_paths(line, path, name) for line in printed.splitlines() if line.strip()]
    lines = [_FOLDERS.sub("", line) for line in lines]
    fatal = _place(lines, "Fatal Python error")
    if fatal is None:
        lines = lines[-_MOST_LINES:]
        line = lines[-1] if lines else ""
    else:  # faulthandler: thread by thread, and of each the innermost call comes first
        current = _place(lines[fatal:], "Current thread") or 0
        call = _CALLED_LAST.search("\n".join(lines[fatal + current :]))
        line = f"in {call[3]} ({call[1]}:{call[2]})" if call else lines[fatal]
        lines = lines[max(0, fatal - _LINES_BEFORE) :][:_MOST_LINES]
    return line[:_MOST_CHARACTERS], "\n".join(f"  {line}" for line in lines)


def _place(lines: list[str], beginning: str) -> int | None:
    """Where the first line lies that begins so."""
    return next((at for at, line in enumerate(lines) if line.startswith(beginning)), None)
