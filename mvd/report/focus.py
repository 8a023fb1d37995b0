"""How sharp a picture of tissue is, from the picture alone: the same for pale and dark stains.

Grey values 1.5 um apart differ less than those 6 um apart; how much less is told by the focus. Sharp slides have a
ratio of squared differences of 0.27 to 0.65 (synthetic and real CD34, 0.5 um/px); the same blurred by a sigma of
1 um have 0.14 to 0.21, by 2 um 0.10 to 0.12, whatever was on them.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.result import Picture

OUT_OF_FOCUS = 0.13
"""Below this ratio a picture is blurred as by a sigma of about 1.3 um or more. Ours, from the pictures above."""

_NEAR_UM, _FAR_UM = 1.5, 6.0
_COARSEST_MPP = 1.0  # the near distance must be a pixel at least
_LEAST_CONTRAST = 4.0  # squared grey values; bare glass has nothing that could be sharp
_EACH = 3  # of rows and columns, one of so many is enough


def sharpness(picture: Picture) -> float | None:
    """Return the ratio of squared grey differences 1.5 and 6 um apart, 0 to about 1.

    Parameters
    ----------
    picture : Picture
        A close picture of tissue.

    Returns
    -------
    float or None
        Below ``OUT_OF_FOCUS`` it is out of focus; None for a picture too coarse, too small or too empty to tell.
    """
    near, far = (round(um / picture.mpp) for um in (_NEAR_UM, _FAR_UM))
    if picture.mpp > _COARSEST_MPP or min(picture.rgb.shape[:2]) <= 2 * far:
        return None
    grey = cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2GRAY).astype(np.int32)
    contrast = _squared(grey, far)
    return round(_squared(grey, near) / contrast, 3) if contrast >= _LEAST_CONTRAST else None


def _squared(grey: NDArray[np.int32], apart_px: int) -> float:
    """Mean squared difference of pixels so far apart, along rows plus along columns: exact, in whole numbers."""
    along_rows, along_columns = grey[::_EACH], grey[:, ::_EACH]
    right = along_rows[:, apart_px:] - along_rows[:, :-apart_px]
    down = along_columns[apart_px:] - along_columns[:-apart_px]
    return sum(float(np.square(steps).sum(dtype=np.int64)) / steps.size for steps in (right, down))
