"""slide file -> RGB at a known pixel size.

The decoders are imported when a slide is opened, not before.
"""

from mvd.slide.analysed import as_analysed
from mvd.slide.base import Slide, SlideInfo
from mvd.slide.find import FoundSlide, find_slides
from mvd.slide.opening import open_slide
from mvd.slide.reduce import AnalysisLevel, at_mpp

__all__ = [
    "AnalysisLevel",
    "FoundSlide",
    "Slide",
    "SlideInfo",
    "as_analysed",
    "at_mpp",
    "find_slides",
    "open_slide",
]
