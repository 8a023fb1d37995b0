"""Slides written by the tests, and the ways in which they are spoiled: bytes patched, cut, or made to lie."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import simplejpeg
import tifffile

MPP = 0.5
TAGS_OF_RESOLUTION = {"resolution": (1e4 / MPP, 1e4 / MPP), "resolutionunit": "CENTIMETER"}
Make = Callable[[Path], None]


BILLION_LAUGHS = (
    "<!DOCTYPE x [<!ENTITY a0 'ha'>{}]><OME><Image><Pixels PhysicalSizeX='&a9;'/></Image></OME>".format(
        "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 40}'>" for n in range(1, 10))
    )
)
"""OME-XML of a few hundred bytes that grows to gigabytes when its entities are put in."""


def write_tiff(path: Path, pixels: np.ndarray, **keywords: Any) -> None:
    """Write a tiled TIFF of 0.5 um/px; keywords are tifffile's."""
    keywords = {
        "photometric": "rgb",
        "tile": (128, 128),
        **TAGS_OF_RESOLUTION,
        "metadata": None,
        **keywords,
    }
    tifffile.imwrite(path, pixels, **keywords)


def write_svs(path: Path, pixels: np.ndarray, fields: str = "MPP = 0.5", **keywords: Any) -> None:
    """Write an Aperio slide whose description ends with ``fields``; it has no resolution tags."""
    description = (
        f"Aperio Image Library v12\r\n{pixels.shape[1]}x{pixels.shape[0]} JPEG/RGB Q=70|AppMag = 20|{fields}"
    )
    keywords = {"compression": "jpeg", "resolution": None, "resolutionunit": None, **keywords}
    write_tiff(path, pixels, description=description, **keywords)


def write_ome(path: Path, pixels: np.ndarray, size: object = MPP, unit: str = "µm", **keywords: Any) -> None:
    """Write an OME-TIFF whose XML states the pixel size; it has no resolution tags."""
    metadata = {
        "axes": "YXS",
        "PhysicalSizeX": size,
        "PhysicalSizeY": size,
        "PhysicalSizeXUnit": unit,
        "PhysicalSizeYUnit": unit,
    }
    keywords = {"compression": "deflate", "resolution": None, "resolutionunit": None, **keywords}
    write_tiff(path, pixels, ome=True, metadata=metadata, **keywords)


def places(path: Path, code: int, page: int = 0) -> tuple[int, int, int]:
    """Return where a tag's entry and its value begin, and the bytes of one value."""
    with tifffile.TiffFile(path) as tiff:
        tag = tiff.pages[page].tags[code]
        return tag.offset, tag.valueoffset, {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 13: 4, 16: 8}[int(tag.dtype)]


def patch(path: Path, at: int, content: bytes) -> None:
    """Overwrite bytes of a file."""
    with path.open("r+b") as stream:
        stream.seek(at)
        stream.write(content)


def patch_tag(path: Path, code: int, *values: int, page: int = 0) -> None:
    """Overwrite the first values of a tag, in the width that it has."""
    _, at, width = places(path, code, page)
    patch(path, at, b"".join(value.to_bytes(width, "little") for value in values))


def patch_count(path: Path, code: int, count: int) -> None:
    """Overwrite how many values a tag says it has."""
    entry, _, _ = places(path, code)
    big = path.read_bytes()[2] == 43
    patch(path, entry + 4, count.to_bytes(8 if big else 4, "little"))


def cut(path: Path, keep: float) -> None:
    """Keep so much of a file: a fraction up to 1, or that many bytes; less than nothing counts from the end."""
    content = path.read_bytes()
    kept = round(len(content) * keep) if 0 < keep < 1 else int(keep)
    path.write_bytes(content[:kept])


def loop_of_pages(path: Path) -> None:
    """Make the last page point back to the first."""
    with tifffile.TiffFile(path) as tiff:
        first, last = tiff.pages[0].offset, tiff.pages[-1]
        at = last.offset + 2 + 12 * len(last.tags)
    patch(path, at, struct.pack("<I", first))


def damage_tile(path: Path, index: int, page: int = 0, zeros: bool = False) -> None:
    """Overwrite the middle of a tile."""
    with tifffile.TiffFile(path) as tiff:
        offset, count = (tiff.pages[page].dataoffsets[index], tiff.pages[page].databytecounts[index])
    fill = b"\x00" if zeros else b"\xff\xd8\x00\xff"
    length = count // 2 // len(fill) * len(fill)
    patch(path, offset + count // 4, fill * (length // len(fill)))


def replace_tile(path: Path, index: int, content: bytes) -> None:
    """Append a tile to the file and let the table of tiles name it."""
    end = path.stat().st_size
    with path.open("ab") as stream:
        stream.write(content)
    for code, value in ((324, end), (325, len(content))):
        _, at, width = places(path, code)
        patch(path, at + index * width, value.to_bytes(width, "little"))


def zip_bomb(inflated: int = 2**30) -> bytes:
    """Return a zlib stream of a gigabyte of zeros, a thousand times smaller."""
    block = 2**20
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    part = packer.compress(bytes(block)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = (inflated % 65521) << 16 | 1
    return b"\x78\xda" + part * (inflated // block) + b"\x03\x00" + struct.pack(">I", checksum)


def png(width: int, height: int, body: bytes = b"", *extra: tuple[bytes, bytes]) -> bytes:
    """Return an 8-bit RGB PNG of that size with ``body`` as compressed rows and further chunks before it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        map(chunk, *zip((b"IHDR", header), *extra, (b"IDAT", body), (b"IEND", b""), strict=True))
    )


def chunk(name: bytes, content: bytes) -> bytes:
    """Return a PNG chunk with its length and checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def with_chunks(picture: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a picture as PNG with further chunks after its header."""
    plain = imagecodecs.png_encode(picture)
    return plain[:33] + b"".join(chunk(*one) for one in chunks) + plain[33:]


def huge_jpeg(side: int) -> bytes:
    """Return a JPEG of a few hundred bytes that declares so many pixels a side."""
    content = bytearray(simplejpeg.encode_jpeg(np.zeros((8, 8, 3), np.uint8)))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", side, side)
    return bytes(content)


def describe(path: Path, text: str) -> None:
    """Give the slide another description, at the end of the file."""
    entry, _, _ = places(path, 270)
    end = path.stat().st_size
    with path.open("ab") as stream:
        stream.write(text.encode() + b"\x00")
    patch(path, entry + 4, len(text.encode() + b"\x00").to_bytes(4, "little") + end.to_bytes(4, "little"))


def write_with_sub_page(path: Path, pixels: np.ndarray) -> None:
    """Write an OME-TIFF with one further level."""
    with tifffile.TiffWriter(path, ome=True) as writer:
        keywords = {"photometric": "rgb", "tile": (128, 128)}
        writer.write(pixels, subifds=1, metadata={"axes": "YXS", "PhysicalSizeX": MPP}, **keywords)
        writer.write(pixels[::2, ::2], subfiletype=1, **keywords)


def loop_of_sub_pages(path: Path) -> None:
    """Make the level point back to the page that it belongs to."""
    with tifffile.TiffFile(path) as tiff:
        patch_tag(path, 330, tiff.pages[0].offset)
