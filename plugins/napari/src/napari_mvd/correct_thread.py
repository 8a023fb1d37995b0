"""Work that takes long, beside the viewer. Errors of mvd become one line; any other is napari's to show."""

from collections.abc import Callable
from typing import Any

from napari.qt.threading import thread_worker

import mvd


def in_thread(work: Callable[[], Any], then: Callable[[Any], None], failed: Callable[[str], None]) -> None:
    """Do ``work`` in a thread; then call ``then`` with what it gave, or ``failed`` with one line."""

    def guarded() -> tuple[Any, str]:
        try:
            return work(), ""
        except mvd.MvdError as error:
            return None, str(error)

    def done(answer: tuple[Any, str]) -> None:
        given, why = answer
        if why:
            failed(why)
        else:
            then(given)

    worker = thread_worker(guarded)()
    worker.returned.connect(done)
    worker.errored.connect(lambda error: failed(f"something that mvd did not expect: {error}"))
    worker.start()
