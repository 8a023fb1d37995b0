"""What every slide reader offers: pixels at a known pixel size, and nothing else.

Label, macro and thumbnail images, patient data and any property outside ``SlideInfo`` are never read into it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mvd.geometry import Rect

Rgb = NDArray[np.uint8]


@dataclass(frozen=True)
class SlideInfo:
    """What is known of a slide before a pixel is read.

    Attributes
    ----------
    path : Path
        The file that was opened.
    shape_px : (int, int)
        Height and width of level 0, px.
    mpp : float or None
        Pixel size of level 0, um/px, 0.05 to 5; None when the file does not say.
    mpp_source : str
        Where ``mpp`` came from (``aperio``, ``ome``, ``tiff``, ``openslide``, ``dicom``, ``user``),
        ``none`` if unknown.
    magnification : float or None
        Objective power as the file states it. Never used to guess ``mpp``.
    vendor : str
        Format family, for people: ``aperio``, ``ome-tiff``, ``tiff``, ``png``, ``jpeg``, ``hamamatsu``, ``mirax``.
    level_shapes : tuple of (int, int)
        Height and width of each pyramid level, finest first, px.
    origin_px : (int, int)
        x and y of the part that the scanner scanned, level-0 px: there QuPath puts (0, 0). Pixels outside are there
        all the same, unscanned.
    mpp_notes : tuple of str
        What the file says of its pixel size that was not used: with a user's own value each a warning, without any
        value what was not believed.
    icc : str
        What became of the file's ICC profile: ``ignored``, ``srgb`` (applied), ``none`` (asked for, but there is none).
    """

    path: Path
    shape_px: tuple[int, int]
    mpp: float | None
    mpp_source: str
    magnification: float | None
    vendor: str
    level_shapes: tuple[tuple[int, int], ...]
    origin_px: tuple[int, int] = (0, 0)
    icc: str = "ignored"
    mpp_notes: tuple[str, ...] = ()


class Slide(Protocol):
    """An open slide. ``read`` may be called from several threads at once."""

    @property
    def info(self) -> SlideInfo:
        """What is known of the slide."""
        ...

    def read(self, rect: Rect, level: int = 0) -> Rgb:
        """Read ``rect`` (px of ``level``, inside the level) as (h, w, 3) uint8 sRGB.

        Areas that were not scanned, or that cannot be decoded, are white.
        """
        ...

    def scanned(self, rect: Rect, level: int = 0) -> NDArray[np.bool_]:
        """Return where ``rect`` (px of ``level``) was scanned, (h, w) bool: neither transparent nor left out."""
        ...

    def damage(self, level: int = 0) -> tuple[Rect, ...]:
        """Return what ``read`` could not decode of ``level`` so far: rectangles in px of that level, in order.

        A tile counts as damaged once a second try, with the file opened anew, has failed too.
        """
        ...

    def close(self) -> None:
        """Give the file back."""
        ...
