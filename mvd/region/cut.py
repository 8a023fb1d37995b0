"""Which vessels an area holds, by a stated rule for those that its edge cuts.

Input: where vessels lie, a shape or none, the slide's size, and the rule. Output: for each vessel whether it is
inside, outside, or left out because an edge cuts it. It never looks at what else makes a vessel count.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from mvd.region.area import Points, Shape

CutRule = Literal["centroid", "leave_out", "two_sides"]
INSIDE, CUT, OUTSIDE = range(3)

_OVERLAPS = "T********"  # the insides of two geometries have a point in common: to touch is not to be cut
_BEYOND_UM = 1e6

Places = NDArray[np.uint8]


@dataclass(frozen=True)
class Profiles:
    """Where vessels lie.

    Attributes
    ----------
    xy_um : (n, 2) float64
        Their centroids.
    reach_um : (n,) float64
        No point of one is farther from its centroid.
    rings_um : callable
        Gives the outer rings of one, each (k, 2) as (x, y).
    """

    xy_um: NDArray[np.float64]
    reach_um: NDArray[np.float64]
    rings_um: Callable[[int], tuple[Points, ...]]


@dataclass(frozen=True)
class Frame:
    """The slide and the rule.

    Attributes
    ----------
    rule : {"centroid", "leave_out", "two_sides"}
        A cut vessel is inside where its centroid is; never; or unless it is cut by the right or the lower edge.
    width_um, height_um : float
        Of the slide.
    pixel_um : float
        Of the outlines: one that ends less than a pixel from the slide's edge is cut by it.
    """

    rule: CutRule
    width_um: float
    height_um: float
    pixel_um: float


def place(profiles: Profiles, shape: Shape | None, frame: Frame) -> Places:
    """Tell of each vessel whether it is inside a shape (the slide where None).

    Under ``centroid`` nothing is cut, and the slide's edge changes nothing. Under the others a vessel is outside where
    it shares no area with the shape.

    Returns
    -------
    (n,) uint8
        ``INSIDE``, ``CUT`` (an edge cuts it, and the rule leaves it out) or ``OUTSIDE``.
    """
    places = np.full(len(profiles.xy_um), INSIDE, np.uint8)
    if shape is not None:
        places[~shape.holds(profiles.xy_um)] = OUTSIDE
    if frame.rule == "centroid":
        return places
    if shape is not None:
        _place_near_the_edge(places, profiles, shape, frame)
    _cut_by_the_slide(places, profiles, frame)
    return places


def _place_near_the_edge(places: Places, profiles: Profiles, shape: Shape, frame: Frame) -> None:
    """A vessel is inside if one of the parts of the shape counts it, and cut if none does and one cuts it."""
    reach_um = profiles.reach_um + frame.pixel_um
    near = shapely.dwithin(shapely.points(profiles.xy_um), shapely.boundary(shape.outline), reach_um)
    polygons = [part for part in shapely.get_parts(shape.outline) if part.area > 0]
    parts = [(part, _leaving_out(part, frame.rule)) for part in polygons]
    for row in np.flatnonzero(near):
        vessel = _area(profiles.rings_um(int(row)))
        cut = [
            bool(shapely.relate_pattern(vessel, lines, _OVERLAPS))
            for part, lines in parts
            if shapely.relate_pattern(vessel, part, _OVERLAPS)
        ]
        places[row] = OUTSIDE if not cut else CUT if all(cut) else INSIDE


def _cut_by_the_slide(places: Places, profiles: Profiles, frame: Frame) -> None:
    # The last pixel of the analysis may lack a part, which is less than a pixel.
    least = 0.001 * frame.pixel_um
    most = np.array([frame.width_um, frame.height_um]) - 0.999 * frame.pixel_um
    reach_um = (profiles.reach_um + frame.pixel_um)[:, None]
    near = ((profiles.xy_um - reach_um <= least) | (profiles.xy_um + reach_um >= most)).any(axis=1)
    for row in np.flatnonzero(near & (places == INSIDE)):
        points = np.concatenate(profiles.rings_um(int(row)))
        cut = bool((points > most).any())
        if frame.rule == "leave_out":
            cut |= bool((points < least).any())
        if cut:
            places[row] = CUT


def _leaving_out(part: BaseGeometry, rule: CutRule) -> BaseGeometry:
    """Return the lines that leave out what they cut.

    Of ``two_sides`` these are the edges that look to the right or down, and, as in the counting frame, the two lines
    that go on from their ends, upwards and downwards, and never meet the part again.
    """
    if rule == "leave_out":
        return shapely.boundary(part)
    rings = shapely.get_rings(shapely.orient_polygons(part))
    segments = [np.stack([xy[:-1], xy[1:]], axis=1) for xy in map(shapely.get_coordinates, rings)]
    ends = np.concatenate(segments)
    way = ends[:, 1] - ends[:, 0]
    corners = shapely.get_coordinates(rings[0])
    across, along = corners[:, 0] - corners[:, 1], corners.sum(axis=1)
    upper, lower = (corners[np.lexsort((along, side))[-1]] for side in (across, -across))
    beyond = np.array([0, _BEYOND_UM])
    further = np.array([[upper, upper - beyond], [lower, lower + beyond]])
    lines = np.concatenate([ends[way[:, 1] > way[:, 0]], further])
    return shapely.line_merge(shapely.union_all(shapely.linestrings(lines)))


def _area(rings_um: tuple[Points, ...]) -> BaseGeometry:
    polygons = [shapely.Polygon(ring) for ring in rings_um if len(ring) > 2]
    return shapely.union_all(shapely.make_valid(polygons))
