"""Components -> which of them are brown: DAB told from pigment, red cells and other colours.

Input: the components of the whole slide with their stains. Output: one flag each. Judged twice: against the fitted
stains, and against what the slide's own vessels look like.
"""

import numpy as np
from numpy.typing import NDArray

from mvd.runs import Components
from mvd.settings import VesselSettings
from mvd.stain import Stain

OWN_COLOUR_QUANTILE, OWN_COLOUR_TIMES = 0.9, 2.0
"""The residual part of DAB that nine in ten components keep, and how many times as much is still DAB: where vessels
of two shades lie on a slide, the rarer ones, if not one in ten, widen what is believed."""

LEAST_COMPONENTS = 20
"""Fewer do not tell what DAB looks like on a slide."""

Flags = NDArray[np.bool_]


def is_dab(components: Components, stain: Stain, settings: VesselSettings, mpp: float) -> Flags:
    """Whether each component is brown, (k,) bool: its hematoxylin and residual are small beside its DAB.

    All three are taken above the background of the tissue. Black pigment shows as much hematoxylin as DAB, and like
    red cells, eosin and formalin pigment it leaves the plane of the two stains. A nucleus over a wall adds
    hematoxylin too, but no residual: so the residual weighs more. Golden pigment and red cells are nearly as brown
    as DAB, but off the colour that the slide's vessels have in common.

    Parameters
    ----------
    components : Components
    stain : Stain
        For the background that colours are judged against.
    settings : VesselSettings
    mpp : float
        Pixel size of the analysis level, um/px.
    """
    area = components.area_px * 1000.0
    contrast = components.od_sum / area - stain.background_od
    hematoxylin = components.hematoxylin_sum / area - stain.background_hematoxylin_od
    residual = np.abs(components.residual_sum / area)
    foreign = hematoxylin + settings.residual_weight * residual
    brown = foreign <= settings.max_foreign_part * contrast
    # A smaller part of a wall says little of its colour.
    large = components.area_px * mpp**2 >= settings.min_area_um2
    found: Flags = brown & ~(large & _off_colour(residual, contrast, brown & large, settings))
    return found


def _off_colour(
    residual: NDArray[np.float64], contrast: NDArray[np.float64], sample: Flags, settings: VesselSettings
) -> Flags:
    """Whether a residual is larger beside the DAB than those of the slide's brown components are."""
    if np.count_nonzero(sample) < LEAST_COMPONENTS:
        return np.zeros(len(residual), np.bool_)
    usual = float(np.quantile(residual[sample] / contrast[sample], OWN_COLOUR_QUANTILE))
    off: Flags = residual > max(settings.own_colour_part, OWN_COLOUR_TIMES * usual) * contrast
    return off
