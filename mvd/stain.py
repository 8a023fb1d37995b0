"""RGB -> optical density -> hematoxylin, DAB and residual.

Input: pooled pixels of the slide's tissue, sampled once. Output: the stain matrix, and look-up tables that turn any
pixel of the slide into integer milli-OD of the three stains. Never fits anything per tile.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvd.errors import StainError
from mvd.haze import NO_HAZE, Haze
from mvd.settings import StainSettings
from mvd.slide.base import Rgb

# Pixels that show one stain alone: dark enough to have a direction, not so dark that a channel is exhausted.
_LEAST_OD, _MOST_OD = 0.25, 1.6
_LEAST_STAIN_OD, _OTHER_STAIN_PART = 0.15, 0.35
_LEAST_PIXELS = 300
_PURER_PART = 0.3
_LEAST_ANGLE_BETWEEN_DEG = 15.0
_FIT_ROUNDS = 3

LUT_SCALE = 16
"""Look-up tables hold 1/16 milli-OD, so that the sum of three entries is right to less than 0.1 milli-OD."""


@dataclass(frozen=True)
class StainMatrix:
    """Directions of hematoxylin, DAB and the residual in optical density.

    Attributes
    ----------
    vectors : (3, 3) float64
        Unit rows: hematoxylin, DAB, residual; columns R, G, B.
    source : str
        ``fitted`` or ``preset``, of the DAB direction.
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
    background_od : float
        DAB optical density of the negative tissue (its mode): what the thresholds stand on.
    background_hematoxylin_od : float
        Hematoxylin optical density of the tissue (its median): what pigment is judged against.
    low_od, high_od : float
        DAB optical density that outlines a vessel, and that it must reach somewhere.
    haze : Haze
        Slowly varying DAB over the slide; it is taken off before the thresholds are applied.
    """

    white_point: tuple[float, float, float]
    matrix: StainMatrix
    background_od: float
    background_hematoxylin_od: float
    low_od: float
    high_od: float
    haze: Haze = NO_HAZE


def optical_density(
    rgb: Rgb | NDArray[np.int64], white_point: tuple[float, float, float]
) -> NDArray[np.float64]:
    """Optical density -log10((I + 1) / (I0 + 1)) of each channel; (..., 3) in and out, negative above white."""
    white = np.asarray(white_point, dtype=np.float64)
    return -np.log10((rgb.astype(np.float64) + 1) / (white + 1))


def fit_stain_matrix(
    sample: Rgb, white_point: tuple[float, float, float], settings: StainSettings
) -> StainMatrix:
    """Estimate the stain directions from pooled tissue pixels, near the preset only.

    The median direction of the pixels that show one stain alone is taken, three times over with the matrix so
    found. In contrast to the extreme angles of Macenko 2009 it is not starved where DAB is sparse, and pigment
    does not pull it. A direction farther than ``settings.max_angle_deg`` from its preset, or seen in too few
    pixels, is not believed: the preset stands in.

    Parameters
    ----------
    sample : (n, 3) uint8
        Pixels of tissue from all over the slide.
    white_point : (float, float, float)
    settings : StainSettings
    """
    preset = _matrix(np.asarray(settings.hematoxylin), np.asarray(settings.dab))
    if settings.method == "preset":
        return StainMatrix(preset, "preset", 0.0)
    od = optical_density(sample, white_point)
    total = np.linalg.norm(od, axis=1)
    od = od[(total > _LEAST_OD) & (total < _MOST_OD)]
    fitted = preset
    for _ in range(_FIT_ROUNDS):
        amounts = od @ np.linalg.inv(fitted)
        hematoxylin = _pure_direction(od, amounts, 0, 1, preset[0], settings.max_angle_deg)
        dab = _pure_direction(od, amounts, 1, 0, preset[1], settings.max_angle_deg)
        if _angle_deg(hematoxylin, dab) < _LEAST_ANGLE_BETWEEN_DEG:
            return StainMatrix(preset, "preset", 0.0)
        fitted = _matrix(hematoxylin, dab)
    angle = _angle_deg(fitted[1], preset[1])
    return StainMatrix(fitted, "fitted" if angle > 0 else "preset", angle)


def stain_luts(white_point: tuple[float, float, float], matrix: StainMatrix) -> NDArray[np.int32]:
    """Tables ``lut[stain, channel, level]`` whose sum over the channels is the stain in 1/16 milli-OD.

    Returns
    -------
    (3, 3, 256) int32
        Stains: hematoxylin, DAB, residual; channels R, G, B.
    """
    levels = np.repeat(np.arange(256)[:, None], 3, axis=1)
    od = optical_density(levels, white_point)
    unmix = np.linalg.inv(matrix.vectors)
    amounts = od.T[None, :, :] * unmix.T[:, :, None] * 1000 * LUT_SCALE
    luts: NDArray[np.int32] = np.rint(amounts).astype(np.int32)
    return luts


def stain_amounts(
    rgb: Rgb, white_point: tuple[float, float, float], matrix: StainMatrix
) -> NDArray[np.float64]:
    """Hematoxylin, DAB and residual of RGB pixels, OD; (..., 3) in and out."""
    amounts: NDArray[np.float64] = optical_density(rgb, white_point) @ np.linalg.inv(matrix.vectors)
    return amounts


def _matrix(hematoxylin: NDArray[np.float64], dab: NDArray[np.float64]) -> NDArray[np.float64]:
    residual = np.cross(hematoxylin, dab)
    rows = np.stack([hematoxylin, dab, residual])
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if lengths.min() < 1e-6:
        raise StainError("hematoxylin and DAB have the same direction; check stain.hematoxylin and stain.dab")
    unit: NDArray[np.float64] = rows / lengths
    return unit


def _pure_direction(
    od: NDArray[np.float64],
    amounts: NDArray[np.float64],
    stain: int,
    other: int,
    preset: NDArray[np.float64],
    max_angle_deg: float,
) -> NDArray[np.float64]:
    """Direction of the purer half of the pixels that show ``stain``, or the preset where it can't be believed.

    The other stain can only add to a pixel, so the purer half is nearer to the truth than the whole.
    """
    ratio = amounts[:, other] / np.where(amounts[:, stain] > _LEAST_STAIN_OD, amounts[:, stain], np.nan)
    alone = np.abs(ratio) < _OTHER_STAIN_PART
    if np.count_nonzero(alone) < _LEAST_PIXELS:
        return preset
    alone &= ratio <= np.quantile(ratio[alone], _PURER_PART)
    units = od[alone] / np.linalg.norm(od[alone], axis=1, keepdims=True)
    units = units[units @ preset > np.cos(np.deg2rad(1.5 * max_angle_deg))]
    if len(units) < _PURER_PART * _LEAST_PIXELS:
        return preset
    median: NDArray[np.float64] = np.median(units, axis=0)
    median /= np.linalg.norm(median)
    return median if _angle_deg(median, preset) <= max_angle_deg else preset


def _angle_deg(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    cosine = float(a @ b) / float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.rad2deg(np.arccos(min(1.0, cosine))))
