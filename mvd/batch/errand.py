"""A slide at a worker of a cluster -> its folder, and word of what became of it for the run that sent it.

For each attempt at a slide the run keeps a file in the result folder, the permit, and removes it when the attempt is
over, for whatever reason. A worker without a permit does nothing, and stops at the next tile when it goes: so Ctrl-C
reaches it, and after a run that was killed no two write one slide's folder.
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from mvd import __version__
from mvd.batch.one import SlideJob, run_slide
from mvd.batch.record import library_versions
from mvd.errors import Cancelled
from mvd.pinned import path_of

Word = tuple[Literal["done", "refused", "died", "stopped", "full"], Any]
"""What became of an errand: with ``done`` a ``SlideOutcome``, with ``refused`` the reason, with ``full`` the errno."""
TOPIC = "mvd"
_LOOK_EVERY_S = 1.0
_TELL_EVERY_S = 2.0
_WAITS_S = (0.0, 0.1, 0.4, 1.5)  # a network folder shows a new file of another machine after a while


@dataclass(frozen=True)
class Errand:
    """One attempt at a slide.

    Attributes
    ----------
    job : SlideJob
        All its paths are absolute.
    permit : Path
        File that is there as long as the attempt is wanted.
    needed : tuple of Path
        Files that the run sees, and the worker must see.
    versions : mapping
        Of mvd and of the libraries that decide a result: a worker with others refuses.
    limit_s : float or None
        After that time the worker ends itself, if it has a nanny that begins it anew.
    """

    job: SlideJob
    permit: Path
    needed: tuple[Path, ...]
    versions: Mapping[str, str]
    limit_s: float | None

    @property
    def claim(self) -> Path:
        """File that the worker makes when it begins, so that nobody begins a second time."""
        return self.permit.with_suffix(".begun")


@cache
def versions_here() -> dict[str, str]:
    """Return the versions of mvd and of the libraries that decide a result."""
    return {"mvd": __version__} | library_versions()


def errand_of(job: SlideJob, permit: Path, limit_s: float | None) -> Errand:
    """Return the errand of a job, and give the permit for it."""
    there = _absolute(job)
    permit.parent.mkdir(parents=True, exist_ok=True)
    permit.touch()
    return Errand(there, permit, _needed(there), versions_here(), limit_s)


def take_away(errand: Errand) -> None:
    """Take the permit back: the attempt is over, or not wanted any more."""
    for path in (errand.permit, errand.claim):
        with suppress(OSError):
            path.unlink(missing_ok=True)


def refusal(versions: Mapping[str, str], needed: Sequence[Path]) -> str:
    """Return why this process cannot work for a run with those versions and files; empty if it can."""
    for name, version in versions.items():
        own = versions_here().get(name, "unknown")
        if own != version:
            return f"has {name} {own}, and this run {version}; install {name} {version} there"
    for path in needed:
        if not _is_seen(path):
            return f"cannot see {path}; put slides and results where all machines see them by the same path"
    return ""


def do_errand(errand: Errand) -> Word:
    """Do a slide for a run on another machine; whatever goes wrong with the slide is in its outcome."""
    reason = refusal(errand.versions, (errand.permit, *errand.needed))
    if reason:
        return "refused", reason
    try:
        errand.claim.touch(exist_ok=False)
    except FileExistsError:  # dask itself has sent it again, for the worker that began it is gone
        return "died", None
    except OSError as error:
        return "refused", f"cannot write to {errand.permit.parent} ({error.strerror}); give it the right to"
    progress = _Progress(errand)
    try:
        with _within(errand.limit_s):
            progress(
                "started", 0, 1
            )  # the run's clock begins with this one's: what is imported next takes seconds
            return "done", run_slide(errand.job, progress)
    except Cancelled:
        return "stopped", None
    except OSError as error:
        return "full", error.errno


@contextmanager
def _within(limit_s: float | None) -> Iterator[None]:
    """End this process if what is done takes too long; a thread that hangs could not be ended otherwise."""
    from distributed import get_worker

    if limit_s is None or not get_worker().nanny:
        yield
        return
    timer = threading.Timer(limit_s, os._exit, (1,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class _Progress:
    """Tells the run how far the slide is, and stops when the permit has gone."""

    def __init__(self, errand: Errand) -> None:
        self._errand, self._stage = errand, ""
        self._looked_s = self._told_s = 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        now_s, begins = time.monotonic(), stage != self._stage
        if now_s - self._looked_s >= _LOOK_EVERY_S or (stage == "report" and begins):
            self._looked_s = now_s
            if _has_gone(self._errand.permit):
                raise Cancelled("the run has ended, or has given the slide to another worker")
        if begins or now_s - self._told_s >= _TELL_EVERY_S:
            self._stage, self._told_s = stage, now_s
            _tell({"permit": self._errand.permit.name, "progress": (stage, done, total)})


def _tell(message: dict[str, Any]) -> None:
    from distributed import get_worker

    get_worker().log_event(TOPIC, message)


def _is_seen(path: Path) -> bool:
    for wait_s in _WAITS_S:
        time.sleep(wait_s)
        with suppress(OSError):
            path.stat()
            return True
        with suppress(OSError):
            os.listdir(path.parent)  # has a network folder look anew
    return False


def _has_gone(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:  # a moment's trouble is no reason to stop
        return False
    return False


def _absolute(job: SlideJob) -> SlideJob:
    """Return a job that means the same in another folder, on another machine."""
    settings = job.settings
    if settings.vessel.classifier:
        vessel = settings.vessel.model_copy(
            update={"classifier": os.path.abspath(settings.vessel.classifier)}
        )
        settings = settings.model_copy(update={"vessel": vessel})
    return replace(
        job,
        path=job.path.absolute(),
        folder=job.folder.absolute(),
        memory=job.memory and job.memory.absolute(),
        region=job.region and job.region.absolute(),
        settings=settings,
    )


def _needed(job: SlideJob) -> tuple[Path, ...]:
    """Return the files that the slide is made of, as far as they are there."""
    classifier = job.settings.vessel.classifier
    paths = (job.path, job.region, path_of(classifier) if classifier else None)
    return tuple(path for path in paths if path is not None and path.exists())
