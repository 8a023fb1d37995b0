"""Overview -> tissue mask, tissue area and white point. (types first; the work follows)"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvd.geometry import px_to_mm2


@dataclass(frozen=True)
class Tissue:
    """Where tissue is.

    Attributes
    ----------
    mask : (h, w) bool
        True on tissue; its top left corner is the slide's.
    mpp : float
        Pixel size of the mask, um/px.
    white_point : (float, float, float)
        Background colour, R G B, 1 to 255.
    white_point_source : str
        ``background``, ``brightest`` (a field without background) or ``user``.
    """

    mask: NDArray[np.bool_]
    mpp: float
    white_point: tuple[float, float, float]
    white_point_source: str

    @property
    def area_mm2(self) -> float:
        """Area of the tissue, mm2."""
        return px_to_mm2(float(np.count_nonzero(self.mask)), self.mpp)
