"""A result folder -> the same folder, its slides counted by other rules; no slide is read.

A slide's new files are written beside the old ones and take their place when they are complete.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mvd.batch.again import count_again, put_right
from mvd.batch.earlier import earlier_result
from mvd.batch.how import BatchOutcome, How, Reporter, state_after
from mvd.batch.lock import held
from mvd.batch.machine import processors
from mvd.batch.one import SlideOutcome, outcome_before, outcome_of
from mvd.batch.record import now_utc
from mvd.batch.run import write_tables
from mvd.batch.stopping import Stopping, heeding_sigterm
from mvd.corrections.file import shows_corrections
from mvd.errors import Cancelled, MvdError
from mvd.report import write_atomically
from mvd.report.cohort import json_bytes
from mvd.report.page.place import extras_in
from mvd.report.rows import failed_row
from mvd.settings import Settings, rules_of

Changes = Mapping[str, Mapping[str, Any]]
_UNDER_WAY = "recounting"
"""State in run.json while slides are counted again: the folder holds slides of two sets of rules."""


def recount(out: Path, changes: Changes, reporter: Reporter, *, how: How | None = None) -> BatchOutcome:
    """Count all slides of a result folder again, and write its tables anew.

    Slides that had failed stay failed; what was corrected by hand stays with its slide. All slides are counted by the
    rules of run.json with the changes, whatever a recount that was stopped has left.

    Parameters
    ----------
    out : Path
        A result folder of ``mvd run``.
    changes : mapping
        Section -> name -> value of the settings that are to change.
    reporter : Reporter
    how : How, optional
        ``workers`` and ``command``.

    Returns
    -------
    BatchOutcome
        An interruption, SIGTERM or a full disk ends it early: tables and report are then those of before, ``mvd
        report`` and ``mvd merge`` refuse the folder, and the same recount goes on from there.

    Raises
    ------
    MvdError
        ``out`` is no result folder, or a changed setting needs the slides.
    """
    from mvd.recount import changed_rules

    record = record_of(out, recounting=True)
    settings = changed_rules(record["settings"], changes, f"{out}/run.json")
    how = replace(how or How(), shard=tuple(record.get("shard", (1, 1))))
    with held(out), heeding_sigterm() as stopping:
        put_right(out / "slides")
        started = now_utc()
        outcomes: list[SlideOutcome] = []
        try:
            write_atomically(out / "run.json", json_bytes(record | {"state": _UNDER_WAY}))
            for outcome in _outcomes(out, record["slides"], settings, _Heard(reporter, stopping), how):
                outcomes.append(outcome)
                reporter.slide_done(outcome)
                stopping.check()
        except (KeyboardInterrupt, Cancelled, OSError) as error:
            return BatchOutcome(tuple(outcomes), state_after(error))
        done = BatchOutcome(tuple(outcomes), "finished", started=started)
        return write_tables(out, settings, how, done, extras_in(out))


@dataclass(frozen=True)
class _Heard:
    """Tells how far a slide is, and stops where the system asked for it."""

    reporter: Reporter
    stopping: Stopping

    def begin(self, number: int, name: str) -> Callable[[str, int, int], None]:
        """Tell of a slide; return what hears its progress."""
        self.reporter.slide_started(number, name)

        def stage(*progress: Any) -> None:
            self.reporter.stage(number, *progress)
            self.stopping.check()

        return stage


def slides_in(out: Path) -> int:
    """Return how many slides a result folder has; ``MvdError`` if it is none."""
    return len(record_of(out, recounting=True)["slides"])


def record_of(out: Path, *, recounting: bool = False) -> dict[str, Any]:
    """Return run.json of a run that ended, and if ``recounting`` of a stopped recount too; else ``MvdError``."""
    try:
        record = dict(json.loads((out / "run.json").read_bytes()))
        if record["state"] == _UNDER_WAY and not recounting:
            raise MvdError(
                f"{out}: a recount was stopped, so some slides are counted by other rules; the same `mvd recount` goes "
                "on with it, and one without a setting goes back"
            )
        if record["state"] == "running" or not record["slides"]:
            raise MvdError(f"{out}: the run did not end; finish it with `mvd run` first")
        return record
    except (OSError, ValueError, KeyError, TypeError):
        raise MvdError(f"{out}: is no result folder of `mvd run`; give the folder with run.json") from None


def _outcomes(
    out: Path, slides: list[dict[str, Any]], settings: Settings, heard: _Heard, how: How
) -> Iterator[SlideOutcome]:
    for number, slide in enumerate(slides):
        progress = heard.begin(number, slide["slide"])
        if slide["status"] == "failed":
            yield failed_before(number, slide, slide["error"], slide["message"], settings.fingerprint)
            continue
        try:
            outcome = _outcome(out / "slides" / slide["slide_id"], number, settings, progress, how)
        except MvdError as error:
            if error.code in ("settings", "cancelled", "terminated"):
                raise  # the same for every slide
            outcome = failed_before(number, slide, error.code, str(error), settings.fingerprint)
        yield replace(outcome, sha256=slide["sha256"])


def _outcome(
    folder: Path, number: int, settings: Settings, progress: Callable[[str, int, int], None], how: How
) -> SlideOutcome:
    """Count a slide again, unless the recount that was stopped has done it."""
    from mvd.recount import changed_rules

    rules = rules_of(settings)  # all of them: which ones a recount that was stopped has changed is not known
    earlier = earlier_result(folder)
    if earlier and shows_corrections(folder, earlier.about):
        own = changed_rules(earlier.about["settings"], rules, f"{folder.name}/slide.json")
        if own.fingerprint == earlier.about["settings_fingerprint"]:
            return outcome_before(earlier, number)
    result, slide_id, name = count_again(
        folder, rules, workers=how.workers or processors(), progress=progress
    )
    return outcome_of(result, number, slide_id, name)


def failed_before(
    number: int, slide: Mapping[str, Any], code: str, message: str, fingerprint: str
) -> SlideOutcome:
    """Return the outcome of a slide of run.json that failed."""
    from mvd import __version__

    row = failed_row(slide["slide_id"], slide["slide"], code, fingerprint, __version__)
    return SlideOutcome(number, slide["slide_id"], slide["slide"], row, message=message)
