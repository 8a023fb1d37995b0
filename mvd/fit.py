"""The fit: what is learnt once per slide, before a tile is read.

Input: the analysis level, the tissue and the settings. Output: ``Stain`` (white point, stain matrix, thresholds).
Never per tile: a threshold per tile would put seams into the answer.
"""

import numpy as np
from numpy.typing import NDArray

from mvd.haze import fit_haze, remove_haze
from mvd.segment import ZERO_MILLI_OD, MilliOd, local_filters, smooth_dab
from mvd.settings import Settings, VesselSettings
from mvd.slide import AnalysisLevel
from mvd.slide.base import Rgb
from mvd.stain import Stain, fit_stain_matrix, stain_amounts, stain_luts
from mvd.tiles import sample_windows
from mvd.tissue import Tissue

WINDOW_PX, MOST_WINDOWS = 512, 24
"""Side and number of the sampled windows: up to 6 Mpx, spread over the tissue."""

_COLOUR_STRIDE = 3  # every third pixel in row and column is enough for a median direction
_BIN_MILLI_OD, _BIN_SIGMA = 5, 2.0


def fit_stain(level: AnalysisLevel, overview: Rgb, tissue: Tissue, settings: Settings) -> Stain:
    """Fit stain matrix and DAB thresholds on windows sampled evenly over the tissue, and haze on the overview.

    Parameters
    ----------
    level : AnalysisLevel
    overview : (h, w, 3) uint8
        The whole slide at ``tissue.mpp``.
    tissue : Tissue
    settings : Settings
    """
    windows = sample_windows(level.shape_px, tissue.mask, level.mpp / tissue.mpp, WINDOW_PX, MOST_WINDOWS)
    sampled = [level.read(window) for window in windows]
    pixels: Rgb = np.concatenate([rgb[::_COLOUR_STRIDE, ::_COLOUR_STRIDE].reshape(-1, 3) for rgb in sampled])
    matrix = fit_stain_matrix(pixels, tissue.white_point, settings.stain)
    luts = stain_luts(tissue.white_point, matrix)
    filters = local_filters(settings.vessel, level.mpp)
    flat = local_filters(settings.vessel.model_copy(update={"blur_um": 0.0}), tissue.mpp)
    coarse = smooth_dab(overview, luts, flat).astype(np.int64) - ZERO_MILLI_OD
    haze = fit_haze(coarse, tissue.mask & ~tissue.bare, tissue.mpp)
    dab = [smooth_dab(rgb, luts, filters) for rgb in sampled]
    for part, window in zip(dab, windows, strict=True):
        remove_haze(part, haze, window, level.mpp)
    background, low, high = fit_thresholds(dab, settings.vessel)
    hematoxylin = float(np.median(stain_amounts(pixels, tissue.white_point, matrix)[:, 0]))
    return Stain(tissue.white_point, matrix, background, hematoxylin, low, high, haze)


def fit_thresholds(dab: list[MilliOd], settings: VesselSettings) -> tuple[float, float, float]:
    """Background, outline threshold and high threshold from the DAB of sampled tissue, OD.

    The background is the mode of the DAB of all sampled pixels, for most tissue is negative; its spread is taken
    from the side below the mode, where no stained pixel is. The thresholds lie so many spreads above the
    background, and never nearer to it than the lower bounds of the settings: a slide without vessels gives none.

    Parameters
    ----------
    dab : list of (h, w) uint16
        Of ``segment.smooth_dab``.
    settings : VesselSettings
    """
    values = np.concatenate([part.ravel() for part in dab]).astype(np.int64) - ZERO_MILLI_OD
    mode = _mode(values)
    below = mode - values[values <= mode]
    spread = 1.4826 * float(np.median(below)) if below.size else 0.0
    low = mode + max(settings.min_low_od * 1000, settings.low_spreads * spread)
    high = mode + max(settings.min_high_od * 1000, settings.high_spreads * spread)
    return mode / 1000, low / 1000, max(low, high) / 1000


def _mode(milli_od: NDArray[np.int64]) -> float:
    """Mode of the values by a smoothed histogram, milli-OD."""
    low, high = np.percentile(milli_od, [0.1, 99.9])
    edges = np.arange(np.floor(low) - 16 * _BIN_MILLI_OD, high + 17 * _BIN_MILLI_OD, _BIN_MILLI_OD)
    counts, _ = np.histogram(milli_od, edges)
    kernel = np.exp(-0.5 * (np.arange(-8, 9) / _BIN_SIGMA) ** 2)
    smooth = np.convolve(counts, kernel, mode="same")
    return float(edges[int(np.argmax(smooth))] + _BIN_MILLI_OD / 2)
