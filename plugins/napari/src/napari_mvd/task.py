"""Work that takes a while, in a thread: with progress, a way to stop it, and an end in the window's own thread."""

import threading
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, Signal

import mvd

Progress = Callable[[str, int, int], None]


class Task(QObject):
    """One piece of work at a time.

    Attributes
    ----------
    progressed : Signal(str, int, int)
        Stage, done, total.
    done : Signal(object)
        What the work gave.
    failed : Signal(str)
        One line for the user.
    cancelled : Signal()
    """

    progressed = Signal(str, int, int)
    done = Signal(object)
    failed = Signal(str)
    cancelled = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stop = threading.Event()
        self._running = False

    @property
    def is_running(self) -> bool:
        """Whether work is under way."""
        return self._running

    def start(self, work: Callable[[Progress], Any]) -> None:
        """Begin ``work(progress)``; nothing happens while other work is under way."""
        if self.is_running:
            return
        self._stop.clear()
        self._running = True
        threading.Thread(target=self._run, args=(work,), daemon=True, name="mvd works").start()

    def cancel(self) -> None:
        """Stop the work at its next step."""
        self._stop.set()

    def _progress(self, stage: str, done: int, total: int) -> None:
        if self._stop.is_set():
            raise mvd.Cancelled("stopped")
        self.progressed.emit(stage, done, total)

    def _run(self, work: Callable[[Progress], Any]) -> None:
        try:
            result = work(self._progress)
        except mvd.Cancelled:
            self._tell(self.cancelled.emit)
        except mvd.MvdError as error:
            self._fail(str(error))
        except Exception as error:  # whatever goes wrong is told: a thread's traceback reaches nobody
            self._fail(f"unexpected {type(error).__name__}: {error}; please report it, with `mvd doctor`")
        else:
            self._tell(lambda: self.done.emit(result))

    def _fail(self, message: str) -> None:
        self._tell(lambda: self.failed.emit(message))

    def _tell(self, emit: Callable[[], None]) -> None:
        self._running = False  # before it is told: who hears of it may begin the next work
        try:
            emit()
        except RuntimeError:  # the window was closed meanwhile: there is nobody to tell
            return
