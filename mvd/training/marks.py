"""What somebody says of a slide's pixels: marks. Types alone; ``labels.py`` reads them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BACKGROUND, VESSEL, LEFT_OUT = 1, 2, 3
"""What a mark says of its pixels; of what is left out nothing is said."""

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Mark:
    """One area, line or point, pixels of level 0 as QuPath counts them, (x, y).

    Attributes
    ----------
    kind : int
        ``BACKGROUND``, ``VESSEL`` or ``LEFT_OUT``.
    areas : tuple of tuple of (n, 2) float64
        Polygons: an outer ring and the holes in it, not closed.
    lines : tuple of (n, 2) float64
        One point alone is a dot.
    """

    kind: int
    areas: tuple[tuple[Points, ...], ...] = ()
    lines: tuple[Points, ...] = ()

    def moved(self, offset: Sequence[float], factor: float) -> "Mark":
        """Return the mark with ``offset`` added to every point, in pixels ``factor`` times larger."""
        areas = tuple(tuple((ring + offset) / factor for ring in area) for area in self.areas)
        return Mark(self.kind, areas, tuple((line + offset) / factor for line in self.lines))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom edge."""
        points = np.concatenate([*(ring for area in self.areas for ring in area), *self.lines])
        left, top = points.min(axis=0)
        right, bottom = points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)


@dataclass(frozen=True)
class Marks:
    """All marks on one slide.

    Attributes
    ----------
    marks : tuple of Mark
    rest_is_background : bool
        Whether somebody looked at all of the slide, so that tissue without any mark is background.
    """

    marks: tuple[Mark, ...]
    rest_is_background: bool = False
