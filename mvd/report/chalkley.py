"""A Chalkley count as a picture: the 25 points of the graticule over the vessels, as they were turned.

A point that hits a vessel is filled, one that misses is a ring; so the count can be done again by eye.
"""

import numpy as np

from mvd.report.canvas import WHITE, Canvas, Colour
from mvd.report.frame import framed
from mvd.report.rings import circle_um
from mvd.result import SlideResult

OUTLINE: Colour = (0, 255, 200)
HIT: Colour = (255, 230, 0)
MISSED: Colour = (86, 180, 233)


def draw_chalkley(result: SlideResult, number: int) -> bytes:
    """Draw the Chalkley count of hot spot ``number`` (from 0) of 0.196 mm2; PNG."""
    if result.measures is None:
        raise ValueError("the result has no Chalkley count")
    count = result.measures.chalkley[number]
    canvas = Canvas.of(result.chalkley_pictures[number], result.settings.report.hotspot_px)
    counted = result.vessels.table["counted"].to_numpy(bool)
    xy_um = result.vessels.table[["x_um", "y_um"]].to_numpy(float)
    reach_um = count.radius_um + np.nan_to_num(result.vessels.table["max_feret_um"].to_numpy(float))
    near = counted & (np.hypot(*(xy_um - [count.x_um, count.y_um]).T) <= reach_um)
    outlines = [result.vessels.outlines[int(row)] for row in np.flatnonzero(near)]
    canvas.surround([ring for outline in outlines for ring in outline.outer], OUTLINE)
    canvas.outlines([circle_um(count.x_um, count.y_um, count.radius_um)], WHITE, width=2, casing=3)
    small_um = 6 * canvas.mpp
    missed = count.points_um[~count.hit]
    canvas.outlines([circle_um(x, y, small_um) for x, y in missed.tolist()], MISSED, width=2, casing=3)
    canvas.dots(count.points_um[count.hit], HIT, radius_px=7)
    title = (
        f"Chalkley count {number + 1}: {count.hits} of {len(count.hit)} points on vessels, "
        f"graticule turned by {np.rad2deg(count.angle_rad):.1f} degrees"
    )
    legend = [
        (OUTLINE, "counted vessel, lumen included"),
        (HIT, "point on a vessel"),
        (MISSED, "point beside"),
    ]
    return framed(canvas, title, legend)
