"""PNG, JPEG and WebP pictures: one level, decoded once and whole, at the first reading.

What is transparent is white, and was not scanned. Their density tells how to print them and is never taken for a
pixel size. Refused is what is cut off, not 8-bit RGB, animated, or larger than can be decoded at once.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from mvd.errors import UnreadableSlide
from mvd.geometry import Rect
from mvd.slide import jpeg, webp
from mvd.slide.base import Rgb, SlideInfo
from mvd.slide.calibration import believed_mpp
from mvd.slide.naming import one_line, shown_name
from mvd.slide.pixels import check_whole_px, on_white, unsupported
from mvd.slide.tiled import check_inside

_PNG_COLOUR_TYPES = {
    0: ("grey", 1),
    2: ("RGB", 3),
    3: ("palette", 1),
    4: ("grey with alpha", 2),
    6: ("RGBA", 4),
}
_DEFLATE_MOST = 1100
"""Deflate cannot shrink by more than 1032."""
_LOSSY_PX_PER_BYTE = 5000

Pixels = NDArray[np.uint8]
"""(h, w, 3) RGB or (h, w, 4) RGBA."""


class RasterSlide:
    """A picture held whole in memory once a pixel of it was asked for."""

    def __init__(self, info: SlideInfo, decode: Callable[[], Pixels]) -> None:
        self._info = info
        self._decode = decode
        self._whole: tuple[Rgb, NDArray[np.bool_] | None] | None = None
        self._lock = Lock()

    @property
    def info(self) -> SlideInfo:
        """What is known of the picture."""
        return self._info

    def read(self, rect: Rect, level: int = 0) -> Rgb:
        """Read ``rect`` (px, inside the picture) as (h, w, 3) uint8 sRGB; ``UnreadableSlide`` if damaged."""
        check_inside(self._info, rect, level)
        return self._decoded()[0][rect.slices()].copy()

    def scanned(self, rect: Rect, level: int = 0) -> NDArray[np.bool_]:
        """Return where ``rect`` is not wholly transparent, (h, w) bool."""
        check_inside(self._info, rect, level)
        opaque = self._decoded()[1]
        return np.ones((rect.height, rect.width), bool) if opaque is None else opaque[rect.slices()].copy()

    def damage(self, level: int = 0) -> tuple[Rect, ...]:
        """Return nothing: a picture is decoded whole or not at all."""
        return ()

    def close(self) -> None:
        """Give the memory back."""
        with self._lock:
            self._whole = None

    def _decoded(self) -> tuple[Rgb, NDArray[np.bool_] | None]:
        """Return the picture on white, and where it is opaque unless it all is."""
        with self._lock:
            if self._whole is None:
                pixels = self._decode()
                opaque = pixels[..., 3] > 0 if pixels.shape[2] == 4 else None
                rgb = pixels if opaque is None else on_white(pixels)
                self._whole = rgb, None if opaque is None or opaque.all() else opaque
            return self._whole


def open_png(path: Path, mpp: float | None) -> RasterSlide:
    """Open a PNG; ``mpp`` is the user's pixel size, um/px."""
    name = shown_name(path)
    with path.open("rb") as stream:
        chunks = list(_png_chunks(stream, path.stat().st_size))
        stream.seek(16)
        head = stream.read(13)
    if not chunks or chunks[0] != b"IHDR" or chunks[-1] != b"IEND" or len(head) < 13:
        raise UnreadableSlide(f"{name}: the PNG is cut off; copy the file again")
    shape_px = int.from_bytes(head[4:8], "big"), int.from_bytes(head[:4], "big")
    kind, channels = _PNG_COLOUR_TYPES.get(head[9], ("unknown colours", 0))
    if head[8] != 8 or channels < 3:
        raise unsupported(name, f"uint{head[8]}", channels, f"PNG, {kind}")
    check_whole_px(name, shape_px)
    if shape_px[0] * shape_px[1] * channels > _DEFLATE_MOST * path.stat().st_size:
        raise _cannot_hold(name, shape_px, path)
    return RasterSlide(
        _info(path, shape_px, mpp, "png"), lambda: _decoded(path, shape_px, imagecodecs.png_decode)
    )


