"""``mvd run --dry-run``: what a run would do with each slide and what it would cost, without reading a pixel."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mvd.batch import free_memory_mb, jobs_for, processors
from mvd.batch.plan import Planned, plan, total_mb, total_s
from mvd.batch.run import own_settings
from mvd.cli.progress import say
from mvd.cli.words import shown
from mvd.settings import Settings

if TYPE_CHECKING:
    from mvd.slide import FoundSlide

_WOULD = {
    "analyse": "would be analysed",
    "recount": "would be counted again by other rules",
    "keep": "is done",
    "fail": "would fail",
}
_UNSURE = ", if its content is still the same"


def show(
    found: Sequence["FoundSlide"],
    out: Path,
    settings: Settings,
    of_slides: Mapping[str, Any],
    options: Mapping[str, Any],
) -> None:
    """Print the plan of a run on stdout: a line a slide, then the whole; as JSON lines with ``--json``.

    Parameters
    ----------
    found : sequence of FoundSlide
    out : Path
        The result folder; nothing is written there.
    settings : Settings
    of_slides : mapping
        ``mpp_of`` and ``region_of``, as for ``batch.run``.
    options : mapping
        The flags ``jobs``, ``workers``, ``fresh`` and ``as_json``.
    """
    settings_of = own_settings(settings, of_slides["mpp_of"])
    planned = plan(found, out, settings_of, of_slides["region_of"], fresh=options["fresh"])
    jobs = options["jobs"] or jobs_for(len(found), processors(), free_memory_mb())
    threads = jobs * (options["workers"] or max(processors() // jobs, 1))
    seconds = total_s(planned, jobs, min(threads, processors()))
    if options["as_json"]:
        _events(planned, jobs, seconds)
        return
    for slide in planned:
        say(_line(slide))
    say(_whole(planned, jobs, seconds))


def _line(slide: Planned) -> str:
    name = shown(slide.name)
    words = []
    if slide.shape_px:
        words.append(f"{slide.shape_px[1]} x {slide.shape_px[0]} px")
    if slide.mpp:
        words.append(f"{slide.mpp:g} um/px ({slide.mpp_source})")
    if slide.regions:
        words.append(f"regions: {shown(slide.regions)}")
    would = _WOULD[slide.would] + ("" if slide.sure else _UNSURE)
    if slide.would == "fail":
        message = shown(slide.message).removeprefix(f"{name}: ").removeprefix(f"{name.rpartition('/')[2]}: ")
        would += f" ({slide.error}): {message}"
    elif slide.processor_s:
        would += f": about {_time(slide.processor_s)} of a processor, {slide.memory_mb / 1000:.1f} GB"
    return f"{name}  {slide.slide_id}  {', '.join([*words, would])}"


def _whole(planned: Sequence[Planned], jobs: int, seconds: float) -> str:
    counts = _counts(planned)
    told = (
        f"{len(planned)} slide{'' if len(planned) == 1 else 's'}: {counts['analyse']} to analyse, "
        f"{counts['recount']} to count again, {counts['keep']} done, {counts['fail']} would fail"
    )
    if not seconds:
        return told
    return (
        f"{told}\nEstimated with --jobs {jobs}: about {_time(seconds)} and {total_mb(planned, jobs) / 1000:.1f} GB "
        "of memory. These are estimates from the megapixels and a rate measured elsewhere; half or twice is possible."
    )


def _counts(planned: Sequence[Planned]) -> dict[str, int]:
    return {would: sum(slide.would == would for slide in planned) for would in _WOULD}


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def _events(planned: Sequence[Planned], jobs: int, seconds: float) -> None:
    from mvd.cli.events import say_json

    for slide in planned:
        known = asdict(slide) | {"slide": slide.name}
        del known["name"], known["shape_px"]
        height, width = slide.shape_px or (None, None)
        costs = {"processor_s": round(slide.processor_s, 1), "memory_mb": round(slide.memory_mb)}
        say_json(event="planned", **known | costs, width_px=width, height_px=height)
    say_json(
        event="planned_run",
        slides=len(planned),
        **_counts(planned),
        jobs=jobs,
        seconds=round(seconds, 1),
        memory_mb=round(total_mb(planned, jobs)),
    )
