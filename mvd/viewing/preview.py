"""An open slide -> the vessels of what is in view by any settings, as a run would find them there.

The slide's own fit is made once; then a view takes a fraction of a second. It goes the way that a run goes, with one
rectangle for a tile: only vessels that the rectangle's edge cuts can differ from those of a run. Nothing is written.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvd.errors import MvdError
from mvd.fit import fit
from mvd.geometry import Rect
from mvd.overview import read_overview
from mvd.report.label_image import fill_rings
from mvd.scan import scan_part, search_area
from mvd.settings import Settings
from mvd.slide import Slide, as_analysed
from mvd.vessels import Vessels, find_vessels

MOST_PX = 2048
"""Longest side of what is looked at, px of the analysis level: about 1 mm at the default 0.5 um/px."""
NOT_COUNTED, COUNTED = 1, 2


@dataclass(frozen=True)
class Looked:
    """The vessels of a rectangle of a slide.

    Attributes
    ----------
    labels : (h, w) uint8
        0 nothing, 1 the wall of a candidate that is not counted, 2 of one that is.
    x_um, y_um, mpp : float
        Top left corner, um from the slide's, and pixel size of ``labels``.
    counted, candidates : int
        How many.
    low_od, high_od : float
        The thresholds that were applied to DAB, OD.
    """

    labels: NDArray[np.uint8]
    x_um: float
    y_um: float
    mpp: float
    counted: int
    candidates: int
    low_od: float
    high_od: float


class Preview:
    """One slide, fitted, to be looked at by other settings.

    Parameters
    ----------
    slide : Slide
        Stays open.
    settings : Settings
        What they say of the slide, the tissue, the stains and ``vessel.blur_um`` holds for all looks.

    Raises
    ------
    MvdError
        As ``analyze``.
    """

    def __init__(self, slide: Slide, settings: Settings) -> None:
        slide, self._level = as_analysed(slide, settings.slide)
        overview = read_overview(slide, self._level, settings)
        self._tissue = overview.tissue
        self._search = search_area(self._level, overview.tissue)
        self._fitted = fit(self._level, overview.picture.rgb, overview.tissue, settings)
        self._key = _key(settings)

    def serves(self, settings: Settings) -> bool:
        """Whether the fit holds for these settings; else make another ``Preview``."""
        return self._key == _key(settings)

    def look(self, box_um: tuple[float, float, float, float], settings: Settings) -> Looked:
        """Find the vessels of a rectangle.

        Parameters
        ----------
        box_um : (float, float, float, float)
            Left, top, right, bottom, um from the slide's top left corner.
        settings : Settings

        Raises
        ------
        MvdError
            The rectangle is larger than ``MOST_PX``, or lies beside the slide.
        """
        level = self._level
        rect = self._rect(box_um)
        stain = self._fitted.with_thresholds(settings.vessel)
        found = scan_part(level, self._search, stain, settings.vessel, rect)
        vessels = find_vessels(found, self._tissue, stain, settings.vessel, level.mpp)
        return Looked(
            _painted(vessels, rect, level.mpp),
            rect.col * level.mpp,
            rect.row * level.mpp,
            level.mpp,
            int(vessels.table["counted"].sum()),
            len(vessels.table),
            stain.low_od,
            stain.high_od,
        )

    def _rect(self, box_um: tuple[float, float, float, float]) -> Rect:
        left, top, right, bottom = np.rint(np.array(box_um) / self._level.mpp).astype(int).tolist()
        rect = Rect(top, left, max(bottom - top, 0), max(right - left, 0)).clipped(self._level.shape_px)
        if not rect.area_px:
            raise MvdError("nothing of the slide is in view")
        if max(rect.height, rect.width) > MOST_PX:
            most_mm = MOST_PX * self._level.mpp / 1000
            raise MvdError(f"zoom in for the preview: it shows {most_mm:.1f} mm at most")
        return rect


def _key(settings: Settings) -> tuple[object, ...]:
    return (settings.slide, settings.tissue, settings.stain, settings.vessel.blur_um)


def _painted(vessels: Vessels, rect: Rect, mpp: float) -> NDArray[np.uint8]:
    labels = np.zeros((rect.height, rect.width), np.uint32)
    counted = vessels.table["counted"].to_numpy(bool)
    for row in np.argsort(counted, kind="stable").tolist():  # counted ones last, over the others
        rings = [ring for polygon in vessels.outlines[row].wall for ring in polygon]
        corner = np.array([rect.col, rect.row])
        fill_rings(labels, [ring / mpp - corner for ring in rings], COUNTED if counted[row] else NOT_COUNTED)
    return labels.astype(np.uint8)
