"""Slides in processes of their own; one that dies, hangs or takes too much memory costs only the slide it was at."""

import contextlib
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from mvd.batch.groups import memory_kills
from mvd.batch.last_words import Log, last_words
from mvd.batch.one import ERROR_LOG, SlideJob, SlideOutcome, failed
from mvd.batch.supply import Supply
from mvd.batch.worker import READY, work
from mvd.errors import MvdError

Begin = Callable[[SlideJob], None]
Stage = Callable[[SlideJob, str, int, int], None]
_LOOK_EVERY_S = 0.25
_LOOK_AGAIN_S = 0.02
_GONE = "gone"

_SPAWN = multiprocessing.get_context(
    "spawn"
)  # a fork would inherit the locks of threads that it does not have


@dataclass
class _Member:
    """A process, the line to it, and the job that it is at, or was at last if it is idle."""

    process: SpawnProcess
    line: Connection
    log: Log
    job: SlideJob
    began_s: float
    ready: bool = False
    idle: bool = False


class _Kills:
    """Tells which of the processes that were ended from outside the kernel ended for want of memory."""

    def __init__(self) -> None:
        self._seen = memory_kills()

    def one_more(self) -> bool:
        """Whether the kernel has ended one more than was told of."""
        now = memory_kills()
        if self._seen is None or now is None or now <= self._seen:
            return False
        self._seen += 1
        return True


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
    waiting: Supply,
    limits: Limits,
    begin: Begin,
    stage: Stage,
    look: Callable[[], None] = lambda: None,
) -> Iterator[SlideOutcome]:
    """Do the jobs in processes and yield the outcomes as they come.

    Parameters
    ----------
    waiting : Supply
        Jobs; the processes wait while the next one is not ready.
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
    MvdError
        When no process can be started.
    """
    kills = _Kills()
    crew: list[_Member] = []
    try:
        while waiting or any(not member.idle for member in crew):
            _hand_out(waiting, crew, limits.jobs, begin)
            ready = _news_of(crew)
            look()
            for member in list(crew):
                outcome = _heard(member, stage, kills) if member.line in ready else None
                outcome = outcome or (None if member.idle else _stopped(member, limits))
                if outcome is not None:
                    member.idle = True
                    yield outcome
    finally:
        for member in crew:
            _dismiss(member)


def _hand_out(waiting: Supply, crew: list[_Member], most: int, begin: Begin) -> None:
    """Hand the jobs that are ready to the processes that have none, and to new ones where there may be more."""
    for member in [member for member in crew if member.idle]:
        if not member.process.is_alive() or not waiting:
            crew.remove(member)
            _dismiss(member)
        elif (job := waiting.first()) is not None and _took(member, job, begin):
            waiting.take()
    while len(crew) < most and (job := waiting.first()) is not None:
        waiting.take()
        crew.append(_hire(job, begin))


def _news_of(crew: Sequence[_Member]) -> Sequence[object]:
    """Wait a moment for word of the processes; return the lines on which there is some."""
    busy = [member.line for member in crew if not member.idle]
    if len(busy) < len(crew) or not crew:
        time.sleep(_LOOK_AGAIN_S)  # the next slide is being copied, and will soon be there
    return wait(busy, _LOOK_AGAIN_S if len(busy) < len(crew) else _LOOK_EVERY_S) if busy else []


def _hire(job: SlideJob, begin: Begin) -> _Member:
    ours, theirs = _SPAWN.Pipe()
    log = Log()
    process = _SPAWN.Process(target=work, args=(theirs, log.path), daemon=True)
    process.start()
    theirs.close()  # so that the end of the process is the end of the line
    member = _Member(process, ours, log, job, time.monotonic())
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has ended: the line will tell
        _hand(member, job, begin)
    return member


def _hand(member: _Member, job: SlideJob, begin: Begin) -> None:
    begin(job)
    member.log.begin()
    member.line.send(job)
    member.job, member.began_s = job, time.monotonic()


def _took(member: _Member, job: SlideJob, begin: Begin) -> bool:
    """Hand a job to a process that is done with its own; tell whether it is still there to take it."""
    try:
        _hand(member, job, begin)
    except (BrokenPipeError, ConnectionResetError):
        return False  # it has just ended: the job waits for another
    member.idle = False
    return True


def _dismiss(member: _Member) -> None:
    member.line.close()
    member.process.kill()  # its work is on the disk, and to take itself apart would cost it half a second
    member.process.join()
    member.log.close()


def _heard(member: _Member, stage: Stage, kills: _Kills) -> SlideOutcome | None:
    """Take one message of a process; return the outcome if it is that."""
    try:
        message = member.line.recv()
    except (EOFError, ConnectionResetError):
        message = _GONE
    if message == _GONE:
        member.process.join()
        return _ended(member, kills)
    if message == READY:
        member.ready = True
        member.log.hide()
        return None
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


def _ended(member: _Member, kills: _Kills) -> SlideOutcome:
    """Return the outcome of the slide at which a process ended by itself."""
    code = member.process.exitcode
    if not member.ready and (code or 0) >= 0:
        raise MvdError(
            "a process for the slides could not be started; put what calls mvd into a file, below "
            'the line `if __name__ == "__main__":`, or use one job'
        )
    if code == -9 and kills.one_more():
        words = "the system ended it for want of memory; use fewer --jobs and --workers"
        return failed(member.job, "out_of_memory", words)
    line, printed = last_words(member.log.tail(), member.job.path, member.job.name)
    outcome = failed(member.job, "crashed", _cause(code, line))
    return replace(outcome, trace=f"{outcome.slide_id}:\n{printed}") if printed else outcome


def _cause(exit_code: int | None, line: str) -> str:
    """Say how a process ended, what it said last, and what to do about it."""
    said = f" ({line}; {ERROR_LOG} says more)" if line else ""
    if exit_code is None or exit_code >= 0:
        advice = "report it" if line else "the file may be damaged: copy it again"
        return f"crashed: the process ended with code {exit_code} at this slide{said}; {advice}"
    name = signal.Signals(-exit_code).name
    advice = "the file may be damaged: copy it again"
    if name == "SIGKILL":  # so does the system end what takes too much memory
        advice = "somebody ended it, or it was out of memory: use fewer --jobs and --workers"
    return f"crashed: {name} at this slide{said}; {advice}"
