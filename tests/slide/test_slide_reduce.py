"""A slide at the analysis pixel size is an exact block mean, whatever rectangle is asked for."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mvd.errors import TooCoarse, UnknownPixelSize
from mvd.geometry import Rect
from mvd.slide import SlideInfo, at_mpp, open_slide
from mvd.slide import reduce as reduce_module
from mvd.slide.blockmean import block_mean


def exact_mean(rgb, factor):
    height, width = rgb.shape[0] // factor, rgb.shape[1] // factor
    blocks = rgb[: height * factor, : width * factor].reshape(height, factor, width, factor, 3)
    total, count = blocks.sum(axis=(1, 3), dtype=np.int64), factor * factor
    return ((2 * total + count) // (2 * count)).astype(np.uint8)


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 5, 7, 8, 16, 33])
def test_block_mean_is_exact_with_halves_up(factor):
    rng = np.random.default_rng(factor)
    rgb = rng.integers(0, 256, (factor * 20, factor * 30, 3)).astype(np.uint8)
    np.testing.assert_array_equal(block_mean(rgb, factor), exact_mean(rgb, factor))


@pytest.mark.parametrize("factor", [2, 3, 64, 700, 1024])
@pytest.mark.parametrize("values", [(0, 0), (255, 255), (254, 255), (0, 255)])
def test_block_mean_of_extremes(factor, values):
    rgb = np.resize(np.array(values, np.uint8), (factor, factor, 3))
    np.testing.assert_array_equal(block_mean(rgb, factor), exact_mean(rgb, factor))


def test_every_possible_sum_is_divided_exactly():
    """All sums of a 3 x 3 block and of a 2 x 2 block."""
    for factor in (2, 3):
        count = factor * factor
        sums = np.arange(255 * count + 1)
        values = np.stack([(sums + i) // count for i in range(count)], axis=-1).astype(np.uint8)
        rgb = values.reshape(-1, factor, factor).transpose(1, 0, 2).reshape(factor, -1)
        got = block_mean(np.repeat(rgb[..., None], 3, axis=-1), factor)[0, :, 0]
        np.testing.assert_array_equal(got, (2 * sums + count) // (2 * count))


@pytest.fixture(scope="module")
def slide(tmp_path_factory, picture):
    path = tmp_path_factory.mktemp("reduce") / "slide.tif"
    tifffile.imwrite(path, picture, photometric="rgb", tile=(80, 96), compression="zstd",
                     resolution=(40_000, 40_000), resolutionunit="CENTIMETER")  # fmt: skip
    with contextlib.closing(open_slide(path)) as opened:
        yield opened


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), factor=st.integers(1, 9), stripe_bytes=st.sampled_from([1, 20_000, 10**8]))
def test_any_rectangle_is_a_crop_of_the_whole(slide, picture, data, factor, stripe_bytes):
    level = at_mpp(slide, 0.25 * factor)
    assert (level.factor, level.level, level.mpp) == (factor, 0, 0.25 * factor)
    assert level.shape_px == (500 // factor, 700 // factor)
    row, col = (data.draw(st.integers(0, side - 1)) for side in level.shape_px)
    height = data.draw(st.integers(1, level.shape_px[0] - row))
    width = data.draw(st.integers(1, level.shape_px[1] - col))
    rect = Rect(row, col, height, width)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduce_module, "_STRIPE_BYTES", stripe_bytes)
        patch.setattr(reduce_module, "_STRIPE_COLS", 100 if stripe_bytes == 20_000 else 16_384)
        np.testing.assert_array_equal(level.read(rect), exact_mean(picture, factor)[rect.slices()])


def jpeg_slide(path, picture, sampling, tile_px=64, quality=85):
    """Write JPEG tiles of YCbCr at 0.25 um/px; the last ones of a row or column are filled up."""
    shape_px = picture.shape
    padded = np.pad(picture, [(0, -side % tile_px) for side in shape_px[:2]] + [(0, 0)], mode="edge")
    tiles = (
        simplejpeg.encode_jpeg(
            np.ascontiguousarray(padded[row : row + tile_px, col : col + tile_px]), quality, "RGB", sampling
        )
        for row in range(0, shape_px[0], tile_px)
        for col in range(0, shape_px[1], tile_px)
    )
    steps = {"444": (1, 1), "422": (2, 1), "420": (2, 2)}[sampling]
    tifffile.imwrite(path, tiles, shape=shape_px, dtype="uint8", tile=(tile_px, tile_px), compression="jpeg",
                     photometric="rgb", subsampling=steps, resolution=(40_000, 40_000),
                     resolutionunit="CENTIMETER")  # fmt: skip
    return path


@pytest.mark.parametrize("sampling", ["444", "422", "420"])
@pytest.mark.parametrize("factor", [2, 3, 4, 6, 8, 12, 16])
def test_jpeg_tiles_reduced_by_the_decoder_are_near_the_exact_mean(tmp_path, picture, sampling, factor):
    with contextlib.closing(open_slide(jpeg_slide(tmp_path / "a.tif", picture, sampling))) as slide:
        full = slide.read(Rect(0, 0, 500, 700))
        level = at_mpp(slide, 0.25 * factor)
        got = level.read(Rect(0, 0, *level.shape_px))
        own = slide.reduction(0, factor)
    assert own == {2: 2, 3: 1, 4: 4, 6: 2, 8: 8, 12: 4, 16: 16}[factor]
    apart = got.astype(int) - exact_mean(full, factor)
    if own == 1 or (sampling == "422" and own == factor):
        assert not apart.any()
        return
    assert apart.any()  # else the decoder did not reduce, or a mean of means happens to be rounded once
    assert np.abs(apart).mean() < 0.45
    assert np.abs(apart.mean(axis=(0, 1))).max() < 0.3
    # one dark square in another colour: at its rim colour may lie half a pixel aside
    assert np.quantile(np.abs(apart), 0.999) <= 4


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), factor=st.sampled_from([2, 4, 6, 7, 8, 16, 20, 64]))
def test_any_rectangle_of_reduced_jpeg_is_a_crop_of_the_whole(jpeg_path, data, factor):
    with contextlib.closing(open_slide(jpeg_path)) as slide:
        level = at_mpp(slide, 0.25 * factor)
        assert level.shape_px == (500 // factor, 700 // factor)
        whole = level.read(Rect(0, 0, *level.shape_px))
        row, col = (data.draw(st.integers(0, side - 1)) for side in level.shape_px)
        height = data.draw(st.integers(1, level.shape_px[0] - row))
        width = data.draw(st.integers(1, level.shape_px[1] - col))
        rect = Rect(row, col, height, width)
        with level.expecting([rect, rect]):
            for _ in range(2):
                np.testing.assert_array_equal(level.read(rect), whole[rect.slices()])


@pytest.fixture(scope="module")
def jpeg_path(tmp_path_factory, picture):
    return jpeg_slide(tmp_path_factory.mktemp("jpeg") / "a.tif", picture, "420")


@pytest.mark.parametrize("rows", [16, 48])
def test_jpeg_strips_reduce_too(tmp_path, picture, rows):
    """The last strip is as high as what is left, so its blocks may end within it."""
    path = tmp_path / "strips.tif"
    tifffile.imwrite(path, picture, photometric="rgb", compression="jpeg", rowsperstrip=rows,
                     resolution=(40_000, 40_000), resolutionunit="CENTIMETER")  # fmt: skip
    with contextlib.closing(open_slide(path)) as slide:
        full = slide.read(Rect(0, 0, 500, 700))
        assert slide.reduction(0, 8) == 8
        level = at_mpp(slide, 2.0)
        got = level.read(Rect(0, 0, *level.shape_px)).astype(int)
        assert slide.damage() == ()
    assert np.abs(got - exact_mean(full, 8)).max() <= 4


def test_what_is_held_are_reduced_tiles(jpeg_path):
    with contextlib.closing(open_slide(jpeg_path)) as slide:
        level = at_mpp(slide, 1.0)
        rect = Rect(0, 0, *level.shape_px)
        with level.expecting([rect, rect]):
            level.read(rect)
            # tiles of 64 px at a quarter, but for the rim of the level whose tiles are as large
            assert slide._cache.held_bytes == 8 * 11 * 16 * 16 * 3


def test_outside_is_a_value_error(slide):
    level = at_mpp(slide, 0.75)
    with pytest.raises(ValueError, match="not inside"):
        level.read(Rect(0, 0, 167, 10))


class PaperSlide:
    """A slide that has only its measures."""

    def __init__(self, mpp, *shapes):
        self.info = SlideInfo(Path("paper.svs"), shapes[0], mpp, "aperio", None, "aperio", shapes)

    def read(self, rect, level=0):
        raise NotImplementedError

    def close(self):
        pass


@pytest.mark.parametrize(
    ("mpp", "target", "level", "factor", "effective"),
    [
        (0.25, 0.5, 0, 2, 0.5),
        (0.25, 8.0, 2, 2, 8.0),
        (0.25, 1.0, 1, 1, 1.0),
        (0.2456, 0.5, 0, 2, 0.4912),
        (0.499, 0.5, 0, 1, 0.499),
        (0.499, 2.0, 1, 1, 1.996),
        (0.52, 0.5, 0, 1, 0.52),
        (0.9, 0.5, 0, 1, 0.9),
        (0.23, 0.5, 0, 2, 0.46),
        (0.1625, 0.5, 0, 3, 0.4875),
    ],
)
def test_choice_of_level_and_factor(mpp, target, level, factor, effective):
    got = at_mpp(PaperSlide(mpp, (8228, 11500), (2057, 2875), (514, 718)), target)
    assert (got.level, got.factor, got.mpp) == (level, factor, pytest.approx(effective))
    assert got.level0_factor * mpp == pytest.approx(effective)


def test_refusals():
    with pytest.raises(UnknownPixelSize, match=r"paper\.svs: .*pass --mpp"):
        at_mpp(PaperSlide(None, (100, 100)), 0.5)
    with pytest.raises(TooCoarse, match="--allow-coarse"):
        at_mpp(PaperSlide(1.2, (100, 100)), 0.5)
    assert at_mpp(PaperSlide(1.2, (100, 100)), 0.5, allow_coarse=True).mpp == 1.2
    assert at_mpp(PaperSlide(0.25, (30, 20)), 8.0).shape_px == (1, 1)


def test_an_overview_of_a_one_level_slide_needs_little_memory(tmp_path):
    """An overview of 8k x 8k px (192 MB) never holds more than a stripe and the tiles at its rim."""
    path = tmp_path / "large.tif"
    tile = np.full((512, 512, 3), 200, np.uint8)
    tifffile.imwrite(path, (tile for _ in range(256)), shape=(8192, 8192, 3), dtype="uint8", tile=(512, 512),
                     photometric="rgb", compression="jpeg", resolution=(40_000, 40_000),
                     resolutionunit="CENTIMETER")  # fmt: skip
    largest = 0
    with contextlib.closing(open_slide(path)) as slide:
        level = at_mpp(slide, 8.0)
        for part in level._parts(Rect(0, 0, *level.shape_px), level.factor):
            largest = max(largest, part.scaled(level.factor).area_px * 3)
            assert part.row * level.factor % 512 == 0
        assert np.abs(level.read(Rect(0, 0, *level.shape_px)).astype(int) - 200).max() <= 1
    assert largest <= 32 * 2**20
