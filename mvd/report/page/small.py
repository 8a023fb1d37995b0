"""Pictures on disk -> WebP or JPEG of so many bytes at most, as data URIs. The same picture gives the same bytes."""

import base64
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.errors import UnreadableSlide

_TRIES = 5
_SMALLEST_PX = 48
_MARGIN = 0.97
_ROOMY = 1.5
_WEBP = ("webp", [cv2.IMWRITE_WEBP_QUALITY, 60])
_JPEG = ("jpeg", [cv2.IMWRITE_JPEG_QUALITY, 75])


@dataclass(frozen=True)
class Room:
    """What a slide, or a part of it, may take in the report.

    Attributes
    ----------
    most_bytes : int
    for_print : bool
        Pictures are JPEG: a browser puts those into a PDF as they are, and all others many times as large.
    """

    most_bytes: int
    for_print: bool = False

    def share(self, part: float) -> "Room":
        """Return so much of it."""
        return replace(self, most_bytes=round(self.most_bytes * part))


@dataclass(frozen=True)
class Small:
    """A picture to be embedded.

    Attributes
    ----------
    uri : str
        ``data:image/...;base64,...``
    width_px, height_px : int
    full_px : (int, int)
        Width and height of the file that it was made from.
    """

    uri: str
    width_px: int
    height_px: int
    full_px: tuple[int, int]


def shrink(path: Path, room: Room, longest_px: int) -> Small:
    """Make a picture file small enough.

    Parameters
    ----------
    path : Path
        JPEG or PNG.
    room : Room
        For the data URI. The quality is kept, the size gives way.
    longest_px : int
        Longest side at most; a smaller picture is not enlarged.

    Raises
    ------
    UnreadableSlide
        The file is missing or damaged.
    """
    try:
        bgr = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):
        bgr = None
    if bgr is None:
        raise UnreadableSlide(
            f"{path.parent.name}/{path.name}: is missing or damaged; `mvd report` makes it again"
        )
    largest = min(longest_px / max(bgr.shape[:2]), 1.0)
    # Tissue takes about a bit a pixel: to begin there, and not with the whole picture, saves most of the time.
    scale = min(largest, sqrt(6 * room.most_bytes / (bgr.shape[0] * bgr.shape[1])))
    for number in range(_TRIES):
        content, size = _encoded(bgr, scale, room)
        spare = room.most_bytes / (4 * len(content) / 3)
        if spare < 1 and max(size) > _SMALLEST_PX:
            scale *= min(sqrt(spare), _MARGIN) * _MARGIN
        elif number == 0 and spare > _ROOMY and scale < largest:
            scale = min(scale * sqrt(spare) * _MARGIN**2, largest)
        else:
            break
    kind = (_JPEG if room.for_print else _WEBP)[0]
    uri = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    return Small(uri, *size, full_px=(bgr.shape[1], bgr.shape[0]))


def _encoded(bgr: NDArray[np.uint8], scale: float, room: Room) -> tuple[bytes, tuple[int, int]]:
    height, width = bgr.shape[:2]
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    smaller = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA) if scale < 1 else bgr
    kind, how = _JPEG if room.for_print else _WEBP
    _, content = cv2.imencode(f".{kind}", smaller, how)
    return bytes(content), size
