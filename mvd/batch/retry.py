"""What reads files and may fail for a moment -> tried again a little later, three times in all.

Network storage loses a server for a moment, and the next attempt goes well. What stays wrong (no such file, no right to
it, no room, damaged content) is not tried again: that would only cost time.
"""

import errno
import os
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")
WAITS_S = (0.2, 1.0)
"""Before the second and before the third attempt: a server that is gone for longer is gone for the slide."""

TRANSIENT = frozenset(
    number
    for name in (
        "ESTALE",  # NFS: the server was restarted or another took over; opening anew gives a good handle
        "EIO",  # a soft mount whose server did not answer; of a bad disk too, where it costs two more attempts
        "EREMOTEIO",  # the same, as the far side's own word
        "EAGAIN",  # cannot be had just now
        "EINTR",  # a signal came between; Python itself goes on, libraries do not all
        "EBUSY",  # SMB: somebody, a virus scanner or the slide scanner, holds the file
        "ETIMEDOUT",  # an answer that did not come in time
        "ECONNRESET",
        "ECONNABORTED",
        "ECONNREFUSED",  # the server is just starting
        "ENOTCONN",  # FUSE: the mount is being made again
        "ENETDOWN",
        "ENETRESET",
        "ENETUNREACH",
        "EHOSTDOWN",
        "EHOSTUNREACH",
    )
    if (number := getattr(errno, name, None)) is not None  # no system knows them all
)
_TRANSIENT_OF_WINDOWS = {32, 33, 53, 59, 64, 121, 1231}  # shared or locked elsewhere; the network's own
_SAID = tuple(os.strerror(number) for number in sorted(TRANSIENT - {errno.EAGAIN, errno.EINTR}))


def is_transient(error: BaseException) -> bool:
    """Whether an error, or one that led to it, may be gone at the next attempt.

    Parameters
    ----------
    error : BaseException
        Libraries in C hand on the system's words without its number: these count too.
    """
    return any(_is_of_the_moment(one) for one in _causes(error))


def patient(
    attempt: Callable[[], T],
    waits_s: tuple[float, ...] = WAITS_S,
    sleep: Callable[[float], object] = time.sleep,
    when: Callable[[BaseException], bool] = is_transient,
) -> T:
    """Call a function until it does not fail for a moment's reason; after the last attempt its error is let through.

    Parameters
    ----------
    attempt : callable
        Without arguments; can be called again after it failed.
    waits_s : tuple of float
        Seconds before each further attempt.
    sleep : callable
        Waits that many seconds; what it raises ends the attempts.
    when : callable
        Tells of an error whether to try again.

    Returns
    -------
    object
        What ``attempt`` returns.
    """
    for wait_s in waits_s:
        try:
            return attempt()
        except Exception as error:
            if not when(error):
                raise
        sleep(wait_s)
    return attempt()


def _is_of_the_moment(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in TRANSIENT or getattr(error, "winerror", None) in _TRANSIENT_OF_WINDOWS
    return any(words in str(error) for words in _SAID)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what led to it, each once."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or found.__context__
