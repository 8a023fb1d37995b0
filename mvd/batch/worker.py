"""The process that slides are done in: takes jobs off a line, sends back what became of each.

What it and the libraries in it print goes into the log that it is given: of a process that ends without having said
why, the log has the last words.
"""

import contextlib
import faulthandler
import multiprocessing
import os
import signal
import sys
from multiprocessing.connection import Connection

from mvd.batch.one import collect_seldom, run_slide

READY = "ready"
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux


def work(line: Connection, log: str) -> None:
    """Do jobs until nobody hands out more; an interruption or a SIGTERM is for the parent to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end_with_parent()
    collect_seldom()
    _print_into(log)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        line.send(READY)
        while True:
            try:
                job = line.recv()
            except EOFError:
                return
            try:
                line.send(run_slide(job, lambda *message: line.send(message)))
            except (BrokenPipeError, ConnectionResetError):
                raise
            except OSError as error:
                line.send(error)


def refuse_in_a_starting_process() -> None:
    """End a process of ours that runs its caller's script again as it starts; the caller is told what to do."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise SystemExit(1)


def _end_with_parent() -> None:
    """Have the system end this process with its parent, where it can: else it ends at its next word to it."""
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _print_into(log: str) -> None:
    """Have all that is printed here go into the log, from C too; stdout is for what the run has to say."""
    with contextlib.suppress(OSError, ValueError):
        if log:
            os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND), 2)
            faulthandler.enable(2)
        os.dup2(2, 1)
