"""Slides on slow storage -> copies on a fast disk, each made while the slides before it are analysed.

A copy is of all files of its slide, checked by size and SHA-256, and goes as soon as the slide is finished. Where there
is no good copy (no room, a file that cannot be read) the slide is read where it lies: staging changes no result, and
what fails, fails as it does without.
"""

import errno
import os
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from mvd.batch.copying import staged
from mvd.batch.earlier import seems_to_hold
from mvd.batch.one import SlideJob
from mvd.batch.retry import patient
from mvd.batch.supply import Supply
from mvd.errors import MvdError
from mvd.slide.files import files_of
from mvd.slide.naming import printable

_PREFIX = ".mvd-stage-"
_KEPT_FREE_BYTES = 64 * 2**20  # of the stage disk: others may need it too
_LOOK_EVERY_S = 0.5
_END_WITHIN_S = 10.0


class _Stop(Exception):
    """The run is over: a copy that is being made is not needed."""


@contextmanager
def stage_folder(stage_dir: Path | None) -> Iterator[Path | None]:
    """Make a folder of this run's own for copies, and remove it with all that is in it.

    What killed runs left in ``stage_dir`` is cleared away: the lock of such a folder went with its process. Yields None
    where there is no ``stage_dir``.

    Raises
    ------
    MvdError
        ``stage_dir`` cannot be written, or its disk knows no locks.
    """
    if stage_dir is None:
        yield None
        return
    try:
        stage_dir.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(stage_dir)
        with tempfile.NamedTemporaryFile(dir=stage_dir, prefix=_PREFIX, suffix=".lock", delete=False) as made:
            lock = FileLock(made.name, timeout=0)
        lock.acquire()  # before there is the folder: one without a lock is a leftover
        folder = Path(made.name).with_suffix("")
        folder.mkdir(mode=0o700)  # slides are nobody else's business
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MvdError(
            f"{stage_dir}: cannot be used for copies ({reason}); give a folder on a local disk with --stage-dir"
        ) from None
    try:
        yield folder
    finally:
        _remove(folder, lock)


def _clear_leftovers(stage_dir: Path) -> None:
    for folder in stage_dir.glob(f"{_PREFIX}*"):
        if not folder.is_dir():
            continue
        lock = FileLock(f"{folder}.lock", timeout=0)
        with suppress(Timeout, OSError):  # a run is at work with it, or it is somebody else's
            lock.acquire()
            _remove(folder, lock)


def _remove(folder: Path, lock: FileLock) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()
    if not folder.exists():
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)


class StagedSupply(Supply):
    """Jobs whose slides are copied, in their order, ahead of those who take them.

    Parameters
    ----------
    jobs : sequence of SlideJob
    folder : Path
        Where the copies go; of ``stage_folder``.
    copies : int
        That there may be at once: one more than slides are analysed at once, so that the next one is always under way.
    """

    def __init__(self, jobs: Sequence[SlideJob], folder: Path, copies: int) -> None:
        super().__init__(())
        self._to_come, self._folder, self._copies = deque(jobs), folder, copies
        self._left = len(jobs)
        self._present: set[int] = set()
        self._changed = threading.Condition()
        self._over = threading.Event()
        self._not_copied: list[str] = []
        self._broken: BaseException | None = None
        self._thread = threading.Thread(target=self._copy_all, name="staging", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        """Return how many are not taken yet, ready or not."""
        return self._left

    def first(self) -> SlideJob | None:
        """Return the next job if it is ready; what broke the copying is raised."""
        job = super().first()
        if job is None and self._broken is not None:
            raise self._broken
        return job

    def take(self) -> None:
        """Take the job that ``first`` returned off the list."""
        super().take()
        self._left -= 1

    def done(self, number: int) -> None:
        """Remove the copy of a finished slide."""
        shutil.rmtree(self._place(number), ignore_errors=True)
        with self._changed:
            self._present.discard(number)
            self._changed.notify()

    def close(self) -> None:
        """Stop copying."""
        self._over.set()
        with self._changed:
            self._changed.notify()
        self._thread.join(
            _END_WITHIN_S
        )  # one that hangs at a dead server is left behind: it ends with the process

    @property
    def notes(self) -> tuple[str, ...]:
        """Which slides were not copied, and why."""
        if not self._not_copied:
            return ()
        count = len(self._not_copied)
        return (
            f"{count} slide{'s were' if count > 1 else ' was'} read in place, not copied to --stage-dir "
            f"(first: {self._not_copied[0]})",
        )

    def _place(self, number: int) -> Path:
        return self._folder / f"{number:06d}"

    def _copy_all(self) -> None:
        try:
            while self._to_come:
                self._waiting.append(self._ready(self._to_come.popleft()))
        except _Stop:
            pass
        except BaseException as error:
            self._broken = error

    def _ready(self, job: SlideJob) -> SlideJob:
        """Return the job of the copy of its slide; as it is where the slide need not be read, or cannot be copied."""
        if not job.fresh and seems_to_hold(job.folder, job.path, job.memory, job.settings):
            return job
        place = self._place(job.number)
        try:
            files = patient(lambda: _sized(job.path), sleep=self._pause)
            if not files:
                return job  # what it is instead is told when it is opened
            self._wait_for_room(sum(size for _, _, size in files))
            with self._changed:
                self._present.add(job.number)
            return staged(job, place, self._pause)
        except _Stop:
            raise
        except (
            Exception
        ) as error:  # whatever it is, the slide can be read in place, or fails there by its own words
            reason = getattr(error, "strerror", None) or type(error).__name__
            self._not_copied.append(f"{printable(job.name)}: {reason}")
            self.done(job.number)
            return job

    def _wait_for_room(self, needed_bytes: int) -> None:
        """Wait until there may be one more copy and it fits; ``OSError`` if it will not fit at all."""
        while True:
            self._pause(0)
            with self._changed:
                fits = shutil.disk_usage(self._folder).free >= needed_bytes + _KEPT_FREE_BYTES
                if len(self._present) < self._copies and fits:
                    return
                if not self._present:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                self._changed.wait(_LOOK_EVERY_S)

    def _pause(self, seconds: float) -> None:
        if self._over.wait(seconds) if seconds else self._over.is_set():
            raise _Stop


@contextmanager
def supplied(jobs: Sequence[SlideJob], folder: Path | None, at_once: int) -> Iterator[Supply]:
    """Hand out jobs as they are, or with copies of their slides in ``folder`` where that is given."""
    if folder is None:
        yield Supply(jobs)
        return
    supply = StagedSupply(jobs, folder, at_once + 1)
    try:
        yield supply
    finally:
        supply.close()


def _sized(path: Path) -> list[tuple[str, Path, int]]:
    return [(name, file, file.stat().st_size) for name, file in files_of(path)]
