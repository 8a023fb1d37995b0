"""``mvd report``: a result folder -> its tables and report, written again."""

from pathlib import Path

import click

from mvd.cli.words import shown


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--split/--no-split",
    default=None,
    help="One page a slide, with finer pictures, in DIR/report; or one file.",
)
@click.option(
    "--pdf/--no-pdf", default=None, help="Print the report to DIR/report.pdf too; needs Chromium or Chrome."
)
@click.option("--parquet/--no-parquet", default=None, help="Write the tables as Parquet too; needs pyarrow.")
@click.option("--workers", type=click.IntRange(1), help="Threads.  [default: all processors]")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
def report(folder: Path, workers: int | None, quiet: bool, **extras: bool | None) -> int:
    """Write the tables, results.xlsx and report.html of a result folder again, without reading a slide.

    What was corrected by hand since (corrections.json of a slide) is in the tables then, beside the automatic numbers.
    The same results give the same report, to the byte. Files of a slide that are missing or altered are made again
    from what `mvd run` stored, by the rules that were used; other rules are for `mvd recount`. What was asked for once
    (--split, --pdf, --parquet) is written again each time, until it is asked away (--no-split ...) or deleted. Exit
    codes are those of `mvd run`.

    \b
    Examples:
      mvd report results
      mvd report results --split
      mvd report results --pdf
      mvd report results --parquet
    """
    from mvd import batch
    from mvd.report.page.place import PDF, REPORT

    outcome = batch.rebuild(folder, **extras, workers=workers)
    for slide in outcome.slides if not quiet else ():
        if slide.resumed == "recounted":
            click.echo(f"{shown(slide.name)}: files were missing or altered and are made again", err=True)
        elif slide.resumed == "corrected":
            click.echo(f"{shown(slide.name)}: counted again with the corrections by hand of now", err=True)
        for warning in slide.warnings:
            if warning.startswith("corrections:"):
                click.echo(f"{shown(slide.name)}: warning: {warning}", err=True)
    for note in outcome.notes if not quiet else ():
        click.echo(f"mvd: {note}", err=True)
    if not quiet:
        click.echo(str(folder / (PDF if extras["pdf"] else REPORT)))
    return outcome.exit_code
