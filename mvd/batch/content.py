"""The content of a slide -> its SHA-256, which is asked for at every run and worked out once.

Beside the hash is kept what the file system says of the files (size, times, inode); as long as it says the same, they
are not read again. It is kept in a file of its own, for ``slide.json`` holds nothing that a copy of the slide would
change. A content that changes always changes the time of change, which no program can set back.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from mvd.report import write_atomically
from mvd.slide.files import files_of

Seen = list[list[Any]]


def content_sha256(path: Path, memory: Path | None = None) -> str:
    """Return the SHA-256 of a slide's content.

    Parameters
    ----------
    path : Path
        The slide.
    memory : Path, optional
        File that keeps the hash and what the file system said when it was made; written anew when that has changed.

    Returns
    -------
    str
        Hex. Of one file its own; of several that of the lines ``sha256  name``, sorted by name. Empty if the slide
        cannot be read.
    """
    try:
        files = files_of(path)
        seen = _seen(files)
        if not files:
            return ""
        known = _remembered(memory)
        if known.get("files") == seen:
            return str(known["sha256"])
        sha256 = _hash(files)
    except OSError:
        return ""
    if memory is not None and seen == _seen(files):  # it may have been written to meanwhile
        memory.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(memory, json.dumps({"sha256": sha256, "files": seen}).encode())
    return sha256


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of one file, hex; ``OSError`` if it cannot be read."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _hash(files: list[tuple[str, Path]]) -> str:
    if len(files) == 1:
        return file_sha256(files[0][1])
    lines = hashlib.sha256()
    for name, path in files:
        lines.update(f"{file_sha256(path)}  {name}\n".encode("utf-8", "backslashreplace"))
    return lines.hexdigest()


def _seen(files: list[tuple[str, Path]]) -> Seen:
    found = []
    for name, path in files:
        about = path.stat()
        shown = name.encode("utf-8", "backslashreplace").decode()
        found.append([shown, about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino])
    return found


def _remembered(memory: Path | None) -> dict[str, Any]:
    if memory is None:
        return {}
    try:
        known = json.loads(memory.read_bytes())
        return known if isinstance(known, dict) and isinstance(known.get("sha256"), str) else {}
    except (OSError, ValueError):
        return {}  # never written, or not by us: the files are read
