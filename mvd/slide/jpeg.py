"""JPEG streams: the tables of a TIFF page spliced in, the colour space declared, decoded by libjpeg-turbo.

Input: the bytes of one tile or of a whole file. Output: (h, w, 3) uint8 sRGB, also at a reduced size. Nothing is
decoded that its header does not announce as 8-bit colour; the decoder's fast, inexact switches stay off.

A JPEG has no checksum: the decoder notices data that end too early or too late, and what is no code at all. Of
single flipped bits in tissue it notices one in seven or so; of the others a third change nothing that can be seen,
and half of the rest a block or two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd

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
    even : bool
        Whether colour is sampled as often across as down (4:4:4 and 4:2:0, not 4:2:2).
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
    even: bool
    frame_code: int
    declares_colour: bool
    scan_start: int


def segments(stream: bytes) -> Iterator[tuple[int, int, int]]:
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
    shape_px, components, precision_bits, frame_code, even = None, 0, 0, 0, True
    declares_colour, scan_start = False, len(stream)
    for code, start, stop in segments(stream):
        if code in _FRAME_CODES and stop <= len(stream):
            frame_code, precision_bits, components = code, stream[start], stream[start + 5]
            shape_px = (
                int.from_bytes(stream[start + 1 : start + 3], "big"),
                int.from_bytes(stream[start + 3 : start + 5], "big"),
            )
            factors = stream[start + 7 : stop : 3]
            across, down = ([value >> shift & 15 for value in factors] for shift in (4, 0))
            even = all(max(across) * y == max(down) * x for x, y in zip(across, down, strict=True))
        elif code in (0xE0, 0xEE):
            declares_colour = declares_colour or stream[start : start + 5] in (b"JFIF\x00", b"Adobe")
        elif code == _START_OF_SCAN:
            scan_start = start
    return JpegHeader(shape_px, components, precision_bits, even, frame_code, declares_colour, scan_start)


def decode_rgb(stream: bytes, min_shape_px: tuple[int, int] = (0, 0)) -> Rgb:
    """Decode a complete stream to (h, w, 3) uint8; ``ValueError`` for damage that the decoder notices.

    With ``min_shape_px`` the decoder itself reduces the picture, to the smallest n/8 that is not smaller.
    """
    height, width = min_shape_px
    rgb: Rgb = simplejpeg.decode_jpeg(
        stream,
        colorspace="RGB",
        fastdct=False,
        fastupsample=False,
        min_height=height,
        min_width=width,
        strict=True,
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
        # The tiles of a page begin alike: what one announced holds for the next.
        self._last = b"", JpegHeader(None, 0, 0, True, 0, False, 0)
        self._marked_prefix = self._prefix if declared else _SOI + _adobe_marker(0 if is_rgb else 1) + body

    def __call__(self, tile: bytes) -> Rgb:
        """Decode one tile to (h, w, 3) uint8; ``ValueError`` if it is damaged or not as declared."""
        return decode_rgb(self._whole_stream(tile, self._checked(tile)))

    def reduced(self, tile: bytes, factor: int) -> Rgb:
        """Decode one tile to (h // factor, w // factor, 3) uint8, each pixel the mean of its block, or nearly.

        The decoder does halves, quarters and eighths itself, from the coefficients that matter: within a level or
        two of the mean of the decoded block, at less cost. The rest of the factor is an exact block mean. So is all
        of it at 4:2:2, where the decoder would halve the colour across once more than the brightness.
        """
        header = self._checked(tile)
        stream, shape_px = self._whole_stream(tile, header), header.shape_px or (0, 0)
        own = gcd(factor, *shape_px, 8 if header.even else 1)
        rgb = decode_rgb(stream, (shape_px[0] // own, shape_px[1] // own) if own > 1 else (0, 0))
        if rgb.shape[:2] != (shape_px[0] // own, shape_px[1] // own):
            raise ValueError(f"JPEG of {shape_px} px reduced by {own} to {rgb.shape[:2]}")
        if factor == own:
            return rgb
        from mvd.slide.blockmean import block_mean

        return block_mean(rgb, factor // own)

    def _whole_stream(self, tile: bytes, header: JpegHeader) -> bytes:
        return (self._prefix if header.declares_colour else self._marked_prefix) + tile[2:]

    def _checked(self, tile: bytes) -> JpegHeader:
        known, header = self._last
        if known and tile.startswith(known):
            return header
        header = read_header(tile)
        if header.frame_code not in _DECODABLE_FRAMES or header.precision_bits != 8 or header.components != 3:
            raise ValueError("not a baseline or progressive 8-bit colour JPEG")
        if header.shape_px is None or not all(
            0 < got <= most for got, most in zip(header.shape_px, self._max_shape_px, strict=True)
        ):
            raise ValueError(f"JPEG of {header.shape_px} px in a tile of {self._max_shape_px}")
        if header.scan_start < len(tile):
            self._last = tile[: header.scan_start], header
        return header
