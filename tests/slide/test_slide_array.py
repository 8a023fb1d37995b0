"""A numpy array is measured as the same picture in a file is."""

import contextlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

import mvd
from mvd.errors import UnknownPixelSize, UnsupportedPixels
from mvd.geometry import Rect
from mvd.phantom import PhantomSpec, make_phantom
from mvd.report import write_slide
from mvd.slide import open_slide
from mvd.slide.array import ArraySlide


@pytest.fixture(scope="module")
def field() -> np.ndarray:
    """A small phantom, (h, w, 3) uint8 at 0.5 um/px."""
    return make_phantom(PhantomSpec(3, "clean", height_um=350, width_um=400, vessels_per_mm2=200)).rgb


@pytest.mark.parametrize("transparent", [False, True])
def test_the_files_of_an_array_are_those_of_its_png(field: np.ndarray, tmp_path: Path, transparent) -> None:
    pixels = field
    if transparent:
        alpha = np.full(field.shape[:2], 255, np.uint8)
        alpha[:200, :300] = 0
        pixels = np.dstack([field, alpha])
    path = tmp_path / "field.png"
    path.write_bytes(imagecodecs.png_encode(pixels))
    settings = mvd.Settings(slide={"mpp": 0.5})
    written = []
    for name, slide in (("array", pixels), ("file", path)):
        result = mvd.analyze(slide, settings, workers=1)
        hashes = write_slide(result, tmp_path / name, "field", "field")
        del hashes["candidates.npz"]  # holds what kind of file the slide was
        written.append(hashes)
        assert result.info.mpp_source == "user"
    assert written[0] == written[1], "the same hash of every file"
    assert len(written[0]) > 4
    assert result.summary["vessels"] > 2


def test_a_strided_array_reads_as_its_copy(field: np.ndarray) -> None:
    half = field[::2, ::2]
    rect = Rect(11, 7, 50, 60)
    np.testing.assert_array_equal(ArraySlide(half, 1.0).read(rect), half[rect.slices()])


def test_transparent_pixels_are_white_and_not_scanned() -> None:
    pixels = np.full((4, 6, 4), 100, np.uint8)
    pixels[..., 3] = [[0, 255, 128, 1, 0, 255]] * 4
    slide = ArraySlide(pixels, 0.5)
    whole = Rect(0, 0, 4, 6)
    assert slide.scanned(whole)[2].tolist() == [False, True, True, True, False, True]
    assert slide.read(whole)[2, :, 0].tolist() == [255, 100, 177, 254, 255, 100]
    assert slide.damage() == ()
    with pytest.raises(ValueError, match="not inside"):
        slide.read(Rect(0, 0, 5, 6))
    with pytest.raises(ValueError, match="level 1"):
        slide.scanned(whole, 1)


def test_without_a_pixel_size_it_says_what_to_set(field: np.ndarray) -> None:
    with pytest.raises(
        UnknownPixelSize, match=r"set slide\.mpp, for example Settings\(slide=\{'mpp': 0\.5\}\)"
    ):
        mvd.analyze(field)
    with pytest.raises(UnknownPixelSize, match="outside"):
        ArraySlide(field, 72.0)


@pytest.mark.parametrize(
    ("shape", "dtype", "named"),
    [
        ((20, 30), np.uint8, r"uint8 of shape \(20, 30\)"),
        ((3, 20, 30), np.uint8, r"\(3, 20, 30\)"),
        ((20, 30, 3), np.uint16, "uint16"),
        ((20, 30, 3), np.float64, "float64"),
        ((20, 30, 5), np.uint8, r"\(20, 30, 5\)"),
        ((0, 30, 3), np.uint8, "is empty"),
    ],
)
def test_other_arrays_are_refused_by_name(shape, dtype, named) -> None:
    with pytest.raises(UnsupportedPixels, match=named):
        mvd.analyze(np.zeros(shape, dtype), mvd.Settings(slide={"mpp": 0.5}))


@pytest.mark.parametrize("lossless", [True, False])
def test_webp_picture(tmp_path: Path, picture: np.ndarray, lossless: bool) -> None:
    encoded = imagecodecs.webp_encode(picture, level=95, lossless=lossless)
    (tmp_path / "a.webp").write_bytes(encoded)
    with contextlib.closing(open_slide(tmp_path / "a.webp", mpp=0.5)) as slide:
        assert (slide.info.vendor, slide.info.shape_px, slide.info.mpp) == ("webp", picture.shape[:2], 0.5)
        off = slide.read(Rect(0, 0, *picture.shape[:2])).astype(int) - picture
    assert np.abs(off).mean(axis=(0, 1)).max() <= (0 if lossless else 3.0)
    assert np.abs(off.mean(axis=(0, 1))).max() <= (0 if lossless else 0.7)


def test_transparent_webp(tmp_path: Path, picture: np.ndarray) -> None:
    alpha = np.full(picture.shape[:2], 255, np.uint8)
    alpha[:, :350] = 0
    (tmp_path / "a.webp").write_bytes(imagecodecs.webp_encode(np.dstack([picture, alpha]), lossless=True))
    with contextlib.closing(open_slide(tmp_path / "a.webp")) as slide:
        rgb, scanned = (
            slide.read(Rect(0, 0, *picture.shape[:2])),
            slide.scanned(Rect(0, 0, *picture.shape[:2])),
        )
    assert (rgb[:, :350] == 255).all()
    np.testing.assert_array_equal(rgb[:, 350:], picture[:, 350:])
    np.testing.assert_array_equal(scanned, alpha > 0)


def chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "little") + body + b"\x00" * (len(body) % 2)


def riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def test_webp_that_is_cut_off_animated_huge_or_damaged_is_refused(
    tmp_path: Path, picture: np.ndarray
) -> None:
    path = tmp_path / "a.webp"
    whole = imagecodecs.webp_encode(picture, lossless=True)

    def refusal(content: bytes, *, read: bool = False) -> str:
        path.write_bytes(content)
        with contextlib.ExitStack() as stack:
            if read:
                slide = stack.enter_context(contextlib.closing(open_slide(path, mpp=0.5)))
            with pytest.raises(mvd.MvdError) as caught:
                slide.read(Rect(0, 0, 10, 10)) if read else open_slide(path, mpp=0.5)
        return f"{caught.value.code}: {caught.value}"

    for keep in (0.3, 0.95):
        assert "cut off" in refusal(whole[: int(len(whole) * keep)])
    animated = riff(chunk(b"VP8X", bytes([2, 0, 0, 0]) + bytes([99, 0, 0]) * 2), chunk(b"ANIM", bytes(6)))
    assert refusal(animated).startswith(
        "unsupported_pixels: a.webp: pixels are uint8 with 3 channels (WebP, animated)"
    )
    bits = (16382) | (16382 << 14)
    assert "cannot hold" in refusal(riff(chunk(b"VP8L", b"\x2f" + bits.to_bytes(4, "little") + bytes(20))))
    assert "holds no picture" in refusal(riff(chunk(b"XXXX", bytes(8))))
    assert "holds no picture" in refusal(riff(chunk(b"VP8X", bytes(10))))
    assert "cannot be read" in refusal(riff(chunk(b"VP8X", bytes(3))))
    damaged = bytearray(whole)
    damaged[40 : len(damaged) // 2] = bytes(len(damaged) // 2 - 40)
    assert "unreadable" in refusal(bytes(damaged), read=True)
