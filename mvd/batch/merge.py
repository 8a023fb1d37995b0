"""Result folders of the parts of a job -> one, as if one run had done it all. No slide is read."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mvd.batch.earlier import earlier_result
from mvd.batch.how import BatchOutcome, How
from mvd.batch.lock import held
from mvd.batch.one import SlideOutcome, outcome_before
from mvd.batch.record import now_utc
from mvd.batch.recount import failed_before, record_of
from mvd.batch.run import write_tables
from mvd.corrections.file import shows_corrections
from mvd.errors import MvdError
from mvd.report.page.place import Extras
from mvd.settings import Settings

Placed = tuple[int, SlideOutcome, Path]


def merge(folders: Sequence[Path], out: Path, command: Sequence[str] = ()) -> BatchOutcome:
    """Put several result folders into one; they stay as they are.

    Parameters
    ----------
    folders : sequence of Path
        Of runs that ended, with the same settings; of the shards of one job, or of different slides.
    out : Path
        A new folder.
    command : sequence of str
        The command line, for run.json.

    Returns
    -------
    BatchOutcome
        All slides: those of shards in the order of the whole job, else one folder after the other.

    Raises
    ------
    MvdError
        A folder is not of a run that ended, has other settings, lacks a file, or has a slide that another has too; or
        ``out`` has results. Nothing is written then.
    """
    if (out / "run.json").exists():
        raise MvdError(f"{out}: has results already; give a new folder with --out")
    started, records = now_utc(), [_record(folder) for folder in folders]
    for folder, record in zip(folders, records, strict=True):
        if record["settings_fingerprint"] != records[0]["settings_fingerprint"]:
            raise MvdError(
                f"{folder}: was run with other settings than {folders[0]}; run one of them again with the other's"
            )
    placed = [
        slide
        for place, pair in enumerate(zip(folders, records, strict=True))
        for slide in _slides(place, *pair)
    ]
    placed.sort(key=lambda slide: slide[0])
    _refuse_twins(placed)
    with held(out):
        for _, outcome, folder in placed:
            if outcome.status != "failed":
                _copy(folder, out / "slides" / outcome.slide_id)
        outcomes = tuple(replace(outcome, number=number) for number, (_, outcome, _) in enumerate(placed))
        settings = Settings.from_mapping(records[0]["settings"], f"{folders[0]}/run.json")
        done = BatchOutcome(outcomes, "finished", started=started)
        return write_tables(out, settings, How(command=command), done, Extras())


def _record(folder: Path) -> dict[str, Any]:
    record = record_of(folder)
    if record["state"] != "finished":
        raise MvdError(f"{folder}: the run did not end; finish it with the same `mvd run` first")
    if "shard" not in record:
        raise MvdError(f"{folder}: is of an older version; run `mvd run` there again first")
    return record


def _slides(place: int, folder: Path, record: dict[str, Any]) -> list[Placed]:
    """Return the slides of a folder, each with its place in the whole job."""
    first, step = record["shard"]
    found = []
    for number, slide in enumerate(record["slides"]):
        own = folder / "slides" / slide["slide_id"]
        if slide["status"] == "failed":
            outcome = failed_before(
                number, slide, slide["error"], slide["message"], record["settings_fingerprint"]
            )
        else:
            earlier = earlier_result(own)
            if earlier is None:
                raise MvdError(
                    f"{own}: a file is missing or altered; finish it with the same `mvd run` first"
                )
            if not shows_corrections(own, earlier.about):
                raise MvdError(
                    f"{own}: was corrected by hand since its tables were written; run `mvd report` there first"
                )
            outcome = outcome_before(earlier, number)
        order = first - 1 + number * step if step > 1 else place * 10**9 + number
        found.append((order, replace(outcome, sha256=slide["sha256"]), own))
    return found


def _refuse_twins(placed: Sequence[Placed]) -> None:
    seen: dict[str, Path] = {}
    for _, outcome, folder in placed:
        if outcome.slide_id in seen:
            raise MvdError(
                f"{folder}: is in {seen[outcome.slide_id].parent.parent} too; leave one of them out"
            )
        seen[outcome.slide_id] = folder


def _copy(folder: Path, target: Path) -> None:
    """Copy a slide's folder so that it is there whole or not at all."""
    fresh = target.with_name(f".{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(folder, fresh)
    fresh.rename(target)
