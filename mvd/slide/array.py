"""An array in memory as a slide: pixels that some other program has read.

Input: (h, w, 3) or (h, w, 4) uint8 and its pixel size. The array is not copied; don't change it while it is measured.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mvd.errors import UnknownPixelSize, UnsupportedPixels
from mvd.slide.base import SlideInfo
from mvd.slide.calibration import believed_mpp
from mvd.slide.raster import RasterSlide

NAME = "array"
"""What an array is called in messages and tables, for it has no file."""


class ArraySlide(RasterSlide):
    """A slide of one level in memory.

    Parameters
    ----------
    pixels : (h, w, 3) or (h, w, 4) uint8
        sRGB, or RGBA that is not premultiplied: laid on white, and where wholly transparent not scanned.
    mpp : float or None
        Pixel size, um/px, 0.05 to 5. An array cannot say it.

    Raises
    ------
    UnsupportedPixels
        For another shape or dtype.
    UnknownPixelSize
        Without ``mpp``, or with one out of range.
    """

    def __init__(self, pixels: NDArray[np.uint8], mpp: float | None) -> None:
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
            raise UnsupportedPixels(
                f"{NAME}: is {pixels.dtype} of shape {pixels.shape}; give (height, width, 3) or "
                "(height, width, 4) uint8, RGB or RGBA"
            )
        if pixels.size == 0:
            raise UnsupportedPixels(f"{NAME}: is empty, of shape {pixels.shape}; give a picture")
        if mpp is None:
            raise UnknownPixelSize(
                f"{NAME}: an array states no pixel size; set slide.mpp, for example "
                "Settings(slide={'mpp': 0.5}), um per pixel"
            )
        size = believed_mpp(NAME, [], mpp)
        height, width = pixels.shape[:2]
        info = SlideInfo(Path(NAME), (height, width), size.mpp, size.source, None, NAME, ((height, width),))
        super().__init__(info, lambda: pixels)
