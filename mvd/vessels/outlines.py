"""The outlines of all vessels, kept compactly: whole pixels in one array, and um only where they are asked for."""

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple, SupportsIndex, overload

import numba
import numpy as np
from numpy.typing import NDArray

from mvd.vessels.edges import I32, I64, Rings
from mvd.vessels.measure import Contours

Ring = NDArray[np.floating]
Kinds = NDArray[np.uint8]

WALL, HOLE, OUTER, LUMEN = range(4)
"""Kinds of rings: round the wall, each followed by the holes in it; round vessel and lumens where they differ."""


@dataclass(frozen=True)
class Outline:
    """The outline of one vessel: (n, 2) rings of (x, y) in um from the slide's top left corner, not closed.

    Attributes
    ----------
    outer, lumens : tuple of (n, 2) float64
        Round the vessel and round its lumens. Their areas are ``filled_area_um2`` and ``lumen_area_um2``, but for holes
        that are no lumens, and specks of wall that float in a lumen.
    wall : tuple of tuple of (n, 2) float64
        Round the stained wall: polygons, each an outer ring and the holes in it, whose area is ``area_um2``. They are
        valid: no ring crosses or touches itself, and none shares more than points with another.
    """

    outer: tuple[Ring, ...]
    lumens: tuple[Ring, ...]
    wall: tuple[tuple[Ring, ...], ...] = ()


class Packed(NamedTuple):
    """The rings of one vessel or several, half as large as their points.

    Attributes
    ----------
    turns : (n,) int32
        One number for each corner, px of the analysis level: x, y, x, y ... of a ring, for from corner to corner
        only one of them changes. The first step is along x.
    stops : (k,) int32
        Where each ring ends in ``turns``.
    kinds : (k,) uint8
    """

    turns: I32
    stops: I32
    kinds: Kinds


@dataclass(frozen=True)
class Outlines(Sequence[Outline]):
    """One ``Outline`` for each vessel, made when it is asked for.

    Attributes
    ----------
    turns : (n,) int32
        As in ``Packed``.
    first : (k + 1,) int64
        Those of ring ``j`` are ``first[j]`` to ``first[j + 1] - 1``.
    kinds : (k,) uint8
    rings : (v, 2) int64
        The first ring of each vessel, and the one after its last.
    mpp : float
        um/px.
    """

    turns: I32
    first: I64
    kinds: Kinds
    rings: I64
    mpp: float

    @classmethod
    def of(cls, blocks: Iterable[tuple[Packed, I64]], mpp: float) -> "Outlines":
        """Gather blocks of vessels: the rings of each, and how many rings each vessel has."""
        nothing = Packed(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.uint8))
        packs, counts = zip((nothing, np.empty(0, np.int64)), *blocks, strict=True)
        lengths = [np.diff(pack.stops, prepend=0) for pack in packs]
        first, ends = (
            np.concatenate([[0], np.cumsum(np.concatenate(each))]).astype(np.int64)
            for each in (lengths, counts)
        )
        return cls(
            np.concatenate([pack.turns for pack in packs]),
            first,
            np.concatenate([pack.kinds for pack in packs]),
            np.stack([ends[:-1], ends[1:]], axis=1),
            mpp,
        )

    def ordered(self, order: I64) -> "Outlines":
        """The outlines of the vessels ``order``, in that order."""
        return replace(self, rings=self.rings[order])

    def __len__(self) -> int:
        return len(self.rings)

    @overload
    def __getitem__(self, index: SupportsIndex) -> Outline: ...
    @overload
    def __getitem__(self, index: slice) -> "Outlines": ...
    def __getitem__(self, index: SupportsIndex | slice) -> "Outline | Outlines":
        if isinstance(index, slice):
            return replace(self, rings=self.rings[index])
        start, stop = self.rings[operator.index(index)].tolist()
        edges = self.first[start : stop + 1]
        points = _corners(self.turns, edges, self.mpp)
        rings = [points[a:b] for a, b in pairwise((edges - edges[0]).tolist())]
        sorts = self.kinds[start:stop].tolist()
        wall: list[list[Ring]] = []
        for ring, kind in zip(rings, sorts, strict=True):
            if kind == WALL:
                wall.append([ring])
            elif kind == HOLE:
                wall[-1].append(ring)
        outer, lumens = (OUTER, LUMEN) if OUTER in sorts else (WALL, HOLE)
        return Outline(
            tuple(ring for ring, kind in zip(rings, sorts, strict=True) if kind == outer),
            tuple(ring for ring, kind in zip(rings, sorts, strict=True) if kind == lumens),
            tuple(map(tuple, wall)),
        )


