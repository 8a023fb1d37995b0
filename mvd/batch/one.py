"""One slide -> its result folder and its outcome, whatever happens.

Only a full disk, an interruption and a cancellation are let through: they concern the whole run. No outcome holds an
absolute path. What measures is imported where it is used: the process that only hands out slides does without it.
"""

import errno
import gc
import hashlib
import os
import re
import time
import unicodedata
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from mvd import __version__
from mvd.batch.content import content_sha256
from mvd.batch.earlier import Earlier, earlier_result
from mvd.batch.message import trace_of, without_paths
from mvd.batch.retry import is_transient, patient
from mvd.corrections.file import shows_corrections
from mvd.errors import Cancelled, CorrectionsError, MvdError
from mvd.report import remove_slide
from mvd.report.rows import failed_row, hotspot_rows, region_rows, summary_row
from mvd.result import Cell, SlideResult
from mvd.settings import Settings

Row = Mapping[str, Cell]
Progress = Callable[[str, int, int], None]

INTERNAL = "internal"
ERROR_LOG = "mvd-error.log"
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_LONGEST_SLUG = 60
_OBJECTS_BEFORE_COLLECTION = 100_000


class FoundFile(Protocol):
    """A slide file and what it is called: what ``mvd.slide.find_slides`` yields."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def name(self) -> str:
        """Path relative to the folder that was given, with ``/``."""
        ...


@dataclass(frozen=True)
class SlideJob:
    """All that a process needs to do one slide.

    Attributes
    ----------
    number : int
        Place in the list of slides, from 0.
    folder : Path
        ``slides/<slide_id>`` in the result folder.
    tile_px, workers : int or None
        As in ``analyze``; its own choice where None.
    region : Path or None
        GeoJSON of the regions that the slide is limited to; a slide whose file is not there fails.
    memory : Path or None
        File that remembers the hash of the slide's content.
    fresh : bool
        Forget what an earlier run left.
    sha256 : str
        Of the slide's content, where it is known already: ``path`` is then a copy of the slide.
    """

    number: int
    path: Path
    name: str
    slide_id: str
    folder: Path
    settings: Settings
    tile_px: int | None
    workers: int | None
    region: Path | None = None
    memory: Path | None = None
    fresh: bool = False
    sha256: str = ""


@dataclass(frozen=True)
class SlideOutcome:
    """What became of a slide.

    Attributes
    ----------
    row : mapping
        Its row of summary.csv.
    hotspots : tuple of mapping
        Its rows of hotspots.csv.
    message : str
        One line that says what to do; empty unless the slide failed.
    sha256 : str
        Of the slide file, hex; empty if it could not be read.
    region_file, region_sha256 : str
        Name (without folders) and SHA-256 of the file of regions; empty without one.
    warnings : tuple of str
        ``code: what was found and what to do``, of a slide that did not fail.
    trace : str
        Where an unexpected error came from, without absolute paths.
    resumed : str
        ``before`` if an earlier run had done it, ``recounted`` if only the counting was done anew,
        ``corrected`` if because of corrections by hand, else empty.
    """

    number: int
    slide_id: str
    name: str
    row: Row
    hotspots: tuple[Row, ...] = ()
    regions: tuple[Row, ...] = ()
    message: str = ""
    sha256: str = ""
    region_file: str = ""
    region_sha256: str = ""
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    trace: str = field(default="", repr=False)
    resumed: str = ""

    @property
    def status(self) -> str:
        """``ok``, ``empty`` or ``failed``."""
        return str(self.row["status"])

    @property
    def error(self) -> str:
        """Code of what went wrong; empty unless failed."""
        return str(self.row["error"] or "")


def slide_id(name: str) -> str:
    """Return the slug of a slide's name and 8 hex digits of the name's SHA-256, which tell equal slugs apart."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST_SLUG].strip("-") or "slide"
    return f"{slug}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}"


def collect_seldom() -> None:
    """Have this process look seldom for cyclic garbage: a slide makes next to none, and each look halts all threads."""
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)


def is_disk_full(error: BaseException) -> bool:
    """Whether an error means that nothing more can be written: no space, quota or file-size limit."""
    return isinstance(error, OSError) and error.errno in _NO_ROOM


