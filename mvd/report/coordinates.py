"""Rings -> the text of their GeoJSON coordinates, many at once.

A slide has a million points in its outlines: a compiled loop writes them in a twentieth of the time that Python's
formatting takes, and lets other threads draw meanwhile.
"""

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

Points = NDArray[np.int64]
Text = NDArray[np.uint8]

FINE = 100  # coordinates are written in hundredths
_STRAIGHT = 2.0  # a point so near to the line between its neighbours, in hundredths, is left out
_PAIR_CHARS = 44  # room for two numbers of whole hundredths that a float64 holds exactly, and their marks
_RING_CHARS = 2
_OPEN, _CLOSE, _COMMA, _POINT, _MINUS, _ZERO = (np.uint8(ord(mark)) for mark in "[],.-0")


def ring_texts(
    rings: Sequence[NDArray[np.floating]], scale: float, origin: tuple[int, int] = (0, 0)
) -> list[str]:
    """Write rings as GeoJSON does: closed, ``[[x,y],...]``, to a hundredth, without the points on straight lines.

    Parameters
    ----------
    rings : sequence of (n, 2) array
        (x, y), not closed, n >= 1.
    scale : float
        What the coordinates are multiplied by.
    origin : (int, int)
        The (x, y), after that, which is to be (0, 0).

    Raises
    ------
    ValueError
        A coordinate is not finite.
    """
    if not rings:
        return []
    hundredths = np.rint(np.concatenate(rings).astype(np.float64) * (scale * FINE))
    if not (np.abs(hundredths) < 2**53).all():
        raise ValueError("coordinates must be finite")
    points = hundredths.astype(np.int64) - FINE * np.array(origin, np.int64)
    stops = np.cumsum([len(ring) for ring in rings])
    text = np.empty(_PAIR_CHARS * (len(points) + len(rings)) + _RING_CHARS * len(rings), np.uint8)
    ends = np.empty(len(rings), np.int64)
    _write_rings(points, stops, text, ends)
    whole = text[: ends[-1]].tobytes().decode("ascii")
    starts = [0, *ends[:-1].tolist()]
    return [whole[start:end] for start, end in zip(starts, ends.tolist(), strict=True)]


@njit(cache=True, nogil=True)
def _write_rings(points: Points, stops: Points, text: Text, ends: Points) -> None:
    """Write all rings into ``text``, one behind the other; ``ends`` says where each ends."""
    at, start = 0, 0
    kept = np.empty(len(points), np.int64)
    for ring in range(len(stops)):
        count = _keep_corners(points, start, stops[ring], kept)
        text[at] = _OPEN
        at += 1
        for i in range(count + 1):
            point = kept[i % count]
            text[at] = _OPEN
            at = _write_number(points[point, 0], text, at + 1)
            text[at] = _COMMA
            at = _write_number(points[point, 1], text, at + 1)
            text[at] = _CLOSE
            text[at + 1] = _COMMA
            at += 2
        text[at - 1] = _CLOSE
        ends[ring] = at
        start = stops[ring]


@njit(cache=True, nogil=True)
def _keep_corners(points: Points, start: int, stop: int, kept: Points) -> int:
    """Note the points of a ring that are no part of a straight line, all if that leaves less than a triangle."""
    kept[0], count = start, 1
    for i in range(start + 1, stop):
        following = i + 1 if i + 1 < stop else start
        if not _is_straight(points, kept[count - 1], i, following):
            kept[count] = i
            count += 1
    if count >= 3:
        return count
    for i in range(start, stop):
        kept[i - start] = i
    return stop - start


@njit(cache=True, nogil=True)
def _is_straight(points: Points, before: int, here: int, after: int) -> bool:
    """Whether the points up to ``here`` lie on the line from ``before`` to ``after``, none of them beyond its end."""
    x, y = points[before, 0], points[before, 1]
    dx, dy = points[after, 0] - x, points[after, 1] - y
    length = np.hypot(float(dx), float(dy))
    if length == 0:  # there and back
        return False
    for i in range(before + 1, here + 1):
        along = (points[i, 0] - x) * dx + (points[i, 1] - y) * dy
        across = (points[i, 0] - x) * dy - (points[i, 1] - y) * dx
        if abs(across) > _STRAIGHT * length or along < 0 or along > length * length:
            return False
    return True


@njit(cache=True, nogil=True)
def _write_number(value: int, text: Text, at: int) -> int:
    """Write a number of hundredths without superfluous zeros; return where it ends."""
    if value < 0:
        text[at] = _MINUS
        at, value = at + 1, -value
    whole, hundredths = value // FINE, value % FINE
    digits, larger = 1, whole // 10
    while larger:
        digits, larger = digits + 1, larger // 10
    for place in range(at + digits - 1, at - 1, -1):
        text[place] = _ZERO + whole % 10
        whole //= 10
    at += digits
    if hundredths:
        text[at] = _POINT
        text[at + 1] = _ZERO + hundredths // 10
        at += 2
        if hundredths % 10:
            text[at] = _ZERO + hundredths % 10
            at += 1
    return at
