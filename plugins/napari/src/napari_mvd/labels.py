"""The walls of vessels as levels of a Labels layer, drawn where napari looks and never as a whole."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mvd


class LabelLevel:
    """One level that looks like an array of vessel ids, (h, w) uint32, 0 where no vessel is.

    Parameters
    ----------
    image : mvd.LabelImage
    number : int
        0 is the finest.
    """

    dtype = np.dtype(np.uint32)
    ndim = 2

    def __init__(self, image: mvd.LabelImage, number: int) -> None:
        self._image, self._number = image, number
        self.shape = image.levels()[number]
        self.size = math.prod(self.shape)

    def __getitem__(self, key: Any) -> NDArray[np.uint32]:
        """Draw the rows and columns of ``key``: slices or whole numbers, in pixels of this level."""
        keys = (*(key if isinstance(key, tuple) else (key,)), slice(None), slice(None))[:2]
        spans = [each if isinstance(each, slice) else slice(int(each), int(each) + 1) for each in keys]
        (top, bottom, row_step), (left, right, column_step) = (
            span.indices(side) for span, side in zip(spans, self.shape, strict=True)
        )
        rect = mvd.Rect(top, left, max(bottom - top, 0), max(right - left, 0))
        drawn = self._image.read(rect, self._number)[::row_step, ::column_step]
        at = tuple(slice(None) if isinstance(each, slice) else 0 for each in keys)
        return drawn[at]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Draw the whole level; napari asks for it of the coarsest one."""
        return np.asarray(self[:, :], dtype)


def label_levels(image: mvd.LabelImage) -> list[LabelLevel]:
    """Return all levels, finest first."""
    return [LabelLevel(image, number) for number in range(len(image.levels()))]
