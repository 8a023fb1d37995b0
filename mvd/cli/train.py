"""``mvd train``: labelled slides -> a pixel classifier for ``mvd run --vessel-method classifier``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mvd.cli.options import SettingsCommand, settings_from
from mvd.errors import SettingsError

if TYPE_CHECKING:
    from mvd.training import Lesson

SHOWN_FEATURES = 8

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_ANY = click.Path(exists=True, path_type=Path)


@click.command(cls=SettingsCommand)
@click.argument("slides", nargs=-1, required=True, metavar="SLIDE...", type=_ANY)
@click.option(
    "--labels",
    multiple=True,
    required=True,
    type=_ANY,
    help="For each slide, in the same order: GeoJSON with annotations of class vessel and background, or the "
    "folder of a corrected result.",
)
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write."
)
@click.option("--config", type=_FILE, help="Settings as TOML; see `mvd config show`.")
@click.option(
    "--line-um",
    type=click.FloatRange(0.5, 50),
    default=2.0,
    show_default=True,
    help="Width of lines and points among the labels, um.",
)
@click.option("--workers", type=click.IntRange(1), help="Threads.  [default: all processors]")
def train(
    slides: tuple[Path, ...],
    labels: tuple[Path, ...],
    out: Path,
    config: Path | None,
    line_um: float,
    workers: int | None,
    **flags: Any,
) -> None:
    """Learn from labels which pixels are vessel wall; needs scikit-learn (pip install "mvd[train]").

    Prints what was learnt: pixels of each kind, precision and recall on places that were left out, and the features
    that mattered. Train with the settings of the run to come; slide, tissue and stain matter.

    \b
    Examples:
      mvd train a.svs --labels a.geojson --out model.npz
      mvd train a.svs b.svs --labels a.geojson --labels results --out model.npz
      mvd run slides --vessel-method classifier --vessel-classifier model.npz --out results
    """
    if len(labels) != len(slides):
        raise SettingsError(
            f"{len(slides)} slides but {len(labels)} --labels; give one --labels for each slide, in the same order"
        )
    settings = settings_from(config, flags)
    from mvd.classifier import classifier_bytes
    from mvd.report import write_atomically
    from mvd.training import learn, read_marks, require_scikit_learn, sample_slide

    require_scikit_learn()
    marks = [read_marks(label, slide.name) for slide, label in zip(slides, labels, strict=True)]
    samples = [
        sample_slide(slide, said, settings, number=number, line_um=line_um)
        for number, (slide, said) in enumerate(zip(slides, marks, strict=True))
    ]
    lesson = learn(samples, settings, workers)
    try:
        write_atomically(out, classifier_bytes(lesson.classifier))
    except OSError as error:
        raise SettingsError(f"{out}: cannot be written ({error.strerror}); give another --out") from None
    _tell(lesson, [slide.name for slide in slides])
    click.echo(f"Written: {out}; use it with --vessel-method classifier --vessel-classifier {out}", err=True)


def _tell(lesson: "Lesson", names: Sequence[str]) -> None:
    from mvd.cli.words import shown

    rows = [
        (f"slide {number}: {shown(name)}", vessel, background)
        for number, (name, (vessel, background)) in enumerate(zip(names, lesson.pixels, strict=True), 1)
    ]
    _print_table(("labelled pixels", "vessel", "background"), rows)
    if lesson.scores:
        places = [
            (s.place, s.vessel, f"{s.precision:.3f}", f"{s.recall:.3f}", f"{s.f1:.3f}") for s in lesson.scores
        ]
        _print_table(("pixels left out", "vessel", "precision", "recall", "F1"), places)
    else:
        click.echo("\nNot tested: the labels lie in too few places. Label vessels and background in several.")
    parts = [(name, f"{part:.1%}") for name, part in lesson.importance[:SHOWN_FEATURES]]
    _print_table(("what mattered", "part"), parts)


def _print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: the first column to the left, the others to the right."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    click.echo("")
    for first, *rest in lines:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        click.echo("  ".join([first.ljust(widths[0]), *cells]))
