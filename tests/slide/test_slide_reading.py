"""Any rectangle of any level, from any thread, is what the file holds; a bad tile is named."""

import contextlib
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mvd.errors import UnreadableSlide
from mvd.geometry import Rect
from mvd.slide import open_slide
from mvd.slide.cache import TileCache
from mvd.slide.levels import level_factor


def smaller(picture, factor):
    return cv2.resize(picture, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)


def rects(shape_px):
    def from_corners(corners):
        (top, bottom), (left, right) = sorted(corners[0]), sorted(corners[1])
        return Rect(top, left, bottom - top, right - left)

    pairs = [st.tuples(st.integers(0, side), st.integers(0, side)) for side in shape_px]
    return st.tuples(*pairs).map(from_corners)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rect=rects((500, 700)), layout=st.sampled_from(["tiles", "strips", "plain"]))
def test_any_rectangle_is_a_crop_of_the_whole(write_tiff, picture, rect, layout):
    keywords = {
        "tiles": {"tile": (96, 128), "compression": "lzw"},
        "strips": {"tile": None, "rowsperstrip": 41, "compression": "deflate"},
        "plain": {"tile": None},
    }[layout]
    with contextlib.closing(open_slide(write_tiff(**keywords))) as slide:
        np.testing.assert_array_equal(slide.read(rect), picture[rect.slices()])


@pytest.mark.parametrize(
    "rect", [Rect(-1, 0, 5, 5), Rect(0, 0, 501, 5), Rect(0, 699, 5, 2), Rect(5, 5, -1, 2)]
)
def test_outside_is_a_value_error(write_tiff, rect):
    with contextlib.closing(open_slide(write_tiff())) as slide:
        with pytest.raises(ValueError, match="not inside"):
            slide.read(rect)
        with pytest.raises(ValueError, match="level 1"):
            slide.read(Rect(0, 0, 1, 1), 1)


def test_reduced_tiled_pages_are_levels_and_nothing_else_is(write_pages, picture):
    level = {"tile": (128, 128)}
    path = write_pages(
        "a.tif",
        (picture, level),
        (smaller(picture, 4), {**level, "subfiletype": 1}),
        (smaller(picture, 2), {**level, "subfiletype": 1}),
        (smaller(picture, 2), {**level}),
        (smaller(picture, 5), {"tile": None, "subfiletype": 1}),
        (smaller(picture, 2.6), {**level, "subfiletype": 1}),
        (picture[:300, :300], {**level, "subfiletype": 1}),
    )
    with contextlib.closing(open_slide(path)) as slide:
        assert slide.info.level_shapes == ((500, 700), (250, 350), (125, 175))
        np.testing.assert_array_equal(
            slide.read(Rect(10, 20, 90, 80), 2), smaller(picture, 4)[10:100, 20:100]
        )


@pytest.mark.parametrize("ome", [True, False])
def test_sub_ifds_are_levels(tmp_path, picture, ome):
    path = tmp_path / "a.ome.tif"
    with tifffile.TiffWriter(path, ome=ome, bigtiff=True) as writer:
        keywords = {"photometric": "rgb", "tile": (128, 128), "compression": "zstd"}
        writer.write(picture, subifds=2, **keywords)
        for factor in (2, 4):
            writer.write(smaller(picture, factor), subfiletype=1, **keywords)
    with contextlib.closing(open_slide(path)) as slide:
        assert slide.info.level_shapes == ((500, 700), (250, 350), (125, 175))
        np.testing.assert_array_equal(slide.read(Rect(0, 0, 250, 350), 1), smaller(picture, 2))


def test_aperio_leaves_thumbnail_label_and_macro_alone(write_pages, picture):
    text = "Aperio Image Library v12\r\n700x500 (128x128) JPEG/RGB Q=70|AppMag = 20|MPP = 0.5"
    tiled = {"tile": (128, 128), "description": text}
    path = write_pages(
        "a.svs",
        (picture, tiled),
        (smaller(picture, 4), {"description": text}),
        (smaller(picture, 2), tiled),
        (np.zeros((250, 350, 3), np.uint8), {"tile": (64, 64), "description": "Aperio\r\nlabel 350x250"}),
        (np.zeros((125, 175, 3), np.uint8), {"tile": (64, 64), "description": "Aperio\r\nmacro 175x125"}),
    )
    with contextlib.closing(open_slide(path)) as slide:
        assert slide.info.level_shapes == ((500, 700), (250, 350))


@pytest.mark.parametrize(
    ("shape_px", "factor"),
    [
        ((8228, 11500), 4),
        ((1483, 1110), 2),
        ((741, 555), 4),
        ((768, 574), None),
        ((2967, 1110), None),
        ((0, 5), None),
        ((5000, 5000), None),
    ],
)
def test_level_factor(shape_px, factor):
    base = (32914, 46000) if shape_px[0] > 5000 else (2967, 2220)
    assert level_factor(shape_px, base) == factor


