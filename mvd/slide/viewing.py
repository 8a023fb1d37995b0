"""An open slide -> levels for a viewer, none more than 4 times smaller than the one before, down to a thumbnail.

What the file has is taken; what it leaves out is made by block means when it is looked at. Reads nothing itself.
"""

from mvd.slide.base import Slide
from mvd.slide.levels import level_factor
from mvd.slide.reduce import AnalysisLevel

STEP = 4
THUMBNAIL_PX = 2048
"""Longest side of the coarsest level, at most."""


def view_levels(slide: Slide) -> tuple[AnalysisLevel, ...]:
    """Return the levels of a slide, finest first.

    Parameters
    ----------
    slide : Slide
        Its pixel size need not be known; ``mpp`` of a level is then in pixels of level 0.

    Returns
    -------
    tuple of AnalysisLevel
        ``factor ** 2`` pixels of the file are read for a pixel of a level: 1 for those that the file has.
    """
    shapes = slide.info.level_shapes
    stored = {
        factor: number
        for number, shape in reversed(list(enumerate(shapes)))
        if (factor := level_factor(shape, shapes[0])) is not None
    }
    stored[1] = 0
    coarsest = -(-max(shapes[0]) // THUMBNAIL_PX)
    whole, wanted = sorted(stored), list[int]()
    for at, factor in enumerate(whole):
        following = whole[at + 1] if at + 1 < len(whole) else max(coarsest, factor)
        wanted.append(factor)
        while wanted[-1] * STEP < following:
            wanted.append(wanted[-1] * STEP)
        if at + 1 == len(whole) and following > wanted[-1]:
            wanted.append(wanted[-1] * -(-following // wanted[-1]))
    return tuple(_level(slide, factor, stored) for factor in wanted)


def _level(slide: Slide, whole: int, stored: dict[int, int]) -> AnalysisLevel:
    """The level that is ``whole`` times smaller than level 0, from the coarsest that has all of its pixels."""
    source = max(factor for factor in stored if whole % factor == 0)
    number, factor = stored[source], whole // source
    height, width = slide.info.level_shapes[number]
    shape_px = (max(height // factor, 1), max(width // factor, 1))
    return AnalysisLevel(slide, number, factor, (slide.info.mpp or 1.0) * whole, whole, shape_px)
