"""A result folder -> the same folder, its slides counted by other rules; no slide is read.

A slide's new files are written beside the old ones and take their place when they are complete.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mvd.batch.again import count_again
from mvd.batch.how import BatchOutcome, How, Reporter, State
from mvd.batch.lock import held
from mvd.batch.machine import processors
from mvd.batch.one import SlideOutcome, is_disk_full, outcome_of
from mvd.batch.record import now_utc
from mvd.batch.run import write_tables
from mvd.errors import Cancelled, MvdError
from mvd.report.page.place import extras_in
from mvd.report.rows import failed_row

Changes = Mapping[str, Mapping[str, Any]]


def recount(out: Path, changes: Changes, reporter: Reporter, *, how: How | None = None) -> BatchOutcome:
    """Count all slides of a result folder again, and write its tables anew.

    Slides that had failed stay failed; what was corrected by hand stays with its slide.

    Parameters
    ----------
    out : Path
        A result folder of ``mvd run``.
    changes : mapping
        Section -> name -> value of the settings that are to change.
    reporter : Reporter
    how : How, optional
        ``workers`` and ``command``.

    Raises
    ------
    MvdError
        ``out`` is no result folder, or a changed setting needs the slides.
    """
    how = how or How()
    record = record_of(out)
    with held(out):
        return _recount(out, record, changes, reporter, how)


def _recount(
    out: Path, record: dict[str, Any], changes: Changes, reporter: Reporter, how: How
) -> BatchOutcome:
    from mvd.recount import changed_settings

    started, settings = now_utc(), changed_settings(record["settings"], changes)
    outcomes: list[SlideOutcome] = []
    state: State = "finished"
    try:
        for outcome in _outcomes(out, record["slides"], (changes, settings.fingerprint), reporter, how):
            outcomes.append(outcome)
            reporter.slide_done(outcome)
    except (KeyboardInterrupt, Cancelled):
        state = "interrupted"
    except OSError as error:
        if not is_disk_full(error):
            raise
        state = "disk_full"
    if state != "finished":
        # The tables still tell of all slides, though some by the old rules: the next recount mends that.
        return BatchOutcome(tuple(outcomes), state)
    done = BatchOutcome(tuple(outcomes), state, started=started)
    return write_tables(out, settings, how, done, extras_in(out))


def slides_in(out: Path) -> int:
    """Return how many slides a result folder has; ``MvdError`` if it is none."""
    return len(record_of(out)["slides"])


def record_of(out: Path) -> dict[str, Any]:
    """Return run.json of a run that ended; ``MvdError`` if there is none."""
    try:
        record = json.loads((out / "run.json").read_bytes())
        if record["state"] == "running" or not record["slides"]:
            raise MvdError(f"{out}: the run did not end; finish it with `mvd run` first")
        return dict(record)
    except (OSError, ValueError, KeyError, TypeError):
        raise MvdError(f"{out}: is no result folder of `mvd run`; give the folder with run.json") from None


def _outcomes(
    out: Path, slides: list[dict[str, Any]], rules: tuple[Changes, str], reporter: Reporter, how: How
) -> Iterator[SlideOutcome]:
    changes, fingerprint = rules
    for number, slide in enumerate(slides):
        reporter.slide_started(number, slide["slide"])
        folder = out / "slides" / slide["slide_id"]
        if slide["status"] == "failed":
            yield failed_before(number, slide, slide["error"], slide["message"], fingerprint)
            continue

        def progress(stage: str, done: int, total: int, number: int = number) -> None:
            reporter.stage(number, stage, done, total)

        try:
            workers = how.workers or processors()
            result, slide_id, name = count_again(folder, changes, workers=workers, progress=progress)
            outcome = outcome_of(result, number, slide_id, name)
        except MvdError as error:
            if error.code in ("settings", "cancelled"):
                raise  # the same for every slide
            outcome = failed_before(number, slide, error.code, str(error), fingerprint)
        yield replace(outcome, sha256=slide["sha256"])


def failed_before(
    number: int, slide: Mapping[str, Any], code: str, message: str, fingerprint: str
) -> SlideOutcome:
    """Return the outcome of a slide of run.json that failed."""
    from mvd import __version__

    row = failed_row(slide["slide_id"], slide["slide"], code, fingerprint, __version__)
    return SlideOutcome(number, slide["slide_id"], slide["slide"], row, message=message)
