"""What is not a readable 8-bit RGB slide is refused when it is opened, in one line that says what to do."""

import contextlib
import re
import struct
import time
import zlib
from types import SimpleNamespace

import cv2
import imagecodecs
import numpy as np
import pytest
import simplejpeg
import tifffile

from mvd.errors import MvdError, UnreadableSlide, UnsupportedPixels
from mvd.geometry import Rect
from mvd.slide import open_slide, segments

ADVICE = re.compile(r"\b(copy|convert|export|check|give|run|pass)\b")


def refusal(path, error_class: type[MvdError]) -> str:
    with pytest.raises(error_class) as caught:
        open_slide(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(path.name.split("\n")[0])
    assert str(path.parent) not in message
    assert ADVICE.search(message)
    return message


@pytest.mark.parametrize(
    ("dtype", "shape", "photometric", "named"),
    [
        ("uint16", (256, 256, 3), "rgb", "uint16 with 3 channels"),
        ("float32", (256, 256, 3), "rgb", "float32 with 3 channels"),
        ("uint8", (256, 256), "minisblack", "uint8 with 1 channel"),
        ("uint8", (256, 256, 4), "separated", "SEPARATED"),
        ("uint8", (256, 256, 5), "rgb", "uint8 with 5 channels"),
        ("uint8", (4, 256, 256), "minisblack", "4 channels"),
    ],
)
def test_unsupported_pixels_are_named(write_tiff, dtype, shape, photometric, named):
    path = write_tiff(pixels=np.ones(shape, dtype), photometric=photometric, tile=(64, 64))
    assert named in refusal(path, UnsupportedPixels)


def test_palette_is_refused(write_tiff):
    path = write_tiff(pixels=np.zeros((64, 64), np.uint8), photometric="palette", tile=None,
                      colormap=np.zeros((3, 256), np.uint16))  # fmt: skip
    assert "PALETTE" in refusal(path, UnsupportedPixels)


def test_a_stack_of_pages_is_refused(write_pages, picture):
    path = write_pages("stack.tif", (picture, {"tile": (64, 64)}), (picture, {"tile": (64, 64)}))
    assert "2 pages" in refusal(path, UnsupportedPixels)


def test_ome_channels_are_refused(tmp_path):
    path = tmp_path / "fluorescence.ome.tif"
    tifffile.imwrite(
        path, np.zeros((3, 64, 64), np.uint8), photometric="minisblack", metadata={"axes": "CYX"}
    )
    assert "uint8 with 3 channels" in refusal(path, UnsupportedPixels)


@pytest.mark.parametrize(("colours", "kind"), [("Gray", "grey"), ("CMYK", "CMYK")])
def test_jpeg_colours(tmp_path, colours, kind):
    samples = np.zeros((64, 64, 1 if colours == "Gray" else 4), np.uint8)
    path = tmp_path / "a.jpg"
    space = {"colorspace": "GRAYSCALE", "outcolorspace": "GRAYSCALE"} if colours == "Gray" else {
        "colorspace": "CMYK", "outcolorspace": "CMYK"}  # fmt: skip
    path.write_bytes(imagecodecs.jpeg8_encode(samples.squeeze(), **space))
    assert kind in refusal(path, UnsupportedPixels)


@pytest.mark.parametrize(
    "pixels", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3), np.uint16), np.zeros((9, 9, 2), np.uint8)]
)
def test_png_colours(tmp_path, pixels):
    path = tmp_path / "a.png"
    path.write_bytes(imagecodecs.png_encode(pixels))
    assert "uint" in refusal(path, UnsupportedPixels)


def test_a_missing_codec_is_named(write_tiff, monkeypatch):
    path = write_tiff(compression="zstd")
    monkeypatch.setattr(segments, "TIFF", SimpleNamespace(DECOMPRESSORS={}))
    assert "no codec for zstd" in refusal(path, UnreadableSlide)


def test_a_compression_that_mvd_does_not_read_is_named(write_tiff):
    assert "LERC" in refusal(write_tiff(compression="lerc"), UnreadableSlide)


def test_real_fluorescence_is_refused_by_name(real_slide):
    assert "fluorescence" in refusal(real_slide("formats/fluorescence.ndpi"), UnsupportedPixels)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello, world\n",
        b"II*\x00",
        b"MM\x00*\xff\xff\xff\xff",
        b"II+\x00\x08\x00\x00\x00",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_no_slide_at_all(tmp_path, content):
    path = tmp_path / "a.svs"
    path.write_bytes(content)
    refusal(path, UnreadableSlide)


def test_folders_and_missing_files(tmp_path):
    (tmp_path / "folder.svs").mkdir()
    assert "folder" in refusal(tmp_path / "folder.svs", UnreadableSlide)
    assert "No such file" in refusal(tmp_path / "missing.svs", UnreadableSlide)


def test_a_thumbnail_is_not_taken_for_a_mirax_slide(tmp_path, picture):
    path = tmp_path / "case.mrxs"
    path.write_bytes(simplejpeg.encode_jpeg(picture))
    assert "MIRAX" in refusal(path, UnreadableSlide)


def test_a_name_with_a_line_end_stays_on_one_line(tmp_path):
    (tmp_path / "a\nb.svs").write_bytes(b"")
    assert "a\\nb.svs" in refusal(tmp_path / "a\nb.svs", UnreadableSlide)


