"""The content of a slide -> its SHA-256, which is asked for at every run and worked out once.

Beside the hash is kept what the file system says of the files (size, times, inode); as long as it says the same, they
are not read again. It is kept in a file of its own, for ``slide.json`` holds nothing that a copy of the slide would
change. A content that changes always changes the time of change, which no program can set back.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mvd.batch.retry import patient
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
        sha256, fresh = patient(lambda: _worked_out(path, memory))
    except OSError:
        return ""
    if memory is not None and fresh:
        remember(memory, sha256, fresh)
    return sha256


def remembered_sha256(path: Path, memory: Path | None) -> str:
    """Return the SHA-256 of a slide's content without reading it; empty where it is not known, or may have changed."""
    known = _remembered(memory)
    try:
        return str(known["sha256"]) if known and known.get("files") == seen_of(files_of(path)) else ""
    except OSError:
        return ""


def remember(memory: Path, sha256: str, seen: Seen) -> None:
    """Keep the SHA-256 of a slide's content beside what the file system said of its files, as ``seen_of``."""
    memory.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(memory, json.dumps({"sha256": sha256, "files": seen}).encode())


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of one file, hex; ``OSError`` if it cannot be read."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def joined_sha256(hashes: Sequence[tuple[str, str]]) -> str:
    """Return the SHA-256 of a slide's content from the names of its files and their SHA-256, in the order of names."""
    if len(hashes) == 1:
        return hashes[0][1]
    lines = hashlib.sha256()
    for name, sha256 in hashes:
        lines.update(f"{sha256}  {name}\n".encode("utf-8", "backslashreplace"))
    return lines.hexdigest()


def seen_of(files: Sequence[tuple[str, Path]]) -> Seen:
    """Return what the file system says of a slide's files: of each its name, size, times and inode."""
    found = []
    for name, path in files:
        about = path.stat()
        shown = name.encode("utf-8", "backslashreplace").decode()
        found.append([shown, about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino])
    return found


def _worked_out(path: Path, memory: Path | None) -> tuple[str, Seen]:
    """Return the hash, and what is to be kept with it; nothing where it is known, or the files changed meanwhile."""
    files = files_of(path)
    seen = seen_of(files)
    if not files:
        return "", []
    known = _remembered(memory)
    if known.get("files") == seen:
        return str(known["sha256"]), []
    sha256 = joined_sha256([(name, file_sha256(file)) for name, file in files])
    return sha256, seen if seen == seen_of(files) else []


def _remembered(memory: Path | None) -> dict[str, Any]:
    if memory is None:
        return {}
    try:
        known = json.loads(memory.read_bytes())
        return known if isinstance(known, dict) and isinstance(known.get("sha256"), str) else {}
    except (OSError, ValueError):
        return {}  # never written, or not by us: the files are read
