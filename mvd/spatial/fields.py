"""Vessel positions and tissue -> the density by systematic uniform random fields, with its coefficient of error.

Input: counted vessels, the tissue mask, and a seed. Output: what an observer who counts a systematic sample of fields
would report (Marien 2016), and how far off that sample is. Never better than counting all vessels, which is done
too: it makes densities comparable with those of studies that sampled.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from mvd.geometry import UM2_PER_MM2
from mvd.settings import SpatialSettings
from mvd.tissue import Tissue

STREAM = 1
"""Keeps the random start apart from the random patterns, which are drawn from the same seed."""

Points = NDArray[np.float64]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class FieldSample:
    """A systematic uniform random sample of square fields.

    Attributes
    ----------
    corners_um : (m, 2) float64
        Top left corners (x, y) of the fields that hold tissue, um; row by row.
    side_um, step_um : float
        Side of a field, and distance between the corners of neighbours, um.
    vessels : (m,) int64
        Counted vessels in each field.
    tissue_mm2 : (m,) float64
        Tissue in each field, mm2.
    mean_per_mm2 : float or None
        All vessels in fields / all tissue in fields, 1/mm2; None where no field holds tissue.
    error_of_fields : float or None
        Coefficient of error of ``mean_per_mm2``, from the differences between neighbouring fields. None without
        vessels or without neighbours.
    error_gundersen : float or None
        Coefficient of error after Gundersen and Jensen (1987, 1999), as studies print it.
    """

    corners_um: Points
    side_um: float
    step_um: float
    vessels: NDArray[np.int64]
    tissue_mm2: Values
    mean_per_mm2: float | None
    error_of_fields: float | None
    error_gundersen: float | None


def sample_fields(xy_um: Points, tissue: Tissue, settings: SpatialSettings, seed: int) -> FieldSample:
    """Lay a square grid of fields on the slide, with a random start, and count in each.

    The grid's step makes it about ``sample_fields`` fields by the area of the tissue; fields never overlap, so a small
    tissue has fewer and is counted in full. A vessel is counted in the field that its centroid lies in (left and top
    edge included, right and bottom not), so each vessel has the same chance and none is counted twice. Fields at the
    rim count with the tissue that they hold.

    Parameters
    ----------
    xy_um : (n, 2) float64
        Centroids (x, y) of the counted vessels, um.
    tissue : Tissue
    settings : SpatialSettings
    seed : int
        Decides where the grid starts.
    """
    side_um = sqrt(settings.sample_field_mm2 * UM2_PER_MM2)
    step_um = max(side_um, sqrt(tissue.area_mm2 * UM2_PER_MM2 / settings.sample_fields))
    stream = np.random.SeedSequence(seed, spawn_key=(STREAM,))
    start_um = (np.random.Generator(np.random.PCG64(stream)).random(2) - 1) * step_um
    height_um, width_um = (size * tissue.mpp for size in tissue.mask.shape)
    left_um = np.arange(start_um[0], width_um, step_um)
    top_um = np.arange(start_um[1], height_um, step_um)
    vessels = _counts(xy_um, start_um, side_um, step_um, (len(top_um), len(left_um)))
    tissue_mm2 = _tissue_mm2(tissue, top_um, left_um, side_um)
    held = tissue_mm2 > 0
    vessels[~held] = 0  # strays beside the tissue have no area to be counted over
    rows, cols = np.nonzero(held)
    total, area_mm2 = int(vessels.sum()), float(tissue_mm2.sum())
    return FieldSample(
        np.stack([left_um[cols], top_um[rows]], axis=1),
        side_um,
        step_um,
        vessels[held],
        tissue_mm2[held],
        total / area_mm2 if area_mm2 > 0 else None,
        error_of_fields(vessels, tissue_mm2),
        error_gundersen(vessels.sum(axis=1)),
    )


def error_of_fields(vessels: NDArray[np.int64], tissue_mm2: Values) -> float | None:
    """Coefficient of error of a density, from the differences between neighbouring fields.

    Each field's vessels beyond what its tissue would hold at the mean density differ between neighbours by chance
    and clustering, hardly by slow changes over the tissue, which a systematic sample sees evenly anyway. Half the mean
    squared difference, times the number of fields, is the variance of the total (successive differences, Wolter
    1984, here over both directions).

    Parameters
    ----------
    vessels : (rows, cols) int64
        On the grid of fields, those without tissue included.
    tissue_mm2 : (rows, cols) float64

    Returns
    -------
    float or None
        None without vessels, or where no two neighbours hold tissue.
    """
    held, total = tissue_mm2 > 0, int(vessels.sum())
    if total == 0:
        return None
    beyond = vessels - tissue_mm2 * (total / tissue_mm2.sum())
    squares = [
        (later - earlier)[both] ** 2
        for earlier, later, both in (
            (beyond[:, :-1], beyond[:, 1:], held[:, :-1] & held[:, 1:]),
            (beyond[:-1], beyond[1:], held[:-1] & held[1:]),
        )
    ]
    every = np.concatenate(squares)
    if not len(every):
        return None
    return sqrt(float(every.mean()) / 2 * np.count_nonzero(held)) / total


def error_gundersen(vessels: NDArray[np.int64]) -> float | None:
    """Coefficient of error of the total over a systematic series of strips of fields.

    Gundersen and Jensen's quadratic approximation, CE^2 = (noise + (3 (A - noise) - 4 B + C) / 12) / total^2, with the
    sums A of squares, B of products of neighbours and C of next neighbours, and as noise the total (a Poisson count
    in each strip). 1/12 is for a quantity that jumps at the ends (1987; m = 0 of 1999). Vessels in clusters smaller
    than a field make the true error larger than this says.

    Parameters
    ----------
    vessels : (rows,) int64
        Vessels in each strip, the empty ones included.

    Returns
    -------
    float or None
        None without vessels.
    """
    total = int(vessels.sum())
    if total == 0:
        return None
    strips = vessels.astype(np.float64)
    squares = float(strips @ strips)
    next_to, after_next = float(strips[:-1] @ strips[1:]), float(strips[:-2] @ strips[2:])
    between = max((3 * (squares - total) - 4 * next_to + after_next) / 12, 0.0)
    return sqrt(total + between) / total


def _counts(
    xy_um: Points, start_um: Values, side_um: float, step_um: float, shape: tuple[int, int]
) -> NDArray[np.int64]:
    """Vessels in each field of the grid, (rows, cols)."""
    steps = (np.asarray(xy_um, dtype=np.float64).reshape(-1, 2) - start_um) / step_um
    at = np.floor(steps).astype(np.int64)
    inside = np.all((steps - at) * step_um < side_um, axis=1)
    inside &= np.all((at >= 0) & (at < shape[::-1]), axis=1)
    counts = np.zeros(shape, np.int64)
    np.add.at(counts, (at[inside, 1], at[inside, 0]), 1)
    return counts


def _tissue_mm2(tissue: Tissue, top_um: Values, left_um: Values, side_um: float) -> Values:
    """Tissue in each field, (rows, cols), mm2; pixels that an edge cuts count in part."""
    parts = tissue.mask if tissue.parts is None else tissue.parts / 255
    upper = _running(parts, top_um / tissue.mpp, (top_um + side_um) / tissue.mpp)
    both = _running(upper.T, left_um / tissue.mpp, (left_um + side_um) / tissue.mpp)
    return both.T * tissue.mpp**2 / UM2_PER_MM2


def _running(values: NDArray[np.bool_] | Values, starts: Values, stops: Values) -> Values:
    """Sum of (h, w) ``values`` over the rows from each of (m,) starts to its stop, in pixels; (m, w)."""
    height = len(values)
    sums = np.zeros((len(starts), values.shape[1]))
    for k, (start, stop) in enumerate(zip(starts.clip(0, height), stops.clip(0, height), strict=True)):
        first, last = int(start), min(int(stop), height - 1)
        if stop <= start:
            continue
        sums[k] = values[first : last + 1].sum(axis=0)
        sums[k] -= (start - first) * values[first]
        sums[k] -= (last + 1 - stop) * values[last]
    return sums
