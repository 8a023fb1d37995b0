"""slide file -> RGB at a known pixel size."""

from mvd.slide.base import Slide, SlideInfo

__all__ = ["Slide", "SlideInfo"]