def outlines_of(outlines: Sequence[Outline], rows: I64) -> Sequence[Outline]:
    """The outlines of some rows; those of a slide are made one by one as they are asked for, and let go of."""
    return (
        outlines.ordered(rows) if isinstance(outlines, Outlines) else [outlines[row] for row in rows.tolist()]
    )


@numba.njit(cache=True, nogil=True)
def _corners(turns: I32, edges: I64, mpp: float) -> Ring:
    """Corners of some rings, (n, 2) float64 as (x, y) in um; ``edges`` says where they begin and end."""
    points = np.empty((edges[-1] - edges[0], 2))
    for ring in range(len(edges) - 1):
        start, count = edges[ring], edges[ring + 1] - edges[ring]
        for i in range(0, count, 2):
            x, y, following = turns[start + i], turns[start + i + 1], turns[start + (i + 2) % count]
            at = start - edges[0] + i
            points[at, 0], points[at, 1] = x * mpp, y * mpp
            points[at + 1, 0], points[at + 1, 1] = following * mpp, y * mpp
    return points


@numba.njit(cache=True, nogil=True)
def pack(contours: Contours, left: int, top: int, shrink: int) -> Packed:
    """The rings of one vessel on the slide; ``left`` and ``top`` of its crop in pixels ``shrink`` times as large."""
    wall, outer, lumens = contours
    most = len(wall.points) + len(outer.points) + len(lumens.points)
    turns = np.empty(most, np.int32)
    rings = len(wall.stops) + len(outer.stops) + len(lumens.stops)
    stops, kinds, count = np.empty(rings, np.int32), np.empty(rings, np.uint8), 0
    homes = _homes(wall)
    for home in range(len(wall.stops)):
        if wall.twice_area[home] > 0:
            count = _add(wall, home, WALL, turns, stops, kinds, count)
            for hole in range(len(wall.stops)):
                if homes[hole] == home:
                    count = _add(wall, hole, HOLE, turns, stops, kinds, count)
    for more, kind in ((outer, OUTER), (lumens, LUMEN)):
        for ring in range(len(more.stops)):
            if more.twice_area[ring] > 0:
                count = _add(more, ring, kind, turns, stops, kinds, count)
    turns = turns[: stops[count - 1]]
    for i in range(0, len(turns), 2):
        turns[i], turns[i + 1] = (turns[i] + left) * shrink, (turns[i + 1] + top) * shrink
    return Packed(turns, stops[:count], kinds[:count])


@numba.njit(cache=True, nogil=True)
def _add(rings, ring, kind, turns, stops, kinds, count):  # type: ignore[no-untyped-def]
    start, used = rings.stops[ring - 1] if ring else 0, stops[count - 1] if count else 0
    corners = rings.points[start : rings.stops[ring]]
    offset = 0 if corners[0, 1] == corners[1, 1] else 1  # from there on, the first step is along x
    for i in range(len(corners)):
        turns[used + i] = corners[(i // 2 * 2 + offset) % len(corners), i % 2]
    stops[count], kinds[count] = used + len(corners), kind
    return count + 1


@numba.njit(cache=True, nogil=True)
def _homes(wall: Rings) -> I32:
    """For each hole the ring round the pixels that it is a hole in; -1 for the others."""
    homes, start = np.full(len(wall.stops), -1, np.int32), 0
    for hole in range(len(wall.stops)):
        if wall.twice_area[hole] < 0:
            for i in range(start, wall.stops[hole]):
                before = i - 1 if i > start else wall.stops[hole] - 1
                if (
                    wall.points[i, 1] > wall.points[before, 1]
                ):  # southwards: a pixel of the wall is on the right
                    homes[hole] = _smallest_round(wall, wall.points[before, 0], wall.points[before, 1])
                    break
        start = wall.stops[hole]
    return homes


@numba.njit(cache=True, nogil=True)
def _smallest_round(wall: Rings, x: int, y: int) -> int:
    """The smallest outer ring round the middle of the pixel left of (x, y)."""
    best, start = -1, 0
    for ring in range(len(wall.stops)):
        stop = wall.stops[ring]
        if wall.twice_area[ring] > 0 and (best < 0 or wall.twice_area[ring] < wall.twice_area[best]):
            inside = False
            for i in range(start, stop):
                before = i - 1 if i > start else stop - 1
                low = min(wall.points[i, 1], wall.points[before, 1])
                high = max(wall.points[i, 1], wall.points[before, 1])
                inside ^= wall.points[i, 0] >= x and low <= y < high
            if inside:
                best = ring
        start = stop
    return best
