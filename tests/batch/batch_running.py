"""A run in a process of its own, for tests that end it from outside."""

import multiprocessing
import os
from pathlib import Path

from mvd.batch import How, run
from mvd.settings import Settings
from mvd.slide import find_slides

# Forks of a process that has imported everything once, so that each starts in no time.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["mvd.batch", "mvd.pipeline", "mvd.count", "mvd.scan", "mvd.fit", "batch_running"]
)


class Quiet:
    """A reporter that says nothing."""

    def slide_started(self, number, name):
        """Say nothing."""

    def stage(self, number, stage, done, total):
        """Say nothing."""

    def slide_done(self, outcome):
        """Say nothing."""


def measure(slides: Path, out: Path, stage_dir: Path | None = None) -> None:
    """Run, and end with the run's exit code."""
    how = How(stage_dir=stage_dir)
    raise SystemExit(run(find_slides([slides]), out, Settings(), Quiet(), how=how).exit_code)


def started(slides: Path, out: Path, stage_dir: Path | None = None):
    """Start ``measure`` in a process of its own and return it."""
    process = _FORKS.Process(target=measure, args=(slides, out, stage_dir))
    process.start()
    return process


def end_with(code: int) -> None:
    """Say something and end this process at once, as libraries in C do."""
    os.write(2, f"libthing: no memory for {__file__}\n".encode())
    os._exit(code)


class Lethal(type(Path())):
    """A path that ends the process that it is handed to."""

    def __reduce__(self):
        return end_with, (1,)


class Unthinkable(type(Path())):
    """A path that cannot be handed to another process."""

    def __reduce__(self):
        return next, (iter(()),)


class Bad(type(Path())):
    """A path that nobody can say anything of, for a reason that nobody has thought of."""

    def stat(self, **how):
        """Fail."""
        raise RuntimeError(f"can't start new thread for {self}")
