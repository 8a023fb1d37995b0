"""One run at a time in a result folder. The lock goes with the process that holds it, however that ends.

On a network folder it is as good as that folder's locks are.
"""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from mvd.errors import MvdError
from mvd.report import write_atomically

STATE = ".mvd"
"""Folder in the result folder for what no user needs to see: the lock, and what is known of the slides' files."""
PERMITS = "at_work"
"""Folder in that one: a file for each slide that a machine of a cluster is at."""


@contextmanager
def held(out: Path) -> Iterator[None]:
    """Hold a result folder, which is made if need be.

    Raises
    ------
    MvdError
        Somebody else holds it (who, and since when), or it cannot be written.
    """
    state = out / STATE
    lock = FileLock(state / "lock", timeout=0)
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise MvdError(
            f"{out}: another run is at work there ({_holder(state)}); wait for it, or give another --out"
        ) from None
    except OSError as error:
        raise MvdError(
            f"{out}: cannot be written ({error.strerror}); give another folder with --out"
        ) from None
    who = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}
    try:
        with suppress(OSError):  # a full disk: the run will meet it too, and say so
            write_atomically(state / "holder.json", json.dumps(who).encode())
        yield
    finally:
        with suppress(OSError):
            (state / "holder.json").unlink(missing_ok=True)
        lock.release()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _holder(state: Path) -> str:
    try:
        who = json.loads((state / "holder.json").read_bytes())
        return f"process {who['pid']} on {who['host']}, since {who['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "who is not known"
