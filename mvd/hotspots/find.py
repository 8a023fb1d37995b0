"""Vessel positions -> the circles that hold the most of them.

Input: the counted vessels of a slide and its tissue mask. Output: disjoint circles of one area, best first.
Centres may lie anywhere in the plane, at the rim of the tissue and outside it too: the rim is where tumours
have their hot spots (Belien 1999), and an eroded search region never looks there. It never changes what is
counted.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from mvd.hotspots.by_hand import HandPlaced, placed_hotspots
from mvd.hotspots.centring import STEP_UM, settle
from mvd.hotspots.densest import densest_centres
from mvd.hotspots.field import Hotspot, radius_of, tissue_fraction
from mvd.hotspots.inside import boxes_outside
from mvd.hotspots.pattern import Pattern, arrange
from mvd.hotspots.squares import fullest_squares
from mvd.hotspots.sweep import Forbidden
from mvd.settings import HotspotSettings
from mvd.tissue import Tissue

MOST_TIES = 512  # corners of equally good regions that are compared
NOWHERE = np.empty((0, 4))

Points = NDArray[np.float64]


def find_hotspots(
    xy_um: Points,
    settings: HotspotSettings,
    tissue: Tissue,
    damage_um: Points = NOWHERE,
    by_hand: HandPlaced | None = None,
) -> tuple[Hotspot, ...]:
    """Find the disjoint circles (or squares, by ``settings.shape``) that hold the most vessels, best first.

    Each is the best over all centres in the plane that lie at least two radii from the centres before it. The
    radius is the circle's of ``settings.field_mm2``, rounded to 0.001 um. An optimal centre has vessels on
    its very edge, so it is moved inward (to the centre of the smallest circle round the same vessels where
    that is free) and rounded to 0.001 um, and the vessels within the radius of this printed centre are
    counted again: that count is reported. It is the exact maximum unless the best centres lie in a region too
    small to hold a multiple of 0.001 um; then it is at least the maximum for a circle whose radius is 0.001
    um smaller.

    Circles that hold equally many are compared by their tissue fraction (larger first), then y, then x
    (smaller first). Where more than 512 corners of best regions exist, as on a lattice, the first 512 in the
    order of the search are compared. The order of the vessels does not matter.

    Squares are upright, their sides whole 0.002 um, and exact in whole 0.001 um; the next ones overlap none before. Of
    equally good centres in one column the topmost is compared.

    Parameters
    ----------
    xy_um : (n, 2) float64
        Centroids (x, y) of the counted vessels, um from the slide's top left corner, as printed.
    settings : HotspotSettings
    tissue : Tissue
    damage_um : (k, 4) float64
        Left, top, right, bottom of rectangles that could not be read, um: no circle overlaps one. A centre is kept out
        of the rectangle grown by the radius on each side, which beside its corners is up to 0.41 radii more than
        needed.
    by_hand : HandPlaced, optional
        Fields that are hot spots because a person says so, wherever they lie, and fields that are none: those that are
        found keep clear of both.

    Returns
    -------
    tuple of Hotspot
        At most ``settings.count``, and those placed by hand at least; each that was found holds a vessel. Centres of
        these are two radii apart, to 1e-6 um.
    """
    radius_um = radius_of(settings)
    vessels = np.unique(np.asarray(xy_um, dtype=np.float64).reshape(-1, 2), axis=0, return_counts=True)
    if not np.isfinite(vessels[0]).all():
        raise ValueError("vessel positions must be finite")
    boxes_um = forbidden_boxes(settings, tissue, damage_um)
    by_hand = by_hand or HandPlaced(settings.field_mm2, settings.shape)
    placed = placed_hotspots(xy_um, settings, tissue, by_hand)
    best = partial(best_circles, arranged=_arranging(vessels)) if settings.shape == "circle" else best_squares
    hotspots: list[Hotspot] = []
    while len(hotspots) + len(placed) < settings.count:
        taken_um = np.array([(spot.x_um, spot.y_um) for spot in hotspots]).reshape(-1, 2)
        taken_um = np.concatenate([taken_um, by_hand.taken_um])
        tied = best(vessels, radius_um, taken_um, boxes_um)
        if not tied:
            break
        minus_tissue, y_um, x_um, count = min(
            (-tissue_fraction(tissue, x, y, radius_um, settings.shape), y, x, count) for count, (x, y) in tied
        )
        about = (len(hotspots) + 1, settings.field_mm2, x_um, y_um, radius_um, count, -minus_tissue)
        hotspots.append(Hotspot(*about, shape=settings.shape))
    if not placed:
        return tuple(hotspots)
    both = sorted(
        [*hotspots, *placed], key=lambda spot: (-spot.vessels, -spot.tissue_fraction, spot.y_um, spot.x_um)
    )
    return tuple(replace(spot, rank=rank) for rank, spot in enumerate(both, 1))


def most_vessels(xy_um: Points, settings: HotspotSettings, boxes_um: Points = NOWHERE) -> int:
    """Most vessels that one field holds: as many as the first of ``find_hotspots``, but for its rounding.

    Parameters
    ----------
    xy_um : (n, 2) float64
        Distinct positions (x, y), um.
    settings : HotspotSettings
    boxes_um : (k, 4) float64
        Where no centre may lie, by ``forbidden_boxes``.
    """
    if not len(xy_um):
        return 0
    radius_um, weights = radius_of(settings), np.ones(len(xy_um), np.int64)
    if settings.shape == "square":
        return fullest_squares(_steps(xy_um), weights, int(_steps(radius_um)), _steps(boxes_um), 0)[0]
    forbidden = Forbidden(np.empty((0, 2)), 2 * radius_um, boxes_um)
    return densest_centres(arrange(xy_um, weights, radius_um), forbidden, 0)[0]


def forbidden_boxes(settings: HotspotSettings, tissue: Tissue, damage_um: Points = NOWHERE) -> Points:
    """Where no centre may lie, (k, 4) float64: left, top, right, bottom, um; the arguments of ``find_hotspots``."""
    radius_um = radius_of(settings)
    boxes_um = _grown(damage_um, radius_um)
    if settings.edge == "allow":
        return boxes_um
    return np.concatenate([boxes_um, boxes_outside(tissue, radius_um, settings.field_mm2, settings.shape)])


def load_search() -> None:
    """Have numba load the compiled search, or compile it: its first kernel in a process takes it a while."""
    nowhere = Forbidden(np.empty((0, 2)), 2.0, NOWHERE)
    densest_centres(arrange(np.zeros((1, 2)), np.ones(1, np.int64), 1.0), nowhere, MOST_TIES)


def _steps(lengths_um: Points | float) -> NDArray[np.int64]:
    """Lengths in whole 0.001 um."""
    return np.rint(np.asarray(lengths_um) / STEP_UM).astype(np.int64)


def best_squares(
    vessels: tuple[Points, NDArray[np.int64]], half_um: float, taken_um: Points, boxes_um: Points
) -> list[tuple[int, tuple[float, float]]]:
    """Return (count, centre) of the squares that tie for the best; none where nothing is left."""
    points_um, weights = vessels
    if not len(points_um):
        return []
    half, taken = int(_steps(half_um)), _steps(taken_um)
    boxes = np.concatenate([_steps(boxes_um), np.concatenate([taken - 2 * half, taken + 2 * half], axis=1)])
    most, centres = fullest_squares(_steps(points_um), weights, half, boxes, MOST_TIES)
    return [(most, (x / 1000, y / 1000)) for x, y in centres.tolist()]


def _grown(damage_um: Points, radius_um: float) -> Points:
    """Return where no centre may lie: the rectangles grown by the radius, outward to whole 0.001 um."""
    steps = (damage_um + radius_um * np.array([-1.0, -1.0, 1.0, 1.0])) / STEP_UM
    outward = np.concatenate([np.floor(steps[:, :2]), np.ceil(steps[:, 2:])], axis=1)
    boxes: Points = np.unique(outward, axis=0) / round(1 / STEP_UM)
    return boxes


def _arranging(vessels: tuple[Points, NDArray[np.int64]]) -> Callable[[float], Pattern]:
    """Return what puts the vessels in order for a radius, from ``_origin_um`` on: once, for all searches with it."""
    points_um, weights = vessels
    return cache(lambda radius_um: arrange(points_um - _origin_um(points_um), weights, radius_um))


def _origin_um(points_um: Points) -> Points:
    """Return a whole um left of all points and above: from there the arithmetic is the same all over the slide."""
    origin_um: Points = np.floor(points_um.min(axis=0))
    return origin_um


def best_circles(
    vessels: tuple[Points, NDArray[np.int64]],
    radius_um: float,
    taken_um: Points,
    boxes_um: Points,
    arranged: Callable[[float], Pattern] | None = None,
) -> list[tuple[int, tuple[float, float]]]:
    """Return (count, rounded centre) of all circles that tie for the best; none where nothing is left."""
    points_um, weights = vessels
    if not len(points_um):
        return []
    arranged = arranged or _arranging(vessels)
    origin_um = _origin_um(points_um)
    local_taken_um, local_boxes_um = taken_um - origin_um, boxes_um - np.tile(origin_um, 2)
    repeated_um = np.repeat(points_um, weights, axis=0)
    settled: list[tuple[int, Points]] = []
    for margin_um in (0.0, STEP_UM):  # a circle found with a margin survives the rounding
        grown_um = local_boxes_um + margin_um * np.array([-1.0, -1.0, 1.0, 1.0])
        forbidden = Forbidden(local_taken_um, 2 * radius_um + margin_um, grown_um)
        most, centres_um = densest_centres(arranged(radius_um - margin_um), forbidden, MOST_TIES)
        settled += settle(centres_um + origin_um, repeated_um, radius_um, taken_um, boxes_um)
        if settled and max(count for count, _ in settled) >= most:
            break
    best = max((count for count, _ in settled), default=0)
    return [(count, (float(x), float(y))) for count, (x, y) in settled if count == best and best > 0]
