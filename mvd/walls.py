"""One tile -> where vessel walls may be, by the method that the settings name.

Input: a tile with its halo, and what was fitted once per slide. Output: the candidate mask. Both methods have a
finite reach and whole-number arithmetic, so a pixel's answer does not depend on the tile that it was computed in.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mvd.classifier import (
    CERTAIN,
    Classifier,
    Planes,
    Sizes,
    load_classifier,
    sizes_at,
    stacked,
    stain_planes,
    vessel_probability,
)
from mvd.classifier.features import DAB
from mvd.errors import SettingsError
from mvd.geometry import Rect
from mvd.haze import Haze, remove_haze
from mvd.segment import (
    ZERO_MILLI_OD,
    Luts,
    MilliOd,
    Segmenter,
    candidate_mask,
    closed_mask,
    open_masks,
    smooth_dab,
)
from mvd.settings import VesselSettings
from mvd.slide import AnalysisLevel
from mvd.slide.base import Rgb
from mvd.stain import Stain

MOST_MPP_RATIO = 1.4
"""Pixels may be so many times larger or smaller than those that a classifier was trained on."""


class WallFinder(Protocol):
    """Finds the candidates of a tile."""

    @property
    def reach_px(self) -> int:
        """How far a pixel's answer looks: the halo that a tile needs, px."""
        ...

    def find(self, rgb: Rgb, dab: MilliOd, place: Rect) -> NDArray[np.uint8]:
        """Return 0, ``SKIRT`` or ``WALL`` for each pixel; ``dab`` is that of ``smooth_dab``, haze removed."""
        ...


@dataclass(frozen=True)
class ByThreshold:
    """Wall by its DAB alone, needing no training."""

    segmenter: Segmenter

    @property
    def reach_px(self) -> int:
        """The reach of the local filters, px."""
        return self.segmenter.filters.reach_px

    def find(self, rgb: Rgb, dab: MilliOd, place: Rect) -> NDArray[np.uint8]:
        """Compare the DAB with the slide's thresholds."""
        return candidate_mask(dab, self.segmenter)


@dataclass(frozen=True)
class TilePlanes:
    """Makes the planes of a slide's tiles that features are taken from.

    Attributes
    ----------
    luts : (3, 3, 256) int32
    background : (int, int, int)
        Of hematoxylin, DAB and residual, milli-OD.
    haze : Haze
    mpp : float
        um/px.
    """

    luts: Luts
    background: tuple[int, int, int]
    haze: Haze
    mpp: float

    def of(self, rgb: Rgb, place: Rect) -> Planes:
        """Return (3, h, w) uint16 of the tile that lies at ``place``."""
        planes = stain_planes(rgb, self.luts, self.background)
        remove_haze(planes[DAB], self.haze, place, self.mpp)
        return planes


@dataclass(frozen=True)
class ByClassifier:
    """Wall by what a classifier makes of a pixel's surroundings.

    Attributes
    ----------
    classifier : Classifier
    planes : TilePlanes
    sizes : Sizes
    wall, skirt : int
        Least probabilities, in 65535ths.
    segmenter : Segmenter
        For the outline threshold, the edge of a wall and the closing.
    """

    classifier: Classifier
    planes: TilePlanes
    sizes: Sizes
    wall: int
    skirt: int
    segmenter: Segmenter

    @property
    def reach_px(self) -> int:
        """The reach of the features, or of the noise filter and the edge, and of the closing, px."""
        filters = self.segmenter.filters
        return max(self.sizes.reach_px, filters.blur_px // 2 + filters.edge_px // 2) + 2 * (
            filters.close_px // 2
        )

    def find(self, rgb: Rgb, dab: MilliOd, place: Rect) -> NDArray[np.uint8]:
        """Let the trees vote on all that is stained; where a wall ends, and what is closed, is as with thresholds.

        Labels are not drawn to the pixel, so they cannot teach where the edge of a blurred wall lies.
        """
        stained, within_edge = open_masks(dab, self.segmenter)
        stack = stacked(self.planes.of(rgb, place), self.sizes)
        wanted = stained.view(bool) & (
            stack.smooth[0] >= round(self.classifier.least_od * 1000) + ZERO_MILLI_OD
        )
        probability = vessel_probability(stack, self.classifier.forest, wanted, (self.skirt, self.wall))
        candidate, sure = ((probability >= least).view(np.uint8) for least in (self.skirt, self.wall))
        return closed_mask(candidate, sure & within_edge, self.segmenter.filters)


def read_dab(level: AnalysisLevel, place: Rect, segmenter: Segmenter, haze: Haze) -> tuple[Rgb, MilliOd]:
    """Read a rectangle and the DAB that walls are looked for in: smoothed, and without the haze.

    Parameters
    ----------
    level : AnalysisLevel
    place : Rect
        Pixels of ``level``, the halo of what is looked for included.
    segmenter : Segmenter
    haze : Haze

    Returns
    -------
    (h, w, 3) uint8
        RGB.
    (h, w) uint16
        As ``smooth_dab``.

    Raises
    ------
    UnreadableSlide
    """
    rgb = level.read(place)
    dab = smooth_dab(rgb, segmenter.luts, segmenter.filters)
    remove_haze(dab, haze, place, level.mpp)
    return rgb, dab


def tile_planes(stain: Stain, luts: Luts, mpp: float) -> TilePlanes:
    """Bring a slide's fit into the form that features need."""
    background = (round(stain.background_hematoxylin_od * 1000), round(stain.background_od * 1000), 0)
    return TilePlanes(luts, background, stain.haze, mpp)


def make_wall_finder(stain: Stain, segmenter: Segmenter, settings: VesselSettings, mpp: float) -> WallFinder:
    """Choose the method of the settings.

    Raises
    ------
    SettingsError
        The classifier cannot be used, or was trained on pixels of another size.
    """
    if settings.method == "threshold":
        return ByThreshold(segmenter)
    return by_classifier(load_classifier(settings), stain, segmenter, settings, mpp)


def by_classifier(
    classifier: Classifier, stain: Stain, segmenter: Segmenter, settings: VesselSettings, mpp: float
) -> ByClassifier:
    """Bring a classifier that is at hand into the form that tiles need; ``SettingsError`` as ``make_wall_finder``."""
    if max(classifier.mpp / mpp, mpp / classifier.mpp) > MOST_MPP_RATIO:
        raise SettingsError(
            f"the classifier was trained at {classifier.mpp:g} um/px and this slide is analysed at {mpp:g}; set "
            "slide.analysis_mpp nearer to that, or train one on such slides"
        )
    wall, skirt = (
        max(1, round(p * CERTAIN)) for p in (settings.wall_probability, settings.skirt_probability)
    )
    return ByClassifier(
        classifier,
        tile_planes(stain, segmenter.luts, mpp),
        sizes_at(mpp),
        wall,
        skirt,
        segmenter,
    )
