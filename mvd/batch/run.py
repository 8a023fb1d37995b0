"""Slides -> a result folder with the tables of the cohort, in the order of the slides whatever finished first."""

from collections.abc import Callable, Container, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from mvd.batch.again import put_right
from mvd.batch.crew import Limits, outcomes_of_crew
from mvd.batch.how import BatchOutcome, How, Reporter, State
from mvd.batch.lock import STATE, held
from mvd.batch.machine import processors
from mvd.batch.one import FoundFile, SlideJob, SlideOutcome, is_disk_full, run_slide, slide_id
from mvd.batch.record import run_record
from mvd.batch.stopping import Stopping, Terminated, heeding_sigterm
from mvd.errors import Cancelled, MvdError
from mvd.report import write_atomically, write_cohort
from mvd.report.cohort import json_bytes
from mvd.settings import Settings

ERROR_LOG = "mvd-error.log"


def run(
    found: Sequence[FoundFile],
    out: Path,
    settings: Settings,
    reporter: Reporter,
    *,
    mpp_of: Mapping[str, float] | None = None,
    region_of: Mapping[str, Path] | None = None,
    how: How | None = None,
) -> BatchOutcome:
    """Analyse slides and write the result folder; slides that an earlier run has done there are not done again.

    Parameters
    ----------
    found : sequence of FoundFile
        Of ``mvd.slide.find_slides``.
    out : Path
        The result folder; made if need be.
    settings : Settings
    reporter : Reporter
    mpp_of : mapping, optional
        Slide name -> um/px, over ``settings.slide.mpp`` and the file's own.
    region_of : mapping, optional
        Slide name -> GeoJSON of its regions. A slide that is not in it is analysed whole, one whose file is not there
        fails.
    how : How, optional

    Returns
    -------
    BatchOutcome
        Failed slides included; an interruption, SIGTERM or a full disk ends it early with what is finished intact:
        run again, it goes on from there.

    Raises
    ------
    MvdError
        When there is no slide, ``out`` cannot be written, or another run is at work there.
    """
    if not found:
        raise MvdError("no slide was given; give slide files or a folder with slides in it")
    how = how or How()
    with held(out):
        return _run(found, out, settings, reporter, mpp_of or {}, region_of or {}, how)


def _run(
    found: Sequence[FoundFile],
    out: Path,
    settings: Settings,
    reporter: Reporter,
    mpp_of: Mapping[str, float],
    region_of: Mapping[str, Path],
    how: How,
) -> BatchOutcome:
    jobs = _jobs(found, out, _own_settings(settings, mpp_of), region_of, how)
    stale = _begin(out, settings, how, {job.slide_id for job in jobs})
    outcomes: list[SlideOutcome] = []
    state: State = "finished"
    try:
        with heeding_sigterm() as stopping, closing(_outcomes(jobs, how, reporter, stopping)) as coming:
            for outcome in coming:
                outcomes.append(outcome)
                reporter.slide_done(outcome)
    except Terminated:
        state = "terminated"
    except (KeyboardInterrupt, Cancelled):
        state = "interrupted"
    except OSError as error:
        if not is_disk_full(error):
            raise
        state = "disk_full"
    outcomes.sort(key=lambda outcome: outcome.number)
    return write_tables(out, settings, how, BatchOutcome(tuple(outcomes), state, stale))


def _own_settings(settings: Settings, mpp_of: Mapping[str, float]) -> Callable[[str], Settings]:
    """Return what gives the settings of a slide by its name: its own pixel size where the table has one."""

    def own(name: str) -> Settings:
        if name not in mpp_of:
            return settings
        section = settings.slide.model_copy(update={"mpp": mpp_of[name]})
        return settings.model_copy(update={"slide": section})

    return own


