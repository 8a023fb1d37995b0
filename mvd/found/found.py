"""What was found on a slide before any rule of counting was applied: types, and nothing that computes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvd.region import Boxes, Laid
from mvd.runs import Components
from mvd.slide.base import SlideInfo
from mvd.stain import Stain
from mvd.tissue import Tissue


@dataclass(frozen=True)
class Damage:
    """What could not be decoded where there is tissue, or where there may be.

    Attributes
    ----------
    boxes_um : (k, 4) float64
        Left, top, right, bottom, um.
    unseen : (h, w) bool
        Pixels of the overview that could not be decoded: whether they are tissue is not known.
    reach_um : float
        So far from damage it may have changed a pixel's answer.
    """

    boxes_um: Boxes
    unseen: NDArray[np.bool_]
    reach_um: float

    def __bool__(self) -> bool:
        return len(self.boxes_um) > 0


@dataclass(frozen=True)
class Found:
    """A slide that has been read: with this, its vessels can be counted, and counted again.

    Attributes
    ----------
    info : SlideInfo
    analysis_mpp : float
        Pixel size of ``components``, um/px.
    tissue : Tissue
        Of the whole slide, whatever regions there are.
    stain : Stain
    components : Components
        What is stained, in pixels of ``analysis_mpp``; with regions, only those in and near them.
    damage : Damage
    laid : Laid, optional
        The regions; None where the whole slide counts.
    """

    info: SlideInfo
    analysis_mpp: float
    tissue: Tissue
    stain: Stain
    components: Components
    damage: Damage
    laid: Laid | None
