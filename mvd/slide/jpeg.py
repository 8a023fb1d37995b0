"""JPEG streams: the tables of a TIFF page spliced in, the colour space declared, decoded by libjpeg-turbo.

Input: the bytes of one tile or of a whole file. Output: (h, w, 3) uint8 sRGB. Nothing is decoded that its
header does not announce as 8-bit colour; the decoder's fast, inexact switches stay off.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import simplejpeg

from mvd.slide.base import Rgb

_SOI = b"\xff\xd8"
_EOI = b"\xff\xd9"
_START_OF_SCAN = 0xDA
_FRAME_CODES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_DECODABLE_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_BARE_CODES = frozenset({0x01, *range(0xD0, 0xD9)})


def _adobe_marker(transform: int) -> bytes:
    """Adobe APP14: transform 0 is RGB, 1 is YCbCr. Without it, libjpeg guesses YCbCr for three components."""
    return b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform])


@dataclass(frozen=True)
class JpegHeader:
    """What a stream announces before its first scan.

    Attributes
    ----------
    shape_px : (int, int) or None
        Height and width; None for a stream of tables only.
    components, precision_bits : int
    frame_code : int
        0xC0 baseline, 0xC1 extended, 0xC2 progressive; others cannot be decoded.
    declares_colour : bool
        Whether a JFIF or Adobe marker tells the colour space.
    scan_start : int
        Offset of the first scan, or the length of the stream.
    """

    shape_px: tuple[int, int] | None
    components: int
    precision_bits: int
    frame_code: int
    declares_colour: bool
    scan_start: int


def _segments(stream: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (marker code, start, stop of the segment's content) up to the first scan."""
    if not stream.startswith(_SOI):
        raise ValueError("no JPEG start marker")
    at = 2
    while at + 2 <= len(stream):
        if stream[at] != 0xFF:
            raise ValueError("broken JPEG header")
        code = stream[at + 1]
        if code == 0xFF or code in _BARE_CODES:
            at += 1 if code == 0xFF else 2
            continue
        length = int.from_bytes(stream[at + 2 : at + 4], "big")
        yield code, at + 4, at + 2 + length
        if code in (_START_OF_SCAN, 0xD9):
            return
        at += 2 + length


def read_header(stream: bytes) -> JpegHeader:
    """Read the markers of ``stream``; ``ValueError`` for something that is no JPEG."""
    shape_px, components, precision_bits, frame_code = None, 0, 0, 0
    declares_colour, scan_start = False, len(stream)
    for code, start, stop in _segments(stream):
        if code in _FRAME_CODES and stop <= len(stream):
            frame_code, precision_bits, components = code, stream[start], stream[start + 5]
            shape_px = (
                int.from_bytes(stream[start + 1 : start + 3], "big"),
                int.from_bytes(stream[start + 3 : start + 5], "big"),
            )
        elif code in (0xE0, 0xEE):
            declares_colour = declares_colour or stream[start : start + 5] in (b"JFIF\x00", b"Adobe")
        elif code == _START_OF_SCAN:
            scan_start = start
    return JpegHeader(shape_px, components, precision_bits, frame_code, declares_colour, scan_start)


def decode_rgb(stream: bytes) -> Rgb:
    """Decode a complete stream to (h, w, 3) uint8; ``ValueError`` for damage of any kind."""
    rgb: Rgb = simplejpeg.decode_jpeg(
        stream, colorspace="RGB", fastdct=False, fastupsample=False, strict=True
    )
    return rgb


class TileDecoder:
    """Decode the JPEG tiles of one TIFF page.

    The stream's own JFIF or Adobe marker tells the colour space; a tile with neither (Aperio) has the page's.

    Parameters
    ----------
    tables : bytes or None
        The page's JPEGTables: a stream of tables only, or nothing.
    is_rgb : bool
        Whether the page's photometric interpretation is RGB (else YCbCr).
    max_shape_px : (int, int)
        Height and width of a tile; a stream that announces more is refused before memory is taken.
    """

    def __init__(self, tables: bytes | None, is_rgb: bool, max_shape_px: tuple[int, int]) -> None:
        self._max_shape_px = max_shape_px
        declared = bool(tables) and read_header(tables or b"").declares_colour
        body = (tables or _SOI)[2:].removesuffix(_EOI)
        self._prefix = _SOI + body
        self._marked_prefix = self._prefix if declared else _SOI + _adobe_marker(0 if is_rgb else 1) + body

    def __call__(self, tile: bytes) -> Rgb:
        """Decode one tile to (h, w, 3) uint8; ``ValueError`` if it is damaged or not as declared."""
        header = read_header(tile)
        self._check(header)
        return decode_rgb((self._prefix if header.declares_colour else self._marked_prefix) + tile[2:])

    def _check(self, header: JpegHeader) -> None:
        if header.frame_code not in _DECODABLE_FRAMES or header.precision_bits != 8 or header.components != 3:
            raise ValueError("not a baseline or progressive 8-bit colour JPEG")
        if header.shape_px is None or not all(
            0 < got <= most for got, most in zip(header.shape_px, self._max_shape_px, strict=True)
        ):
            raise ValueError(f"JPEG of {header.shape_px} px in a tile of {self._max_shape_px}")
