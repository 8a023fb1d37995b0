"""``mvd agree``: readings of two or more readers -> ICC, Bland-Altman and concordance, as CSV."""

from pathlib import Path

import click

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("files", metavar="A.csv B.csv...", nargs=-1, required=True, type=_FILE)
@click.option("--measure", default="mvd_tissue_per_mm2", show_default=True, help="Column with the reading.")
@click.option("--key", default="slide_id", show_default=True, help="Column with the slide.")
def agree(files: tuple[Path, ...], measure: str, key: str) -> int:
    """Tell how well readers, or mvd and readers, agree on the same slides or fields.

    Each file is one reader's: summary.csv, or any CSV with a slide and a number; a column field is part of the key.
    The answer goes to stdout as CSV, with 95 % intervals.

    \b
    Examples:
      mvd agree results/summary.csv reader_a.csv
      mvd agree a.csv b.csv c.csv --measure vessels_per_mm2 > agreement.csv
    """
    from mvd.stats.agree import agreement_csv, read_readings

    if len(files) < 2:
        raise click.UsageError("two files at least: one of each reader")
    readings = read_readings(files, measure, key)
    answer = agreement_csv(readings)
    if readings.left_out:
        click.echo(f"left out, a reading is missing: {', '.join(readings.left_out)}", err=True)
    click.echo(answer.decode(), nl=False)
    return 0
