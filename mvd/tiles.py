"""Tissue -> tiles: core and halo rectangles, and the windows that the fit is sampled from.

Input: shapes and the tissue mask. Output: rectangles in pixels of the analysis level. Cores cover the search area
without gap or overlap; which rectangles they are never changes a result.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvd.geometry import Rect


@dataclass(frozen=True)
class Tile:
    """One tile: the pixels it answers for, and the pixels it must read for that."""

    core: Rect
    halo: Rect


def tiles_over(
    shape_px: tuple[int, int], tile_px: int, reach_px: int, mask: NDArray[np.bool_], mask_scale: float
) -> list[Tile]:
    """Cut a level into tiles and keep those that meet the mask.

    Parameters
    ----------
    shape_px : (int, int)
        Height and width of the level.
    tile_px : int
        Side of a core.
    reach_px : int
        How far the local filters look.
    mask : (h, w) bool
    mask_scale : float
        Pixels of the mask per pixel of the level.
    """
    return [
        Tile(core, core.grown(reach_px).clipped(shape_px))
        for core in _grid(shape_px, tile_px)
        if _under(core, mask, mask_scale).any()
    ]


def sample_windows(
    shape_px: tuple[int, int], mask: NDArray[np.bool_], mask_scale: float, side_px: int, most: int
) -> list[Rect]:
    """Choose up to ``most`` windows spread evenly over the tissue, the fullest of each neighbourhood.

    The choice depends on the mask alone: the same slide always gives the same windows.
    """
    cells = [(core, float(_under(core, mask, mask_scale).mean())) for core in _grid(shape_px, side_px)]
    cells = [(core, part) for core, part in cells if part > 0]
    full = [(core, part) for core, part in cells if part >= 0.5] or cells
    groups = np.array_split(np.arange(len(full)), min(most, len(full)) or 1)
    return [full[max(group, key=lambda i: (full[i][1], -i))][0] for group in groups if len(group)]


def _grid(shape_px: tuple[int, int], side_px: int) -> Iterator[Rect]:
    for row in range(0, shape_px[0], side_px):
        for col in range(0, shape_px[1], side_px):
            yield Rect(row, col, side_px, side_px).clipped(shape_px)


def _under(core: Rect, mask: NDArray[np.bool_], scale: float) -> NDArray[np.bool_]:
    """The part of the mask under a rectangle, at least one pixel of it."""
    row, col = int(core.row * scale), int(core.col * scale)
    row_stop = max(int(np.ceil(core.row_stop * scale)), row + 1)
    col_stop = max(int(np.ceil(core.col_stop * scale)), col + 1)
    row, col = min(row, mask.shape[0] - 1), min(col, mask.shape[1] - 1)
    return mask[row:row_stop, col:col_stop]
