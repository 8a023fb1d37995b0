"""Short words beside vessels, where they bury neither a vessel nor each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.report.canvas import Box, Canvas, Colour

_GAP_PX = 4
_CAP_PX = 8.5
_MOST_PLACES = 24


@dataclass(frozen=True)
class Label:
    """Words that belong to a vessel; ``must`` be written even where it is crowded.

    Attributes
    ----------
    outline_px : (n, 2) int32
        The vessel's outline as (x, y), px of the canvas.
    """

    outline_px: NDArray[np.int32]
    words: str
    colour: Colour
    must: bool


def write_labels(canvas: Canvas, labels: Sequence[Label]) -> None:
    """Write each label close to its vessel; those that must be written choose their place first."""
    taken = np.zeros(canvas.rgb.shape[:2], np.uint8)
    for label in labels:
        cv2.fillPoly(taken, [label.outline_px], 1)
        cv2.polylines(taken, [label.outline_px], True, 1, 4)
    for label in sorted(labels, key=lambda label: not label.must):
        boxes = list(_places(canvas, label))
        hidden = [int(np.count_nonzero(taken[top:bottom, left:right])) for left, top, right, bottom in boxes]
        best = int(np.argmin(hidden))
        if hidden[best] and not label.must:
            continue
        left, top, right, bottom = boxes[best]
        taken[top:bottom, left:right] = 1
        canvas.text((left, top), label.words, label.colour, cap_px=_CAP_PX)


def _places(canvas: Canvas, label: Label) -> Iterator[Box]:
    """Yield boxes for the words round the outline, each just outside one of its points, top right first."""
    x0, y0, x1, y1 = canvas.text_box((0, 0), label.words, cap_px=_CAP_PX)
    size = (x1 - x0, y1 - y0)
    half = np.array(size) / 2
    height, width = canvas.rgb.shape[:2]
    points = label.outline_px
    in_view = points[((points >= 0) & (points < [width, height])).all(axis=1)]
    points = in_view if len(in_view) else np.clip(points, 0, [width - 1, height - 1])
    away = points - points.mean(axis=0)
    order = np.argsort(away @ [-1.0, 1.2], kind="stable")
    chosen = order[:: max(len(order) // _MOST_PLACES, 1)]
    steepest = np.abs(away[chosen]).max(axis=1, keepdims=True) + 1e-9
    outward = np.sign(np.round(away[chosen] / steepest))
    for left, top in (points[chosen] + outward * (half + _GAP_PX) - half).tolist():
        yield canvas.box_inside((left, top), size)
