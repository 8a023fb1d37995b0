"""Outlines as polygons, in um: islands of tissue with their holes, circles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mvd.hotspots import Hotspot

Ring = NDArray[np.floating]
Polygon = Sequence[Ring]
"""An outer ring and then its holes; each (n, 2) as (x, y), um, not closed, n >= 3."""

_CIRCLE_POINTS = 128


def circle_um(x_um: float, y_um: float, radius_um: float) -> Ring:
    """Return a circle as a ring, (128, 2) as (x, y), um."""
    angles = np.linspace(0, 2 * np.pi, _CIRCLE_POINTS, endpoint=False)
    return np.column_stack([x_um + radius_um * np.cos(angles), y_um + radius_um * np.sin(angles)])


def field_um(spot: Hotspot) -> Ring:
    """Return the field of a hot spot as a ring: a circle or a square."""
    if spot.shape == "circle":
        return circle_um(spot.x_um, spot.y_um, spot.radius_um)
    return np.array([spot.x_um, spot.y_um]) + spot.radius_um * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])


def box_um(box: tuple[float, float, float, float]) -> Ring:
    """Return left, top, right, bottom as a ring."""
    left, top, right, bottom = box
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def tissue_polygons_um(mask: NDArray[np.bool_], mpp: float) -> list[Polygon]:
    """Return the islands of tissue.

    Parameters
    ----------
    mask : (h, w) bool
    mpp : float
        Pixel size of the mask, um/px.
    """
    # Each pixel is doubled, so that the narrowest island still has an outline with an area.
    fine = cv2.resize(mask.astype(np.uint8), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    contours, tree = cv2.findContours(fine, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    islands: dict[int, list[Ring]] = {}
    holes: list[tuple[int, Ring]] = []
    for number, contour in enumerate(contours):
        ring: Ring = (contour.reshape(-1, 2) + 0.5) / 2 * mpp
        parent = int(tree.reshape(-1, 4)[number, 3])
        if parent < 0:
            islands[number] = [ring]
        elif len(ring) >= 3:
            holes.append((parent, ring))
    for parent, ring in holes:
        islands[parent].append(ring)
    return list(islands.values())
