"""Filled vessels and a place -> the Chalkley count there.

Input: the counted vessels, and the centre of a hot spot. Output: the most points of a 25-point graticule that hit
vessels at once while it is turned, exactly, and how it lies then. The graticule is turned about the centre and never
moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from mvd.chalkley.arcs import SAME_ANGLE, arcs_inside
from mvd.chalkley.filled import FilledVessels
from mvd.geometry import circle_radius_um

FIELD_MM2 = 0.196
"""Area of the graticule's circle, 0.5 mm across (recalled, not read in a primary source)."""

POINTS = 25

_GOLDEN_ANGLE = pi * (3 - sqrt(5))

Points = NDArray[np.float64]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class ChalkleyCount:
    """The graticule where it hits the most.

    Attributes
    ----------
    x_um, y_um, radius_um : float
        The graticule's circle, um from the slide's top left corner.
    angle_rad : float
        How far it is turned from ``graticule()``, 0 to 2 pi, from the x axis towards the y axis (clockwise as shown).
    hits : int
        Points on vessels, 0 to 25: the Chalkley count.
    points_um : (25, 2) float64
        The points (x, y) as turned, um.
    hit : (25,) bool
        Which of them lie on a vessel.
    """

    x_um: float
    y_um: float
    radius_um: float
    angle_rad: float
    hits: int
    points_um: Points
    hit: NDArray[np.bool_]


def graticule() -> Points:
    """The 25 points on the unit disc, (25, 2) float64 (x, y).

    The eyepiece of Chalkley (1943) has 25 dots at random; their places are not published, and makers differ. Ours are a
    sunflower's (Vogel 1979): point k at the radius sqrt((k + 1/2) / 25) and k times the golden angle. Each stands for
    the same area, no two are on one radius, and the pattern is the same for everybody.
    """
    number = np.arange(POINTS)
    radius, angle = np.sqrt((number + 0.5) / POINTS), number * _GOLDEN_ANGLE
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def chalkley_count(vessels: FilledVessels, x_um: float, y_um: float) -> ChalkleyCount:
    """Turn the graticule about (x, y) to where most of its points lie on vessels.

    Each point moves on a circle, and is on a vessel along arcs that end where the circle crosses an outline. Between
    the ends of all arcs the number of hits is constant, so those are all there is to look at. Of the stretches with the
    most hits the longest is taken, the first of several, and the graticule set to its middle. Contacts in a single
    angle do not count.

    Parameters
    ----------
    vessels : FilledVessels
    x_um, y_um : float
        Centre of the hot spot, um from the slide's top left corner.
    """
    radius_um = circle_radius_um(FIELD_MM2)
    near = vessels.near(x_um, y_um, radius_um)
    pattern = graticule() * radius_um
    corners = near.corners_um - np.array([x_um, y_um])
    arcs = arcs_inside(corners, near.starts, np.hypot(pattern[:, 0], pattern[:, 1]))
    arcs[:, 1:] -= np.arctan2(pattern[:, 1], pattern[:, 0])[arcs[:, 0].astype(np.int64), None]
    hits, angle = _best_angle(arcs)
    cos, sin = np.cos(angle), np.sin(angle)
    turned = pattern @ np.array([[cos, sin], [-sin, cos]])
    hit = np.zeros(POINTS, dtype=np.bool_)
    hit[arcs[(angle - arcs[:, 1]) % (2 * pi) < arcs[:, 2] - arcs[:, 1], 0].astype(np.int64)] = True
    return ChalkleyCount(x_um, y_um, radius_um, angle, hits, turned + np.array([x_um, y_um]), hit)


def mean_of_three(counts: Sequence[ChalkleyCount]) -> float | None:
    """Mean count of the first three hot spots; None where there are fewer."""
    return sum(count.hits for count in counts[:3]) / 3 if len(counts) >= 3 else None


def _best_angle(arcs: Values) -> tuple[int, float]:
    """Most arcs at one angle, and the middle of the first of the longest stretches that have so many."""
    start, length = arcs[:, 1] % (2 * pi), arcs[:, 2] - arcs[:, 1]
    whole = length >= 2 * pi - SAME_ANGLE
    start, length = start[~whole], length[~whole]
    always = int(np.count_nonzero(whole))
    if not len(start):
        return always, 0.0
    end = start + length
    angles = np.concatenate([start, end % (2 * pi)])
    steps = np.repeat([1, -1], len(start))
    order = np.lexsort((steps, angles))
    angles = angles[order]
    hits = always + int(np.count_nonzero(end >= 2 * pi)) + np.cumsum(steps[order])
    stretch = np.append(angles[1:], angles[0] + 2 * pi) - angles
    hits[stretch <= SAME_ANGLE] = -1
    longest = stretch[hits == hits.max()].max()
    best = int(np.flatnonzero((hits == hits.max()) & (stretch >= longest - SAME_ANGLE))[0])
    return int(hits[best]), float((angles[best] + stretch[best] / 2) % (2 * pi))