@pytest.mark.parametrize("keep", [0.02, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("compression", [None, "jpeg", "lzw"])
@pytest.mark.parametrize("layout", [{"tile": (128, 128)}, {"tile": None, "rowsperstrip": 50}])
def test_a_cut_off_tiff_is_refused_when_opened(write_tiff, keep, compression, layout):
    path = write_tiff(compression=compression, **layout)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    refusal(path, UnreadableSlide)


def test_a_lost_second_page_is_noticed(write_pages, picture):
    """The parser alone would drop the level without a word."""
    small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    level = {"tile": (128, 128)}
    path = write_pages("a.tif", (picture, level), (small, {**level, "subfiletype": 1}))
    with tifffile.TiffFile(path) as tiff:
        assert len(tiff.pages) == 2
        second = tiff.pages[1].offset
        tags = len(tiff.pages[1].tags)
    content = path.read_bytes()
    assert "cut off" in refusal(_written(path, content[:second]), UnreadableSlide)
    assert "cut off" in refusal(_written(path, content[: second + 2 + 12 * tags]), UnreadableSlide)


def _written(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("keep", [0.3, 0.95])
def test_cut_off_pictures_are_refused_when_opened(tmp_path, picture, keep):
    for name, content in {
        "a.png": imagecodecs.png_encode(picture),
        "a.jpg": simplejpeg.encode_jpeg(picture),
    }.items():
        (tmp_path / name).write_bytes(content[: int(len(content) * keep)])
        assert "cut off" in refusal(tmp_path / name, UnreadableSlide)


def test_a_damaged_picture_is_refused_when_read(tmp_path, picture):
    content = bytearray(imagecodecs.png_encode(picture))
    content[len(content) // 2] ^= 0xFF
    (tmp_path / "a.png").write_bytes(content)
    slide = open_slide(tmp_path / "a.png")
    with pytest.raises(UnreadableSlide, match=r"a\.png"):
        slide.read(Rect(0, 0, 10, 10))


def _png(width, height, body=b""):
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", body),
        (b"IEND", b""),
    ]
    framed = [
        struct.pack(">I", len(c)) + name + c + struct.pack(">I", zlib.crc32(name + c)) for name, c in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


@pytest.mark.parametrize("side", [15_000, 200_000])
def test_a_huge_png_in_a_tiny_file_is_refused_at_once(tmp_path, side):
    path = tmp_path / "bomb.png"
    path.write_bytes(_png(side, side, zlib.compress(b"")))
    started = time.perf_counter()
    refusal(path, UnreadableSlide)
    assert time.perf_counter() - started < 2


def test_a_huge_jpeg_in_a_tiny_file_is_refused_at_once(tmp_path):
    content = bytearray(simplejpeg.encode_jpeg(np.zeros((8, 8, 3), np.uint8)))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", 19_000, 19_000)
    (tmp_path / "bomb.jpg").write_bytes(content)
    assert "cannot hold" in refusal(tmp_path / "bomb.jpg", UnreadableSlide)


def _patch_tag(path, code, value):
    with tifffile.TiffFile(path) as tiff:
        tag = tiff.pages[0].tags[code]
        at, width = tag.valueoffset, {3: 2, 4: 4}[int(tag.dtype)]
    content = bytearray(path.read_bytes())
    content[at : at + width] = value.to_bytes(width, "little")
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("layout", "tags"),
    [
        ({"tile": (128, 128)}, {256: 60_000, 257: 60_000}),
        ({"tile": (128, 128)}, {322: 60_000, 323: 60_000}),
        ({"tile": None, "rowsperstrip": 500}, {256: 60_000, 257: 60_000}),
        ({"tile": (128, 128)}, {256: 0}),
    ],
    ids=["pixels", "tiles", "strips", "nothing"],
)
def test_a_huge_declared_tiff_is_refused_at_once(write_tiff, layout, tags):
    path = write_tiff(compression="deflate", **layout)
    for code, value in tags.items():
        _patch_tag(path, code, value)
    started = time.perf_counter()
    refusal(path, UnreadableSlide)
    assert time.perf_counter() - started < 2


def test_a_tile_that_announces_a_huge_jpeg_is_damaged(write_tiff):
    path = write_tiff(compression="jpeg")
    content = bytearray(path.read_bytes())
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", 65_500, 65_500)
    path.write_bytes(content)
    with contextlib.closing(open_slide(path)) as slide:
        assert (slide.read(Rect(0, 0, 10, 10)) == 255).all()
        assert slide.damage() == (Rect(0, 0, 128, 128),)


def test_random_damage_never_escapes_as_another_error(write_tiff, picture):
    """Patched bytes all over the tables: a refusal or a picture, nothing else and never a crash."""
    path = write_tiff(compression="jpeg")
    content = path.read_bytes()
    rng = np.random.default_rng(3)
    refused = 0
    for _ in range(150):
        damaged = bytearray(content)
        for at in rng.integers(0, 420, 3):
            damaged[at] = rng.integers(0, 256)
        path.write_bytes(damaged)
        try:
            with contextlib.closing(open_slide(path)) as slide:
                slide.read(Rect(0, 0, *slide.info.shape_px).clipped((200, 200)))
        except MvdError:
            refused += 1
    assert refused > 30
