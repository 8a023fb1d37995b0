"""A slide and its settings -> the colours and the pixel size that it is analysed in. Reads no pixel of it."""

from mvd.settings import SlideSettings
from mvd.slide.base import Slide
from mvd.slide.icc import in_srgb
from mvd.slide.reduce import AnalysisLevel, at_mpp


def as_analysed(slide: Slide, settings: SlideSettings) -> tuple[Slide, AnalysisLevel]:
    """Look at a slide as a run does; whoever measures or shows a part of it goes this way, so that all see the same.

    Parameters
    ----------
    slide : Slide
    settings : SlideSettings

    Returns
    -------
    Slide
        In sRGB if the settings ask for that.
    AnalysisLevel

    Raises
    ------
    UnknownPixelSize, TooCoarse
        As ``at_mpp``.
    """
    seen = in_srgb(slide) if settings.icc == "srgb" else slide
    return seen, at_mpp(seen, settings.analysis_mpp, allow_coarse=settings.allow_coarse)
