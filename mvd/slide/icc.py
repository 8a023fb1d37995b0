"""A slide in the colours that its own ICC profile says: any slide -> the same slide in sRGB.

Every pixel is converted by itself, by Little CMS: the same bytes however a slide is cut up. Off by default, for what
mvd measures is relative to the slide's own white, and most files have no profile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mvd.errors import UnreadableSlide
from mvd.geometry import Rect
from mvd.slide.base import Rgb, Slide, SlideInfo
from mvd.slide.naming import one_line, shown_name

Icc = Literal["ignore", "srgb"]
RELATIVE_COLORIMETRIC = 1
"""White stays white, and colours that sRGB has stay what they are."""
_MIXED = np.array([[[255, 255, 255], [128, 128, 128], [200, 120, 60]]], np.uint8)


def in_srgb(slide: Slide) -> Slide:
    """Return the slide converted by its embedded profile; as it is where it embeds none.

    ``info.icc`` tells which: ``srgb`` or ``none``.

    Raises
    ------
    UnreadableSlide
        The profile is damaged, or not one of RGB.
    """
    import imagecodecs

    from mvd.slide.profile import embedded_profile

    if slide.info.icc != "ignored":
        return slide
    try:
        profile = embedded_profile(slide.info)
        if profile is not None:
            _converted(_MIXED, profile)
    except (ValueError, OSError, imagecodecs.CmsError) as error:
        raise UnreadableSlide(
            f"{shown_name(slide.info.path)}: its ICC profile cannot be used ({one_line(error)}); "
            'set slide.icc = "ignore", or export the slide again'
        ) from error
    return IccSlide(slide, profile)


class IccSlide:
    """A slide seen through an ICC profile; None changes nothing but what ``info.icc`` says."""

    def __init__(self, slide: Slide, profile: bytes | None) -> None:
        self._slide = slide
        self._profile = profile
        self._keeps_white = profile is None or bool((_converted(_MIXED, profile)[0, 0] == 255).all())

    @property
    def info(self) -> SlideInfo:
        """What is known of the slide."""
        return replace(self._slide.info, icc="none" if self._profile is None else "srgb")

    def read(self, rect: Rect, level: int = 0) -> Rgb:
        """Read ``rect`` (px of ``level``, inside the level) as (h, w, 3) uint8 sRGB."""
        return self._shown(self._slide.read(rect, level), rect, level, 1)

    def scanned(self, rect: Rect, level: int = 0) -> NDArray[np.bool_]:
        """Return where ``rect`` was scanned, (h, w) bool."""
        return self._slide.scanned(rect, level)

    def damage(self, level: int = 0) -> tuple[Rect, ...]:
        """Return what could not be decoded of ``level`` so far."""
        return self._slide.damage(level)

    def tile_px(self, level: int) -> tuple[int, int]:
        """Height and width of the slide's own tiles; (0, 0) for a slide without."""
        tile_px = getattr(self._slide, "tile_px", None)
        return tile_px(level) if tile_px else (0, 0)

    def reduction(self, level: int, factor: int) -> int:
        """Return the divisor of ``factor`` that the slide itself reduces by."""
        reduction = getattr(self._slide, "reduction", None)
        return reduction(level, factor) if reduction else 1

    def read_reduced(self, rect: Rect, level: int, factor: int) -> Rgb:
        """Read ``rect``, in pixels ``factor`` times larger, where ``reduction`` returned that factor."""
        if factor == 1:
            return self.read(rect, level)
        slide: Any = self._slide
        return self._shown(slide.read_reduced(rect, level, factor), rect, level, factor)

    def expect(self, rects: Iterable[Rect], level: int, factor: int) -> None:
        """Announce what will be read."""
        if expect := getattr(self._slide, "expect", None):
            expect(rects, level, factor)

    def forget(self) -> None:
        """Let go of what is held for what was announced."""
        if forget := getattr(self._slide, "forget", None):
            forget()

    def close(self) -> None:
        """Give the file back."""
        self._slide.close()

    def _shown(self, rgb: Rgb, rect: Rect, level: int, factor: int) -> Rgb:
        if self._profile is None or rgb.size == 0:
            return rgb
        converted = _converted(rgb, self._profile)
        if not self._keeps_white:  # what was not scanned is white in any colours
            white = (rgb == 255).all(axis=2)
            if white.any():
                converted[white & ~self._scanned(rect, level, factor)] = 255
        return converted

    def _scanned(self, rect: Rect, level: int, factor: int) -> NDArray[np.bool_]:
        found = self._slide.scanned(rect.scaled(factor), level)
        return np.asarray(found.reshape(rect.height, factor, rect.width, factor).all(axis=(1, 3)))


def _converted(rgb: Rgb, profile: bytes) -> Rgb:
    import imagecodecs

    converted: Rgb = imagecodecs.cms_transform(
        np.ascontiguousarray(rgb),
        profile,
        imagecodecs.cms_profile("srgb"),
        colorspace="rgb",
        outcolorspace="rgb",
        intent=RELATIVE_COLORIMETRIC,
    )
    return converted
