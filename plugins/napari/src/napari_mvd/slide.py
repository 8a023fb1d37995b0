"""A slide file -> one napari layer that reads only what is on the screen.

Input: whatever ``mvd.open_slide`` opens. Output: a multiscale image layer tuple in um. Never holds a whole
level, the coarsest excepted, which napari shows as the thumbnail.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mvd
from napari_mvd.layers import IN_UM, LayerTuple


class Level:
    """One pyramid level that looks like an array: slicing reads the rectangle, (h, w, 3) uint8.

    Parameters
    ----------
    slide : mvd.Slide
    number : int
        0 is the finest.
    """

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(self, slide: mvd.Slide, number: int) -> None:
        self._slide = slide
        self._number = number
        self.shape = (*slide.info.level_shapes[number], 3)
        self.size = math.prod(self.shape)

    def __getitem__(self, key: slice | tuple[slice, ...]) -> NDArray[np.uint8]:
        """Read the rows and columns of ``key``, slices in pixels of this level."""
        rows, columns, channels = (*(key if isinstance(key, tuple) else (key,)), *(slice(None),) * 3)[:3]
        top, bottom, row_step = rows.indices(self.shape[0])
        left, right, column_step = columns.indices(self.shape[1])
        rect = mvd.Rect(top, left, max(bottom - top, 0), max(right - left, 0))
        if not rect.area_px:
            return np.empty((rect.height, rect.width, 3), np.uint8)[..., channels]
        return self._slide.read(rect, self._number)[::row_step, ::column_step, channels]

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
    keywords: dict[str, Any] = {"name": path.stem, "rgb": True, "multiscale": True}
    if slide.info.mpp is not None:
        mpp = slide.info.mpp
        keywords |= {"scale": (mpp, mpp), "translate": (mpp / 2, mpp / 2), **IN_UM}
    return [Level(slide, number) for number in range(len(slide.info.level_shapes))], keywords, "image"
