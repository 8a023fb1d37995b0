"""The same picture in every compression has the same colours."""

import contextlib

import cv2
import imagecodecs
import numpy as np
import pytest
import simplejpeg
import tifffile

from mvd.geometry import Rect
from mvd.slide import open_slide


def whole(path, level=0):
    slide = open_slide(path)
    try:
        return slide.read(Rect(0, 0, *slide.info.level_shapes[level]), level)
    finally:
        slide.close()


@pytest.mark.parametrize("compression", [None, "lzw", "deflate", "zstd", "packbits", "lzma"])
@pytest.mark.parametrize("layout", [{"tile": (128, 128)}, {"tile": None, "rowsperstrip": 37}, {"tile": None}])
def test_lossless_is_identical(write_tiff, picture, compression, layout):
    path = write_tiff(compression=compression, bigtiff=compression == "zstd", **layout)
    np.testing.assert_array_equal(whole(path), picture)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", ["lzw", "deflate", "zstd"])
def test_predictor_and_byte_order(write_tiff, picture, compression, byteorder):
    path = write_tiff(compression=compression, predictor=True, byteorder=byteorder)
    np.testing.assert_array_equal(whole(path), picture)


@pytest.mark.parametrize(
    "keywords",
    [
        {"compressionargs": {"level": 97}},
        {"compressionargs": {"level": 97}, "subsampling": (1, 1)},
        {"compressionargs": {"level": 97}, "subsampling": (2, 1)},
        {"compressionargs": {"level": 97, "outcolorspace": "rgb"}},
    ],
    ids=["ycbcr-420", "ycbcr-444", "ycbcr-422", "rgb"],
)
@pytest.mark.parametrize("layout", [{"tile": (128, 128)}, {"tile": None, "rowsperstrip": 64}])
def test_jpeg_within_codec_tolerance(write_tiff, picture, keywords, layout):
    """What the codec may lose is the noise of the picture (sigma 2); it may not shift the colours."""
    got = whole(write_tiff(compression="jpeg", **keywords, **layout)).astype(int)
    assert np.abs(got - picture).mean(axis=(0, 1)).max() < 2.5
    assert np.abs((got - picture).mean(axis=(0, 1))).max() < 0.5


def _bare(stream):
    """Split a JPEG as Aperio does: a stream of tables and one of the rest, no APP marker, components 0, 1, 2."""
    tables, rest, at = bytearray(b"\xff\xd8"), bytearray(b"\xff\xd8"), 2
    while True:
        code, stop = stream[at + 1], at + 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
        segment = bytearray(stream[at:stop])
        if code in (0xC0, 0xDA):
            first, step = (10, 3) if code == 0xC0 else (5, 2)
            segment[first : first + 3 * step : step] = bytes(range(3))
        if code in (0xDB, 0xC4):
            tables += segment
        elif not 0xE0 <= code <= 0xEF:
            rest += segment
        at = stop
        if code == 0xDA:
            return bytes(tables + b"\xff\xd9"), bytes(rest + stream[at:])


@pytest.mark.parametrize("is_rgb", [True, False])
def test_jpeg_without_any_marker_has_the_colours_of_the_page(tmp_path, picture, is_rgb):
    """Aperio's tiles: no JFIF, no Adobe, tables in the page; RGB or YCbCr is told by the page alone."""
    tile = np.ascontiguousarray(picture[:256, :256])
    space = "RGB" if is_rgb else "YCBCR"
    encoded = imagecodecs.jpeg8_encode(tile, 95, colorspace="RGB", outcolorspace=space, subsampling="444")
    tables, bare = _bare(encoded)
    path = tmp_path / "bare.tif"
    tifffile.imwrite(
        path, iter([bare]), shape=tile.shape, dtype="uint8", tile=(256, 256), photometric="rgb",
        compression="jpeg", compressionargs={"outcolorspace": space}, subsampling=(1, 1), jpegtables=tables,
    )  # fmt: skip
    with tifffile.TiffFile(path) as tiff:
        assert tiff.pages[0].photometric == (2 if is_rgb else 6)
        assert tiff.pages[0].jpegtables == tables
    assert np.abs(whole(path).astype(int) - tile).mean(axis=(0, 1)).max() < 2


@pytest.mark.parametrize("compression", ["deflate", None, "jpeg"])
@pytest.mark.parametrize("layout", [{"tile": (128, 128)}, {"tile": None, "rowsperstrip": 64}])
def test_separate_planes(write_tiff, picture, compression, layout):
    planes = np.ascontiguousarray(np.moveaxis(picture, -1, 0))
    path = write_tiff(pixels=planes, planarconfig="separate", compression=compression, **layout)
    got = whole(path).astype(int)
    assert np.abs(got - picture).mean() < (2.5 if compression == "jpeg" else 1e-9)


@pytest.mark.parametrize("keywords", [{}, {"compression": "deflate"}, {"tile": None}])
def test_alpha_goes_onto_white(write_tiff, picture, keywords):
    alpha = np.zeros((*picture.shape[:2], 1), np.uint8)
    alpha[:, 350:] = 255
    alpha[:, 300:350] = 128
    rgba = np.concatenate([picture, alpha], axis=-1)
    got = whole(write_tiff(pixels=rgba, extrasamples=["unassalpha"], **keywords))
    np.testing.assert_array_equal(got[:, 350:], picture[:, 350:])
    assert (got[:, :300] == 255).all()
    half = picture[:, 300:350].astype(float) * 128 / 255 + 127
    assert np.abs(got[:, 300:350] - half).max() <= 1


