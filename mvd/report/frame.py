"""A drawn canvas -> the finished picture: title above, scale bar and legend below, hiding nothing."""

from collections.abc import Sequence

import cv2
import numpy as np

from mvd.report.canvas import DARK, PAPER, Canvas, Colour

Entry = tuple[Colour, str]
"""Colour and words of one thing in the legend."""

_BAR_LENGTHS_UM = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000)


def framed(canvas: Canvas, title: str, legend: Sequence[Entry]) -> bytes:
    """Put a title line above the canvas and a scale bar with a legend below, and return the PNG."""
    above, below = _title(canvas, title), _footer(canvas, legend)
    rgb = np.concatenate([above.rgb, canvas.rgb, below.rgb])
    return Canvas(rgb, canvas.x_um, canvas.y_um, canvas.mpp).png()


def bar_length_um(width_um: float) -> int:
    """Return the longest round length that is at most a quarter of the picture's width."""
    return max((length for length in _BAR_LENGTHS_UM if length <= width_um / 4), default=_BAR_LENGTHS_UM[0])


def _strip(canvas: Canvas, height: int) -> Canvas:
    rgb = np.empty((height, canvas.rgb.shape[1], 3), np.uint8)
    rgb[:] = PAPER
    return Canvas(rgb, 0.0, 0.0, canvas.mpp)


def _title(canvas: Canvas, title: str) -> Canvas:
    cap_px = canvas.letter_px * 1.3
    room = canvas.rgb.shape[1] - 2 * cap_px
    width = canvas.text_width(title, cap_px)
    cap_px *= min(1.0, room / max(width, 1))
    strip = _strip(canvas, round(canvas.letter_px * 3.2))
    top = (strip.rgb.shape[0] - cap_px * 1.3) / 2
    strip.text((canvas.letter_px, top), title, DARK, cap_px=cap_px)
    return strip


def _footer(canvas: Canvas, legend: Sequence[Entry]) -> Canvas:
    """Lay the bar and the legend out from left to right, in as many lines as they need."""
    cap_px = canvas.letter_px
    line_px, width = round(cap_px * 2.4), canvas.rgb.shape[1]
    bar_um = bar_length_um(width * canvas.mpp)
    bar_px = round(bar_um / canvas.mpp)
    bar_words = f"{bar_um} um" if bar_um < 1000 else f"{bar_um // 1000} mm"
    items = [(bar_px, bar_words, DARK), *((round(cap_px), words, colour) for colour, words in legend)]
    places, x, y = [], round(cap_px), round(cap_px * 0.6)
    for mark_px, words, _ in items:
        item_px = mark_px + canvas.text_width(words, cap_px) + round(2.6 * cap_px)
        if x + item_px > width and x > cap_px:
            x, y = round(cap_px), y + line_px
        places.append((x, y))
        x += item_px
    strip = _strip(canvas, y + line_px)
    for number, ((mark_px, words, colour), (left, top)) in enumerate(zip(items, places, strict=True)):
        middle = top + round(cap_px * 0.75)
        if number == 0:
            _bar(strip, left, middle, mark_px)
        else:
            cv2.circle(strip.rgb, (left + mark_px // 2, middle), round(cap_px / 2), DARK, 4, cv2.LINE_AA)
            cv2.circle(strip.rgb, (left + mark_px // 2, middle), round(cap_px / 2), colour, 2, cv2.LINE_AA)
        strip.text((left + mark_px + cap_px * 0.6, top), words, DARK, cap_px=cap_px)
    return strip


def _bar(strip: Canvas, left: int, middle: int, length_px: int) -> None:
    half = max(round(strip.letter_px / 5), 1)
    cv2.rectangle(strip.rgb, (left, middle - half), (left + length_px - 1, middle + half), DARK, cv2.FILLED)
