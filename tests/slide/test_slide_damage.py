"""A tile that cannot be decoded is white and named, and costs nothing that another level still holds."""

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import simplejpeg
import tifffile

from mvd.errors import UnreadableSlide
from mvd.geometry import Rect
from mvd.slide import at_mpp, open_slide
from mvd.slide.jpeg import decode_rgb, read_header

WHOLE = Rect(0, 0, 500, 700)
SIZE = {"resolution": (40_000, 40_000), "resolutionunit": "CENTIMETER"}


def opened(path):
    return contextlib.closing(open_slide(path))


def positions(path, page=0):
    with tifffile.TiffFile(path) as tiff:
        return tiff.pages[page].dataoffsets, tiff.pages[page].databytecounts


def zero_out(path, *indices, page=0):
    """Overwrite the last two thirds of tiles by zeros."""
    offsets, counts = positions(path, page)
    content = bytearray(path.read_bytes())
    for index in indices:
        start, stop = offsets[index] + counts[index] // 3, offsets[index] + counts[index]
        content[start:stop] = bytes(stop - start)
    path.write_bytes(content)
    return path


def overwrite_tag(path, code, index, value):
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tag = tiff.pages[0].tags[code]
        values = list(tag.value)
        values[index] = value
        tag.overwrite(values)


@pytest.mark.parametrize("compression", ["jpeg", "jpeg2000", "deflate", "zstd"])
def test_a_corrupt_tile_is_white_and_named_and_the_others_still_read(write_tiff, picture, compression):
    with opened(zero_out(write_tiff(compression=compression), 7)) as slide:
        assert slide.damage() == ()
        got = slide.read(WHOLE).astype(int)
        assert slide.damage() == (Rect(128, 128, 128, 128),)
        assert slide.scanned(WHOLE).all()
        np.testing.assert_array_equal(slide.read(WHOLE), got)
    assert (got[128:256, 128:256] == 255).all()
    others = np.ones(got.shape[:2], bool)
    others[128:256, 128:256] = False
    assert np.abs(got - picture)[others].mean() < 3


def test_what_was_not_read_is_not_told_and_the_order_is_that_of_the_slide(write_tiff):
    bad = (0, 5, 9, 17, 23)
    places = [Rect(row, col, 60, 60) for row in range(0, 440, 60) for col in range(0, 640, 60)]
    found = []
    for order in (places, places[::-1]):
        with opened(zero_out(write_tiff(compression="zstd"), *bad)) as slide, ThreadPoolExecutor(6) as pool:
            slide.read(Rect(0, 0, 10, 10))
            assert slide.damage() == (Rect(0, 0, 128, 128),)
            list(pool.map(slide.read, order))
            found.append(slide.damage())
    assert found[0] == found[1]
    corners = [(0, 0), (0, 640), (128, 384), (256, 640), (384, 640)]
    assert [(rect.row, rect.col) for rect in found[0]] == corners
    assert found[0][-1] == Rect(384, 640, 116, 60)


def test_a_reading_error_that_passes_is_tried_again_on_a_fresh_handle(write_tiff, picture):
    with opened(write_tiff(compression="lzw")) as slide:
        with open(os.devnull, "rb") as nothing:  # as dead as the handle of a share that was mounted anew
            os.dup2(nothing.fileno(), slide._file._stream.fileno())
        with pytest.raises(EOFError):
            slide._file.read_at(0, 100)
        np.testing.assert_array_equal(slide.read(WHOLE), picture)
        assert slide.damage() == ()


def test_a_file_that_became_another_one_is_refused(write_tiff):
    path = write_tiff(compression="jpeg")
    with opened(path) as slide:
        slide.read(Rect(0, 0, 9, 9))
        path.write_bytes(path.read_bytes()[:2000])
        with pytest.raises(UnreadableSlide, match=r"slide\.tif: the file has changed"):
            slide.read(WHOLE)
        path.unlink()
        with pytest.raises(UnreadableSlide, match=r"slide\.tif: cannot be opened again"):
            slide.read(WHOLE)


@pytest.mark.parametrize("compression", ["jpeg", "lzw"])
def test_a_file_cut_off_within_its_last_tiles_is_read_and_a_shorter_one_is_refused(
    write_tiff, picture, compression
):
    path = write_tiff(tile=(48, 48), compression=compression)
    offsets, _ = positions(path)
    content = path.read_bytes()
    assert len(offsets) == 165
    path.write_bytes(content[: offsets[-1] + 10])
    with opened(path) as slide:
        got = slide.read(WHOLE)
        assert slide.damage() == (Rect(480, 672, 20, 28),)
        assert (got[480:, 672:] == 255).all()
        assert np.abs(got[:480].astype(int) - picture[:480]).mean() < 3
    path.write_bytes(content[: offsets[-2] + 10])
    with pytest.raises(UnreadableSlide, match="cut off: 2 of 165 tiles"):
        open_slide(path)


