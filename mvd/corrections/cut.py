"""A vessel and a line -> the vessels on its two sides."""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.ops import split

from mvd.corrections.raster import Drawn, inside
from mvd.errors import CorrectionsError
from mvd.vessels.edges import trace

Mask = NDArray[np.uint8]


def cut_in_two(vessel: Drawn, line_um: NDArray[np.floating], mpp: float) -> list[Drawn]:
    """Cut a vessel along a line; every pixel goes to one of the pieces.

    Parameters
    ----------
    vessel : Drawn
    line_um : (n, 2) array
        (x, y), um.
    mpp : float
        um/px of the analysis level.

    Returns
    -------
    list of Drawn
        Two or more, from top to bottom and left to right by their middles. A line that comes back may make more.

    Raises
    ------
    CorrectionsError
        The line does not go right across.
    """
    line = shapely.LineString(np.asarray(line_um, np.float64) / mpp)
    area = _area(vessel)
    parts = [part for each in area for part in split(each, line).geoms] if line.length > 0 else []
    left = vessel.whole.astype(bool)
    pieces = []
    for part in parts:
        rings = [shapely.get_coordinates(ring)[:-1] for ring in (part.exterior, *part.interiors)]
        held = left & inside(rings, vessel.whole.shape, vessel.top, vessel.left).astype(bool)
        left &= ~held
        if held.any():
            pieces.append(held)
    if len(pieces) < 2:
        raise CorrectionsError("the line does not cut the vessel in two; draw it right across")
    pieces[0] |= left  # pixels on the very line, if rounding gave them to nobody
    drawn = [_piece(vessel, held) for held in pieces if (vessel.stained.astype(bool) & held).any()]
    if len(drawn) < 2:
        raise CorrectionsError("the line leaves all of the wall on one side; draw it through the middle")
    return sorted(drawn, key=_middle)


def _area(vessel: Drawn) -> list[shapely.Polygon]:
    """The filled vessel as polygons, px of the slide."""
    rings = trace(vessel.whole)
    outer = [
        ring
        for ring, twice in zip(np.split(rings.points, rings.stops[:-1]), rings.twice_area, strict=True)
        if twice > 0
    ]
    return [shapely.Polygon(ring + np.array([vessel.left, vessel.top])) for ring in outer]


def _piece(vessel: Drawn, held: NDArray[np.bool_]) -> Drawn:
    stained, whole = (np.ascontiguousarray(mask * held, np.uint8) for mask in (vessel.stained, vessel.whole))
    rows, cols = np.flatnonzero(whole.any(axis=1)), np.flatnonzero(whole.any(axis=0))
    area = (slice(rows[0] - 1, rows[-1] + 2), slice(cols[0] - 1, cols[-1] + 2))
    return Drawn(
        np.ascontiguousarray(stained[area]),
        np.ascontiguousarray(whole[area]),
        vessel.top + int(rows[0]) - 1,
        vessel.left + int(cols[0]) - 1,
    )


def _middle(piece: Drawn) -> tuple[float, float]:
    rows, cols = np.nonzero(piece.whole)
    return piece.top + float(rows.mean()), piece.left + float(cols.mean())
