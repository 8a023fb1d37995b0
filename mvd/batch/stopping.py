"""SIGTERM, as a queue sends it when the time is up -> a run that stops at the next tile and can be resumed."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from mvd.errors import Cancelled


class Terminated(Cancelled):
    """The system asked the run to end."""

    code = "terminated"


class Stopping:
    """Whether the run was asked to end."""

    def __init__(self) -> None:
        self.asked = False

    def note(self, _number: int, _frame: FrameType | None) -> None:
        """Hear the signal."""
        self.asked = True

    def check(self) -> None:
        """Raise ``Terminated`` if so."""
        if self.asked:
            raise Terminated("the run was asked to end; the same command goes on with it")


@contextmanager
def heeding_sigterm() -> Iterator[Stopping]:
    """Note SIGTERM instead of dying of it; only the main thread can, elsewhere it is as it was.

    Within another such block, as a run within a watch is, that one hears of it too.
    """
    stopping = Stopping()
    try:
        before = signal.signal(signal.SIGTERM, stopping.note)
    except ValueError:  # not the main thread
        yield stopping
        return
    try:
        yield stopping
    finally:
        signal.signal(signal.SIGTERM, before)
        outer = getattr(before, "__self__", None)
        if stopping.asked and isinstance(outer, Stopping):
            outer.asked = True
