"""``mvd merge``: several result folders -> one."""

import sys
from pathlib import Path

import click


@click.command()
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    metavar="DIR...",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A new result folder.")
def merge(folders: tuple[Path, ...], out: Path) -> int:
    """Put several result folders of `mvd run` into one, as if one run had done all slides.

    The folders must have the same settings and no slide twice; they stay as they are. Of the parts of one job
    (`mvd run --shard`), tables and slide folders are those of the whole job, to the byte. Exit codes are those of
    `mvd run`.

    \b
    Examples:
      mvd merge part_1 part_2 --out results
    """
    from mvd import batch
    from mvd.cli.words import table

    outcome = batch.merge(folders, out, ["mvd", *sys.argv[1:]])
    click.echo(table(outcome.slides))
    return outcome.exit_code
