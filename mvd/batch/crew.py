"""Several slides at once, each in a process of its own, which takes only that slide with it when it dies."""

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from mvd.batch.one import SlideJob, SlideOutcome, failed, run_slide

Begin = Callable[[SlideJob], None]
Stage = Callable[[SlideJob, str, int, int], None]
Member = tuple[SpawnProcess, SlideJob]

_SPAWN = multiprocessing.get_context(
    "spawn"
)  # a fork would inherit the locks of threads that it does not have


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
    waiting, crew = deque(jobs), dict[Connection, Member]()
    try:
        while waiting or crew:
            while waiting and len(crew) < size:
                job = waiting.popleft()
                begin(job)
                line, process = _hire(job)
                crew[line] = (process, job)
            ready = wait(list(crew))
            for line in [line for line in crew if line in ready]:
                yield from _heard(line, crew, stage)
    finally:
        for process, _ in crew.values():
            process.kill()
            process.join()


def _hire(job: SlideJob) -> tuple[Connection, SpawnProcess]:
    ours, theirs = _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(target=_work, args=(job, theirs), daemon=True)
    process.start()
    theirs.close()  # so that the end of the process is the end of the line
    return ours, process


def _heard(line: Connection, crew: dict[Connection, Member], stage: Stage) -> Iterator[SlideOutcome]:
    """Take one message of a process; yield the outcome if it is that."""
    process, job = crew[line]
    try:
        message = line.recv()
    except EOFError:
        message = None
    if isinstance(message, tuple):
        stage(job, *message)
        return
    del crew[line]
    line.close()
    process.join()
    if isinstance(message, BaseException):
        raise message
    yield message or failed(
        job, "crashed", f"{_cause(process.exitcode)} while it was read; the file may be damaged"
    )


def _cause(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"the process ended with {signal.Signals(-exit_code).name}"
    return f"the process ended with code {exit_code}"


def _work(job: SlideJob, line: Connection) -> None:
    """Do a job in a process; an interruption is for the parent to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(BrokenPipeError):  # nobody listens any more
        try:
            line.send(run_slide(job, lambda *message: line.send(message)))
        except OSError as error:
            line.send(error)
