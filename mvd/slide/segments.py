"""One page of a TIFF -> where its tiles or strips lie and how one is decoded, or a refusal.

Input: a parsed page and the size of the file. Never reads pixels; afterwards all declared
tiles but a few are known to lie inside the file.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from tifffile import COMPRESSION, PHOTOMETRIC, TIFF, TiffPage

from mvd.errors import UnreadableSlide
from mvd.slide.base import Rgb
from mvd.slide.grid import Decode, TileGrid
from mvd.slide.jpeg import TileDecoder
from mvd.slide.pixels import check_whole_px, on_white, unsupported

_JPEG = 7
_APERIO_YCBCR_JPEG2000 = 33003
_END_OF_CODESTREAM = b"\xff\xd9"
_CODECS = {
    1: "none", 5: "LZW", 7: "JPEG", 8: "deflate", 32946: "deflate", 32773: "PackBits",
    33003: "JPEG 2000", 33005: "JPEG 2000", 34712: "JPEG 2000", 34925: "LZMA",
    50000: "zstd", 34926: "zstd", 50001: "WebP", 34927: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}  # fmt: skip
_MAX_TILE_PX = 64_000_000
_MAX_PX_PER_BYTE = 20_000
_MAX_LOST_PART = 0.01
_NOWHERE = 2**62
"""Offset of a tile that the tables have lost: beyond the end of any file, so that it counts as damage."""
_ROWS_BYTES = 4 * 2**20


def tile_grid(page: TiffPage, file_bytes: int, name: str) -> TileGrid:
    """Return the tiles of ``page``.

    Parameters
    ----------
    page : tifffile.TiffPage
    file_bytes : int
        Size of the file. Tiles beyond its end are left to be found damaged, up to one in a hundred.
    name : str
        The slide, for a message.

    Raises
    ------
    UnsupportedPixels
        For anything but 8-bit RGB, with or without alpha.
    UnreadableSlide
        For a compression without a codec, many tiles beyond the end of the file, or more pixels than it can hold.
    """
    _check_pixels(page, name)
    _check_codec(page, name)
    shape_px = (page.imagelength, page.imagewidth)
    tile_px = (page.tilelength, page.tilewidth) if page.is_tiled else (_strip_rows(page), page.imagewidth)
    _check_size(name, shape_px, tile_px, file_bytes)
    if page.is_contiguous and not page.is_tiled and page.planarconfig == 1:
        grid = _rows_of_plain_pixels(page, shape_px)
    else:
        grid = _coded_tiles(page, shape_px, tile_px, _positions(page, shape_px, tile_px, name))
    _check_inside_file(grid, file_bytes, name)
    return grid


def _strip_rows(page: TiffPage) -> int:
    return max(1, min(int(page.rowsperstrip), page.imagelength))


def _check_pixels(page: TiffPage, name: str) -> None:
    dtype = "unknown" if page.dtype is None else str(page.dtype)
    photometric = _word(PHOTOMETRIC, page.photometric)
    bits_ok = dtype == "uint8" and _all_equal(page.bitspersample, 8) and page.imagedepth == 1
    colour_ok = page.photometric == PHOTOMETRIC.RGB or (
        page.photometric == PHOTOMETRIC.YCBCR and _CODECS.get(page.compression) in ("JPEG", "JPEG 2000")
    )
    alpha_ok = page.samplesperpixel == 4 and tuple(page.extrasamples) in ((1,), (2,))
    if not (bits_ok and colour_ok and (page.samplesperpixel == 3 or alpha_ok)):
        raise unsupported(name, dtype, page.samplesperpixel, photometric)


def _all_equal(found: int | tuple[int, ...], wanted: int) -> bool:
    return all(value == wanted for value in (found if isinstance(found, tuple) else (found,)))


def _word(names: Any, code: int) -> str:
    """Return the tag's own word for ``code``, or the number where it has none."""
    return str(names(code).name) if code in set(names) else str(code)


def _check_codec(page: TiffPage, name: str) -> None:
    codec = _CODECS.get(page.compression)
    if codec is None:
        word = _word(COMPRESSION, page.compression)
        raise UnreadableSlide(
            f"{name}: compression {word} is not read by mvd; convert the slide to JPEG or LZW TIFF"
        )
    if page.compression not in (1, _JPEG) and page.compression not in TIFF.DECOMPRESSORS:
        raise UnreadableSlide(f"{name}: no codec for {codec} here; run `pip install --upgrade imagecodecs`")


def _check_size(name: str, shape_px: tuple[int, int], tile_px: tuple[int, int], file_bytes: int) -> None:
    """Refuse a size that such a small file cannot hold, before memory is taken for it."""
    height, width = shape_px
    if min(*shape_px, *tile_px) < 1 or height * width > _MAX_PX_PER_BYTE * file_bytes:
        raise UnreadableSlide(
            f"{name}: declares {width} x {height} px in a file of {file_bytes} bytes, which cannot "
            "hold them; copy the file again or export it anew"
        )
    if tile_px[0] == height and tile_px[1] == width:
        check_whole_px(name, shape_px)
    elif tile_px[0] * tile_px[1] > _MAX_TILE_PX:
        raise UnreadableSlide(
            f"{name}: tiles of {tile_px[1]} x {tile_px[0]} px are too large to decode at once; "
            "convert it to a TIFF with tiles of 256 to 1024 px"
        )


