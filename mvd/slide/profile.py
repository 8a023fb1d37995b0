"""A slide file -> the ICC profile that it embeds, as it stands there.

Nothing else is read: of the file's other metadata not a word. Whether the profile makes sense is for ``icc.py``.
"""

import zlib
from pathlib import Path

from mvd.errors import MissingDependency
from mvd.slide import jpeg, signature, webp
from mvd.slide.base import SlideInfo

MOST_PROFILE_BYTES = 32 * 2**20
_TIFF_TAG = 34675
_TIFF_VENDORS = ("aperio", "tiff", "ome-tiff", "qptiff")
_WITHOUT = ("ome-zarr", "array")
_JPEG_START = b"ICC_PROFILE\x00"
_APP2 = 0xE2


def embedded_profile(info: SlideInfo) -> bytes | None:
    """Return the ICC profile of a slide, None where it embeds none.

    Raises
    ------
    ValueError
        The profile, or what holds it, is damaged.
    OSError
        The file cannot be read.
    """
    if info.vendor in _WITHOUT:
        return None
    if info.vendor in _TIFF_VENDORS:
        return _of_tiff(info.path)
    family = signature.family_of(signature.head_of(info.path), info.path)
    if family == signature.PNG and info.vendor == "png":
        return _of_png(info.path)
    if family == signature.JPEG and info.vendor == "jpeg":
        return _of_jpeg(info.path.read_bytes())
    if family == signature.WEBP:
        return next((body for name, body in webp.chunks_of(info.path.read_bytes()) if name == b"ICCP"), None)
    return _of_openslide(info.path)


def _of_tiff(path: Path) -> bytes | None:
    from tifffile import TiffFile

    with TiffFile(path) as tiff:
        tag = tiff.pages.first.tags.get(_TIFF_TAG)
        return bytes(tag.value) if tag else None


def _of_png(path: Path) -> bytes | None:
    """Read the iCCP chunk, which stands before the pixels: a name, a zero, the method 0, and a deflated profile."""
    with path.open("rb") as stream:
        stream.seek(8)
        while len(head := stream.read(8)) == 8 and head[4:] not in (b"IDAT", b"IEND"):
            length = int.from_bytes(head[:4], "big")
            if head[4:] != b"iCCP":
                stream.seek(length + 4, 1)
                continue
            _, _, rest = stream.read(min(length, MOST_PROFILE_BYTES)).partition(b"\x00")
            try:
                return zlib.decompressobj().decompress(rest[1:], MOST_PROFILE_BYTES)
            except zlib.error as error:
                raise ValueError(f"broken iCCP chunk: {error}") from None
    return None


def _of_jpeg(stream: bytes) -> bytes | None:
    """Join the APP2 segments: each begins with its number, from 1, and how many there are."""
    parts = {}
    for code, start, stop in jpeg.segments(stream):
        content = stream[start:stop]
        if code == _APP2 and content.startswith(_JPEG_START) and len(content) > len(_JPEG_START) + 2:
            number, count = content[len(_JPEG_START) : len(_JPEG_START) + 2]
            parts[number] = (count, content[len(_JPEG_START) + 2 :])
    if not parts:
        return None
    count = next(iter(parts.values()))[0]
    if sorted(parts) != list(range(1, count + 1)):
        raise ValueError(f"{len(parts)} of {count} parts of the profile are there")
    return b"".join(parts[number][1] for number in range(1, count + 1))


def _of_openslide(path: Path) -> bytes | None:
    """Ask OpenSlide, which finds the profile of DICOM and the vendors' TIFFs; its binding needs Pillow for it."""
    from mvd.slide.openslide import library

    try:
        with library().OpenSlide(path) as slide:
            profile = slide.color_profile
            return None if profile is None else bytes(profile.tobytes())
    except ImportError as error:
        raise MissingDependency(
            "ICC profiles through OpenSlide need Pillow; run pip install pillow"
        ) from error
