"""Several slides at once, in processes; one that dies takes only the slide with it that it was at."""

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from mvd.batch.one import SlideJob, SlideOutcome, collect_seldom, failed, run_slide

Begin = Callable[[SlideJob], None]
Stage = Callable[[SlideJob, str, int, int], None]

_SPAWN = multiprocessing.get_context(
    "spawn"
)  # a fork would inherit the locks of threads that it does not have


@dataclass
class _Member:
    """A process, the line to it, and the job that it is at."""

    process: SpawnProcess
    line: Connection
    job: SlideJob


def outcomes_of_crew(
    jobs: Sequence[SlideJob], size: int, begin: Begin, stage: Stage
) -> Iterator[SlideOutcome]:
    """Do the jobs in up to ``size`` processes at once and yield the outcomes as they come.

    Parameters
    ----------
    jobs : sequence of SlideJob
    size : int
        At least 1.
    begin : callable
        Called when a process takes a job.
    stage : callable
        Called with the progress that a process reports.

    Raises
    ------
    OSError
        When a process found the disk full; the others are stopped.
    """
    waiting = deque(jobs)
    crew: list[_Member] = []
    try:
        while waiting or crew:
            while waiting and len(crew) < size:
                crew.append(_hire(waiting.popleft(), begin))
            ready = wait([member.line for member in crew])
            for member in [member for member in crew if member.line in ready]:
                outcome = _heard(member, stage)
                if outcome is None:
                    continue
                if waiting and member.process.is_alive():
                    member.job = _handed(member.line, waiting.popleft(), begin)
                else:
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
    return _Member(process, ours, _handed(ours, job, begin))


def _handed(line: Connection, job: SlideJob, begin: Begin) -> SlideJob:
    begin(job)
    line.send(job)
    return job


def _dismiss(member: _Member) -> None:
    member.line.close()
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
    return f"the process ended with {name} at this slide; {advice}"


def _work(line: Connection) -> None:
    """Do jobs in a process until nobody hands out more; an interruption is for the parent to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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
