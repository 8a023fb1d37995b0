"""Polygons that vessels are made of: closed outlines, ribbons along a curve, wedges. All in um, (x, y)."""

import numpy as np
from numpy.typing import NDArray

from mvd.phantom.fields import Line, wobble

Polygon = NDArray[np.float64]
STEPS = 96


def ellipse(rng: np.random.Generator, major_um: float, minor_um: float, roughness: float) -> Polygon:
    """Make an ellipse about (0, 0) along x, its radius wobbling by ``roughness`` (a fraction): (96, 2) um."""
    turn = np.arange(STEPS) * (2 * np.pi / STEPS)
    swell = 1 + np.clip(wobble(rng, STEPS, roughness), -3 * roughness, 3 * roughness)
    return np.stack([0.5 * major_um * np.cos(turn) * swell, 0.5 * minor_um * np.sin(turn) * swell], axis=1)


def inset(outline: Polygon, depth_um: Line) -> Polygon:
    """Move each point of an anticlockwise outline inwards along its normal by ``depth_um``: (n, 2) um."""
    along = np.roll(outline, -1, axis=0) - np.roll(outline, 1, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    return outline + np.stack([-along[:, 1], along[:, 0]], axis=1) * depth_um[:, None]


def wedge(start_rad: float, stop_rad: float, reach_um: float) -> Polygon:
    """Make the sector about (0, 0) between two angles, ``reach_um`` long: (n, 2) um."""
    turn = np.linspace(start_rad, stop_rad, 9)
    arc = np.stack([np.cos(turn), np.sin(turn)], axis=1) * reach_um
    return np.vstack([np.zeros((1, 2)), arc])


def curve(rng: np.random.Generator, length_um: float, most_turn_rad: float) -> Polygon:
    """Make a curved centre line from (0, 0) along x, a point every um or less: (n, 2) um."""
    n = max(int(length_um), 8) + 1
    s = np.linspace(0, 1, n)
    bend = rng.uniform(-1, 1) * s + 0.35 * np.sin(2 * np.pi * (s * rng.uniform(0.6, 1.6) + rng.uniform()))
    heading = most_turn_rad * (bend - bend[0])
    step = length_um / (n - 1)
    ahead = np.stack([np.cos(heading), np.sin(heading)], axis=1)[:-1] * step
    return np.vstack([np.zeros((1, 2)), np.cumsum(ahead, axis=0)])


def headings(centre: Polygon) -> Line:
    """Direction of a centre line at each of its points: (n,) rad."""
    ahead = np.gradient(centre, axis=0)
    return np.asarray(np.arctan2(ahead[:, 1], ahead[:, 0]), np.float64)


def ribbon(centre: Polygon, width_um: Line) -> Polygon:
    """Make the outline of a band of varying width along a centre line, with round ends: (m, 2) um."""
    heading = headings(centre)
    side = np.stack([-np.sin(heading), np.cos(heading)], axis=1) * (0.5 * width_um)[:, None]
    start = _cap(centre[0], heading[0] + np.pi / 2, 0.5 * width_um[0])
    stop = _cap(centre[-1], heading[-1] - np.pi / 2, 0.5 * width_um[-1])
    return np.vstack([start, centre - side, stop, (centre + side)[::-1]])


def _cap(centre: Polygon, start_rad: float, radius_um: float) -> Polygon:
    turn = start_rad + np.linspace(0, np.pi, 9)[1:-1]
    return centre + radius_um * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def rotated(points: Polygon, angle_rad: float) -> Polygon:
    """Turn points about (0, 0): (n, 2) um."""
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    turned: Polygon = points @ np.array([[cos, sin], [-sin, cos]])
    return turned


def polygon_area_um2(outline: Polygon) -> float:
    """Area of a polygon, um2."""
    x, y = outline.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
