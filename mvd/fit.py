"""The fit: what is learnt once per slide, before a tile is read.

Input: the analysis level, the tissue and the settings. Output: ``Stain`` (white point, stain matrix, thresholds).
Never per tile: a threshold per tile would put seams into the answer.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mvd.errors import StainError
from mvd.geometry import Rect
from mvd.haze import fit_haze, remove_haze
from mvd.runs import search_index
from mvd.segment import ZERO_MILLI_OD, MilliOd, local_filters, smooth_dab
from mvd.settings import Settings, VesselSettings
from mvd.slide import AnalysisLevel
from mvd.slide.base import Rgb
from mvd.stain import Stain, fit_stain_matrix, stain_amounts, stain_luts
from mvd.tiles import sample_windows
from mvd.tissue import Tissue

WINDOW_PX, MOST_WINDOWS = 512, 24
"""Side and number of the sampled windows: up to 6 Mpx, spread over the tissue."""

_COLOUR_STRIDE = 9  # every ninth pixel is enough for a median direction
_BIN_MILLI_OD, _BIN_SIGMA = 5, 2.0
_LEVELS = 2**16  # of stored DAB


@dataclass(frozen=True)
class Fitted:
    """A fit, and what other thresholds are made from without reading the slide again.

    Attributes
    ----------
    stain : Stain
    counts : (65536,) int64
        How often each stored value of DAB is among the sampled pixels.
    """

    stain: Stain
    counts: NDArray[np.int64]

    def with_thresholds(self, settings: VesselSettings) -> Stain:
        """The same stain with the thresholds of other settings; ``blur_um`` must be that of the fit."""
        background, low, high = thresholds_of(self.counts, settings)
        _check_reachable(high, self.stain.white_point)
        return replace(self.stain, background_od=background, low_od=low, high_od=high)


def fit_stain(level: AnalysisLevel, overview: Rgb, tissue: Tissue, settings: Settings) -> Stain:
    """Fit stain matrix, thresholds and haze; see ``fit``."""
    return fit(level, overview, tissue, settings).stain


def fit(level: AnalysisLevel, overview: Rgb, tissue: Tissue, settings: Settings) -> Fitted:
    """Fit stain matrix and DAB thresholds on windows sampled evenly over the tissue, and haze on the overview.

    Parameters
    ----------
    level : AnalysisLevel
    overview : (h, w, 3) uint8
        The whole slide at ``tissue.mpp``.
    tissue : Tissue
    settings : Settings

    Raises
    ------
    StainError
        The stains cannot be told apart, or the settings ask for more DAB than there can be.
    """
    windows = sample_windows(level.shape_px, tissue.mask, level.mpp / tissue.mpp, WINDOW_PX, MOST_WINDOWS)
    sampled = [level.read(window) for window in windows]
    # Tissue alone: bare glass beside it or in it would pass for the background, or spread it.
    stained = [_tissue_under(window, level, tissue) for window in windows]
    pixels: Rgb = np.concatenate(
        [rgb[part][::_COLOUR_STRIDE] for rgb, part in zip(sampled, stained, strict=True)]
    )
    matrix = fit_stain_matrix(pixels, tissue.white_point, settings.stain)
    luts = stain_luts(tissue.white_point, matrix)
    filters = local_filters(settings.vessel, level.mpp)
    flat = local_filters(settings.vessel.model_copy(update={"blur_um": 0.0}), tissue.mpp)
    coarse = smooth_dab(overview, luts, flat).astype(np.int64) - ZERO_MILLI_OD
    haze = fit_haze(coarse, tissue.mask & ~tissue.bare, tissue.mpp)
    dab = [smooth_dab(rgb, luts, filters) for rgb in sampled]
    for part, window in zip(dab, windows, strict=True):
        remove_haze(part, haze, window, level.mpp)
    counts = dab_counts([values[part] for values, part in zip(dab, stained, strict=True)])
    background, low, high = thresholds_of(counts, settings.vessel)
    _check_reachable(high, tissue.white_point)
    hematoxylin = float(np.median(stain_amounts(pixels, tissue.white_point, matrix)[:, 0]))
    return Fitted(Stain(tissue.white_point, matrix, background, hematoxylin, low, high, haze), counts)


def _check_reachable(high_od: float, white_point: tuple[float, float, float]) -> None:
    """Refuse a threshold that black itself would not reach: the slide would have no vessel, whatever is on it."""
    most_od = float(np.log10(max(white_point) + 1))
    if high_od > most_od:
        raise StainError(
            f"a vessel would need {high_od:.2g} OD of DAB, and black has {most_od:.2g}; "
            "lower --vessel-high-spreads, --vessel-low-spreads or --vessel-min-high-od"
        )


def _tissue_under(window: Rect, level: AnalysisLevel, tissue: Tissue) -> NDArray[np.bool_]:
    """Pixels of a window, which has been read, that are tissue, (h, w) bool; all of them where none is.

    Lumens and clefts are left out, unless the tissue is so pale that most of it would go with them; and what could
    not be decoded, for it is white.
    """
    mpp = level.mpp
    rows = search_index(window.row_stop, mpp, tissue.mpp, tissue.mask.shape[0])[window.row :]
    cols = search_index(window.col_stop, mpp, tissue.mpp, tissue.mask.shape[1])[window.col :]
    place = np.ix_(rows, cols)
    part: NDArray[np.bool_] = tissue.mask[place]
    full = part & ~tissue.bare[place]
    if 2 * np.count_nonzero(full) >= np.count_nonzero(part):
        part = full
    for lost in level.damage():
        common = lost.common(window)
        part[common.slices(window)] = False
    return part if part.any() else np.ones_like(part)


def fit_thresholds(dab: list[MilliOd], settings: VesselSettings) -> tuple[float, float, float]:
    """Background, outline threshold and high threshold from the DAB of sampled tissue, OD.

    The background is the mode of the DAB of all sampled pixels, for most tissue is negative; its spread is taken
    from the side below the mode, where no stained pixel is. The thresholds lie so many spreads above the
    background, and never nearer to it than the lower bounds of the settings: a slide without vessels gives none.

    Parameters
    ----------
    dab : list of uint16 arrays
        Tissue pixels of ``segment.smooth_dab``.
    settings : VesselSettings
    """
    return thresholds_of(dab_counts(dab), settings)


def dab_counts(dab: list[MilliOd]) -> NDArray[np.int64]:
    """How often each stored value is there, (65536,): of millions of pixels, all that the thresholds need."""
    return sum((np.bincount(part.ravel(), minlength=_LEVELS) for part in dab), np.zeros(_LEVELS, np.int64))


def thresholds_of(counts: NDArray[np.int64], settings: VesselSettings) -> tuple[float, float, float]:
    """Background, outline threshold and high threshold from ``dab_counts``; see ``fit_thresholds``."""
    mode = _mode(counts)
    values = np.arange(_LEVELS) - ZERO_MILLI_OD
    below = values <= mode
    spread = 1.4826 * _median(mode - values[below][::-1], counts[below][::-1])
    low = mode + max(settings.min_low_od * 1000, settings.low_spreads * spread)
    high = mode + max(settings.min_high_od * 1000, settings.high_spreads * spread)
    return mode / 1000, low / 1000, max(low, high) / 1000


def _mode(counts: NDArray[np.int64]) -> float:
    """Mode by a smoothed histogram, milli-OD; ``counts`` (65536,) of each stored value."""
    low, high = (_quantile(counts, part) - ZERO_MILLI_OD for part in (0.001, 0.999))
    edges = np.arange(np.floor(low) - 16 * _BIN_MILLI_OD, high + 17 * _BIN_MILLI_OD, _BIN_MILLI_OD)
    binned, _ = np.histogram(np.arange(_LEVELS) - ZERO_MILLI_OD, edges, weights=counts)
    kernel = np.exp(-0.5 * (np.arange(-8, 9) / _BIN_SIGMA) ** 2)
    smooth = np.convolve(binned, kernel, mode="same")
    return float(edges[int(np.argmax(smooth))] + _BIN_MILLI_OD / 2)


def _quantile(counts: NDArray[np.int64], part: float) -> float:
    """Quantile of stored values by their counts, between neighbours in proportion, as ``np.quantile`` gives it."""
    place = part * float(counts.sum() - 1)
    low, high = np.searchsorted(np.cumsum(counts), [int(place), int(np.ceil(place))], side="right")
    return float(low + (high - low) * (place - int(place)))


def _median(values: NDArray[np.floating], counts: NDArray[np.int64]) -> float:
    """Median of sorted values by their counts; 0 where there are none."""
    total = int(counts.sum())
    if total == 0:
        return 0.0
    middle = np.searchsorted(np.cumsum(counts), [(total - 1) // 2, total // 2], side="right")
    return float(values[middle].mean())
