"""Any rectangle of any level, from any thread, is what the file holds, and nothing is decoded twice."""

import contextlib
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mvd.geometry import Rect
from mvd.slide import at_mpp, open_slide
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


def test_what_was_not_announced_is_not_kept(write_tiff):
    with contextlib.closing(open_slide(write_tiff(tile=(64, 64), compression="lzw"))) as slide:
        slide.read(Rect(0, 0, 448, 448))
        assert slide._cache.held_bytes == 0


KEY, OTHER = (0, 1, 0), (0, 1, 1)


def test_a_tile_is_held_from_its_first_use_to_its_last():
    cache, tile, calls = TileCache(1000), np.zeros((10, 10, 3), np.uint8), []

    def decode():
        calls.append(1)
        return tile

    cache.expect([KEY, KEY, KEY, OTHER])
    held = []
    for _ in range(4):
        assert cache.tile(KEY, decode) is tile
        held.append(cache.held_bytes)
    assert held == [300, 300, 0, 0]
    assert len(calls) == 2
    assert cache.tile(OTHER, decode) is tile
    assert cache.held_bytes == 0


def test_the_cache_drops_the_oldest_and_never_the_newest():
    cache, calls = TileCache(700), []
    cache.expect([(0, 1, index) for index in range(4)] * 3)

    def ask(index, side=10):
        cache.tile((0, 1, index), lambda: calls.append(index) or np.zeros((side, side, 3), np.uint8))

    for index in (0, 1, 0, 2, 1, 2, 0):
        ask(index)
    assert calls == [0, 1, 2, 0]
    assert cache.held_bytes <= 700
    ask(3, side=100)
    assert cache.held_bytes == 30_000
    cache.clear()
    assert cache.held_bytes == 0


def test_threads_that_want_the_same_tile_decode_it_once():
    cache, calls, both = TileCache(1000), [], Barrier(2)
    tile = np.zeros((10, 10, 3), np.uint8)

    def decode():
        calls.append(1)
        time.sleep(0.05)
        return tile

    def ask():
        both.wait()
        return cache.tile(KEY, decode)

    cache.expect([KEY, KEY])
    with ThreadPoolExecutor(2) as pool:
        assert all(future.result() is tile for future in [pool.submit(ask), pool.submit(ask)])
    assert (len(calls), cache.held_bytes) == (1, 0)


def test_a_failure_reaches_all_who_wait_and_is_not_kept():
    cache = TileCache(1000)
    cache.expect([KEY, KEY])

    def fails():
        raise MemoryError

    with pytest.raises(MemoryError):
        cache.tile(KEY, fails)
    assert cache.tile(KEY, lambda: None) is None
    assert cache.held_bytes == 0


def test_a_tile_that_was_not_scanned_is_background(write_tiff, picture):
    path = write_tiff(compression="lzw")
    with tifffile.TiffFile(path, mode="r+") as tiff:
        for code in (324, 325):
            tag = tiff.pages[0].tags[code]
            tag.overwrite([0, *tag.value[1:]])
    with contextlib.closing(open_slide(path)) as slide:
        got = slide.read(Rect(0, 0, 200, 200))
    assert (got[:128, :128] == 255).all()
    np.testing.assert_array_equal(got[128:], picture[128:200, :200])


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


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_haloes_of_neighbours_decode_nothing_twice(write_tiff, picture, monkeypatch, factor):
    path = write_tiff(tile=(32, 32), compression="lzw", resolution=(40_000, 40_000), resolutionunit=3)
    with contextlib.closing(open_slide(path)) as slide:
        decoded, calls, most = slide._retried, [], 0
        monkeypatch.setattr(
            slide, "_retried", lambda level, index, do: calls.append(index) or decoded(level, index, do)
        )
        level = at_mpp(slide, 0.25 * factor)
        whole = level.read(Rect(0, 0, *level.shape_px))
        calls.clear()
        corners = [(row, col) for row in range(0, 500, 192) for col in range(0, 700, 192)]
        rects = [Rect(row, col, 192, 192).grown(20).clipped(level.shape_px) for row, col in corners]
        rects = [rect for rect in rects if rect.area_px]
        with level.expecting(rects):
            for rect in rects:
                np.testing.assert_array_equal(level.read(rect), whole[rect.slices()])
                most = max(most, slide._cache.held_bytes)
        assert slide._cache.held_bytes == 0
    assert len(calls) == len(set(calls)) == 16 * 22
    # rows of reduced tiles on both sides of the cut below the row of rectangles that is being read
    side = 32 if factor == 3 else 32 // factor
    assert most <= 5 * 23 * side * side * 3