def _positions(
    page: TiffPage, shape_px: tuple[int, int], tile_px: tuple[int, int], name: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return offsets and byte counts as (planes, tiles) int64."""
    planes = page.samplesperpixel if page.planarconfig == 2 else 1
    tiles = -(-shape_px[0] // tile_px[0]) * -(-shape_px[1] // tile_px[1])
    if len(page.dataoffsets) != planes * tiles or len(page.databytecounts) != planes * tiles:
        raise UnreadableSlide(
            f"{name}: declares {planes * tiles} tiles but lists {len(page.dataoffsets)}; "
            "copy the file again or export it anew"
        )
    offsets = np.asarray(page.dataoffsets, np.int64).reshape(planes, tiles)
    byte_counts = np.asarray(page.databytecounts, np.int64).reshape(planes, tiles)
    # A tile that was not scanned has neither place nor length; one of the two alone is a damaged table.
    lost = (offsets > 0) != (byte_counts > 0)
    return np.where(lost, _NOWHERE, offsets), np.where(lost, 1, byte_counts)


def _check_inside_file(grid: TileGrid, file_bytes: int, name: str) -> None:
    scanned = grid.byte_counts > 0
    if not scanned.any():
        raise UnreadableSlide(
            f"{name}: none of its {scanned.size} tiles is in the file; copy or export it anew"
        )
    beyond = scanned & ((grid.offsets < 8) | (grid.offsets + grid.byte_counts > file_bytes))
    if beyond.sum() > _MAX_LOST_PART * beyond.size:
        raise UnreadableSlide(
            f"{name}: the file is cut off: {int(beyond.sum())} of {beyond.size} tiles lie beyond its end at "
            f"{file_bytes} bytes; copy the file again"
        )


def _rows_of_plain_pixels(page: TiffPage, shape_px: tuple[int, int]) -> TileGrid:
    """Cut uncompressed rows that follow each other into strips of a few MB, whatever the page declares."""
    height, width = shape_px
    samples = page.samplesperpixel
    row_bytes = width * samples
    rows = max(1, min(height, _ROWS_BYTES // row_bytes))
    rows = rows // 16 * 16 or rows  # whole blocks, where it is to be reduced
    starts = np.arange(0, height, rows, dtype=np.int64)
    byte_counts = (np.minimum(starts + rows, height) - starts) * row_bytes
    premultiplied = tuple(page.extrasamples) == (1,)

    def decode(parts: list[bytes], _index: int) -> NDArray[np.uint8]:
        return np.frombuffer(parts[0], np.uint8).reshape(-1, width, samples)

    offsets = page.dataoffsets[0] + starts * row_bytes
    return TileGrid(
        shape_px,
        (rows, width),
        offsets[None],
        byte_counts[None],
        lambda parts, index: _as_rgb(decode(parts, index), premultiplied),
        alpha=_alpha_decoder(decode) if samples == 4 else None,
    )


def _coded_tiles(
    page: TiffPage,
    shape_px: tuple[int, int],
    tile_px: tuple[int, int],
    positions: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> TileGrid:
    if page.compression == _JPEG and page.planarconfig == 1 and page.samplesperpixel == 3:
        jpeg = TileDecoder(page.jpegtables, page.photometric == PHOTOMETRIC.RGB, tile_px)
        return TileGrid(
            shape_px,
            tile_px,
            *positions,
            lambda parts, _index: jpeg(parts[0]),
            lambda parts, _index, factor: jpeg.reduced(parts[0], factor),
        )
    decode = _samples_decoder(page)
    premultiplied = tuple(page.extrasamples) == (1,)
    is_ycbcr = page.compression == _APERIO_YCBCR_JPEG2000 or (
        page.compression != _JPEG and page.photometric == PHOTOMETRIC.YCBCR
    )

    def decode_rgb(parts: list[bytes], index: int) -> Rgb:
        pixels = decode(parts, index)
        return _ycbcr_to_rgb(pixels) if is_ycbcr else _as_rgb(pixels, premultiplied)

    alpha = _alpha_decoder(decode) if page.samplesperpixel == 4 else None
    return TileGrid(shape_px, tile_px, *positions, decode_rgb, alpha=alpha)


def _samples_decoder(page: TiffPage) -> Decode:
    """Decode by tifffile's own rules: any codec, predictor and plane order."""
    decode_part = page.decode
    extra = (
        {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader} if page.compression == _JPEG else {}
    )

    must_end = _CODECS.get(page.compression) == "JPEG 2000"

    def decode(parts: list[bytes], index: int) -> NDArray[np.uint8]:
        # OpenJPEG takes what is left of a stream and makes up the rest, without a word.
        if must_end and not all(part.rstrip(b"\0").endswith(_END_OF_CODESTREAM) for part in parts):
            raise ValueError("the JPEG 2000 stream has no end")
        planes = [np.asarray(decode_part(part, index, **extra)[0], np.uint8)[0] for part in parts]
        return np.concatenate(planes, axis=-1) if len(planes) > 1 else planes[0]

    return decode


def _alpha_decoder(decode: Decode) -> Decode:
    def alpha(parts: list[bytes], index: int) -> NDArray[np.uint8]:
        samples: NDArray[np.uint8] = decode(parts, index)[..., 3]
        return samples

    return alpha


def _as_rgb(pixels: NDArray[np.uint8], premultiplied: bool) -> Rgb:
    return on_white(pixels, premultiplied=premultiplied) if pixels.shape[-1] == 4 else pixels


def _ycbcr_to_rgb(pixels: NDArray[np.uint8]) -> Rgb:
    """Convert by full-range BT.601, as in JFIF; Aperio's older JPEG 2000 is YCbCr without saying so."""
    luma, blue, red = np.moveaxis(pixels.astype(np.float32), -1, 0)
    blue, red = blue - 128, red - 128
    rgb = np.stack(
        [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue], axis=-1
    )
    rounded: Rgb = np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
    return rounded
