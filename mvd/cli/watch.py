"""``mvd watch``: a folder that a scanner writes into -> a result folder that keeps up with it."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mvd.batch import BatchOutcome, How, Reporter
from mvd.batch.one import FoundFile
from mvd.batch.watch import Given, Times
from mvd.cli import progress
from mvd.cli.options import SettingsCommand, settings_from
from mvd.cli.reporter import choose
from mvd.cli.run import how_of, of_single_slides, run, tell
from mvd.cli.words import shown
from mvd.errors import Cancelled
from mvd.settings import Settings
from mvd.slide import find_slides

_AS_RUN = {"out", "config", "mpp_table", "region", "jobs", "workers", "timeout", "memory_mb"} | {
    "stage_dir",
    "tile_px",
    "as_json",
    "quiet",
}
_SECONDS = click.FloatRange(0.1)


@click.command(cls=SettingsCommand)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--every", type=_SECONDS, default=10.0, show_default=True, help="Seconds between two looks.")
@click.option(
    "--settled",
    type=_SECONDS,
    default=30.0,
    show_default=True,
    help="Seconds for which size and time of a slide's files must stay the same: then it is complete.",
)
@click.option(
    "--idle-stop",
    type=_SECONDS,
    help="End when for so many seconds nothing came and nothing was waited for.  [default: never]",
)
def watch(folder: Path, out: Path, config: Path | None, **options: Any) -> int:
    """Analyse the slides that a scanner drops into a folder, each as soon as it is complete.

    Tables and report are those of all slides so far, written again after each pass. A slide that still grows is waited
    for; one that failed is tried again when its file changes. Ctrl-C or SIGTERM end it, and the same command goes on.
    Exit codes are those of `mvd run`.

    \b
    Examples:
      mvd watch scans --out results
      mvd watch scans --out results --stage-dir fast_disk --idle-stop 3600
    """
    from mvd import batch
    from mvd.batch import watch as watching

    batch.collect_seldom()
    settings = settings_from(config, {name: options[name] for name in options if "__" in name})
    host = _Host(settings, options)
    host.given(find_slides([folder]))  # what is wrong from the beginning is told before anything is done
    if not options["quiet"]:
        click.echo(
            f"mvd: watching {shown(str(folder))}; a slide that stays the same for {options['settled']:g} s "
            "(--settled) is complete and is measured; Ctrl-C ends it",
            err=True,
        )
    times = Times(options["every"], options["settled"], options["idle_stop"])
    outcome = watching.watch(folder, out, settings, host, times)
    if not (options["as_json"] or options["quiet"]):
        with contextlib.suppress(Cancelled):
            if outcome.slides:
                tell(outcome, out, len(outcome.slides))
            else:
                host.say("no slide came")
    return outcome.exit_code


class _Host:
    """Answers a watch from the options of the command."""

    def __init__(self, settings: Settings, options: dict[str, Any]) -> None:
        self._settings, self._options = settings, options

    def given(self, found: Sequence[FoundFile]) -> Given:
        """Read the table of pixel sizes and look for the regions, as they are now."""
        slides: Any = list(found)
        mpp_of, region_of, _ = of_single_slides(slides, self._settings, self._options)
        return Given(mpp_of, region_of)

    def how(self, slides: int) -> How:
        """Return how so many slides are done."""
        return how_of(slides, self._options)

    def reporter(self, slides: int) -> Reporter:
        """Return a reporter by --json and --quiet."""
        return choose(slides, as_json=self._options["as_json"], quiet=self._options["quiet"])

    def passed(self, reporter: Reporter, outcome: BatchOutcome) -> None:
        """Have the reporter finish."""
        if isinstance(reporter, progress.Silence):
            reporter.finished(outcome)

    def say(self, words: str) -> None:
        """Say it on stderr."""
        if not self._options["quiet"]:
            progress.say(f"mvd: {words}", err=True)


watch.params += [param for param in run.params if param.name in _AS_RUN]
