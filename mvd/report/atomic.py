"""Bytes -> a file that is either there whole or not there at all."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path


def write_atomically(path: Path, content: bytes | Iterable[bytes]) -> str:
    """Write a file under a temporary name in the same folder, flush it to the disk, then rename it.

    Parameters
    ----------
    path : Path
    content : bytes or iterable of bytes
        Whole, or piece by piece.

    Returns
    -------
    str
        SHA-256 of the content, hex.

    Raises
    ------
    OSError
        When the folder cannot be written or the disk is full; nothing half-written stays behind.
    """
    pieces = (content,) if isinstance(content, bytes) else content
    digest = hashlib.sha256()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as stream:
            for piece in pieces:
                digest.update(piece)
                stream.write(piece)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return digest.hexdigest()
