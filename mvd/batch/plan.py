"""Slides and a result folder -> what a run would do with each, and roughly what that would cost. Reads no pixel.

Only what a file says of itself is read. What an earlier run left is looked at as the run itself would, but for the
content of a slide whose file is not as it was: then only the run can tell.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mvd.batch.content import remembered_sha256
from mvd.batch.earlier import earlier_result
from mvd.batch.lock import STATE
from mvd.batch.one import FoundFile, slide_id
from mvd.errors import MvdError, NoRegion
from mvd.settings import Settings
from mvd.slide import at_mpp, open_slide

PROCESS_S, SLIDE_S, MPX_PER_S = 3.0, 2.7, 32.0
"""Processor time of a process to start, of a slide to begin and to write, and the megapixels at the analysis pixel size
that a second does: measured on slides of 6 and 64 Mpx, on two processors of a server (AMD EPYC)."""
BASE_MB, MB_PER_MPX = 590.0, 0.25
"""Memory of a slide's process: measured on slides of 6 to 1074 Mpx."""
RECOUNTED = 0.5
"""Part of the time that counting again takes: no pixel is read, all else is done. Measured on the same slides."""

Would = Literal["analyse", "recount", "keep", "fail"]


@dataclass(frozen=True)
class Planned:
    """What a run would do with a slide.

    Attributes
    ----------
    would : str
        ``analyse`` it, ``recount`` it from what an earlier run found, ``keep`` what is there, or ``fail``.
    sure : bool
        False where the slide's content has to be read to know: it is analysed if that has changed.
    error, message : str
        Why it would fail; else empty.
    shape_px : (int, int) or None
        Height and width of level 0.
    regions : str
        Name of its file of regions; empty without.
    processor_s, memory_mb : float
        Estimates; 0 where nothing would be done.
    """

    number: int
    name: str
    slide_id: str
    would: Would
    sure: bool = True
    error: str = ""
    message: str = ""
    shape_px: tuple[int, int] | None = None
    mpp: float | None = None
    mpp_source: str = "none"
    vendor: str = ""
    regions: str = ""
    processor_s: float = 0.0
    memory_mb: float = 0.0


def plan(
    found: Sequence[FoundFile],
    out: Path,
    settings_of: Callable[[str], Settings],
    region_of: Mapping[str, Path],
    *,
    fresh: bool = False,
) -> list[Planned]:
    """Say what a run would do with each slide.

    Parameters
    ----------
    found, region_of
        As in ``run``.
    out : Path
        The result folder; need not be there.
    settings_of : callable
        Slide name -> its settings.
    fresh : bool
        As in ``How``.
    """
    planned = []
    for number, slide in enumerate(found):
        shown = slide.name.encode("utf-8", "backslashreplace").decode()
        begun = Planned(number, shown, slide_id(slide.name), "analyse")
        region = region_of.get(slide.name)
        planned.append(_planned(begun, slide.path, settings_of(slide.name), region, None if fresh else out))
    return planned


def total_s(planned: Sequence[Planned], jobs: int, at_once: int) -> float:
    """Return how long a run of ``jobs`` slides at once on ``at_once`` processors would take, s; an estimate."""
    costs = [slide.processor_s for slide in planned if slide.processor_s]
    if not costs:
        return 0.0
    processes = min(jobs, len(costs))
    threads = max(at_once / processes, 1.0)
    return PROCESS_S + max(sum(costs) / min(processes * threads, at_once), max(costs) / threads)


def total_mb(planned: Sequence[Planned], jobs: int) -> float:
    """Return the memory of so many slides at once, the largest of them; an estimate."""
    return sum(sorted((slide.memory_mb for slide in planned), reverse=True)[:jobs])


def _planned(
    begun: Planned, path: Path, settings: Settings, region: Path | None, out: Path | None
) -> Planned:
    known = replace(begun, regions=region.name if region else "")
    try:
        with closing(open_slide(path, mpp=settings.slide.mpp)) as slide:
            info = slide.info
            known = replace(
                known, shape_px=info.shape_px, mpp=info.mpp, mpp_source=info.mpp_source, vendor=info.vendor
            )
            level = at_mpp(slide, settings.slide.analysis_mpp, allow_coarse=settings.slide.allow_coarse)
        if region and not region.is_file():
            raise NoRegion(f"{region.name} is missing; add it, or leave the slide out")
    except MvdError as error:
        return replace(known, would="fail", error=error.code, message=" ".join(str(error).split()))
    mpx = level.shape_px[0] * level.shape_px[1] / 1e6
    would, sure = _kept(out, begun.slide_id, path, settings, region) if out else ("analyse", True)
    part: float = {"analyse": 1.0, "recount": RECOUNTED}.get(would, 0.0)
    return replace(
        known,
        would=would,
        sure=sure,
        processor_s=part * (SLIDE_S + mpx / MPX_PER_S),
        memory_mb=(BASE_MB + MB_PER_MPX * mpx) if part else 0.0,
    )


def _kept(out: Path, key: str, path: Path, settings: Settings, region: Path | None) -> tuple[Would, bool]:
    """Return what would become of what an earlier run left of a slide, and whether that is sure."""
    earlier = earlier_result(out / "slides" / key)
    changes = earlier.changes(settings) if earlier else None
    if earlier is None or changes is None:
        return "analyse", True
    sha256 = remembered_sha256(path, out / STATE / f"{key}.json")
    if not earlier.is_of(sha256 or earlier.about["sha256"], region):
        return "analyse", True
    return ("recount" if changes else "keep"), bool(sha256)
