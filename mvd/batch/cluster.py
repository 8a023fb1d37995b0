"""Slides at the workers of a dask.distributed cluster; the worker that dies costs its slide one attempt of two.

Each worker has one slide at a time, as one future that only it may do, with the worker's number of threads. The run
says itself what is tried again: what dask would repeat by itself is told by the errand, and counts as an attempt.
"""

import os
import queue
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, cast

from mvd.batch.crew import Begin, Stage
from mvd.batch.errand import TOPIC, Errand, Word, do_errand, errand_of, take_away
from mvd.batch.how import How
from mvd.batch.one import SlideJob, SlideOutcome, failed
from mvd.batch.scheduler import Cluster, Workers
from mvd.batch.supply import Supply

ATTEMPTS = 2
_LOOK_EVERY_S = 0.2
_ANSWER_WITHIN_S = 60.0
_LATE_S = 1.0  # that word of a worker's beginning may be
_ENDS_WITHIN_S = 10.0  # a worker that is to end itself
_STOP_WITHIN_S = 3.0
_DIED_TWICE = (
    "its worker ended twice at this slide; give workers more memory, or copy the file again if it is damaged"
)


@dataclass
class _Attempt:
    errand: Errand
    job: SlideJob
    future: Any
    heard_s: float | None = None  # when the worker began


def outcomes_on_cluster(
    waiting: Supply, cluster: Cluster, how: How, begin: Begin, stage: Stage, look: Callable[[], None]
) -> Iterator[SlideOutcome]:
    """Have the workers do the jobs and yield the outcomes as they come.

    Parameters
    ----------
    waiting : Supply
        Jobs whose slides and folders the workers see by the same absolute paths.
    cluster : Cluster
        Of ``connected``.
    how : How
        ``workers`` and ``timeout_s``.
    begin, stage, look : callable
        As of ``outcomes_of_crew``.

    Raises
    ------
    MvdError
        No worker that is there can work for this run.
    Terminated
        The scheduler has gone.
    OSError
        A worker found the disk full.
    """
    leader = _Leader(how, cluster, begin, stage)
    try:
        while waiting or leader.is_busy:
            look()
            leader.hand_out(waiting)
            leader.wait()
            yield from leader.finished()
    finally:
        leader.close()


class _Leader:
    def __init__(self, how: How, cluster: Cluster, begin: Begin, stage: Stage) -> None:
        self._how, self._cluster, self._client = how, cluster, cluster.client
        self._begin, self._stage = begin, stage
        self._token, self._sendings = secrets.token_hex(4), 0
        self._at: dict[str, _Attempt] = {}
        self._again: deque[SlideJob] = deque()
        self._deaths: Counter[int] = Counter()
        self._workers = Workers(cluster)
        self._news: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._woken = threading.Event()
        self._client.subscribe_topic(TOPIC, lambda event: self._news.put(event[1]))

    @property
    def is_busy(self) -> bool:
        """Whether a slide is at a worker, or to be tried again."""
        return bool(self._at or self._again)

    def hand_out(self, waiting: Supply) -> None:
        """Give each worker without a slide the next one."""
        free = self._workers.free(self._at)
        for worker in free[: max((self._cluster.most or len(free)) - len(self._at), 0)]:
            if not self._again:
                if (job := waiting.first()) is None:
                    return
                waiting.take()
                self._again.append(job)
            job = self._again.popleft()
            self._at[worker] = self._sent(job, worker)
            self._begin(job)

    def wait(self) -> None:
        """Wait until a slide is done, or a moment; hand on what the workers tell of their progress."""
        self._woken.wait(_LOOK_EVERY_S)
        self._woken.clear()
        attempts = {attempt.errand.permit.name: attempt for attempt in self._at.values()}
        while not self._news.empty():
            news = self._news.get()
            attempt = attempts.get(news["permit"])
            if attempt is not None:
                attempt.heard_s = attempt.heard_s or time.monotonic()
                self._stage(attempt.job, *news["progress"])

    def finished(self) -> Iterator[SlideOutcome]:
        """Yield the outcomes of slides that are done, or will not be."""
        for worker, attempt in list(self._at.items()):
            outcome = self._over_time(worker, attempt)
            word = ("done", outcome) if outcome else self._word(worker, attempt)
            if word is None:
                continue
            del self._at[worker]
            take_away(attempt.errand)
            attempt.future.cancel()
            if (outcome := self._judged(worker, attempt.job, *word)) is not None:
                yield outcome

    def close(self) -> None:
        """Have the workers stop, and wait a moment for them."""
        for attempt in self._at.values():
            take_away(attempt.errand)
        end_s = time.monotonic() + _STOP_WITHIN_S
        while time.monotonic() < end_s and any(not attempt.future.done() for attempt in self._at.values()):
            time.sleep(0.05)
        if self._client.status == "running":
            self._client.unsubscribe_topic(TOPIC)
            self._client.cancel([attempt.future for attempt in self._at.values()])

    def _sent(self, job: SlideJob, worker: str) -> _Attempt:
        self._sendings += 1
        name = f"{self._token}-{self._sendings}"
        threads = self._how.workers or self._workers.threads[worker]
        errand = errand_of(replace(job, workers=threads), self._cluster.permits / name, self._how.timeout_s)
        future = self._client.submit(do_errand, errand, key=f"mvd-{name}", workers=[worker], pure=False)
        future.add_done_callback(lambda _: self._woken.set())
        return _Attempt(errand, job, future)

    def _word(self, worker: str, attempt: _Attempt) -> Word | None:
        """Return what became of an attempt; None while it is under way."""
        from distributed import KilledWorker

        if not attempt.future.done():
            return None if worker in self._workers.threads else ("died", None)
        if attempt.future.status == "finished":
            with suppress(OSError, TimeoutError):  # the word was lost with the worker that had it
                word: Word = attempt.future.result(timeout=_ANSWER_WITHIN_S)
                return word
        elif attempt.future.status == "error":
            error = attempt.future.exception(timeout=_ANSWER_WITHIN_S)
            if not isinstance(error, KilledWorker):  # no mvd is there, or quite another one
                return "refused", f"cannot begin ({type(error).__name__}); install the same mvd there"
        return "died", None

    def _over_time(self, worker: str, attempt: _Attempt) -> SlideOutcome | None:
        """Return the outcome of a slide that took longer than it may, for which its worker has ended itself."""
        limit_s, began_s = self._how.timeout_s, attempt.heard_s
        if not limit_s or began_s is None or attempt.future.done():
            return None
        over_s, is_there = time.monotonic() - began_s - limit_s, worker in self._workers.threads
        if over_s < (_ENDS_WITHIN_S if is_there else -_LATE_S):
            return None
        if is_there:
            self._workers.leave_out(worker, "is still at a slide that took longer than --timeout")
        words = f"not done after {limit_s:g} s; look at the file, or allow more with --timeout"
        return failed(attempt.job, "timeout", words)

    def _judged(self, worker: str, job: SlideJob, kind: str, what: Any) -> SlideOutcome | None:
        """Return the outcome of a slide; None where it is to be tried again."""
        if kind == "done":
            return cast(SlideOutcome, what)
        if kind == "full":
            raise OSError(what, os.strerror(what))
        if kind == "refused":
            self._workers.leave_out(worker, what)
        else:
            self._deaths[job.number] += 1
            for part in job.folder.glob(".*.part"):
                part.unlink(missing_ok=True)
        if self._deaths[job.number] < ATTEMPTS:
            self._again.append(job)
            return None
        return failed(job, "crashed", _DIED_TWICE)