def _jobs(
    found: Sequence[FoundFile],
    out: Path,
    settings_of: Callable[[str], Settings],
    region_of: Mapping[str, Path],
    how: How,
) -> list[SlideJob]:
    jobs = []
    for number, slide in enumerate(found):
        key = slide_id(slide.name)
        job = SlideJob(
            number=number,
            path=slide.path,
            # A name that is no UTF-8 is written with escapes, here and in every table.
            name=slide.name.encode("utf-8", "backslashreplace").decode(),
            slide_id=key,
            folder=out / "slides" / key,
            settings=settings_of(slide.name),
            tile_px=how.tile_px,
            workers=_workers(how),
            region=region_of.get(slide.name),
            memory=out / STATE / f"{key}.json",
            fresh=how.fresh,
        )
        jobs.append(job)
    return jobs


def _workers(how: How) -> int | None:
    return how.workers or max(processors() // how.jobs, 1)


def _begin(out: Path, settings: Settings, how: How, ids: Container[str]) -> tuple[str, ...]:
    """Mark the folder as a result folder under way, and take away the tables of an earlier run.

    Returns the slides that an earlier run left there and that this one has not, by the names of their folders. They
    stay: results are for their owner to remove.
    """
    try:
        (out / "slides").mkdir(parents=True, exist_ok=True)
        put_right(out / "slides")
        write_atomically(out / "run.json", json_bytes(run_record(settings, how.command, "running", [])))
        for name in ("summary.csv", "hotspots.csv", "regions.csv", "failed.csv", ERROR_LOG):
            (out / name).unlink(missing_ok=True)
        finished = sorted(path.parent.name for path in (out / "slides").glob("*/slide.json"))
    except OSError as error:
        raise _cannot_write(out, error) from None
    return tuple(name for name in finished if name not in ids)


def _cannot_write(out: Path, error: OSError) -> MvdError:
    return MvdError(f"{out}: cannot be written ({error.strerror}); give another folder with --out")


def _outcomes(
    jobs: Sequence[SlideJob], how: How, reporter: Reporter, stopping: Stopping
) -> Generator[SlideOutcome]:
    writing: set[int] = set()  # what is measured is written before a run stops

    def look() -> None:
        if not writing:
            stopping.check()

    def stage(number: int, *progress: Any) -> None:
        reporter.stage(number, *progress)
        if progress[0] == "report":
            writing.add(number)
        look()

    if how.apart or (how.jobs > 1 and len(jobs) > 1):
        for outcome in outcomes_of_crew(
            jobs,
            Limits(how.jobs, how.timeout_s, how.memory_mb),
            lambda job: reporter.slide_started(job.number, job.name),
            lambda job, *progress: stage(job.number, *progress),
            look,
        ):
            writing.discard(outcome.number)
            yield outcome
            look()
        return
    for job in jobs:
        reporter.slide_started(job.number, job.name)
        yield run_slide(job, partial(stage, job.number))
        writing.clear()
        look()


def write_tables(out: Path, settings: Settings, how: How, outcome: BatchOutcome) -> BatchOutcome:
    """Write the tables of what is finished, then run.json."""
    failed = [{"slide": s.name, "error": s.error, "what_to_do": s.message} for s in outcome.failed]
    hotspots = [row for slide in outcome.slides for row in slide.hotspots]
    regions = [row for slide in outcome.slides for row in slide.regions]
    traces = [slide.trace for slide in outcome.slides if slide.trace]
    try:
        write_cohort(out, [slide.row for slide in outcome.slides], hotspots, failed, regions)
        if traces:
            write_atomically(
                out / ERROR_LOG, ("\n\n".join(traces) + "\n").encode("utf-8", "backslashreplace")
            )
        record = run_record(settings, how.command, outcome.state, outcome.slides) | {"shard": how.shard}
        write_atomically(out / "run.json", json_bytes(record))
    except OSError as error:
        if not is_disk_full(error):
            raise _cannot_write(out, error) from None
        return replace(outcome, state="disk_full")
    return outcome
