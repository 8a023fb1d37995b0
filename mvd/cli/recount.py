"""``mvd recount``: a result folder -> the same, counted by other rules."""

import sys
from pathlib import Path
from typing import Any

import click

from mvd.cli.options import SettingsCommand, changes_from


@click.command(cls=SettingsCommand)
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Settings to change, as TOML; what it leaves out stays as it was.",
)
@click.option("--workers", type=click.IntRange(1), help="Threads.  [default: all processors]")
@click.option("--json", "as_json", is_flag=True, help="Events on stdout, one JSON object a line.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors that stop the run.")
def recount(folder: Path, config: Path | None, **options: Any) -> int:
    """Count the vessels of a result folder again by other rules, without reading a slide.

    Every stained candidate is kept by `mvd run`, counted or not. What joins, splits and judges them, and the hot
    spots, can be changed here; what decides which pixels are stained needs `mvd run`. Tables and pictures are
    written anew; exit codes are those of `mvd run`.

    \b
    Examples:
      mvd recount results --vessel-min-area-um2 30
      mvd recount results --hotspot-field-mm2 0.35 --vessel-max-lumen-width-um 80
    """
    from mvd import batch
    from mvd.cli import progress, reporter

    changes = changes_from(config, {name: options[name] for name in options if "__" in name})
    slides = batch.slides_in(folder)
    tells = reporter.choose(slides, as_json=options["as_json"], quiet=options["quiet"])
    how = batch.How(workers=options["workers"], command=["mvd", *sys.argv[1:]])
    outcome = progress.until_finished(tells, lambda: batch.recount(folder, changes, tells, how=how))
    if not (options["as_json"] or options["quiet"]):
        from mvd.cli.words import stopped, table

        if outcome.state == "finished":
            progress.say(table(outcome.slides))
        else:
            progress.say(
                f"mvd: {stopped(outcome, slides)}; tables and report are still those of before. The same command goes "
                "on from there; `mvd recount` without a setting goes back",
                err=True,
            )
        for note in outcome.notes:
            progress.say(f"mvd: {note}", err=True)
    return outcome.exit_code