def test_from_several_threads(write_tiff, picture):
    places = [Rect(r, c, 90, 110) for r in range(0, 400, 30) for c in range(0, 580, 45)]
    with (
        contextlib.closing(open_slide(write_tiff(compression="lzw"))) as slide,
        ThreadPoolExecutor(8) as pool,
    ):
        for place, got in zip(places, pool.map(slide.read, places), strict=True):
            np.testing.assert_array_equal(got, picture[place.slices()])


def test_only_the_rim_is_kept(write_tiff):
    with contextlib.closing(open_slide(write_tiff(tile=(64, 64), compression="lzw"))) as slide:
        slide.read(Rect(0, 0, 448, 448))
        assert slide._cache.held_bytes == (7 * 7 - 3 * 3) * 64 * 64 * 3


def test_the_cache_forgets_the_oldest_and_holds_no_more_than_it_may():
    tiles = [np.full((10, 10, 3), value, np.uint8) for value in range(4)]
    cache = TileCache(3 * 300)
    for index in range(3):
        cache.put((0, index), tiles[index])
    assert cache.get((0, 0)) is tiles[0]
    cache.put((0, 3), tiles[3])
    assert cache.get((0, 1)) is None
    assert cache.get((0, 0)) is tiles[0]
    cache.put((0, 0), tiles[1])
    cache.put((1, 0), np.zeros((100, 100, 3), np.uint8))
    assert cache.held_bytes == 900
    cache.clear()
    assert cache.held_bytes == 0


def _tile_positions(path):
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0]
        return page.dataoffsets, page.databytecounts, page.tags[325]


def test_a_tile_that_was_not_scanned_is_background(write_tiff, picture):
    path = write_tiff(compression="lzw")
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tag = tiff.pages[0].tags[325]
        tag.overwrite([0, *tag.value[1:]])
    with contextlib.closing(open_slide(path)) as slide:
        got = slide.read(Rect(0, 0, 200, 200))
    assert (got[:128, :128] == 255).all()
    np.testing.assert_array_equal(got[128:], picture[128:200, :200])


@pytest.mark.parametrize("compression", ["jpeg", "deflate", "zstd"])
def test_a_corrupt_tile_is_named_and_the_others_still_read(write_tiff, picture, compression):
    path = write_tiff(compression=compression)
    offsets, counts, _ = _tile_positions(path)
    content = bytearray(path.read_bytes())
    content[offsets[7] + counts[7] // 3 : offsets[7] + counts[7]] = bytes(counts[7] - counts[7] // 3)
    path.write_bytes(content)
    with contextlib.closing(open_slide(path)) as slide:
        with pytest.raises(
            UnreadableSlide, match=r"slide\.tif: tile in row 1, column 1 of level 0"
        ) as caught:
            slide.read(Rect(0, 0, 300, 300))
        assert "\n" not in str(caught.value)
        got = slide.read(Rect(0, 256, 300, 100)).astype(int)
        assert np.abs(got - picture[:300, 256:356]).mean() < 3


def test_a_reading_error_that_passes_is_tried_again(write_tiff, picture, monkeypatch):
    with contextlib.closing(open_slide(write_tiff(compression="lzw"))) as slide:
        read_at, calls = slide._file.read_at, []

        def fails_once(offset, count):
            calls.append(offset)
            if len(calls) == 1:
                raise OSError("stale file handle")
            return read_at(offset, count)

        monkeypatch.setattr(slide._file, "read_at", fails_once)
        np.testing.assert_array_equal(slide.read(Rect(0, 0, 9, 9)), picture[:9, :9])
    assert calls == [calls[0]] * 2


def test_one_plain_strip_is_not_read_whole(tmp_path):
    path = tmp_path / "plain.tif"
    tifffile.imwrite(path, np.zeros((6000, 6000, 3), np.uint8), photometric="rgb")
    with contextlib.closing(open_slide(path)) as slide:
        tracemalloc.start()
        slide.read(Rect(3000, 3000, 10, 10))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 20e6


def test_decoders_are_imported_only_when_a_slide_is_opened():
    code = (
        "import sys, mvd.slide; print([m for m in ('tifffile', 'imagecodecs', 'numba') if m in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


def test_haloes_of_neighbours_decode_nothing_twice(write_tiff, picture, monkeypatch):
    with contextlib.closing(open_slide(write_tiff(tile=(32, 32), compression="lzw"))) as slide:
        decoded, calls = slide._decoded, []
        monkeypatch.setattr(
            slide, "_decoded", lambda grid, index: calls.append(index) or decoded(grid, index)
        )
        for row in range(0, 500, 192):
            for col in range(0, 700, 192):
                rect = Rect(row, col, 192, 192).grown(20).clipped((500, 700))
                np.testing.assert_array_equal(slide.read(rect), picture[rect.slices()])
    assert len(calls) == len(set(calls)) == 16 * 22