def test_absurd_positions_cost_one_tile_and_no_memory(write_tiff, picture):
    path = write_tiff(tile=(48, 48), compression="deflate", bigtiff=True)
    overwrite_tag(path, 324, 3, 2**62)
    with opened(path) as slide:
        assert (slide.read(WHOLE)[:48, 144:192] == 255).all()
        assert slide.damage() == (Rect(0, 144, 48, 48),)
    path = write_tiff(tile=(48, 48), compression="deflate", name="long.tif")
    with path.open("ab") as stream:
        stream.truncate(2**30)
    overwrite_tag(path, 325, 3, 2**29)
    with opened(path) as slide:
        slide.read(WHOLE)
        assert slide.damage() == (Rect(0, 144, 48, 48),)


def test_what_was_not_scanned_is_no_damage(write_tiff):
    path = write_tiff(compression="lzw")
    overwrite_tag(path, 324, 1, 0)
    overwrite_tag(path, 325, 1, 0)
    with opened(path) as slide:
        assert (slide.read(WHOLE)[:128, 128:256] == 255).all()
        assert slide.damage() == ()
        scanned = slide.scanned(Rect(100, 100, 100, 200))
    expected = np.ones((100, 200), bool)
    expected[:28, 28:156] = False
    np.testing.assert_array_equal(scanned, expected)


@pytest.mark.parametrize("code", [324, 325])
def test_a_tile_without_its_place_or_its_length_is_damage(write_tiff, code):
    """Zeros over a part of one table are no sparse slide: tissue went missing there."""
    path = write_tiff(tile=(48, 48), compression="deflate")
    overwrite_tag(path, code, 3, 0)
    with opened(path) as slide:
        assert slide.scanned(WHOLE).all()
        assert (slide.read(WHOLE)[:48, 144:192] == 255).all()
        assert slide.damage() == (Rect(0, 144, 48, 48),)


@pytest.mark.parametrize("layout", [{"compression": "zstd"}, {"tile": None}, {"planarconfig": "separate"}])
def test_transparent_pixels_were_not_scanned(write_tiff, picture, layout):
    alpha = np.full((500, 700), 255, np.uint8)
    alpha[100:300, 200:333] = 0
    alpha[310, 400:500] = 1
    rgba = np.dstack([picture, alpha])
    if layout.get("planarconfig"):
        rgba = np.moveaxis(rgba, -1, 0)
    with opened(write_tiff(pixels=rgba, extrasamples=["unassalpha"], **SIZE, **layout)) as slide:
        np.testing.assert_array_equal(slide.scanned(WHOLE), alpha > 0)
        part = Rect(77, 111, 233, 301)
        np.testing.assert_array_equal(slide.scanned(part), alpha[part.slices()] > 0)
        coarse = at_mpp(slide, 0.75).scanned(Rect(10, 20, 120, 200))
    blocks = (alpha > 0)[:498, :699].reshape(166, 3, 233, 3).all(axis=(1, 3))
    np.testing.assert_array_equal(coarse, blocks[10:130, 20:220])


def pyramid(write_pages, picture, compression="zstd"):
    """Write levels 1, 1/2 and 1/4 at 0.25 um/px, tiles of 64 px."""
    sizes = [picture, *(picture[::step, ::step] for step in (2, 4))]
    level = {"tile": (64, 64), "compression": compression, **SIZE}
    pages = [(np.ascontiguousarray(own), {**level, "subfiletype": int(k > 0)}) for k, own in enumerate(sizes)]
    return write_pages("pyramid.tif", *pages)


