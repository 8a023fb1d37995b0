"""Slide -> overview: all of it small, with the tissue on it.

Input: an open slide and its analysis level. Output: ``Overview``. It reads no tile and fits no stain.
"""

from dataclasses import dataclass

from mvd.errors import NoTissue, UnreadableSlide
from mvd.geometry import Rect
from mvd.result import Picture
from mvd.settings import Settings
from mvd.slide import AnalysisLevel, Slide, at_mpp
from mvd.slide.naming import shown_name
from mvd.tissue import Tissue, find_tissue

LEAST_PX = 2000
"""The overview of a small slide is finer than ``tissue.overview_mpp``, down to so many pixels on its long side."""


@dataclass(frozen=True)
class Overview:
    """A whole slide, small.

    Attributes
    ----------
    level : AnalysisLevel
        What it was read from; knows what of it could not be decoded.
    picture : Picture
    tissue : Tissue
        All of it, whatever the regions.
    """

    level: AnalysisLevel
    picture: Picture
    tissue: Tissue


def read_overview(slide: Slide, level: AnalysisLevel, settings: Settings) -> Overview:
    """Read the whole slide small, and find the tissue on it.

    Parameters
    ----------
    slide : Slide
    level : AnalysisLevel
        The overview is never finer.
    settings : Settings

    Raises
    ------
    NoTissue
        There is none.
    UnreadableSlide
        There is none, and parts of the slide could not be decoded.
    """
    long_um = max(level.shape_px) * level.mpp
    mpp = min(settings.tissue.overview_mpp, max(level.mpp, long_um / LEAST_PX))
    coarse = at_mpp(slide, mpp, allow_coarse=True)
    whole = Rect(0, 0, *coarse.shape_px)
    picture = Picture(coarse.read(whole), 0.0, 0.0, coarse.mpp)
    scanned = coarse.scanned(whole)
    for lost in coarse.damage():  # white, but no glass: no white point is to be taken from it
        scanned[lost.slices()] = False
    white_point = settings.stain.white_point
    try:
        tissue = find_tissue(picture.rgb, picture.mpp, settings.tissue, white_point, scanned=scanned)
    except NoTissue as error:
        if not coarse.damage():
            raise
        name = shown_name(slide.info.path)
        raise UnreadableSlide(f"{name}: parts of it cannot be decoded, and {error}") from None
    return Overview(coarse, picture, tissue)
