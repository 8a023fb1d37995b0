"""A scheduler of dask.distributed -> a line to it, and which of its workers cannot work for this run."""

import json
import logging
import time
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mvd import __version__
from mvd.batch.errand import refusal, versions_here
from mvd.batch.lock import PERMITS, STATE
from mvd.batch.stopping import Terminated
from mvd.errors import MissingDependency, MvdError

_LOOK_EVERY_S = 0.2
_ASK_EVERY_S = 1.0


@dataclass(frozen=True)
class Cluster:
    """Where a run has its slides done.

    Attributes
    ----------
    scheduler : str
        Its address, such as ``tcp://10.0.0.5:8786``.
    scheduler_file : Path or None
        File in which it left its address, instead of ``scheduler``.
    most : int or None
        Workers that get slides at once; all if None.
    say : callable
        Hears, in a few words, what the user is to know while the run goes on.
    connect_s : float
        How long the scheduler may take to answer, or to write its file.
    client, permits, refused
        Of ``connected``: the line, the folder of permits, and the workers that cannot work for this run, and why.
    """

    scheduler: str = ""
    scheduler_file: Path | None = None
    most: int | None = None
    say: Callable[[str], None] = lambda _: None
    connect_s: float = 20.0
    client: Any = None
    permits: Path = Path()
    refused: dict[str, str] = field(default_factory=dict)


@contextmanager
def connected(cluster: Cluster | None, out: Path) -> Iterator[Cluster | None]:
    """Connect to the scheduler; None where no cluster is asked for.

    Raises
    ------
    MissingDependency
        dask.distributed is not installed.
    MvdError
        No scheduler answers in time, or none of the workers that are there can work for this run.
    """
    if cluster is None:
        yield None
        return
    try:
        from distributed.client import Client
    except ImportError as error:
        raise MissingDependency("a cluster needs dask.distributed; run pip install 'mvd[cluster]'") from error
    address = cluster.scheduler or _address_in(cluster.scheduler_file or Path(), cluster.connect_s)
    with _dask_silent():
        try:
            client: Any = Client(address, timeout=cluster.connect_s, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, TimeoutError, ValueError) as error:
            raise MvdError(
                f"{address}: no dask scheduler answers there ({type(error).__name__}); "
                "start one with `dask scheduler`, or correct the address"
            ) from None
        permits = (out / STATE / PERMITS).absolute()
        try:
            yield replace(cluster, client=client, permits=permits, refused=_refused(client, permits, cluster))
        finally:
            client.close()
            with suppress(OSError):
                permits.rmdir()


class Workers:
    """Who is there of the workers of a cluster, asked for now and then.

    Attributes
    ----------
    threads : dict
        Address of each worker -> its number of threads.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.threads: dict[str, int] = {}
        self._cluster, self._refused = cluster, dict(cluster.refused)
        self._asked_s, self._alone = -_ASK_EVERY_S, False

    def free(self, busy: Container[str]) -> list[str]:
        """Return the workers that may have a slide and are not among the busy ones.

        Raises
        ------
        Terminated
            The scheduler has gone.
        MvdError
            None of those that are there can work for this run.
        """
        if time.monotonic() - self._asked_s >= _ASK_EVERY_S:
            self._ask()
        able = [worker for worker in self.threads if worker not in self._refused]
        for worker in self.threads if not able else ():
            raise MvdError(f"worker {worker} {self._refused[worker]}")
        return [worker for worker in able if worker not in busy]

    def leave_out(self, worker: str, reason: str) -> None:
        """Give a worker no more slides."""
        self._refused[worker] = reason
        self._cluster.say(f"worker {worker} gets no more slides: it {reason}")

    def _ask(self) -> None:
        try:
            if self._cluster.client.status != "running":
                raise OSError("no line to it")
            self.threads = self._cluster.client.nthreads()
        except (OSError, TimeoutError):
            self._cluster.say("the scheduler has gone; the same command goes on with one that answers")
            raise Terminated("the scheduler has gone") from None
        self._asked_s = time.monotonic()
        if not self.threads and not self._alone:
            self._cluster.say("no worker is there; waiting for one")
        self._alone = not self.threads


def _refused(client: Any, permits: Path, cluster: Cluster) -> dict[str, str]:
    """Ask all workers that are there whether they have the same versions and see the result folder."""
    probe = permits / "probe"
    permits.mkdir(parents=True, exist_ok=True)
    probe.touch()
    answers = client.run(refusal, versions_here(), (probe,), on_error="return")
    probe.unlink(missing_ok=True)
    refused = {}
    for worker, answer in answers.items():
        if isinstance(answer, BaseException):
            refused[worker] = f"cannot begin ({type(answer).__name__}); install mvd {__version__} there"
        elif answer:
            refused[worker] = answer
    for worker, reason in refused.items():
        if len(refused) == len(answers):
            raise MvdError(f"worker {worker} {reason}")
        cluster.say(f"worker {worker} gets no slides: it {reason}")
    return refused


def _address_in(file: Path, wait_s: float) -> str:
    """Return the address that a scheduler left in its file, which it may be about to write."""
    end_s = time.monotonic() + wait_s
    while True:
        try:
            return str(json.loads(file.read_bytes())["address"])
        except (OSError, ValueError, KeyError, TypeError):
            if time.monotonic() > end_s:
                raise MvdError(
                    f"{file}: is no file of a dask scheduler; start one with `dask scheduler --scheduler-file {file}`"
                ) from None
        time.sleep(_LOOK_EVERY_S)


@contextmanager
def _dask_silent() -> Iterator[None]:
    """Have dask say nothing of its own on stderr: what matters is said in one line."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
