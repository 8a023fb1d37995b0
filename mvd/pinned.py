"""A file that a setting names: known by the hash of its content, wherever it lies.

Input: a path as a user gives it. Output: ``path@sha256:hex``. What goes into a result has no folder.
"""

import hashlib
import re
from pathlib import Path

_MARK = "@sha256:"
_PINNED = re.compile(rf".+{_MARK}[0-9a-f]{{64}}", re.DOTALL)


def pinned(path: str) -> str:
    """Add the SHA-256 of a file to its path; what has one already stays, be the file there or not.

    Raises
    ------
    ValueError
        The file cannot be read.
    """
    if _PINNED.fullmatch(path):
        return path
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError):
        raise ValueError("the file cannot be read; check the path") from None
    return f"{path}{_MARK}{hashlib.sha256(content).hexdigest()}"


def without_folder(file: str) -> str:
    """Return ``name@sha256:hex`` of a pinned file: what may be written into a result."""
    return Path(file).name


def sha256_of(file: str) -> str:
    """Return the hash of a pinned file, 64 hex digits."""
    return file.rpartition(_MARK)[2]


def path_of(file: str) -> Path:
    """Return the path of a pinned file."""
    return Path(file.rpartition(_MARK)[0])
