"""Bare glass -> how bright it is here and there: a smooth, low-order surface, mended beside glass that differs from it.

Only shading that the eye would see is answered, and only between values that were measured on glass.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.geometry import um_to_px

LEAST_SHADING = 0.02
"""Part of the light that must be missing somewhere before it is taken for shading."""

NEAR_UM = 100.0
"""Sigma of the mean over the glass nearby."""
_FAR_WEIGHT = 0.02  # where less glass than this part is around, the paraboloid alone holds

_LEAST_CELL_PX, _CELLS_ALONG = 3, 32
_LEAST_CELL_PART, _LEAST_CELLS = 0.5, 24
_LEAST_TRIMMED, _ROUNDS = 1.0, 4


def light_surface(
    grey: NDArray[np.uint8],
    glass: NDArray[np.bool_],
    shape_px: tuple[int, int],
    mpp: float | None = None,
    least_shading: float = LEAST_SHADING,
) -> NDArray[np.float32] | None:
    """Fit a paraboloid to the brightness of the glass.

    Parameters
    ----------
    grey : (h, w) uint8
        A coarse view of the slide.
    glass : (h, w) bool
        Where it shows glass beyond doubt.
    shape_px : (int, int)
        Height and width of the surface that is wanted, over the same area.
    mpp : float, optional
        Pixel size of the coarse view, um/px: within some ``NEAR_UM`` of glass the surface follows what was measured
        there. A paraboloid alone when left out.
    least_shading : float
        Light that varies by less than this part of it is even.

    Returns
    -------
    ``shape_px`` float32 or None
        Light, 1 where it is brightest; never outside what the fit has on glass. None for even light, and where
        the glass lies in too few places to tell.
    """
    places, levels = _cell_medians(grey, glass)
    if len(levels) < _LEAST_CELLS:
        return None
    terms, kept = _terms(*places.T), np.ones(len(levels), bool)
    for _ in range(_ROUNDS):
        factors = np.asarray(np.linalg.lstsq(terms[kept], levels[kept], rcond=None)[0], np.float64)
        off = np.abs(terms @ factors - levels)
        kept = off <= max(_LEAST_TRIMMED, 3 * float(np.median(off)))
    fitted = levels if mpp else terms[kept] @ factors
    darkest, brightest = float(fitted.min()), float(fitted.max())
    if darkest > (1 - least_shading) * brightest:
        return None
    surface = _surface(factors, shape_px)
    if mpp:
        nearby = _nearby(grey, glass, _surface(factors, grey.shape), mpp)
        surface += cv2.resize(nearby, shape_px[::-1], interpolation=cv2.INTER_LINEAR)
    light: NDArray[np.float32] = np.clip(surface, darkest, brightest) / np.float32(brightest)
    return light


def _nearby(
    grey: NDArray[np.uint8], glass: NDArray[np.bool_], surface: NDArray[np.float32], mpp: float
) -> NDArray[np.float32]:
    """What glass is off the surface, levels: its mean around, less the farther it lies."""
    sigma_px = um_to_px(NEAR_UM, mpp)
    weight = glass.astype(np.float32)
    off = (grey - surface) * weight
    off, weight = (cv2.GaussianBlur(part, (0, 0), sigma_px) for part in (off, weight))
    mean: NDArray[np.float32] = off / (weight + np.float32(_FAR_WEIGHT))
    return mean


def _surface(factors: NDArray[np.float64], shape_px: tuple[int, ...]) -> NDArray[np.float32]:
    rows, cols = np.linspace(-1, 1, shape_px[0])[:, None], np.linspace(-1, 1, shape_px[1])[None, :]
    along_rows = factors[0] + factors[1] * rows + factors[3] * rows**2
    along_cols = factors[2] * cols + factors[5] * cols**2
    surface: NDArray[np.float32] = (along_rows + along_cols + factors[4] * rows * cols).astype(np.float32)
    return surface


def _terms(rows: NDArray[np.float64], cols: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.ones_like(rows), rows, cols, rows**2, rows * cols, cols**2], axis=-1)


def _cell_medians(
    grey: NDArray[np.uint8], glass: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return place (row, col), each -1 to 1, and median brightness of every cell that holds enough glass."""
    height, width = grey.shape
    cell_px = max(min(height, width) // _CELLS_ALONG, _LEAST_CELL_PX)
    places, levels = [], []
    for top in range(0, height, cell_px):
        for left in range(0, width, cell_px):
            here = glass[top : top + cell_px, left : left + cell_px]
            if np.count_nonzero(here) >= _LEAST_CELL_PART * here.size:
                levels.append(float(np.median(grey[top : top + cell_px, left : left + cell_px][here])))
                row, col = top + here.shape[0] / 2, left + here.shape[1] / 2
                places.append((2 * row / height - 1, 2 * col / width - 1))
    return np.array(places, float).reshape(-1, 2), np.array(levels, float)
