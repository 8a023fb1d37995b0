"""How far a run is: a bar on a terminal, a line a slide elsewhere, JSON events, or nothing."""

import json
import os
import sys
import time
from typing import Any

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
_EVENT_EVERY_S = 0.5


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


class Events(Silence):
    """One JSON object a line, on stdout."""

    def __init__(self, slides: int) -> None:
        self._names: dict[int, str] = {}
        self._last_s = 0.0
        self._say("start", slides=slides)

    def slide_started(self, number: int, name: str) -> None:
        """Write ``slide_started``."""
        self._names[number] = name
        self._say("slide_started", slide=name)

    def stage(self, number: int, stage: str, done: int, total: int) -> None:
        """Write ``progress``: the end of each stage, and not too often between."""
        now_s = time.monotonic()
        if done == total or now_s - self._last_s >= _EVENT_EVERY_S:
            self._last_s = now_s
            self._say("progress", slide=self._names[number], stage=stage, done=done, total=total)

    def slide_done(self, outcome: SlideOutcome) -> None:
        """Write ``slide``, with its row of summary.csv."""
        about = {
            "message": outcome.message,
            "warnings": outcome.warnings,
            "seconds": round(outcome.seconds, 3),
            "resumed": outcome.resumed,
        }
        self._say("slide", **outcome.row, **about)

    def finished(self, outcome: BatchOutcome) -> None:
        """Write ``end``."""
        self._say("end", state=outcome.state, failed=len(outcome.failed), exit_code=outcome.exit_code)

    @staticmethod
    def _say(event: str, **fields: Any) -> None:
        say(json.dumps({"event": event, **fields}))


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


def choose(slides: int, *, as_json: bool, quiet: bool) -> Silence:
    """Return who reports: JSON events, nobody, a bar on a terminal, or lines."""
    if as_json:
        return Events(slides)
    if quiet:
        return Silence()
    from rich.console import Console

    console = Console(stderr=True)
    return Bar(slides) if console.is_terminal and not console.is_dumb_terminal else Lines(slides)
