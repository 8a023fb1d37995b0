"""A slide's folder -> its result as corrected by hand, with the automatic one beside it. The slide is not read."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from mvd.corrections.apply import Corrected, apply_edits
from mvd.corrections.file import read_state, sha256_of_edits
from mvd.corrections.model import Correction, Edit
from mvd.corrections.placed import placed_by_hand
from mvd.corrections.slide import analysis_shape_px, basis_of, is_another_slide, settings_and_version
from mvd.count import HandWork, Progress
from mvd.hotspots import Hotspot, hotspot_rank
from mvd.measures import fields_in_use
from mvd.recount import Stored, open_stored
from mvd.result import BESIDE, Cell, HandCorrections, RegionResult, RegionResults, SlideResult
from mvd.vessels import Vessels

_DONE = {
    "add": "added",
    "delete": "deleted",
    "outline": "outlined again",
    "merge": "merged",
    "split": "split",
    "move_hotspot": "hot spot moved",
    "reject_hotspot": "hot spot rejected",
}


def count_corrected(
    folder: Path,
    changes: Mapping[str, Mapping[str, Any]],
    *,
    workers: int = 1,
    progress: Progress,
) -> tuple[SlideResult, str, str]:
    """Count a finished slide again, as a person corrected it.

    Parameters
    ----------
    folder : Path
        ``slides/<slide_id>`` of a result folder.
    changes : mapping
        Section -> name -> value of settings that are others now.
    workers : int
        Threads. Never changes a result.
    progress : callable
        As in ``analyze``.

    Returns
    -------
    (SlideResult, str, str)
        The result, the slide's id and its name. Without corrections in force it is the automatic one, to the bit.

    Raises
    ------
    CorrectionsError
        The corrections cannot be read.
    UnreadableSlide, SettingsError
        As ``mvd.recount.open_stored``.
    """
    state = read_state(folder)
    stored = open_stored(folder, changes)
    result = stored.count(workers=workers, progress=progress)
    if state is not None and state.edits:
        result = _corrected(stored, state, result, workers, progress)
    return result, stored.about["slide_id"], stored.about["slide"]


def _corrected(
    stored: Stored, state: Correction, automatic: SlideResult, workers: int, progress: Progress
) -> SlideResult:
    if is_another_slide(state.basis, basis_of(stored.about)):
        why = "corrections of another slide, or of other content of this one: none is applied; all are kept"
        flagged = {edit.seq: why for edit in state.edits}
        return _none_applied(automatic, _told(state, flagged, (why,), ""), len(flagged))
    of, shape_px = settings_and_version(stored.settings), analysis_shape_px(stored.found)
    placed, flagged = placed_by_hand(state.edits, fields_in_use(stored.settings.hotspot))
    applied: list[Corrected] = []

    def vessels(everything: Vessels) -> Vessels:
        applied.append(apply_edits(everything, state.edits, shape_px, of))
        return applied[-1].vessels

    result = stored.count(by_hand=HandWork(vessels, placed), workers=workers, progress=progress)
    flagged |= applied[-1].flagged
    lines = tuple(f"{why}; it is kept, not applied" for _, why in sorted(flagged.items()))
    told = _told(state, flagged, lines, of)
    if not told.applied:
        return _none_applied(automatic, told, len(flagged))
    return _beside(replace(result, automatic=automatic, corrections=told), automatic, told)


def _none_applied(automatic: SlideResult, told: HandCorrections, count: int) -> SlideResult:
    """The automatic result, with a note of corrections that are not in it."""
    summary = {**automatic.summary, "corrections": 0, "corrections_not_applied": count}
    drawn = automatic.drawn
    if drawn:
        drawn = replace(drawn, whole=replace(drawn.whole, summary=summary))
    return replace(automatic, summary=summary, drawn=drawn, corrections=told)


def _told(state: Correction, flagged: Mapping[int, str], lines: tuple[str, ...], of: str) -> HandCorrections:
    """What the tables and the report say of the corrections."""
    done = [edit for edit in state.edits if edit.seq not in flagged]
    others = sum(edit.of != of for edit in done)
    what = Counter(_word(edit) for edit in done)
    readers = tuple(sorted({edit.reader for edit in done}))
    words = dict(sorted(what.items()))
    return HandCorrections(sha256_of_edits(state.edits), readers, words, len(done), others, lines)


def _word(edit: Edit) -> str:
    if edit.kind == "count":
        return "counted" if edit.counted else "not counted"
    return _DONE[edit.kind]


def _beside(result: SlideResult, automatic: SlideResult, told: HandCorrections) -> SlideResult:
    """Put the automatic numbers beside the corrected ones, in every table."""
    said: dict[str, Cell] = {
        "reviewed": True,
        "reader": "; ".join(told.readers),
        "corrections": told.applied,
        "corrections_not_applied": len(told.not_applied),
    }
    summary = {**result.summary, **_numbers(automatic.summary), **said}
    return replace(
        result,
        summary=summary,
        vessels=_told_vessels(result.vessels, automatic.vessels),
        hotspots=_told_hotspots(result.hotspots, automatic.vessels),
        measures=result.measures
        and replace(
            result.measures,
            hotspots=_told_hotspots(result.measures.hotspots, automatic.vessels),
            ladder=_told_hotspots(result.measures.ladder, automatic.vessels),
        ),
        drawn=result.drawn and automatic.drawn and _told_drawn(result.drawn, automatic.drawn, summary),
    )


def _told_drawn(drawn: RegionResults, automatic: RegionResults, summary: Mapping[str, Cell]) -> RegionResults:
    """Note of each region, and of whatever else was made of regions, what mvd had counted there."""
    told: dict[str, Any] = {
        part.name: tuple(map(_told_region, getattr(drawn, part.name), getattr(automatic, part.name)))
        for part in fields(drawn)
        if isinstance(getattr(drawn, part.name), tuple)
    }
    return replace(drawn, whole=replace(drawn.whole, summary=summary), **told)


def _numbers(summary: Mapping[str, Cell]) -> dict[str, Cell]:
    return {f"automatic_{name}": summary[name] for name in BESIDE}


def _told_region(region: RegionResult, automatic: RegionResult) -> RegionResult:
    return replace(region, summary={**region.summary, **_numbers(automatic.summary)})


def _told_vessels(vessels: Vessels, automatic: Vessels) -> Vessels:
    """Note of each candidate what mvd said; nothing of those that a person made."""
    table = vessels.table.copy()
    made = len(table) - len(automatic.table)
    for name in ("counted", "reason"):
        table[f"automatic_{name}"] = [*automatic.table[name].tolist(), *[None] * made]
    return replace(vessels, table=table)


def _told_hotspots(hotspots: tuple[Hotspot, ...], automatic: Vessels) -> tuple[Hotspot, ...]:
    """Note of each hot spot how many vessels it held before the corrections."""
    xy_um = automatic.counted[["x_um", "y_um"]].to_numpy(float)
    return tuple(
        replace(spot, automatic_vessels=int(np.count_nonzero(hotspot_rank(xy_um, [spot]))))
        for spot in hotspots
    )