def open_jpeg(path: Path, mpp: float | None) -> RasterSlide:
    """Open a JPEG; ``mpp`` is the user's pixel size, um/px."""
    name = shown_name(path)
    stream = path.read_bytes()
    try:
        header = jpeg.read_header(stream)
    except ValueError as error:
        raise UnreadableSlide(f"{name}: the JPEG cannot be read ({error}); copy or export it again") from None
    if header.shape_px is None or stream.rfind(b"\xff\xd9") < header.scan_start:
        raise UnreadableSlide(f"{name}: the JPEG is cut off; copy the file again")
    if header.precision_bits != 8 or header.components != 3:
        kind = {1: "JPEG, grey", 4: "JPEG, CMYK"}.get(header.components, "JPEG")
        raise unsupported(name, f"uint{header.precision_bits}", header.components, kind)
    check_whole_px(name, header.shape_px)
    if header.shape_px[0] * header.shape_px[1] > _LOSSY_PX_PER_BYTE * len(stream):
        raise _cannot_hold(name, header.shape_px, path)
    shape_px = header.shape_px
    return RasterSlide(_info(path, shape_px, mpp, "jpeg"), lambda: _decoded(path, shape_px, jpeg.decode_rgb))


def open_webp(path: Path, mpp: float | None) -> RasterSlide:
    """Open a WebP; ``mpp`` is the user's pixel size, um/px."""
    name = shown_name(path)
    stream = path.read_bytes()
    try:
        header = webp.read_header(stream)
    except (ValueError, IndexError) as error:
        raise UnreadableSlide(f"{name}: the WebP cannot be read ({error}); copy the file again") from None
    if header.is_animated:
        raise unsupported(name, "uint8", 3, "WebP, animated")
    check_whole_px(name, header.shape_px)
    if header.shape_px[0] * header.shape_px[1] > _LOSSY_PX_PER_BYTE * len(stream):
        raise _cannot_hold(name, header.shape_px, path)
    shape_px = header.shape_px
    return RasterSlide(
        _info(path, shape_px, mpp, "webp"), lambda: _decoded(path, shape_px, imagecodecs.webp_decode)
    )


def _info(path: Path, shape_px: tuple[int, int], mpp: float | None, vendor: str) -> SlideInfo:
    size = believed_mpp(shown_name(path), [], mpp)
    return SlideInfo(path, shape_px, size.mpp, size.source, None, vendor, (shape_px,))


def _decoded(path: Path, shape_px: tuple[int, int], decode: Callable[[bytes], Pixels]) -> Pixels:
    try:
        pixels = decode(path.read_bytes())
    except (ValueError, RuntimeError, OSError) as error:
        raise UnreadableSlide(
            f"{shown_name(path)}: the picture cannot be decoded ({one_line(error)}); copy or export it again"
        ) from error
    if pixels.shape[:2] != shape_px or pixels.dtype != np.uint8 or pixels.shape[2:] not in ((3,), (4,)):
        raise UnreadableSlide(
            f"{shown_name(path)}: decodes to {pixels.shape} {pixels.dtype}; export it as 8-bit RGB"
        )
    return pixels


def _png_chunks(stream: BinaryIO, file_bytes: int) -> Iterator[bytes]:
    """Yield the names of the chunks that lie wholly in the file."""
    at = 8
    while at + 12 <= file_bytes:
        stream.seek(at)
        head = stream.read(8)
        at += 12 + int.from_bytes(head[:4], "big")
        if at > file_bytes:
            return
        yield head[4:]
        if head[4:] == b"IEND":
            return


def _cannot_hold(name: str, shape_px: tuple[int, int], path: Path) -> UnreadableSlide:
    return UnreadableSlide(
        f"{name}: declares {shape_px[1]} x {shape_px[0]} px in a file of {path.stat().st_size} bytes, which "
        "cannot hold them; copy the file again or export it anew"
    )
