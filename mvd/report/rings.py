"""Outlines as polygons, in um: vessels with their lumens, islands of tissue with their holes, circles."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Ring = NDArray[np.floating]
Polygon = list[Ring]
"""An outer ring and then its holes; each (n, 2) as (x, y), um, not closed, n >= 3."""

_CIRCLE_POINTS = 128


def circle_um(x_um: float, y_um: float, radius_um: float) -> Ring:
    """Return a circle as a ring, (128, 2) as (x, y), um."""
    angles = np.linspace(0, 2 * np.pi, _CIRCLE_POINTS, endpoint=False)
    return np.column_stack([x_um + radius_um * np.cos(angles), y_um + radius_um * np.sin(angles)])


def vessel_polygons_um(outer: Sequence[Ring], lumens: Sequence[Ring], grain_um: float) -> list[Polygon]:
    """Give each lumen to the outer ring that it lies in.

    Parameters
    ----------
    outer, lumens : sequence of (n, 2) array
        (x, y), um, through the centres of the outermost pixels.
    grain_um : float
        Pixel size of the outlines, um: a ring of one or two pixels becomes a rectangle of that size.
    """
    polygons: list[Polygon] = [[_with_an_area(ring, grain_um)] for ring in outer]
    for lumen in lumens:
        if len(lumen) >= 3:
            home = _home(outer, lumen) if len(outer) > 1 else 0
            polygons[home].append(lumen)
    return polygons


def _home(outer: Sequence[Ring], lumen: Ring) -> int:
    point = (float(lumen[0, 0]), float(lumen[0, 1]))
    distances = [
        cv2.pointPolygonTest(ring.astype(np.float32).reshape(-1, 1, 2), point, True) for ring in outer
    ]
    return int(np.argmax(distances))


def _with_an_area(ring: Ring, grain_um: float) -> Ring:
    """Return the ring, or the pixels' rectangle where they lie in one row or column (or are one pixel)."""
    if len(ring) >= 3:
        (x, y), (x_half_way, y_half_way) = ring[:: len(ring) // 2][:2].tolist()
        if x != x_half_way and y != y_half_way:  # the usual case, seen at a glance
            return ring
    low, high = ring.min(axis=0), ring.max(axis=0)
    if len(ring) >= 3 and (high > low).all():
        return ring
    (left, top), (right, bottom) = low - grain_um / 2, high + grain_um / 2
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
    islands: dict[int, Polygon] = {}
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
