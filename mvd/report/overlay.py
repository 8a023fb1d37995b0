"""What was found, drawn on what was seen: ``overview.png`` and a close picture of each first hot spot.

Every vessel that is counted is outlined and numbered as in vessels.csv, and every one that is not says why,
so that a pathologist can believe or correct the number.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mvd.report.canvas import WHITE, Canvas, Colour
from mvd.report.frame import Entry, framed
from mvd.report.labels import Label, write_labels
from mvd.report.rings import box_um, field_um, tissue_polygons_um
from mvd.result import SlideResult

if TYPE_CHECKING:
    import pandas as pd

Chosen = NDArray[np.bool_]

COUNTED: Colour = (0, 255, 200)
ELSEWHERE: Colour = (86, 180, 233)
NOT_COUNTED: Colour = (255, 165, 0)
TISSUE: Colour = (120, 180, 255)
HOTSPOT: Colour = WHITE
BY_HAND: Colour = (255, 90, 255)
REGION: Colour = (255, 120, 120)
LOST: Colour = (240, 228, 66)
SHORT_REASON = {
    "too_small": "small",
    "lumen_too_wide": "wide lumen",
    "not_dab": "not DAB",
    "thick_wall": "thick wall",
    "out_of_region": "outside",
    "cut_by_edge": "cut by edge",
    "by_hand": "by hand",
}
_LONGEST_NAME = 40
_ROUNDING_UM = 0.0005  # positions are whole 0.001 um
_OUTLINES_UP_TO_MPP = 1.5  # coarser, a capillary's outline is a blot: a dot says more


def draw_overview(result: SlideResult) -> bytes:
    """Draw the whole slide: tissue, vessels, ranked hot spots; PNG."""
    canvas = Canvas.of(result.overview, result.settings.report.overview_px)
    counted = result.vessels.table["counted"].to_numpy(bool)
    tissue = tissue_polygons_um(result.tissue.mask, result.tissue.mpp)
    canvas.outlines([ring for polygon in tissue for ring in polygon], TISSUE, casing=1)
    _draw_regions(canvas, result)
    lost = _draw_lost(canvas, result)
    _draw_vessels(canvas, result, ~counted, NOT_COUNTED)
    _draw_vessels(canvas, result, counted, COUNTED)
    _draw_circles(canvas, result)
    _name_regions(canvas, result)
    legend = [(COUNTED, "counted"), (NOT_COUNTED, "not counted"), (TISSUE, "tissue"), *_hotspot_entry(result)]
    legend += lost
    legend[1:1] = _draw_by_hand(canvas, result, counted)
    if result.drawn:
        with_margin = any(zone.kind == "margin" for zone in result.drawn.zones)
        legend.append((REGION, "region (thin: its margin)" if with_margin else "region"))
    vessels, area_mm2 = int(counted.sum()), result.tissue.area_mm2
    title = (
        f"{_count(vessels)} in {area_mm2:.3g} mm2 of tissue = {vessels / area_mm2:.1f} per mm2{_note(result)}"
    )
    return framed(canvas, title, legend)


def draw_hotspot(result: SlideResult, number: int) -> bytes:
    """Draw hot spot ``number`` (from 0) close up, its vessels outlined and labelled; PNG."""
    hotspot = result.hotspots[number]
    canvas = Canvas.of(result.hotspot_pictures[number], result.settings.report.hotspot_px)
    table = result.vessels.table
    counted = table["counted"].to_numpy(bool)
    xy_um = table[["x_um", "y_um"]].to_numpy(float)
    away_um = np.abs(xy_um - [hotspot.x_um, hotspot.y_um])
    if hotspot.shape == "square":
        inside = away_um.max(axis=1) <= hotspot.radius_um + _ROUNDING_UM
    else:
        inside = np.hypot(*away_um.T) <= hotspot.radius_um
    shown = _in_view(canvas, table)
    lost = _draw_lost(canvas, result)
    _draw_vessels(canvas, result, shown & ~counted, NOT_COUNTED)
    _draw_vessels(canvas, result, shown & counted & ~inside, ELSEWHERE)
    canvas.outlines([field_um(hotspot)], HOTSPOT, width=2, casing=3)
    _draw_vessels(canvas, result, shown & counted & inside, COUNTED, with_lumens=True)
    by_hand = _draw_by_hand(canvas, result, shown & counted)
    canvas.dots(xy_um[counted & inside], COUNTED, radius_px=2)
    write_labels(canvas, _labels(canvas, result, shown & inside))
    title = (
        f"Hot spot {hotspot.rank}: {_count(hotspot.vessels)} in {hotspot.field_mm2:g} mm2 "
        f"= {hotspot.vessels_per_mm2:.1f} per mm2{', placed by hand' if hotspot.by_hand else ''}"
    )
    legend = [
        (COUNTED, "counted here, number and centre"),
        *by_hand,
        (ELSEWHERE, "counted, centre outside"),
        (NOT_COUNTED, "not counted"),
        *lost,
    ]
    return framed(canvas, title, legend)


def _note(result: SlideResult) -> str:
    return f", corrected by hand (before: {result.automatic.summary['vessels']})" if result.automatic else ""


def _draw_by_hand(canvas: Canvas, result: SlideResult, counted: Chosen) -> list[Entry]:
    """Draw anew those of the counted vessels that a person made or changed; and what the legend says of them."""
    if result.automatic is None:
        return []
    _draw_vessels(canvas, result, counted & result.vessels.table["by_hand"].notna().to_numpy(), BY_HAND)
    return [(BY_HAND, "counted, by hand")]


def _count(vessels: int) -> str:
    return f"{vessels} vessel{'' if vessels == 1 else 's'}"


def _hotspot_entry(result: SlideResult) -> list[Entry]:
    return [(HOTSPOT, f"hot spot, {spot.field_mm2:g} mm2") for spot in result.hotspots[:1]]


def _draw_circles(canvas: Canvas, result: SlideResult) -> None:
    """Draw all hot spots, then their ranks beside the circles, so that no circle crosses a rank."""
    circles = [field_um(spot) for spot in result.hotspots]
    canvas.outlines(circles, HOTSPOT, width=2, casing=3)
    cap_px = canvas.letter_px * 1.6
    for spot in result.hotspots:
        corner_um = np.array([[spot.x_um, spot.y_um]]) - spot.radius_um * np.sqrt(0.5)
        left, top = canvas.px(corner_um)[0] - cap_px
        canvas.text((left, top), str(spot.rank), HOTSPOT, cap_px=cap_px, bold=True)


def _draw_regions(canvas: Canvas, result: SlideResult) -> None:
    """Draw the regions as drawn, and the margin in thin lines on both sides of the border."""
    drawn, zones = (result.drawn.regions, result.drawn.zones) if result.drawn else ((), ())
    margins = [zone for zone in zones if zone.kind == "margin"]
    for regions, width in ((margins, 1), (drawn, 2)):
        rings = [ring for region in regions for polygon in region.polygons_um for ring in polygon]
        canvas.outlines(rings, REGION, width=width)


def _draw_lost(canvas: Canvas, result: SlideResult) -> list[Entry]:
    """Cross out what could not be decoded, which is as white as glass; and what the legend says of it."""
    corner = canvas.rgb.shape[1::-1]
    every = [box_um(box) for box in result.damage_um]
    boxes = [ring for ring in every if (canvas.px(ring[2]) > 0).all() and (canvas.px(ring[0]) < corner).all()]
    strokes = [stroke for ring in boxes for stroke in (ring, ring[[0, 2]], ring[[1, 3]])]
    canvas.outlines(strokes, LOST, width=2, casing=3)
    return [(LOST, "could not be read, left out")] if boxes else []


def _name_regions(canvas: Canvas, result: SlideResult) -> None:
    """Write each region's name above the middle of it; letters that the font does not have are left out."""
    cap_px = canvas.letter_px * 1.4
    for number, region in enumerate(result.drawn.regions if result.drawn else (), 1):
        plain = unicodedata.normalize("NFKD", region.name).encode("ascii", "ignore").decode().strip()
        words = plain[:_LONGEST_NAME] or f"Region {number}"
        points = canvas.px(np.concatenate([polygon[0] for polygon in region.polygons_um]))
        left = (points[:, 0].min() + points[:, 0].max() - canvas.text_width(words, cap_px, bold=True)) / 2
        canvas.text((left, points[:, 1].min() - 1.8 * cap_px), words, REGION, cap_px=cap_px, bold=True)


