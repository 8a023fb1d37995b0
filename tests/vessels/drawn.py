"""Drawn shapes, nine by nine samples to a pixel of their edge, and the components that a slide of them would give.

Coordinates are continuous pixels: pixel (row, col) covers row .. row + 1 and col .. col + 1.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter

from mvd.geometry import Rect
from mvd.runs import Components, Search, connect, encode, fuse
from mvd.segment import WALL, ZERO_MILLI_OD

MPP = 0.5
SAMPLES = 9  # odd, so that no pixel is covered by exactly one half
Inside = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]

NO_STAIN = np.zeros((3, 3, 256), np.int32)
"""Look-up tables of a slide without hematoxylin and residual: everything on it is brown."""


def drawn(inside: Inside, shape_px: tuple[int, int]) -> NDArray[np.uint8]:
    """The pixels that lie inside to at least one half, (h, w) uint8. No detail may be finer than a pixel."""
    y, x = np.indices(shape_px) + 0.5
    mask = inside(y, x).astype(np.uint8)
    edge = maximum_filter(mask, 3) != minimum_filter(mask, 3)
    steps = (np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5
    down, right = (step.ravel() for step in np.meshgrid(steps, steps, indexing="ij"))
    mask[edge] = inside(y[edge][:, None] + down, x[edge][:, None] + right).mean(axis=1) >= 0.5
    return mask


def ellipse(row: float, col: float, half_long: float, half_short: float, angle: float = 0.0) -> Inside:
    def inside(y, x):
        along, across = _turned(y - row, x - col, angle)
        return (along / half_long) ** 2 + (across / half_short) ** 2 <= 1

    return inside


def disc(row: float, col: float, radius: float) -> Inside:
    return ellipse(row, col, radius, radius)


def rectangle(row: float, col: float, length: float, width: float, angle: float = 0.0) -> Inside:
    def inside(y, x):
        along, across = _turned(y - row, x - col, angle)
        return (np.abs(along) <= length / 2) & (np.abs(across) <= width / 2)

    return inside


def stadium(row: float, col: float, length: float, width: float, angle: float = 0.0) -> Inside:
    """A tube with round ends: ``length`` from end to end."""

    def inside(y, x):
        along, across = _turned(y - row, x - col, angle)
        beyond = np.maximum(np.abs(along) - (length - width) / 2, 0)
        return np.hypot(beyond, across) <= width / 2

    return inside


def ring(row: float, col: float, outer: float, inner: float) -> Inside:
    return without(disc(row, col, outer), disc(row, col, inner))


def without(shape: Inside, *holes: Inside) -> Inside:
    return lambda y, x: shape(y, x) & ~np.logical_or.reduce([hole(y, x) for hole in holes])


def together(*shapes: Inside) -> Inside:
    return lambda y, x: np.logical_or.reduce([shape(y, x) for shape in shapes])


def wedge(row: float, col: float, middle: float, gap: float) -> Inside:
    """A gap of even width, ``gap``, from a centre outwards in the direction ``middle`` (radians, x to y)."""

    def inside(y, x):
        along, across = _turned(y - row, x - col, middle)
        return (along > 0) & (np.abs(across) <= gap / 2)

    return inside


def components_of(mask: NDArray[np.integer], dab_od: float = 0.6) -> Components:
    """The components of a mask (1 skirt, 2 wall) of even DAB."""
    dab = np.full(mask.shape, round(dab_od * 1000) + ZERO_MILLI_OD, np.uint16)
    rgb = np.zeros((*mask.shape, 3), np.uint8)
    place = Rect(0, 0, *mask.shape)
    index = [np.zeros(length, np.int32) for length in mask.shape]
    search = Search(np.ones((1, 1), bool), *index)
    return connect(fuse([encode(rgb, dab, mask.astype(np.uint8), NO_STAIN, (place, place), search)]), 0)


def walls_of(shape: Inside, shape_px: tuple[int, int]) -> Components:
    """The components of a drawn shape, all of it wall."""
    return components_of(drawn(shape, shape_px) * WALL)


def _turned(y, x, angle):
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
