"""Regions and damage -> the tissue and the vessels that count, and a row for each region.

Input: all tissue and all candidates of a slide, the regions, and what could not be decoded. Output: the same, limited.
It never looks for vessels, and what it leaves out stays in the table with its reason.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mvd.errors import NoTissue, UnreadableSlide
from mvd.found import Damage
from mvd.measures import Measures
from mvd.region import FULL, Laid, Shape, boxes_um, coverage, part_in_boxes, touched
from mvd.result import RegionResult, RegionResults, SlideResult
from mvd.segment import local_filters
from mvd.settings import Settings
from mvd.slide import AnalysisLevel
from mvd.summary import summarize
from mvd.tissue import Tissue
from mvd.vessels import Vessels

MOST_INVALID = 0.01
"""A slide of which more tissue than this part cannot be decoded gives no number."""

REASON = "out_of_region"


def near_regions(tissue: Tissue, laid: Laid | None) -> Tissue:
    """Return the tissue in the regions (all where None) and close round them: where vessels are to be looked for.

    Raises
    ------
    NoTissue
        There is none.
    """
    if laid is None:
        return tissue
    mask = tissue.mask & laid.union.near(tissue.mask.shape, tissue.mpp)
    if not mask.any():
        raise _no_tissue()
    return replace(tissue, mask=mask)


def find_damage(level: AnalysisLevel, overview: AnalysisLevel, tissue: Tissue, settings: Settings) -> Damage:
    """Gather what could not be decoded of the overview and of the tiles, once both are read.

    A damaged rectangle counts only if it holds tissue that was looked at: whether others were noticed depends on how
    the slide was cut into tiles, and no result may.
    """
    shape_px = tissue.mask.shape
    unseen = np.zeros(shape_px, np.bool_)
    not_seen = overview.damage()
    for rect in not_seen:
        unseen[rect.clipped(shape_px).slices()] = True
    found = boxes_um(level.damage(), level.mpp)
    if overview.level != level.level:
        found = np.concatenate([found, boxes_um(not_seen, overview.mpp)])
    looked_at = tissue.mask | unseen
    kept = [box for box in np.unique(found, axis=0) if looked_at[_under(box, tissue.mpp)].any()]
    reach_um = (local_filters(settings.vessel, level.mpp).reach_px + 1) * level.mpp
    return Damage(np.array(kept, np.float64).reshape(-1, 4), unseen, reach_um)


def limit_tissue(tissue: Tissue, shape: Shape | None, damage: Damage) -> Tissue:
    """Return the tissue inside a shape (all where None) and outside the damage, weighed by the part of each pixel."""
    if shape is None and not damage:
        return tissue
    shape_px, outline = tissue.mask.shape, shape.outline if shape else None
    inside = coverage(outline, shape_px, tissue.mpp) if shape else np.full(shape_px, FULL, np.uint8)
    lost = np.zeros(shape_px, np.uint8)
    if damage:
        lost = np.minimum(coverage(part_in_boxes(outline, damage.boxes_um), shape_px, tissue.mpp), inside)
    parts = (inside - lost) * tissue.mask
    invalid = int(lost[tissue.mask | damage.unseen].sum(dtype=np.int64))
    total = int(parts.sum(dtype=np.int64)) + invalid
    return replace(
        tissue, mask=2 * parts.astype(np.int16) > FULL, parts=parts, invalid_fraction=invalid / max(total, 1)
    )


def check_limits(name: str, tissue: Tissue) -> None:
    """Refuse a slide of which too little is left to give a number.

    Raises
    ------
    UnreadableSlide
        More than 1 % of the tissue could not be decoded.
    NoTissue
        No tissue lies in the regions.
    """
    if tissue.invalid_fraction > MOST_INVALID:
        raise UnreadableSlide(
            f"{name}: {100 * tissue.invalid_fraction:.2g} % of the tissue cannot be decoded (at most "
            f"{100 * MOST_INVALID:g} %); copy the file again, or scan the slide again"
        )
    if tissue.area_mm2 == 0:
        raise _no_tissue()


def limit_vessels(vessels: Vessels, shape: Shape | None, damage: Damage) -> Vessels:
    """Take out of the count what has its centre outside a shape, and what damage touches or may have changed.

    A vessel that the edge of a region cuts is counted, whole, where its centroid lies.
    """
    table = vessels.table
    xy_um = table[["x_um", "y_um"]].to_numpy(float)
    out = np.zeros(len(table), np.bool_) if shape is None else ~shape.holds(xy_um)
    if damage:
        out[list(_touched(vessels, xy_um, damage))] = True
    if not out.any():
        return vessels
    table = table.copy()
    table.loc[out, "counted"] = False
    table.loc[out, "reason"] = REASON
    return replace(vessels, table=table)


def with_regions(
    result: SlideResult,
    tissue: Tissue,
    laid: Laid,
    damage: Damage,
    measured: Callable[[Vessels, Tissue], Measures],
) -> SlideResult:
    """Measure each region for itself too; where regions overlap, a vessel is one of each.

    Parameters
    ----------
    result : SlideResult
        Of the regions together.
    tissue : Tissue
        Of the whole slide.
    laid : Laid
    damage : Damage
    measured : callable
        Measures vessels in a tissue.
    """
    regions = tuple(
        _measured(result, limit_tissue(tissue, shape, damage), shape, measured) for shape in laid.shapes
    )
    whole = RegionResult(laid.union.name, laid.union.polygons_um, result.summary)
    return replace(result, drawn=RegionResults(laid.drawn.file_name, laid.drawn.sha256, regions, whole))


def _measured(
    result: SlideResult, tissue: Tissue, shape: Shape, measured: Callable[[Vessels, Tissue], Measures]
) -> RegionResult:
    table, outlines = result.vessels.table, result.vessels.outlines
    rows = np.flatnonzero(shape.holds(table[["x_um", "y_um"]].to_numpy(float)))
    own = Vessels(table.iloc[rows], tuple(outlines[row] for row in rows))
    measures = measured(own, tissue)
    row = summarize(result.info, result.analysis_mpp, tissue, own, measures, result.settings)
    return RegionResult(shape.name, shape.polygons_um, row)


def _touched(vessels: Vessels, xy_um: NDArray[np.float64], damage: Damage) -> Iterator[int]:
    """Yield the rows of the vessels that damage touches, after a look at their centres and sizes alone."""
    reach = vessels.table["max_feret_um"].to_numpy(float)[:, None] + damage.reach_um
    for box in damage.boxes_um:
        away = np.maximum(np.maximum(box[:2] - xy_um, xy_um - box[2:]), 0)
        for row in np.flatnonzero((away <= reach).all(axis=1)):
            if touched(vessels.outlines[row].outer, box[None], damage.reach_um):
                yield int(row)


def _under(box: NDArray[np.float64], mpp: float) -> tuple[slice, slice]:
    """Rows and columns of the overview's pixels that a box covers, in part at least."""
    left, top = np.floor(box[:2] / mpp).astype(int)
    right, bottom = np.ceil(box[2:] / mpp).astype(int)
    return slice(max(top, 0), bottom), slice(max(left, 0), right)


def _no_tissue() -> NoTissue:
    return NoTissue("no tissue inside the regions; look at the slide and at where they were drawn")