def _draw_vessels(
    canvas: Canvas, result: SlideResult, chosen: Chosen, colour: Colour, *, with_lumens: bool = False
) -> None:
    if canvas.mpp > _OUTLINES_UP_TO_MPP:
        xy_um = result.vessels.table.loc[chosen, ["x_um", "y_um"]].to_numpy(float)
        canvas.dots(xy_um, colour, radius_px=2 if colour == NOT_COUNTED else 3)
        return
    outlines = [result.vessels.outlines[row] for row in np.flatnonzero(chosen)]
    canvas.surround([ring for outline in outlines for ring in outline.outer], colour)
    if with_lumens:
        canvas.outlines([ring for outline in outlines for ring in outline.lumens], colour, casing=0)


def _in_view(canvas: Canvas, table: pd.DataFrame) -> Chosen:
    """Vessels whose extent may reach into the picture, (n,) bool."""
    height, width = canvas.rgb.shape[:2]
    xy = canvas.px(table[["x_um", "y_um"]].to_numpy(float))
    reach_um = np.nan_to_num(table["max_feret_um"].to_numpy(float), nan=2.0)  # of a mere point
    reach = reach_um[:, np.newaxis] / canvas.mpp
    return np.asarray(((xy > -reach) & (xy - reach < [width, height])).all(axis=1))


def _labels(canvas: Canvas, result: SlideResult, chosen: Chosen) -> list[Label]:
    """Number the counted vessels; say why of the others."""
    rows, labels = np.flatnonzero(chosen), []
    told = result.vessels.table.iloc[rows]
    for row, vessel_id, counted, reason in zip(
        rows, told["vessel_id"], told["counted"], told["reason"], strict=True
    ):
        outline = np.round(canvas.px(np.concatenate(result.vessels.outlines[row].outer))).astype(np.int32)
        if counted:
            labels.append(Label(outline, str(vessel_id), COUNTED, must=True))
        else:
            labels.append(Label(outline, SHORT_REASON.get(reason, reason), NOT_COUNTED, must=False))
    return labels
