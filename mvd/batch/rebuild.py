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
from mvd.batch.tables import write_pages, write_rows
from mvd.corrections.file import shows_corrections
from mvd.errors import MvdError, UnreadableSlide

_BROKEN = (OSError, ValueError, KeyError, TypeError, AttributeError)


def rebuild(
    out: Path, *, split: bool = False, parquet: bool = False, workers: int | None = None
) -> BatchOutcome:
    """Write the tables of a result folder and its report again.

    Parameters
    ----------
    out : Path
        A result folder of a run that ended.
    split : bool
        The report has a page a slide.
    parquet : bool
        Tables are written as Parquet too.
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
        ``parquet`` without pyarrow; nothing is written then.
    MvdError
        ``out`` is no result folder, cannot be written, or another run is at work there.
    """
    if parquet:
        from mvd.report.exports.parquet import check_parquet

        check_parquet()
    record = record_of(out)
    with held(out):
        put_right(out / "slides")
        outcome = BatchOutcome(tuple(_outcomes(out, record, workers or os.cpu_count() or 1)), "finished")
        try:
            write_rows(out, outcome)
            write_pages(out, record, split=split, parquet=parquet)
        except OSError as error:
            raise MvdError(
                f"{out}: cannot be written ({error.strerror}); make room, or see to its rights"
            ) from None
        return outcome


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
