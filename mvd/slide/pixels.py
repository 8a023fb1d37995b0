"""Which pixels mvd takes: 8-bit RGB brightfield. All else is refused by name; alpha goes onto white."""

import numpy as np
from numpy.typing import NDArray

from mvd.errors import UnreadableSlide, UnsupportedPixels
from mvd.slide.base import Rgb

MAX_WHOLE_PX = 400_000_000
"""Largest picture that is decoded in one piece, px."""


def unsupported(name: str, dtype: str, channels: int, kind: str) -> UnsupportedPixels:
    """Make the refusal of a slide whose pixels are not 8-bit RGB."""
    plural = "channel" if channels == 1 else "channels"
    return UnsupportedPixels(
        f"{name}: pixels are {dtype} with {channels} {plural} ({kind}); mvd reads 8-bit RGB brightfield "
        "only: export the slide as 8-bit RGB"
    )


def check_whole_px(name: str, shape_px: tuple[int, int]) -> None:
    """Refuse a picture that can only be decoded in one piece and is too large for that."""
    height, width = shape_px
    if height < 1 or width < 1:
        raise UnreadableSlide(f"{name}: declares {width} x {height} px; export it again")
    if height * width > MAX_WHOLE_PX:
        raise UnreadableSlide(
            f"{name}: {width} x {height} px in one piece is too large to decode at once; "
            "convert it to a pyramidal tiled TIFF (for example `vips tiffsave IN OUT.tif --tile --pyramid`)"
        )


def on_white(rgba: NDArray[np.uint8], *, premultiplied: bool = False) -> Rgb:
    """Lay (h, w, 4) uint8 RGBA on white as (h, w, 3) uint8; what is transparent is background, not black."""
    rgb, alpha = rgba[..., :3], rgba[..., 3:]
    if alpha.min(initial=255) == 255:
        return np.ascontiguousarray(rgb)
    colour = rgb.astype(np.uint32) if premultiplied else (rgb.astype(np.uint32) * alpha + 127) // 255
    on: Rgb = np.minimum(colour + (255 - alpha.astype(np.uint32)), 255).astype(np.uint8)
    return on
