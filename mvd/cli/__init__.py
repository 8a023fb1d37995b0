"""The command line. Commands are thin: they turn words into arguments, call the engine and tell what came of it.

Nothing heavy is imported before a command needs it, so that ``mvd --help`` is quick.
"""

import contextlib
import os
import sys

import click

from mvd.cli.group import LazyGroup


@click.group(
    cls=LazyGroup,
    commands_at={
        "run": ("mvd.cli.run:run", "Measure the microvessel density of slides; the main job."),
        "watch": ("mvd.cli.watch:watch", "Analyse slides as a scanner drops them into a folder."),
        "recount": (
            "mvd.cli.recount:recount",
            "Count a result folder again by other rules; no slide is read.",
        ),
        "report": ("mvd.cli.report:report", "Write the tables and report.html again; no slide is read."),
        "methods": (
            "mvd.cli.methods:methods",
            "Write the methods section for the paper, from what was really used.",
        ),
        "merge": ("mvd.cli.merge:merge", "Put several result folders into one."),
        "open": ("mvd.cli.open:open_in_napari", "Look at a slide or a result in napari."),
        "info": ("mvd.cli.info:info", "Show a slide's size, levels, pixel size and where it came from."),
        "train": ("mvd.cli.train:train", "Train a pixel classifier for vessel walls from labelled slides."),
        "agree": ("mvd.cli.agree:agree", "Tell how well readers, or mvd and readers, agree."),
        "cohort": ("mvd.cli.cohort:cohort", "Compare groups and follow-up by density, patient by patient."),
        "config": ("mvd.cli.config:config", "Show or check the settings, with units and defaults."),
        "phantom": ("mvd.cli.phantom:phantom", "Write synthetic CD34 slides with their truth."),
        "doctor": ("mvd.cli.doctor:doctor", "Show versions, codecs and what this machine has."),
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="mvd", message="mvd %(version)s")
def cli() -> None:
    """Microvessel density from CD34- or CD31-stained slides.

    \b
    Example:
      mvd run slides --out results
    """


def main() -> None:
    """Entry point of the ``mvd`` script."""
    try:
        cli(prog_name="mvd")
    except SystemExit as end:
        if isinstance(end.code, int):
            _end_at_once(end.code)
        raise


def _end_at_once(code: int) -> None:
    """End the process when all is written: to take numba and the like down in order, Python needs half a second."""
    with contextlib.suppress(OSError):  # what cannot be written is for Python's own ending to tell
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        os._exit(code)
