"""Regions and damage -> the tissue and the vessels that count, and a row for each region and zone.

Input: all tissue and all candidates of a slide, the regions, and what could not be decoded. Output: the same, limited.
It never looks for vessels, and what it leaves out stays in the table with its reason.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mvd.errors import NoTissue, UnreadableSlide
from mvd.found import Damage, Found
from mvd.measures import Measures
from mvd.region import (
    CUT,
    FULL,
    OUTSIDE,
    Frame,
    Laid,
    Profiles,
    Shape,
    boxes_um,
    coverage,
    part_in_boxes,
    place,
    touched,
    zones,
)
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
CUT_REASON = "cut_by_edge"


def near_regions(tissue: Tissue, shape: Shape | None) -> Tissue:
    """Return the tissue in a shape (all where None) and close round it: where vessels are to be looked for.

    Raises
    ------
    NoTissue
        There is none.
    """
    if shape is None:
        return tissue
    mask = tissue.mask & shape.near(tissue.mask.shape, tissue.mpp)
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


def limit_vessels(vessels: Vessels, shape: Shape | None, found: Found, settings: Settings) -> Vessels:
    """Take out of the count what a shape does not hold, and what damage touches or may have changed.

    A vessel that the edge of a region or of the slide cuts is counted, whole, by the rule ``vessel.cut_by_edge``.
    """
    limited, _ = _limited(vessels, shape, found, settings)
    return limited


def with_regions(
    result: SlideResult,
    vessels: Vessels,
    found: Found,
    laid: Laid,
    measured: Callable[[Vessels, Tissue], Measures],
) -> SlideResult:
    """Measure each region and zone for itself too; where they overlap, a vessel is one of each.

    What has the same outline, as a class of one region, is measured once.

    Parameters
    ----------
    result : SlideResult
        Of the regions together.
    vessels : Vessels
        Of the whole slide: an edge that cuts a vessel out of one region is no edge of the regions together.
    found : Found
    laid : Laid
        The regions.
    measured : callable
        Measures vessels in a tissue.
    """
    rows = {laid.union.key: result.summary}
    found_in = []
    for zone in zones(laid, result.settings.region):
        shape = zone.shape
        if shape.key not in rows:
            tissue = limit_tissue(found.tissue, shape, found.damage)
            own = _held(vessels, shape, found, result.settings)
            measures = measured(own, tissue)
            rows[shape.key] = summarize(
                result.info, result.analysis_mpp, tissue, own, measures, result.settings
            )
        told = (zone.kind, zone.classification)
        found_in.append(RegionResult(shape.name, shape.polygons_um, rows[shape.key], *told))
    whole = RegionResult(laid.union.name, laid.union.polygons_um, result.summary, "all")
    parted = tuple(found_in[: len(laid.shapes)]), tuple(found_in[len(laid.shapes) :])
    return replace(result, drawn=RegionResults(laid.drawn.file_name, laid.drawn.sha256, *parted, whole))


def _held(vessels: Vessels, shape: Shape, found: Found, settings: Settings) -> Vessels:
    """The candidates of one region, counted or not, without those outside."""
    limited, outside = _limited(vessels, shape, found, settings)
    rows = np.flatnonzero(~outside)
    return Vessels(limited.table.iloc[rows], tuple(limited.outlines[row] for row in rows))


def _limited(
    vessels: Vessels, shape: Shape | None, found: Found, settings: Settings
) -> tuple[Vessels, NDArray[np.bool_]]:
    """Return the vessels with what is taken out marked, and which of them lie outside the shape."""
    table, damage = vessels.table, found.damage
    xy_um = table[["x_um", "y_um"]].to_numpy(float)
    profiles = Profiles(xy_um, _reach_um(vessels), lambda row: vessels.outlines[row].outer)
    height_um, width_um = (side * (found.info.mpp or 1.0) for side in found.info.shape_px)
    frame = Frame(settings.vessel.cut_by_edge, width_um, height_um, found.analysis_mpp)
    places = place(profiles, shape, frame)
    outside = places == OUTSIDE
    out = outside.copy()
    if damage:
        out[list(_touched(vessels, xy_um, damage))] = True
    # Whether a vessel at the edge counts is a rule, and a person may say otherwise; where it lies is none.
    said = (table["reason"] == "by_hand").to_numpy() & table["counted"].to_numpy(bool)
    cut = (places == CUT) & ~out & ~said
    if not (out | cut).any():
        return vessels, outside
    table = table.copy()
    table.loc[out | cut, "counted"] = False
    table.loc[out, "reason"] = REASON
    table.loc[cut, "reason"] = CUT_REASON
    return replace(vessels, table=table), outside


def _touched(vessels: Vessels, xy_um: NDArray[np.float64], damage: Damage) -> Iterator[int]:
    """Yield the rows of the vessels that damage touches, after a look at their centres and sizes alone."""
    reach = _reach_um(vessels)[:, None] + damage.reach_um
    for box in damage.boxes_um:
        away = np.maximum(np.maximum(box[:2] - xy_um, xy_um - box[2:]), 0)
        for row in np.flatnonzero((away <= reach).all(axis=1)):
            if touched(vessels.outlines[row].outer, box[None], damage.reach_um):
                yield int(row)


def _reach_um(vessels: Vessels) -> NDArray[np.float64]:
    """How far each reaches from its centroid at most; one that is a mere point lies in one pixel."""
    reach_um: NDArray[np.float64] = np.nan_to_num(vessels.table["max_feret_um"].to_numpy(float), nan=2.0)
    return reach_um


def _under(box: NDArray[np.float64], mpp: float) -> tuple[slice, slice]:
    """Rows and columns of the overview's pixels that a box covers, in part at least."""
    left, top = np.floor(box[:2] / mpp).astype(int)
    right, bottom = np.ceil(box[2:] / mpp).astype(int)
    return slice(max(top, 0), bottom), slice(max(left, 0), right)


def _no_tissue() -> NoTissue:
    return NoTissue("no tissue inside the regions; look at the slide and at where they were drawn")
