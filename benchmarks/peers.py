"""What people use instead: three short pipelines on the same picture. Each returns a label image of what it counts.

None is given anything that its users do not have: no white point, no fit, no rules for lumens or pigment.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import rgb2hed
from skimage.filters import threshold_otsu

Rgb = NDArray[np.uint8]
Labels = NDArray[np.int32]
Peer = Callable[[Rgb, float], Labels]

SCRIPT_LEAST_PX = 64
FIJI_OD = 0.2
FIJI_LEAST_UM2 = 20.0  # the same least area as mvd's default
FIJI_VECTORS = np.array([[0.650, 0.704, 0.286], [0.268, 0.570, 0.776], [0.711, 0.423, 0.562]])

HTK_HUE, HTK_HUE_WIDTH, HTK_LEAST_SATURATION, HTK_INTENSITY = 0.05, 0.15, 0.05, (0.05, 0.95)


def first_script(rgb: Rgb, mpp: float) -> Labels:
    """Do what users write first with scikit-image: rgb2hed, Otsu on DAB, label, remove_small_objects(64 px).

    Parameters
    ----------
    rgb : (h, w, 3) uint8
    mpp : float
        um/px.
    """
    dab = rgb2hed(rgb)[..., 2]
    if dab.min() == dab.max():
        return np.zeros(dab.shape, np.int32)
    return _parts(dab > threshold_otsu(dab), SCRIPT_LEAST_PX)


def fiji_threshold(rgb: Rgb, mpp: float) -> Labels:
    """Do what a Fiji user does: colour deconvolution by "H DAB", a fixed threshold, fill holes, a size filter.

    Parameters
    ----------
    rgb : (h, w, 3) uint8
    mpp : float
        um/px.
    """
    vectors = FIJI_VECTORS / np.linalg.norm(FIJI_VECTORS, axis=1, keepdims=True)
    levels = -np.log10((np.arange(256) + 1) / 256).astype(np.float32)
    dab = levels[rgb] @ np.linalg.inv(vectors)[:, 1].astype(np.float32)
    return _parts(ndimage.binary_fill_holes(dab > FIJI_OD), FIJI_LEAST_UM2 / mpp**2)


def positive_pixels(rgb: Rgb, mpp: float) -> Labels:
    """Do what HistomicsTK's positive pixel count does (weak, plain and strong), and count its parts.

    Written here after its description; never compared with the package. The limits are the defaults of its command
    but for the hue: that default (0.83) is magenta, 0.05 is brown.

    Parameters
    ----------
    rgb : (h, w, 3) uint8
    mpp : float
        um/px.
    """
    red, green, blue = (rgb[..., channel].astype(np.float32) / 255 for channel in range(3))
    intensity = (red + green + blue) / 3
    darkest = np.minimum(np.minimum(red, green), blue)
    saturation = 1 - np.divide(darkest, intensity, out=np.ones_like(darkest), where=intensity > 0)
    hue = np.arctan2(np.sqrt(np.float32(3)) * (green - blue), 2 * red - green - blue) / (2 * np.pi)
    away = np.abs((hue - HTK_HUE + 0.5) % 1 - 0.5)
    low, high = HTK_INTENSITY
    positive = (away <= HTK_HUE_WIDTH / 2) & (saturation >= HTK_LEAST_SATURATION)
    return _parts(positive & (intensity >= low) & (intensity < high), FIJI_LEAST_UM2 / mpp**2)


def _parts(mask: NDArray[np.bool_], least_px: float) -> Labels:
    """Number the 8-connected parts of at least so many pixels."""
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    kept = np.bincount(labels.ravel(), minlength=count + 1) >= least_px
    kept[0] = False
    numbers = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return numbers[labels]


def centroids(labels: Labels, mpp: float) -> pd.DataFrame:
    """Table ``x_um, y_um, counted`` of the numbered parts."""
    count = int(labels.max())
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    kept = np.arange(1, count + 1)
    rows, cols = np.nonzero(labels)
    part = labels[rows, cols]
    row_sum, col_sum = (np.bincount(part, place, minlength=count + 1) for place in (rows, cols))
    x_um, y_um = ((total[kept] / sizes[kept] + 0.5) * mpp for total in (col_sum, row_sum))
    return pd.DataFrame({"x_um": x_um, "y_um": y_um, "counted": np.ones(len(kept), bool)})
