"""Candidates and their colours -> how far the density moves with threshold, stain vector and pixel size a little off.

Input: the vessel table, the tissue and the stain. Output: a lower and an upper density. Judged from what is in the
table: nothing is segmented again, so outlines stay as they are. How sure the observer, the section or the choice of the
slide is, it does not say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, hypot, radians, sin

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mvd.settings import VesselSettings
from mvd.stain import Stain
from mvd.tissue import Tissue

THRESHOLD_PART = 0.1
"""The high threshold moves by this part of its height above the background. Ours."""

STAIN_DEG = 3.0
"""The DAB vector turns by so much, towards hematoxylin, away from it, and to both sides of the plane. Ours."""

MPP_PART = 0.02
"""The pixel size moves by this part: two statements in a file may differ by so much before the slide is refused."""

_SIZE_REASONS = ("too_small", "lumen_too_wide", "thick_wall")

Bools = NDArray[np.bool_]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Perturbation:
    """How far each of the three is off, one at a time."""

    threshold_part: float = THRESHOLD_PART
    stain_deg: float = STAIN_DEG
    mpp_part: float = MPP_PART


def density_interval(
    table: pd.DataFrame,
    tissue: Tissue,
    stain: Stain,
    settings: VesselSettings,
    by: Perturbation = Perturbation(),
) -> tuple[float, float] | None:
    """Find the lower and upper end of the density.

    The threshold, the DAB vector and the pixel size are moved one at a time, up and down, and the candidates judged
    again. The three largest falls are added as independent errors are, by the root of the sum of their squares; so are
    the rises. Candidates just below the high threshold are not stored: as many are taken to lie there as lie just
    above it.

    Parameters
    ----------
    table : DataFrame
        Columns of vessels.csv, of all candidates in the tissue.
    tissue : Tissue
    stain : Stain
    settings : VesselSettings
    by : Perturbation

    Returns
    -------
    (float, float) or None
        1/mm2, the lower at most the density and the upper at least; None without tissue.
    """
    area_mm2 = tissue.area_mm2
    if area_mm2 <= 0:
        return None
    by_hand = table["reason"].to_numpy() == "by_hand"  # no threshold changes what a person decided
    decided = int(np.count_nonzero(table["counted"].to_numpy(bool) & by_hand))
    columns = {name: table[name].to_numpy()[~by_hand] for name in table.columns}
    counted = columns["counted"].astype(bool)
    density = (np.count_nonzero(counted) + decided) / area_mm2
    others = (
        _threshold_counts(columns, counted, stain, by.threshold_part),
        _stain_counts(columns, counted, stain, settings, by.stain_deg),
    )
    densities = [[(count + decided) / area_mm2 for count in counts] for counts in others]
    densities.append(
        [
            (_count_of_size(columns, counted, settings, scale) + decided) / (area_mm2 * scale**2)
            for scale in (1 - by.mpp_part, 1 + by.mpp_part)
        ]
    )
    fall = hypot(*(max(density - min(moved), 0.0) for moved in densities))
    rise = hypot(*(max(max(moved) - density, 0.0) for moved in densities))
    return max(density - fall, 0.0), density + rise


def _threshold_counts(
    columns: Mapping[str, Values], counted: Bools, stain: Stain, part: float
) -> tuple[int, int]:
    """Counts with a higher threshold and a lower one."""
    contrast = columns["max_dab_od"][counted] - stain.background_od
    faint = int(np.count_nonzero(contrast < (1 + part) * (stain.high_od - stain.background_od)))
    return len(contrast) - faint, len(contrast) + faint


def _stain_counts(
    columns: Mapping[str, Values], counted: Bools, stain: Stain, settings: VesselSettings, degrees: float
) -> list[int]:
    """Counts with the DAB vector turned each way."""
    amounts = np.stack(
        [columns["hematoxylin_od"], columns["mean_dab_od"], columns["residual_od"]], axis=1
    ).astype(np.float64)
    background = np.array([stain.background_hematoxylin_od, stain.background_od, 0.0])
    brown, contrast = _judged(amounts, background, settings)
    fits = _fits(columns, settings, 1.0)
    refused = (columns["reason"] == "not_dab") & ~brown & fits
    strongest = columns["max_dab_od"] - stain.background_od
    least = stain.high_od - stain.background_od
    counts = []
    for sideways in (0, 1):
        for sign in (-1, 1):
            turn = _turn(stain.matrix.vectors, sign * degrees, sideways)
            turned_brown, turned_contrast = _judged(amounts @ turn, background @ turn, settings)
            gain = np.divide(turned_contrast, contrast, out=np.ones_like(contrast), where=contrast > 0)
            faint = counted & (strongest * gain < least)
            lost = counted & ((brown & ~turned_brown) | faint)
            risen = counted & (gain > 1) & (strongest < least * gain)
            won = refused & turned_brown
            counts.append(int(np.count_nonzero(counted) - lost.sum() + risen.sum() + won.sum()))
    return counts


def _judged(amounts: Values, background: Values, settings: VesselSettings) -> tuple[Bools, Values]:
    """Whether each candidate is brown by the fitted stains, and its DAB above the background.

    What the colour of the slide's own vessels tells moves with the stain, and is left as it is.
    """
    hematoxylin, contrast = (amounts[:, k] - background[k] for k in (0, 1))
    foreign = hematoxylin + settings.residual_weight * np.abs(amounts[:, 2])
    return foreign <= settings.max_foreign_part * contrast, contrast


def _turn(vectors: Values, degrees: float, sideways: int) -> Values:
    """Turn amounts of the stains into what they are with another DAB vector, (3, 3), to multiply from the right."""
    hematoxylin, dab, residual = vectors
    across = hematoxylin - (hematoxylin @ dab) * dab
    way = residual if sideways else across / np.linalg.norm(across)
    turned = cos(radians(degrees)) * dab + sin(radians(degrees)) * way
    normal = np.cross(hematoxylin, turned)
    others = np.stack([hematoxylin, turned, normal / np.linalg.norm(normal)])
    matrix: Values = vectors @ np.linalg.inv(others)
    return matrix


def _count_of_size(
    columns: Mapping[str, Values], counted: Bools, settings: VesselSettings, scale: float
) -> int:
    """Count with all lengths so many times as long."""
    refused = np.isin(columns["reason"], _SIZE_REASONS) & ~_fits(columns, settings, 1.0)
    return int(np.count_nonzero((counted | refused) & _fits(columns, settings, scale)))


def _fits(columns: Mapping[str, Values], settings: VesselSettings, scale: float) -> Bools:
    """Whether each candidate keeps the rules of size."""
    fits: Bools = columns["filled_area_um2"] * scale**2 >= settings.min_area_um2
    fits = fits & (columns["lumen_width_um"] * scale <= settings.max_lumen_width_um)
    return fits & (columns["wall_um"] * scale <= settings.max_wall_um)
