"""``mvd methods``: a result folder -> the methods section of the paper."""

from pathlib import Path

import click


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write.  [default: standard output]",
)
def methods(folder: Path, out: Path | None) -> int:
    """Write the methods section for the paper, from the settings and versions that were really used.

    Text, references, and a list after REMARK of what must be stated, as Markdown; no slide is read, and no
    name of a slide is in it.

    \b
    Examples:
      mvd methods results
      mvd methods results --out methods.md
    """
    from mvd.batch.recount import record_of
    from mvd.errors import MvdError
    from mvd.report import write_atomically
    from mvd.report.methods import methods_text

    text = methods_text(folder, record_of(folder))
    if out is None:
        click.echo(text.encode(), nl=False)  # UTF-8, whatever the terminal is
        return 0
    try:
        write_atomically(out, text.encode())
    except OSError as error:
        raise MvdError(f"{out}: cannot be written ({error.strerror}); give another file with --out") from None
    return 0
