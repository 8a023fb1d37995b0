"""A slide -> a copy of all its files, checked by size and SHA-256; each file is tried three times."""

import errno
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mvd.batch.content import file_sha256, joined_sha256, remember, seen_of
from mvd.batch.one import SlideJob
from mvd.batch.retry import patient
from mvd.slide.companions import is_zarr
from mvd.slide.files import files_of

_CHUNK_BYTES = 4 * 2**20


def staged(job: SlideJob, place: Path, pause: Callable[[float], None]) -> SlideJob:
    """Copy a slide and return the job of the copy, which knows the hash of its content.

    Parameters
    ----------
    job : SlideJob
    place : Path
        Folder of the copy, made here; whoever calls removes it.
    pause : callable
        Waits that many seconds, 0 too; what it raises ends the copying.

    Raises
    ------
    OSError
        A file cannot be read or written, or is written to by somebody meanwhile, also at the third attempt.
    """
    files = files_of(job.path)
    seen = seen_of(files)
    name = job.path.name if job.path.name not in ("", "..") else "slide"
    top = place / name if job.path.is_dir() and is_zarr(job.path) else place
    hashes = []
    for part, path in files:
        target = top / part
        target.parent.mkdir(parents=True, exist_ok=True)
        hashes.append((part, _copied_patiently(path, target, pause)))
    if seen != seen_of(files_of(job.path)):
        raise OSError(errno.EBUSY, "it is being written to")
    sha256 = joined_sha256(hashes)
    if job.memory is not None:
        with suppress(OSError):  # a full result disk is for the run to meet
            remember(job.memory, sha256, seen)
    return replace(job, path=place / name, sha256=sha256)


def _copied_patiently(path: Path, target: Path, pause: Callable[[float], None]) -> str:
    return patient(lambda: copied(path, target, lambda: pause(0)), sleep=pause)


def copied(path: Path, target: Path, look: Callable[[], None] = lambda: None) -> str:
    """Copy one file and return its SHA-256, hex; the copy has been read again, and has that size and hash.

    Raises
    ------
    OSError
        It cannot be read or written, or the copy differs.
    """
    digest, size_bytes = hashlib.sha256(), 0
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    with path.open("rb", buffering=0) as source, target.open("wb", buffering=0) as copy:
        before = os.fstat(source.fileno())
        while count := source.readinto(buffer):
            look()
            digest.update(buffer[:count])
            written = 0
            while written < count:
                written += copy.write(buffer[written:count])
            size_bytes += count
            if size_bytes > before.st_size:  # it may grow without end
                break
        after = os.fstat(source.fileno())
    unchanged = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    if not unchanged or size_bytes != after.st_size:
        raise OSError(errno.EBUSY, "it is being written to")
    if target.stat().st_size != size_bytes or file_sha256(target) != digest.hexdigest():
        raise OSError(errno.EIO, "the copy is not what was read")
    return digest.hexdigest()
