"""Rectangles in pixels, and the way from pixels to micrometres and square millimetres.

Input and output are plain numbers; nothing here reads a slide or knows a setting.
"""

from dataclasses import dataclass
from math import pi, sqrt

UM2_PER_MM2 = 1e6


@dataclass(frozen=True)
class Rect:
    """A rectangle of pixels, half open: rows ``row .. row+height-1``, columns ``col .. col+width-1``."""

    row: int
    col: int
    height: int
    width: int

    @property
    def row_stop(self) -> int:
        """First row below the rectangle, px."""
        return self.row + self.height

    @property
    def col_stop(self) -> int:
        """First column right of the rectangle, px."""
        return self.col + self.width

    @property
    def area_px(self) -> int:
        """Number of pixels."""
        return self.height * self.width

    def grown(self, margin_px: int) -> "Rect":
        """Return the rectangle with ``margin_px`` more pixels on every side."""
        return Rect(
            self.row - margin_px,
            self.col - margin_px,
            self.height + 2 * margin_px,
            self.width + 2 * margin_px,
        )

    def clipped(self, shape_px: tuple[int, int]) -> "Rect":
        """Return the part that lies inside ``(height, width)``; its size is 0 where nothing does."""
        row, col = max(self.row, 0), max(self.col, 0)
        row_stop, col_stop = min(self.row_stop, shape_px[0]), min(self.col_stop, shape_px[1])
        return Rect(row, col, max(row_stop - row, 0), max(col_stop - col, 0))

    def common(self, other: "Rect") -> "Rect":
        """Return the part that lies in ``other`` too; its size is 0 where nothing does."""
        row, col = max(self.row, other.row), max(self.col, other.col)
        row_stop, col_stop = min(self.row_stop, other.row_stop), min(self.col_stop, other.col_stop)
        return Rect(row, col, max(row_stop - row, 0), max(col_stop - col, 0))

    def scaled(self, factor: int) -> "Rect":
        """Return the same rectangle in pixels that are ``factor`` times smaller."""
        return Rect(self.row * factor, self.col * factor, self.height * factor, self.width * factor)

    def slices(self, origin: "Rect | None" = None) -> tuple[slice, slice]:
        """Return the (row, col) slices of this rectangle in an array whose top left corner is ``origin``'s."""
        row, col = (self.row - origin.row, self.col - origin.col) if origin else (self.row, self.col)
        return slice(row, row + self.height), slice(col, col + self.width)


def px_to_mm2(area_px: float, mpp: float) -> float:
    """Area of ``area_px`` pixels of ``mpp`` um/px, in mm2."""
    return area_px * mpp * mpp / UM2_PER_MM2


def px_to_um2(area_px: float, mpp: float) -> float:
    """Area of ``area_px`` pixels of ``mpp`` um/px, in um2."""
    return area_px * mpp * mpp


def um_to_px(length_um: float, mpp: float) -> float:
    """Length in pixels of ``mpp`` um/px."""
    return length_um / mpp


def circle_radius_um(area_mm2: float) -> float:
    """Radius in um of the circle of ``area_mm2``."""
    return sqrt(area_mm2 * UM2_PER_MM2 / pi)
