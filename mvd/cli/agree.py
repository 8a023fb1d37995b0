"""``mvd agree``: readings of two or more readers -> how well they agree, as CSV and as a page to quote."""

from pathlib import Path
from typing import Any

import click

from mvd.cli.asked import FILE, asked_settings, template_option
from mvd.cli.words import shown


@click.command()
@click.argument("files", metavar="A.csv B.csv...", nargs=-1, required=True, type=FILE)
@click.option("--config", type=FILE, help="TOML with all settings; flags go before it.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for the page, figures and tables.  [default: none]"
)
@click.option(
    "--measure", "reading__measure", multiple=True,
    help="Column with the reading; repeat for one of each file.  [default: mvd_tissue_per_mm2, else vessels_per_mm2]",
)  # fmt: skip
@click.option("--key", "reading__key", help="Column with the slide.  [default: slide_id, else slide]")
@click.option(
    "--unmatched", "reading__unmatched", help="error or leave_out: a slide or field that not all have."
)
@click.option("--split-value", "split__value", type=float, help="Readings above are high.  [default: median]")
@click.option(
    "--rechosen", multiple=True, type=FILE, help="The readers' self-chosen fields; one of each, same order."
)
@click.option("--again", multiple=True, type=FILE, help="The readers' second readings, in the same order.")
@click.option("--points", is_flag=True, help="Compare vessel by vessel: rows with x_um and y_um.")
@click.option(
    "--within-um", "points__within_um", type=float, help="Points nearer are one vessel.  [default: 10]"
)
@template_option("mvd.settings.agree:AgreeSettings")
def agree(
    files: tuple[Path, ...],
    config: Path | None,
    out: Path | None,
    rechosen: tuple[Path, ...],
    again: tuple[Path, ...],
    points: bool,
    **flags: Any,
) -> int:
    """Tell how well readers, or mvd and readers, agree on the same slides or fields.

    A file is one reader's: summary.csv, what mvd.write_readings wrote, or any CSV with a slide and a number; a column
    field is part of the slide's name. The answer goes to stdout as CSV; --out also writes agree.html with figures and
    the sentences to quote.

    \b
    Examples:
      mvd agree results/summary.csv reader_a.csv --out agreement
      mvd agree a.csv b.csv c.csv --measure vessels_per_mm2 > agreement.csv
      mvd agree a.csv b.csv --rechosen a_own.csv --rechosen b_own.csv --out agreement
      mvd agree --points reader.csv results/slides/case_01-1a2b3c4d/vessels.csv --within-um 8
    """
    from mvd.settings.agree import AgreeSettings
    from mvd.stats.agree import agreement_csv, study_agreement, write_agreement

    flags["reading__kind"] = "points" if points else None
    settings = asked_settings(AgreeSettings, config, flags)
    if settings.reading.kind == "points" and (rechosen or again):
        raise click.UsageError("--rechosen and --again are for readings, not for points")
    made = study_agreement(files, settings, rechosen, again)
    answer = agreement_csv(made)
    inputs = {"": files, "--rechosen": rechosen, "--again": again}
    written = write_agreement(made, out, inputs) if out else []
    for what, which in made.counts.items():
        if "tie)" not in what:
            click.echo(f"left out, {what}: {shown(', '.join(which))}", err=True)
    click.echo(answer.decode(), nl=False)
    if written:
        click.echo(str(written[-1]), err=True)
    return 0
