"""RGB -> optical density -> hematoxylin and DAB. (types first; the work follows)"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class StainMatrix:
    """Directions of hematoxylin, DAB and the residual in optical density.

    Attributes
    ----------
    vectors : (3, 3) float64
        Unit rows: hematoxylin, DAB, residual; columns R, G, B.
    source : str
        ``fitted`` or ``preset``.
    angle_deg : float
        Angle between the fitted and the preset DAB direction, degrees; 0 for ``preset``.
    """

    vectors: NDArray[np.float64]
    source: str
    angle_deg: float


@dataclass(frozen=True)
class Stain:
    """All that is fitted once per slide, before a tile is read.

    Attributes
    ----------
    white_point : (float, float, float)
        Background colour, R G B, 1 to 255.
    matrix : StainMatrix
    low_od, high_od : float
        DAB optical density that outlines a vessel, and that it must reach somewhere.
    """

    white_point: tuple[float, float, float]
    matrix: StainMatrix
    low_od: float
    high_od: float