def run_slide(job: SlideJob, progress: Progress) -> SlideOutcome:
    """Analyse a slide and write its folder; an error becomes a failed outcome without any number.

    What an earlier run left is kept where it still holds: all of it, or what was found stained if only rules of
    counting are others.

    Raises
    ------
    OSError
        When the disk is full.
    Cancelled, KeyboardInterrupt
        When the run is to stop.
    """
    start, sha256 = time.perf_counter(), ""
    try:
        with ThreadPoolExecutor(1) as hasher:
            hashed = hasher.submit(lambda: job.sha256 or content_sha256(job.path, job.memory))
            try:
                outcome = _done(job, hashed.result, progress)
            finally:  # of a slide that failed, too
                sha256 = hashed.result()
    except MvdError as error:
        if isinstance(error, Cancelled):
            raise
        outcome = failed(job, error.code, str(error))
    except MemoryError as error:
        advice = "not enough memory; use fewer --jobs and --workers, or a smaller --tile-px"
        outcome = failed(job, INTERNAL, advice, error)
    except Exception as error:
        if is_disk_full(error):
            raise
        advice = f"unexpected {type(error).__name__}: {error}; {ERROR_LOG} says where, please report it"
        outcome = failed(job, INTERNAL, advice, error)
    return replace(outcome, sha256=sha256, seconds=time.perf_counter() - start)


def _done(job: SlideJob, sha256: Callable[[], str], progress: Progress) -> SlideOutcome:
    earlier = None if job.fresh else earlier_result(job.folder)
    return (earlier and _resumed(job, earlier, sha256(), progress)) or _analyzed(job, sha256, progress)


def failed(job: SlideJob, code: str, message: str, unexpected: BaseException | None = None) -> SlideOutcome:
    """Return the outcome of a slide that failed, after removing what an earlier run left in its folder.

    What cannot be removed is said, and stops nobody.
    """
    try:
        if code != CorrectionsError.code:  # then its result is as good as it was
            remove_slide(job.folder)
    except OSError as error:
        message += (
            f"; slides/{job.slide_id} still holds an earlier result, which could not be removed "
            f"({error.strerror}): remove it"
        )
    return SlideOutcome(
        number=job.number,
        slide_id=job.slide_id,
        name=job.name,
        row=failed_row(job.slide_id, job.name, code, job.settings.fingerprint, __version__),
        message=without_paths(message, job.path, job.name),
        trace=trace_of(unexpected, job.slide_id, job.path, job.name) if unexpected else "",
    )


def _resumed(job: SlideJob, earlier: Earlier, sha256: str, progress: Progress) -> SlideOutcome | None:
    """Return the outcome from what an earlier run left; None where the slide is to be analysed."""
    changes = earlier.changes(job.settings)
    if changes is None or not earlier.is_of(sha256, job.region):
        return None
    if not changes and shows_corrections(job.folder, earlier.about):
        return outcome_before(earlier, job.number)
    from mvd.batch.again import count_again

    try:
        result, *_ = count_again(
            job.folder, changes, workers=job.workers or os.cpu_count() or 1, progress=progress
        )
    except MvdError as error:
        if isinstance(error, Cancelled | CorrectionsError):
            raise
        return None  # what was stored cannot be counted: the slide can
    return replace(outcome_of(result, job.number, job.slide_id, job.name), resumed="recounted")


def outcome_before(earlier: Earlier, number: int) -> SlideOutcome:
    """Return the outcome of a slide that an earlier run did."""
    row, hotspots, regions = earlier.rows()
    about = earlier.about
    drawn = about["regions"] or {"file": "", "sha256": ""}
    return SlideOutcome(
        number=number,
        slide_id=about["slide_id"],
        name=about["slide"],
        row=row,
        hotspots=hotspots,
        regions=regions,
        sha256=about["sha256"],
        region_file=drawn["file"],
        region_sha256=drawn["sha256"],
        warnings=tuple(about["warnings"]),
        resumed="before",
    )


def _analyzed(job: SlideJob, sha256: Callable[[], str], progress: Progress) -> SlideOutcome:
    from mvd.pipeline import analyze
    from mvd.report import write_slide

    how = {"tile_px": job.tile_px} if job.tile_px else {}
    result = patient(
        lambda: analyze(
            job.path, job.settings, region=job.region, workers=job.workers, progress=progress, **how
        ),
        # A lost connection is that to the process that hands out slides: it has ended.
        when=lambda error: is_transient(error) and not isinstance(error, ConnectionError),
    )
    progress("report", 0, 1)
    write_slide(result, job.folder, job.slide_id, job.name, sha256=sha256())
    progress("report", 1, 1)
    if not shows_corrections(job.folder, {}):  # an earlier result of this slide was corrected by hand
        from mvd.batch.again import count_again

        result, *_ = count_again(
            job.folder, {}, workers=job.workers or os.cpu_count() or 1, progress=progress
        )
    return outcome_of(result, job.number, job.slide_id, job.name)


def outcome_of(result: SlideResult, number: int, slide_id: str, name: str) -> SlideOutcome:
    """Return the outcome of a slide that was measured."""
    return SlideOutcome(
        number=number,
        slide_id=slide_id,
        name=name,
        row=summary_row(result, slide_id, name),
        hotspots=tuple(hotspot_rows(result, slide_id)),
        warnings=result.warnings,
        regions=tuple(region_rows(result, slide_id)),
        region_file=result.drawn.file_name if result.drawn else "",
        region_sha256=result.drawn.sha256 if result.drawn else "",
    )
