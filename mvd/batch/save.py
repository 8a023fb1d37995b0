"""A result that was made in a viewer or a script -> a result folder, as `mvd run` writes it of one slide."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mvd.batch.content import content_sha256
from mvd.batch.how import How
from mvd.batch.one import SlideOutcome, outcome_of, slide_id
from mvd.batch.run import run
from mvd.errors import MvdError
from mvd.report import write_slide
from mvd.result import SlideResult
from mvd.slide import FoundSlide


class _Silent:
    """Tells nobody anything."""

    def slide_started(self, number: int, name: str) -> None:
        """Tell nobody that a slide is begun."""

    def stage(self, number: int, stage: str, done: int, total: int) -> None:
        """Tell nobody how far it is."""

    def slide_done(self, outcome: SlideOutcome) -> None:
        """Tell nobody what became of it."""


def save_result(result: SlideResult, out: Path, *, command: Sequence[str] = ()) -> Path:
    """Write a result folder of one slide: tables, pictures, report.html.

    Parameters
    ----------
    result : SlideResult
        Of a slide that is a file.
    out : Path
        A new or empty folder, or one that holds a result of this slide alone, which is replaced.
    command : sequence of str
        What made it, for run.json.

    Returns
    -------
    Path
        ``out/slides/<slide_id>``.

    Raises
    ------
    MvdError
        ``out`` holds something else, or cannot be written.
    """
    path = result.info.path
    key = slide_id(path.name)
    folder = out / "slides" / key
    _refuse_others(out, key)
    sha256 = content_sha256(path)
    try:
        write_slide(result, folder, key, path.name, sha256=sha256)
    except OSError as error:
        raise MvdError(f"{out}: cannot be written ({error.strerror}); give another folder") from None
    outcome = outcome_of(result, 0, key, path.name)
    known = {key: replace(outcome, sha256=sha256)}
    done = run(
        [FoundSlide(path, path.name)], out, result.settings, _Silent(), how=How(command=command, known=known)
    )
    if done.state != "finished":
        raise MvdError(f"{out}: could not be finished ({done.state}); make room, and save again")
    return folder


def _refuse_others(out: Path, key: str) -> None:
    """Raise where a folder holds anything but a result of this slide alone."""
    try:
        if not out.is_dir() or not any(out.iterdir()):
            return
        slides = json.loads((out / "run.json").read_bytes())["slides"]
        if [slide["slide_id"] for slide in slides] == [key]:
            return
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise MvdError(f"{out}: holds other things, which stay as they are; give a new or empty folder")