def test_png_and_its_transparency(tmp_path, picture):
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(picture))
    np.testing.assert_array_equal(whole(tmp_path / "a.png"), picture)
    rgba = np.dstack([picture, np.zeros(picture.shape[:2], np.uint8)])
    rgba[:50, :, 3] = 255
    (tmp_path / "b.png").write_bytes(imagecodecs.png_encode(rgba))
    assert (whole(tmp_path / "b.png")[50:] == 255).all()
    with contextlib.closing(open_slide(tmp_path / "b.png")) as slide:
        scanned = slide.scanned(Rect(40, 0, 20, 7))
    assert scanned[:10].all()
    assert not scanned[10:].any()


def test_jpeg_picture(tmp_path, picture):
    (tmp_path / "a.jpg").write_bytes(simplejpeg.encode_jpeg(picture, quality=97, colorsubsampling="444"))
    assert np.abs(whole(tmp_path / "a.jpg").astype(int) - picture).mean() < 1.5


def test_content_decides_not_the_suffix(tmp_path, picture):
    (tmp_path / "really_png.svs").write_bytes(imagecodecs.png_encode(picture))
    np.testing.assert_array_equal(whole(tmp_path / "really_png.svs"), picture)


LAYOUTS = [{"tile": (128, 128)}, {"tile": None, "rowsperstrip": 64}]


@pytest.mark.parametrize("layout", LAYOUTS, ids=["tiles", "strips"])
@pytest.mark.parametrize(
    ("compression", "codes"),
    [
        ("jpeg2000", (34712,)),
        ("aperio_jp2000_rgb", (33005,)),
        ("webp", (50001, 34927)),
        ("jpegxl", (50002,)),
        ("jpegxl_dng", (52546,)),
    ],
)
def test_lossless_modern_codecs_are_identical(write_tiff, picture, compression, codes, layout):
    path = write_tiff(compression=compression, **layout)
    with tifffile.TiffFile(path) as tiff:
        assert tiff.pages[0].compression in codes
    np.testing.assert_array_equal(whole(path), picture)


@pytest.mark.parametrize("layout", LAYOUTS, ids=["tiles", "strips"])
@pytest.mark.parametrize(
    ("compression", "args"),
    [
        ("jpeg2000", {"level": 45}),
        ("aperio_jp2000_rgb", {"level": 45}),
        ("webp", {"level": 95, "lossless": False}),
        ("jpegxl", {"level": 95, "lossless": False}),
    ],
)
def test_lossy_codecs_shift_no_channel(write_tiff, picture, compression, args, layout):
    """What is lost is noise (sigma 2 in the picture); a channel's mean stays, so no stain gets stronger or weaker."""
    off = whole(write_tiff(compression=compression, compressionargs=args, **layout)).astype(int) - picture
    assert 0.05 < np.abs(off).mean(axis=(0, 1)).max() < 3
    assert np.abs(off.mean(axis=(0, 1))).max() < 0.7


@pytest.mark.parametrize("compression", ["lzw", "zstd", "packbits", "lzma", "jpeg2000", "jpegxl"])
def test_separate_planes_of_every_lossless_codec(write_tiff, picture, compression):
    planes = np.ascontiguousarray(np.moveaxis(picture, -1, 0))
    path = write_tiff(pixels=planes, planarconfig="separate", compression=compression)
    np.testing.assert_array_equal(whole(path), picture)


@pytest.mark.parametrize("compression", [None, "lzw", "zstd", "packbits", "jpeg2000", "webp", "jpegxl"])
def test_alpha_of_every_codec_with_it(write_tiff, picture, compression):
    """A transparent pixel is white and not scanned, whatever colour it hides."""
    alpha = np.full(picture.shape[:2], 255, np.uint8)
    alpha[100:300, 200:500] = 0
    path = write_tiff(
        pixels=np.dstack([picture, alpha]), extrasamples=["unassalpha"], compression=compression
    )
    with contextlib.closing(open_slide(path)) as slide:
        rect = Rect(0, 0, *picture.shape[:2])
        got, scanned = slide.read(rect), slide.scanned(rect)
    np.testing.assert_array_equal(scanned, alpha > 0)
    np.testing.assert_array_equal(got[scanned], picture[scanned])
    assert (got[~scanned] == 255).all()


def test_jpeg_2000_ycbcr_of_older_aperio(tmp_path, picture):
    """Compression 33003: YCbCr that the code stream itself does not tell."""
    tile = np.ascontiguousarray(picture[:256, :256])
    ycbcr = cv2.cvtColor(tile, cv2.COLOR_RGB2YCrCb)[..., [0, 2, 1]]
    stream = imagecodecs.jpeg2k_encode(np.ascontiguousarray(ycbcr), level=0, codecformat="j2k", mct=False)
    path = tmp_path / "old.svs"
    tifffile.imwrite(
        path, iter([stream]), shape=tile.shape, dtype="uint8", tile=(256, 256), photometric="rgb",
        compression="aperio_jp2000_ycbc", description="Aperio Image Library v9\r\n|AppMag = 20|MPP = 0.5",
        metadata=None,
    )  # fmt: skip
    assert np.abs(whole(path).astype(int) - tile).mean() < 1


@pytest.mark.parametrize("name", ["CMU-1-Small-Region.svs", "tcga_no_mpp.svs"])
def test_real_slides_pixel_by_pixel_against_openslide(real_slide, name):
    openslide = pytest.importorskip("openslide", reason="openslide is an extra")
    path = real_slide(f"formats/{name}")
    with openslide.OpenSlide(path) as reference, contextlib.closing(open_slide(path)) as slide:
        for level, shape in enumerate(slide.info.level_shapes):
            height, width = min(shape[0], 1100), shape[1]
            wanted = np.asarray(reference.read_region((0, 0), level, (width, height)))[..., :3].astype(int)
            got = slide.read(Rect(0, 0, height, width), level)
            assert np.abs(got - wanted).mean() < 0.05
