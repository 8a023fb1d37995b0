"""A picture with a known pixel size to draw on, in um: outlines, circles, text, scale bar, PNG.

Every line and letter has a dark casing, so that it is seen on brown, blue and white alike. Letters are ASCII:
um, mm2. The same drawing gives the same bytes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.report.rings import Ring
from mvd.result import Picture

Rgb = NDArray[np.uint8]
Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom, px; half open."""

DARK: Colour = (20, 20, 20)
WHITE: Colour = (255, 255, 255)
PAPER: Colour = (250, 250, 250)
_SHIFT = 4  # cv2 takes sixteenths of a pixel
_MOST_ENLARGED = 4
_CAP_PX = 22.0  # height of a capital at scale 1
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_QUICK = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP]
_AROUND = tuple((dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy)


@dataclass
class Canvas:
    """Pixels that are drawn on.

    Attributes
    ----------
    rgb : (h, w, 3) uint8
    x_um, y_um : float
        Top left corner, um from the slide's.
    mpp : float
        um/px of ``rgb``.
    letters : float
        How many capital letters are as high as the picture is long, within what reads well.
    """

    rgb: Rgb
    x_um: float
    y_um: float
    mpp: float
    letters: float = 120.0

    @classmethod
    def of(cls, picture: Picture, longest_px: int) -> "Canvas":
        """Copy a picture, made smaller to at most ``longest_px``, or enlarged a whole number of times."""
        height, width = picture.rgb.shape[:2]
        scale = longest_px / max(height, width)
        if scale >= 1:
            scale = min(int(scale), _MOST_ENLARGED)
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        rgb = cv2.resize(picture.rgb, size, interpolation=how) if scale != 1 else picture.rgb.copy()
        return cls(
            np.ascontiguousarray(rgb, np.uint8), picture.x_um, picture.y_um, picture.mpp * width / size[0]
        )

    @property
    def letter_px(self) -> float:
        """Height of a capital letter that reads well on a picture of this size, px."""
        return float(np.clip(max(self.rgb.shape[:2]) / self.letters, 8, 16))

    def px(self, xy_um: Ring) -> NDArray[np.float64]:
        """Return (n, 2) um as (x, y) px, where 0 is the centre of the first pixel."""
        return (np.asarray(xy_um, np.float64) - [self.x_um, self.y_um]) / self.mpp - 0.5

    def outlines(self, rings_um: Iterable[Ring], colour: Colour, width: int = 1, casing: int = 2) -> None:
        """Draw closed rings, the casings of all of them below the lines of all."""
        rings = [
            np.round(self.px(ring) * (1 << _SHIFT)).astype(np.int32).reshape(-1, 1, 2) for ring in rings_um
        ]
        if casing:
            cv2.polylines(self.rgb, rings, True, DARK, width + casing, cv2.LINE_AA, _SHIFT)
        cv2.polylines(self.rgb, rings, True, colour, width, cv2.LINE_AA, _SHIFT)

    def surround(self, rings_um: Sequence[Ring], colour: Colour, width: int = 1) -> None:
        """Draw cased outlines that keep to the outside, so that what is outlined stays to be seen."""
        before = self.rgb.copy()
        self.outlines(rings_um, colour, 2 * width, casing=2)
        inside = np.zeros(self.rgb.shape[:2], np.uint8)
        for ring in rings_um:  # one by one: together, overlapping rings would cut holes into each other
            cv2.fillPoly(inside, [np.round(self.px(ring)).astype(np.int32)], 1)
        self.rgb[inside > 0] = before[inside > 0]

    def dots(self, xy_um: Ring, colour: Colour, radius_px: int) -> None:
        """Draw a cased dot at each of (n, 2) positions, um."""
        centres = np.round(self.px(xy_um) * (1 << _SHIFT)).astype(np.int32)
        # A line of one point is a dot. One call for all: each call would wait for the other threads of the report.
        points = list(centres[:, np.newaxis, np.newaxis])
        for radius, paint in ((radius_px + 1, DARK), (radius_px, colour)):
            cv2.polylines(self.rgb, points, True, paint, 2 * radius, cv2.LINE_AA, _SHIFT)

    def text(
        self,
        at: tuple[float, float],
        words: str,
        colour: Colour = WHITE,
        *,
        cap_px: float,
        bold: bool = False,
    ) -> None:
        """Write a line of ASCII with its top left corner at ``at`` (x, y) px, moved inside the picture."""
        left, _, _, bottom = self.text_box(at, words, cap_px=cap_px, bold=bold)
        baseline = (left + 1, bottom - 1 - round(cap_px * 0.25))
        scale, weight = cap_px / _CAP_PX, 2 if bold else 1
        if colour != DARK:
            for dx, dy in _AROUND:
                cv2.putText(
                    self.rgb,
                    words,
                    (baseline[0] + dx, baseline[1] + dy),
                    _FONT,
                    scale,
                    DARK,
                    weight,
                    cv2.LINE_AA,
                )
        cv2.putText(self.rgb, words, baseline, _FONT, scale, colour, weight, cv2.LINE_AA)

    def text_box(self, at: tuple[float, float], words: str, *, cap_px: float, bold: bool = False) -> Box:
        """Return the pixels that ``text`` would use."""
        return self.box_inside(at, (self.text_width(words, cap_px, bold=bold) + 2, round(cap_px * 1.3) + 2))

    def box_inside(self, at: tuple[float, float], size: tuple[int, int]) -> Box:
        """Return the box of (width, height) px with its top left corner at ``at``, moved inside the picture."""
        left = max(min(round(at[0]), self.rgb.shape[1] - size[0]), 0)
        top = max(min(round(at[1]), self.rgb.shape[0] - size[1]), 0)
        return left, top, left + size[0], top + size[1]

    @staticmethod
    def text_width(words: str, cap_px: float, *, bold: bool = False) -> int:
        """Return the width of a line of text, px."""
        (width, _), _ = cv2.getTextSize(words, _FONT, cap_px / _CAP_PX, 2 if bold else 1)
        return int(width)

    def png(self) -> bytes:
        """Return the picture as PNG."""
        done, content = cv2.imencode(".png", cv2.cvtColor(self.rgb, cv2.COLOR_RGB2BGR), _QUICK)
        if not done:
            raise ValueError("the picture could not be written as PNG")
        return content.tobytes()
