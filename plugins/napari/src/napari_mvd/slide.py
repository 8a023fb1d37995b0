"""A slide file -> one napari layer that reads only what is on the screen.

Input: whatever ``mvd.open_slide`` opens. Output: a multiscale image layer tuple in um. Never holds a whole level, the
coarsest excepted, which napari shows as the thumbnail. Levels that the file leaves out are made when they are looked
at; those that would take long come in the background (``fill.py``).
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mvd
from napari_mvd.fill import FilledLevel, Filler
from napari_mvd.layers import IN_UM, LayerTuple

SCREEN_PX = 2_000_000
"""About so many pixels of a level are on a screen."""
MOST_SOURCE_PX = 64_000_000
"""So many pixels of the file are read while somebody waits; more come in the background."""


class Level:
    """One pyramid level that looks like an array: slicing reads the rectangle, (h, w, 3) uint8.

    Parameters
    ----------
    level : mvd.AnalysisLevel
        Of ``mvd.view_levels``.
    """

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(self, level: mvd.AnalysisLevel) -> None:
        self._level = level
        self.shape = (*level.shape_px, 3)
        self.size = math.prod(self.shape)

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        """Read the rows and columns of ``key``, slices in pixels of this level."""
        rows, columns, channels = (*(key if isinstance(key, tuple) else (key,)), *(slice(None),) * 3)[:3]
        top, bottom, row_step = rows.indices(self.shape[0])
        left, right, column_step = columns.indices(self.shape[1])
        rect = mvd.Rect(top, left, max(bottom - top, 0), max(right - left, 0))
        if not rect.area_px:
            return np.empty((rect.height, rect.width, 3), np.uint8)[..., channels]
        return self._level.read(rect)[::row_step, ::column_step, channels]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read the whole level; napari asks for it of the coarsest one."""
        return np.asarray(self[:, :], dtype)


def slide_layer(path: Path) -> LayerTuple:
    """Open a slide as an image layer, in um from its top left corner (in px when the file has no pixel size).

    Raises
    ------
    MvdError
        When it is no slide that mvd reads; the message says what to do.
    """
    slide = mvd.open_slide(path)
    levels = mvd.view_levels(slide)
    filler = Filler()
    data = [FilledLevel(level, filler) if _is_dear(level) else Level(level) for level in levels]
    keywords: dict[str, Any] = {
        "name": path.stem,
        "rgb": True,
        "multiscale": True,
        "metadata": {"mvd_slide": slide, "mvd_filler": filler},
    }
    if slide.info.mpp is not None:
        mpp = slide.info.mpp
        keywords |= {"scale": (mpp, mpp), "translate": (mpp / 2, mpp / 2), **IN_UM}
    return data, keywords, "image"


def _is_dear(level: mvd.AnalysisLevel) -> bool:
    seen_px = min(math.prod(level.shape_px), SCREEN_PX)
    return seen_px * level.factor**2 > MOST_SOURCE_PX
