"""The head of a WebP file: size, alpha and animation, and whether the file is whole; and its ICC profile.

Input: the bytes of a file. No pixel is decoded here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_VP8_START = b"\x9d\x01\x2a"
_VP8L_MARK = 0x2F
_ANIMATION_FLAG = 0x02


@dataclass(frozen=True)
class WebpHeader:
    """What a WebP file announces.

    Attributes
    ----------
    shape_px : (int, int)
        Height and width.
    is_animated : bool
    """

    shape_px: tuple[int, int]
    is_animated: bool


def read_header(stream: bytes) -> WebpHeader:
    """Read the head of a WebP file; ``ValueError`` for one that is cut off or no WebP."""
    chunks = dict(reversed(list(chunks_of(stream))))  # the first of each name
    if b"VP8X" in chunks:
        extended = chunks[b"VP8X"]
        width, height = (1 + int.from_bytes(extended[at : at + 3], "little") for at in (4, 7))
        is_animated = bool(extended[0] & _ANIMATION_FLAG) or b"ANIM" in chunks
        if len(extended) < 10 or not (is_animated or b"VP8 " in chunks or b"VP8L" in chunks):
            raise ValueError("it holds no picture")
        return WebpHeader((height, width), is_animated)
    return WebpHeader(_plain_shape(chunks), False)


def _plain_shape(chunks: dict[bytes, bytes]) -> tuple[int, int]:
    lossy, lossless = chunks.get(b"VP8 ", b""), chunks.get(b"VP8L", b"")
    if lossy[3:6] == _VP8_START and len(lossy) >= 10:
        width, height = (int.from_bytes(lossy[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        return height, width
    if lossless[:1] == bytes([_VP8L_MARK]) and len(lossless) >= 5:
        bits = int.from_bytes(lossless[1:5], "little")
        return 1 + (bits >> 14 & 0x3FFF), 1 + (bits & 0x3FFF)
    raise ValueError("it holds no picture")


def chunks_of(stream: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of each chunk; ``ValueError`` for a file that ends before its last chunk does."""
    if stream[:4] != b"RIFF" or stream[8:12] != b"WEBP":
        raise ValueError("no WebP start marker")
    stop = 8 + int.from_bytes(stream[4:8], "little")
    if stop > len(stream):
        raise ValueError(f"cut off: {len(stream)} of {stop} bytes")
    at = 12
    while at + 8 <= stop:
        length = int.from_bytes(stream[at + 4 : at + 8], "little")
        if at + 8 + length > stop:
            raise ValueError("cut off: a chunk lies beyond the end")
        yield stream[at : at + 4], stream[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
