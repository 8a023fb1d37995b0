"""Slides in processes of their own; one that dies, hangs or takes too much memory costs only the slide it was at."""

import contextlib
import multiprocessing
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from mvd.batch.one import SlideJob, SlideOutcome, collect_seldom, failed, run_slide

Begin = Callable[[SlideJob], None]
Stage = Callable[[SlideJob, str, int, int], None]
_LOOK_EVERY_S = 0.25
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux

_SPAWN = multiprocessing.get_context(
    "spawn"
)  # a fork would inherit the locks of threads that it does not have


@dataclass
class _Member:
    """A process, the line to it, and the job that it is at."""

    process: SpawnProcess
    line: Connection
    job: SlideJob
    began_s: float


@dataclass(frozen=True)
class Limits:
    """What a slide may cost.

    Attributes
    ----------
    jobs : int
        Processes at once, at least 1.
    timeout_s : float or None
        Time that a slide may take.
    memory_mb : float or None
        Memory that its process may take.
    """

    jobs: int
    timeout_s: float | None = None
    memory_mb: float | None = None


def outcomes_of_crew(
    jobs: Sequence[SlideJob],
    limits: Limits,
    begin: Begin,
    stage: Stage,
    look: Callable[[], None] = lambda: None,
) -> Iterator[SlideOutcome]:
    """Do the jobs in processes and yield the outcomes as they come.

    Parameters
    ----------
    jobs : sequence of SlideJob
    limits : Limits
    begin : callable
        Called when a process takes a job.
    stage : callable
        Called with the progress that a process reports.
    look : callable
        Called again and again, also while nothing is heard of any process; what it raises ends the run.

    Raises
    ------
    OSError
        When a process found the disk full; the others are stopped.
    """
    waiting = deque(jobs)
    crew: list[_Member] = []
    try:
        while waiting or crew:
            while waiting and len(crew) < limits.jobs:
                crew.append(_hire(waiting.popleft(), begin))
            ready = wait([member.line for member in crew], _LOOK_EVERY_S)
            look()
            for member in list(crew):
                outcome = _heard(member, stage) if member.line in ready else None
                outcome = outcome or _stopped(member, limits)
                if outcome is None:
                    continue
                if not (waiting and _took(member, waiting, begin)):
                    crew.remove(member)
                    _dismiss(member)
                yield outcome
    finally:
        for member in crew:
            member.process.kill()
            member.process.join()


def _hire(job: SlideJob, begin: Begin) -> _Member:
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_work, args=(theirs,), daemon=True)
    process.start()
    theirs.close()  # so that the end of the process is the end of the line
    return _Member(process, ours, _handed(ours, job, begin), time.monotonic())


def _handed(line: Connection, job: SlideJob, begin: Begin) -> SlideJob:
    begin(job)
    line.send(job)
    return job


def _took(member: _Member, waiting: deque[SlideJob], begin: Begin) -> bool:
    """Hand the next job to a process that is done with its own; tell whether it is still there to take it."""
    if not member.process.is_alive():
        return False
    try:
        member.job, member.began_s = _handed(member.line, waiting[0], begin), time.monotonic()
    except (BrokenPipeError, ConnectionResetError):
        return False  # it has just ended: the job waits for another
    waiting.popleft()
    return True


def _dismiss(member: _Member) -> None:
    member.line.close()
    member.process.kill()  # its work is on the disk, and to take itself apart would cost it half a second
    member.process.join()


def _heard(member: _Member, stage: Stage) -> SlideOutcome | None:
    """Take one message of a process; return the outcome if it is that."""
    try:
        message = member.line.recv()
    except (EOFError, ConnectionResetError):
        member.process.join()
        return failed(member.job, "crashed", _cause(member.process.exitcode))
    if isinstance(message, BaseException):
        raise message
    if isinstance(message, SlideOutcome):
        return message
    stage(member.job, *message)
    return None


def _stopped(member: _Member, limits: Limits) -> SlideOutcome | None:
    """End a process that has gone over what a slide may cost; return its slide's outcome."""
    seconds = time.monotonic() - member.began_s
    if limits.timeout_s and seconds > limits.timeout_s:
        code = "timeout"
        words = f"not done after {limits.timeout_s:g} s; look at the file, or allow more with --timeout"
    elif limits.memory_mb and _memory_mb(member.process.pid) > limits.memory_mb:
        code = "out_of_memory"
        words = f"took more than {limits.memory_mb:.0f} MB; use fewer --jobs, or allow more with --memory-mb"
    else:
        return None
    member.process.kill()
    member.process.join()
    return failed(member.job, code, words)


def _memory_mb(pid: int | None) -> float:
    import psutil  # type: ignore[import-untyped]

    try:
        return float(psutil.Process(pid).memory_info().rss) / 1e6
    except psutil.Error:
        return 0.0  # it has just ended, and the line will tell


def _cause(exit_code: int | None) -> str:
    """Say how a process ended, and what to do about it."""
    if exit_code is None or exit_code >= 0:
        return (
            f"the process ended with code {exit_code} at this slide; the file may be damaged: copy it again"
        )
    name = signal.Signals(-exit_code).name
    advice = "the file may be damaged: copy it again"
    if name == "SIGKILL":  # so does the system end what takes too much memory
        advice = "somebody ended it, or it was out of memory: use fewer --jobs and --workers"
    return f"crashed: {name} at this slide; {advice}"


def _end_with_parent() -> None:
    """Have the system end this process with its parent, where it can: else it ends at its next word to it."""
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _work(line: Connection) -> None:
    """Do jobs in a process until nobody hands out more; an interruption or a SIGTERM is for the parent to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end_with_parent()
    collect_seldom()
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            job = line.recv()
            try:
                line.send(run_slide(job, lambda *message: line.send(message)))
            except (BrokenPipeError, ConnectionResetError):
                raise
            except OSError as error:
                line.send(error)
