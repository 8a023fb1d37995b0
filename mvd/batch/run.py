"""Slides -> a result folder with the tables of the cohort, in the order of the slides whatever finished first."""

import time
from collections.abc import Callable, Container, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from mvd.batch.again import put_right
from mvd.batch.cluster import outcomes_on_cluster
from mvd.batch.crate import CRATE_NAME, crate_of, present_in
from mvd.batch.crew import Limits, outcomes_of_crew
from mvd.batch.how import BatchOutcome, How, Reporter, State, state_after
from mvd.batch.lock import STATE, held
from mvd.batch.machine import processors
from mvd.batch.one import (
    ERROR_LOG,
    FoundFile,
    SlideJob,
    SlideOutcome,
    is_disk_full,
    run_slide,
    slide_id,
)
from mvd.batch.record import SETTINGS_NAME, now_utc, run_record, settings_file
from mvd.batch.scheduler import Cluster, connected
from mvd.batch.staging import stage_folder, supplied
from mvd.batch.stopping import Stopping, heeding_sigterm
from mvd.batch.supply import Supply
from mvd.batch.tables import note_of_pdf, write_pages, write_rows
from mvd.batch.worker import refuse_in_a_starting_process
from mvd.errors import Cancelled, MvdError
from mvd.report import write_atomically
from mvd.report.cohort import json_bytes
from mvd.report.page.place import Extras, extras_in, remove_report
from mvd.settings import Settings

_LOOK_EVERY_S = 0.05


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
    refuse_in_a_starting_process()
    if not found:
        raise MvdError("no slide was given; give slide files or a folder with slides in it")
    how = how or How()
    with (
        held(out),
        stage_folder(how.stage_dir) as stage,
        connected(how.cluster, out) as cluster,
    ):
        how = replace(how, stage_dir=stage, cluster=cluster)
        return run_held(found, out, settings, reporter, (mpp_of or {}, region_of or {}), how)


def run_held(
    found: Sequence[FoundFile],
    out: Path,
    settings: Settings,
    reporter: Reporter,
    of_slides: tuple[Mapping[str, float], Mapping[str, Path]],
    how: How,
) -> BatchOutcome:
    """As ``run``, by one who holds ``out`` already; ``how.stage_dir`` is a folder of this run's own."""
    mpp_of, region_of = of_slides
    jobs = _jobs(found, out, own_settings(settings, mpp_of), region_of, how)
    started, there = now_utc(), extras_in(out)
    stale = _begin(out, settings, how, {job.slide_id for job in jobs}, started)
    outcomes = [
        replace(how.known[job.slide_id], number=job.number) for job in jobs if job.slide_id in how.known
    ]
    jobs = [job for job in jobs if job.slide_id not in how.known]
    with heeding_sigterm() as stopping:  # to the last table: a queue may ask at any moment
        state, notes = _do(jobs, how, reporter, stopping, outcomes)
        outcomes.sort(key=lambda outcome: outcome.number)
        outcome = BatchOutcome(tuple(outcomes), state, stale, started, notes)
        try:
            return write_tables(out, settings, how, outcome, there)
        except KeyboardInterrupt:  # what is measured is told all the same; only the report is done without
            return write_tables(out, settings, how, replace(outcome, state="interrupted"), there)


def _do(
    jobs: Sequence[SlideJob], how: How, reporter: Reporter, stopping: Stopping, outcomes: list[SlideOutcome]
) -> tuple[State, tuple[str, ...]]:
    """Do the jobs and add what became of them to ``outcomes``; return how that ended, and what is to be known of it."""
    notes: tuple[str, ...] = ()
    try:
        with (
            supplied(jobs, how.stage_dir, how.jobs) as waiting,
            closing((_of_cluster if how.cluster else _outcomes)(waiting, how, reporter, stopping)) as coming,
        ):
            for outcome in coming:
                waiting.done(outcome.number)
                notes = waiting.notes
                outcomes.append(outcome)
                reporter.slide_done(outcome)
    except (KeyboardInterrupt, Cancelled, OSError) as error:
        return state_after(error), notes
    return "finished", notes


def own_settings(settings: Settings, mpp_of: Mapping[str, float]) -> Callable[[str], Settings]:
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