def test_a_finer_level_stands_in_for_a_damaged_one(write_pages, picture):
    path = zero_out(pyramid(write_pages, picture), 2, page=2)
    zero_out(path, 4, page=1)
    with opened(path) as slide:
        level = at_mpp(slide, 1.0)
        assert (level.level, level.factor) == (2, 1)
        got = level.read(Rect(0, 0, *level.shape_px))
        assert level.damage() == ()
        assert slide.damage(2) == (Rect(0, 128, 64, 47),)
        assert slide.damage(1) == (Rect(0, 256, 64, 64),)
        assert slide.damage(0) == ()
    expected = picture[::4, ::4].copy()
    half, whole = (picture[:: 4 // k, :: 4 // k].astype(int) for k in (2, 4))
    mean_2 = (half[:128, :350].reshape(64, 2, 175, 2, 3).sum(axis=(1, 3)) + 2) // 4
    mean_4 = (whole[:128, :700].reshape(32, 4, 175, 4, 3).sum(axis=(1, 3)) + 8) // 16
    expected[:64, 128:175] = mean_2[:, 128:175]
    expected[:32, 128:160] = mean_4[:, 128:160]
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("factor", [1, 2, 3, 6])
@pytest.mark.parametrize("compression", ["jpeg", "lzw"])
def test_damage_at_a_reduced_size_is_the_same_for_every_rectangle(write_tiff, compression, factor):
    path = zero_out(write_tiff(tile=(64, 64), compression=compression, **SIZE), 15)
    with opened(path) as slide:
        level = at_mpp(slide, 0.25 * factor)
        whole = level.read(Rect(0, 0, *level.shape_px))
        (lost,) = level.damage()
        start, stop = (64 * k // factor for k in (1, 2))
        assert (lost.row, lost.row_stop) == (start, -(-128 // factor))
        assert (whole[lost.row + 1 : stop, 64 * 4 // factor + 1 : 64 * 5 // factor] == 255).all()
    with opened(path) as slide:
        level = at_mpp(slide, 0.25 * factor)
        for row in range(0, level.shape_px[0], 37):
            for col in range(0, level.shape_px[1], 41):
                rect = Rect(row, col, 37, 41).clipped(level.shape_px)
                np.testing.assert_array_equal(level.read(rect), whole[rect.slices()])
        assert level.damage() == (lost,)


@pytest.mark.parametrize(("quality", "sampling"), [(75, "420"), (80, "422"), (90, "444")])
def test_how_much_damage_a_jpeg_decoder_notices(picture, quality, sampling):
    """A tile that ends early is always noticed; of flipped bits, that leave a valid JPEG, only some are."""
    stream = simplejpeg.encode_jpeg(np.ascontiguousarray(picture[:256, :256]), quality, "RGB", sampling)
    start = read_header(stream).scan_start
    rng = np.random.default_rng(5)

    def noticed(changed):
        with contextlib.suppress(ValueError):
            decode_rgb(bytes(changed))
            return False
        return True

    cuts = rng.integers(start, len(stream) - 2, 100)
    assert all(noticed(stream[:cut]) for cut in cuts)
    assert all(noticed(stream[:cut] + bytes(len(stream) - cut)) for cut in cuts)
    flipped = []
    for at in rng.integers(start, len(stream) - 2, 300):
        changed = bytearray(stream)
        changed[at] ^= 1 << int(rng.integers(8))
        flipped.append(noticed(changed))
    assert 0.04 < np.mean(flipped) < 0.75


def test_reduced_tiles_are_as_watchful_as_full_ones(write_tiff, picture):
    """The decoder that skips coefficients reads the whole stream all the same."""
    path = write_tiff(compression="jpeg", tile=(64, 64), **SIZE)
    offsets, counts = positions(path)
    rng = np.random.default_rng(3)
    content = bytearray(path.read_bytes())
    for offset, count in zip(offsets, counts, strict=True):
        content[offset + int(rng.integers(count // 3, count))] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)
    found = []
    for factor in (1, 2, 4, 8):
        with opened(path) as slide:
            level = at_mpp(slide, 0.25 * factor)
            level.read(Rect(0, 0, *level.shape_px))
            found.append({(rect.row, rect.col) for rect in slide.damage()})
    assert 5 < len(found[0]) < 80
    # a factor leaves out the tiles that hold no whole block
    for factor, own in zip((2, 4, 8), found[1:], strict=True):
        inside = {(r, c) for r, c in found[0] if r + factor <= 500 and c + factor <= 700}
        assert own == inside


def test_a_smaller_picture_of_the_same_is_used_at_its_own_size(write_pages, picture):
    """No stand-in where nothing is damaged: the coarse level's own pixels."""
    small = cv2.resize(picture, (350, 250), interpolation=cv2.INTER_NEAREST)
    level = {"tile": (64, 64), **SIZE}
    path = write_pages("two.tif", (picture, level), (small, {**level, "subfiletype": 1}))
    with opened(path) as slide:
        np.testing.assert_array_equal(at_mpp(slide, 0.5).read(Rect(0, 0, 250, 350)), small)
