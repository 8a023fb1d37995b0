"""A result folder -> the same folder with its tables and report written again; no slide is read.

A slide that was corrected by hand since is counted again as corrected. One of which a file is missing or altered is
counted again from what was found stained, by the rules it had. When nothing has changed, every file is the same to the
byte. run.json stays as it is: it tells of the run.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from mvd import __version__
from mvd.batch.again import count_again, put_right
from mvd.batch.content import file_sha256
from mvd.batch.earlier import Earlier
from mvd.batch.how import BatchOutcome
from mvd.batch.lock import held
from mvd.batch.one import SlideOutcome, outcome_before, outcome_of
from mvd.batch.recount import failed_before, record_of
from mvd.batch.tables import print_again, write_pages, write_rows
from mvd.corrections.file import shows_corrections
from mvd.errors import MvdError, UnreadableSlide
from mvd.report.page.place import Extras, extras_in

_BROKEN = (OSError, ValueError, KeyError, TypeError, AttributeError)


def rebuild(
    out: Path,
    *,
    split: bool | None = None,
    parquet: bool | None = None,
    pdf: bool | None = None,
    workers: int | None = None,
) -> BatchOutcome:
    """Write the tables of a result folder and its report again.

    What is None is as it was: the folder has it again if it had it before.

    Parameters
    ----------
    out : Path
        A result folder of a run that ended.
    split : bool, optional
        The report has a page a slide.
    parquet : bool, optional
        Tables are written as Parquet too.
    pdf : bool, optional
        The report is printed too, if it is not that which was printed last.
    workers : int, optional
        Threads for a slide that must be counted again.

    Returns
    -------
    BatchOutcome
        All slides; ``resumed`` is ``recounted`` for one that was counted again, ``corrected`` if because of
        corrections by hand.

    Raises
    ------
    MissingDependency
        ``parquet`` without pyarrow, or ``pdf`` without a browser; nothing is written then.
    MvdError
        ``out`` is no result folder, cannot be written, or another run is at work there.
    """
    if parquet:
        from mvd.report.exports.parquet import check_parquet

        check_parquet()
    if pdf:
        from mvd.report.pdf import check_browser

        check_browser()
    record = record_of(out)
    with held(out):
        asked = (split, parquet, pdf)
        there = extras_in(out)
        extras = Extras(
            *(is_there if ask is None else ask for ask, is_there in zip(asked, there, strict=True))
        )
        put_right(out / "slides")
        outcome = BatchOutcome(tuple(_outcomes(out, record, workers or os.cpu_count() or 1)), "finished")
        try:
            write_rows(out, outcome)
            notes = write_pages(out, record, extras)
            if extras.pdf:
                notes += _printed(out, record, must=bool(pdf))
        except OSError as error:
            raise MvdError(
                f"{out}: cannot be written ({error.strerror}); make room, or see to its rights"
            ) from None
        return replace(outcome, notes=notes)


def _printed(out: Path, record: Mapping[str, Any], *, must: bool) -> tuple[str, ...]:
    try:
        print_again(out, record)
    except MvdError as error:
        if must:
            raise
        return (f"report.pdf was of before and is removed: {error}",)
    return ()


def _outcomes(out: Path, record: Mapping[str, Any], workers: int) -> Iterator[SlideOutcome]:
    for number, slide in enumerate(record["slides"]):
        if slide["status"] == "failed":
            fingerprint = record["settings_fingerprint"]
            yield failed_before(number, slide, slide["error"], slide["message"], fingerprint)
        else:
            folder = out / "slides" / slide["slide_id"]
            try:
                outcome = _outcome(folder, number, workers)
            except MvdError as error:
                fingerprint = record["settings_fingerprint"]
                outcome = failed_before(number, slide, error.code, str(error), fingerprint)
            yield replace(outcome, sha256=slide["sha256"])


def _outcome(folder: Path, number: int, workers: int) -> SlideOutcome:
    """Return a finished slide's outcome from its folder, which is put right if need be and if that can be done."""
    try:
        about = json.loads((folder / "slide.json").read_bytes())
        # Another version might count otherwise: what it found is shown as it is.
        by_hand = not shows_corrections(folder, about)
        if by_hand and about["mvd_version"] != __version__:
            raise MvdError(
                f"{folder.name}: is of mvd {about['mvd_version']}: run `mvd run` to apply its corrections"
            )
        if by_hand or (about["mvd_version"] == __version__ and not _is_whole(folder, about["files"])):
            # If that cannot be done its numbers stay, and the report says what is missing; but not uncorrected ones.
            with nullcontext() if by_hand else suppress(UnreadableSlide):
                result, slide_id, name = count_again(folder, {}, workers=workers, progress=lambda *_: None)
                return replace(
                    outcome_of(result, number, slide_id, name),
                    resumed="corrected" if by_hand else "recounted",
                )
        return outcome_before(Earlier(folder, about), number)
    except _BROKEN:
        raise UnreadableSlide(
            f"{folder.name}: its tables are missing, damaged or of another version; `mvd run` makes them again"
        ) from None


def _is_whole(folder: Path, files: Mapping[str, str]) -> bool:
    return all(
        (folder / name).is_file() and file_sha256(folder / name) == sha256 for name, sha256 in files.items()
    )