def _begin(out: Path, settings: Settings, how: How, ids: Container[str], started: str) -> tuple[str, ...]:
    """Mark the folder as a result folder under way, and take away the tables of an earlier run.

    Returns the slides that an earlier run left there and that this one has not, by the names of their folders. They
    stay: results are for their owner to remove.
    """
    try:
        (out / "slides").mkdir(parents=True, exist_ok=True)
        put_right(out / "slides")
        record = run_record(settings, how.command, "running", [], (started, None))
        write_atomically(out / "run.json", json_bytes(record))
        write_atomically(out / SETTINGS_NAME, settings_file(settings))
        (out / ERROR_LOG).unlink(missing_ok=True)
        if not how.known:  # else the tables are those of the pass before, which still hold
            for name in ("summary.csv", "hotspots.csv", "regions.csv", "failed.csv", CRATE_NAME):
                (out / name).unlink(missing_ok=True)
            remove_report(out)
        finished = sorted(path.parent.name for path in (out / "slides").glob("*/slide.json"))
    except OSError as error:
        raise _cannot_write(out, error) from None
    return tuple(name for name in finished if name not in ids)


def _cannot_write(out: Path, error: OSError) -> MvdError:
    return MvdError(f"{out}: cannot be written ({error.strerror}); give another folder with --out")


def _of_cluster(waiting: Supply, how: How, reporter: Reporter, stopping: Stopping) -> Generator[SlideOutcome]:
    yield from outcomes_on_cluster(
        waiting,
        how.cluster or Cluster(),
        how,
        lambda job: reporter.slide_started(job.number, job.name),
        lambda job, *progress: reporter.stage(job.number, *progress),
        stopping.check,  # at once: what a worker writes is written whole, whether this run is still there or not
    )


def _outcomes(waiting: Supply, how: How, reporter: Reporter, stopping: Stopping) -> Generator[SlideOutcome]:
    writing: set[int] = set()  # what is measured is written before a run stops

    def look() -> None:
        if not writing:
            stopping.check()

    def stage(number: int, *progress: Any) -> None:
        reporter.stage(number, *progress)
        if progress[0] == "report":
            writing.add(number)
        look()

    if how.apart or (how.jobs > 1 and len(waiting) > 1):
        for outcome in outcomes_of_crew(
            waiting,
            Limits(how.jobs, how.timeout_s, how.memory_mb),
            lambda job: reporter.slide_started(job.number, job.name),
            lambda job, *progress: stage(job.number, *progress),
            look,
        ):
            writing.discard(outcome.number)
            yield outcome
            look()
        return
    while waiting:
        job = waiting.first()
        if job is None:
            time.sleep(_LOOK_EVERY_S)
            look()
            continue
        waiting.take()
        reporter.slide_started(job.number, job.name)
        yield run_slide(job, partial(stage, job.number))
        writing.clear()
        look()


def write_tables(
    out: Path, settings: Settings, how: How, outcome: BatchOutcome, extras: Extras
) -> BatchOutcome:
    """Write the tables of what is finished, then what tells how they came about, run.json last.

    ``extras`` is what the folder had; printing takes long, and is left to `mvd report`.
    """
    traces = [slide.trace for slide in outcome.slides if slide.trace]
    try:
        write_rows(out, outcome)
        if traces:
            write_atomically(
                out / ERROR_LOG, ("\n\n".join(traces) + "\n").encode("utf-8", "backslashreplace")
            )
        write_atomically(out / SETTINGS_NAME, settings_file(settings))
        times = outcome.started, now_utc()
        record = run_record(settings, how.command, outcome.state, outcome.slides, times) | {
            "shard": how.shard
        }
        try:
            # One that was stopped is to end soon; `mvd report` shows what it has.
            if outcome.state == "finished":
                notes = write_pages(out, record, extras._replace(pdf=False)) + note_of_pdf(extras)
                outcome = replace(outcome, notes=outcome.notes + notes)
        finally:  # whatever goes wrong in the report, the run has ended
            write_atomically(out / CRATE_NAME, json_bytes(crate_of(record, present_in(out))))
            write_atomically(out / "run.json", json_bytes(record))
    except OSError as error:
        if not is_disk_full(error):
            raise _cannot_write(out, error) from None
        return replace(outcome, state="disk_full")
    return outcome
