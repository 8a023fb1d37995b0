"""How far a run is, for people: a bar on a terminal, a line a slide elsewhere, or nothing."""

import os
import sys
from collections.abc import Callable

import click

from mvd.batch import BatchOutcome, SlideOutcome
from mvd.cli.words import shown, slide_line, warning_lines
from mvd.errors import Cancelled

# Where in a slide a stage begins and ends, as parts of its time: only for the bar and its time left.
_PARTS = {
    "overview": (0.0, 0.05),
    "fit": (0.05, 0.1),
    "tiles": (0.1, 0.8),
    "vessels": (0.8, 0.9),
    "hotspots": (0.9, 0.93),
    "report": (0.93, 1.0),
}


def say(words: str, *, err: bool = False) -> None:
    """Write a line on stdout or stderr.

    Raises
    ------
    Cancelled
        Nobody reads any more, as after ``| head``; from then on nothing is said there.
    """
    try:
        click.echo(words, err=err)
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, (sys.stderr if err else sys.stdout).fileno())
        os.close(nowhere)
        raise Cancelled("nobody reads what is said") from None


class Silence:
    """Says nothing."""

    def slide_started(self, number: int, name: str) -> None:
        """Say nothing."""

    def stage(self, number: int, stage: str, done: int, total: int) -> None:
        """Say nothing."""

    def slide_done(self, outcome: SlideOutcome) -> None:
        """Say nothing."""

    def finished(self, outcome: BatchOutcome) -> None:
        """Say nothing."""

    def stopped(self, error: BaseException) -> None:
        """Say nothing: the command line tells what went wrong."""


def until_finished(reporter: Silence, work: Callable[[], BatchOutcome]) -> BatchOutcome:
    """Do the work, and tell the reporter how it ended, whatever that was."""
    try:
        outcome = work()
    except BaseException as error:
        reporter.stopped(error)
        raise
    reporter.finished(outcome)
    return outcome


class Lines(Silence):
    """A line for each finished slide, on stderr."""

    def __init__(self, slides: int) -> None:
        self._slides, self._done = slides, 0

    def slide_done(self, outcome: SlideOutcome) -> None:
        """Write the slide's line."""
        self._done += 1
        say(f"[{self._done}/{self._slides}] {slide_line(outcome)}", err=True)
        for line in warning_lines(outcome):
            say(line, err=True)


class Bar(Silence):
    """A bar on stderr with slides, tiles and time left; the lines of finished slides go above it."""

    def __init__(self, slides: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._slides, self._done, self._parts = slides, 0, dict[int, float]()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[slides]} {task.fields[tiles]}", markup=False),
            TimeRemainingColumn(),
            TextColumn("left", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task("", total=slides, slides=f"0/{slides} slides", tiles="")
        self._progress.start()

    def slide_started(self, number: int, name: str) -> None:
        """Show the slide's name."""
        self._progress.update(self._task, description=shown(name)[-40:], tiles="")

    def stage(self, number: int, stage: str, done: int, total: int) -> None:
        """Move the bar."""
        begin, end = _PARTS.get(stage, (1.0, 1.0))
        self._parts[number] = begin + (end - begin) * done / max(total, 1)
        tiles = {"tiles": f"{done}/{total} tiles"} if stage == "tiles" else {}
        self._progress.update(self._task, completed=self._done + sum(self._parts.values()), **tiles)  # type: ignore[arg-type]

    def slide_done(self, outcome: SlideOutcome) -> None:
        """Write the slide's line above the bar."""
        from rich.text import Text

        self._done += 1
        self._parts.pop(outcome.number, None)
        style = "red" if outcome.status == "failed" else ""
        self._progress.console.print(Text(slide_line(outcome), style=style), soft_wrap=True)
        for line in warning_lines(outcome):
            self._progress.console.print(Text(line, style="yellow"), soft_wrap=True)
        slides = f"{self._done}/{self._slides} slides"
        self._progress.update(self._task, completed=self._done + sum(self._parts.values()), slides=slides)

    def finished(self, outcome: BatchOutcome) -> None:
        """Take the bar away."""
        self._progress.stop()

    def stopped(self, error: BaseException) -> None:
        """Take the bar away."""
        self._progress.stop()
