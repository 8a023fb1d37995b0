"""Slides of every vendor that can be written here, read through OpenSlide: they are the picture they were made of."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest
import tifffile
import vendor_slides
from click.testing import CliRunner
from every_vendor import CANARY, JPEG_LOSS, MPP, ORIGIN, SIDE_PX, VENDORS, off, whole

from mvd.cli import cli
from mvd.geometry import Rect
from mvd.slide import blocks, find_slides, open_slide
from mvd.slide import openslide as reader
from mvd.slide.openslide import open_with_openslide

pytest.importorskip("openslide", reason="OpenSlide is not installed")


@pytest.mark.parametrize("suffix", VENDORS)
def test_what_is_known_of_each_vendors_slide(slides, suffix):
    with closing(open_slide(slides[suffix])) as slide:
        info = slide.info
    assert info.vendor == VENDORS[suffix]
    assert info.mpp == pytest.approx(MPP, rel=1e-3)
    assert info.mpp_source == "openslide"
    assert info.magnification == (None if suffix == "tiff" else 20)
    assert info.origin_px == ORIGIN.get(suffix, (0, 0))
    assert info.level_shapes[1] == tuple(-(-side // 2) for side in info.shape_px)
    assert CANARY not in repr(info)


@pytest.mark.parametrize("suffix", VENDORS)
def test_the_pixels_of_each_vendor_are_those_of_the_picture(slides, square, suffix):
    x, y = ORIGIN.get(suffix, (0, 0))
    with closing(open_slide(slides[suffix])) as slide:
        for level, factor in enumerate((1, 2)):
            expected = square if level == 0 else vendor_slides.halved(square)
            place = Rect(y // factor, x // factor, SIDE_PX // factor, SIDE_PX // factor)
            got, scanned = slide.read(place, level), slide.scanned(place, level)
            assert off(got[scanned], expected[scanned]) <= JPEG_LOSS
            assert scanned.mean() > 0.98
            assert (got[~scanned] == 255).all()
        assert slide.damage(0) == slide.damage(1) == ()


def test_what_leica_did_not_scan_is_white_and_told(slides):
    with closing(open_slide(slides["scn"])) as slide:
        scanned = slide.scanned(whole(slide))
        assert (slide.read(whole(slide))[~scanned] == 255).all()
    expected = np.zeros_like(scanned)
    expected[60 : 60 + SIDE_PX, 100 : 100 + SIDE_PX] = True
    np.testing.assert_array_equal(scanned, expected)


def test_a_hole_in_a_mirax_slide_is_white_and_told(slides):
    with closing(open_slide(slides["mrxs"])) as slide:
        scanned = slide.scanned(whole(slide))
    expected = np.ones_like(scanned)
    expected[:64, 64:128] = False
    np.testing.assert_array_equal(scanned, expected)


@pytest.mark.parametrize("suffix", VENDORS)
def test_info_says_nothing_of_the_patient(slides, suffix):
    answer = CliRunner().invoke(cli, ["info", str(slides[suffix]), "--json"])
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["vendor"] == VENDORS[suffix]
    words = CliRunner().invoke(cli, ["info", str(slides[suffix])])
    assert CANARY not in answer.output + words.output


@pytest.mark.parametrize("suffix", ["bif", "scn", "ndpi", "tiff"])
def test_the_suffix_does_not_matter_where_the_content_tells(slides, tmp_path, suffix):
    path = tmp_path / "case"
    path.write_bytes(slides[suffix].read_bytes())
    if suffix == "ndpi":
        path = path.rename(tmp_path / "case.NDPI")
    with closing(open_slide(path)) as slide:
        assert slide.info.vendor == VENDORS[suffix]
    assert [found.path for found in find_slides([tmp_path])] == [path]


@pytest.mark.parametrize("name", ["formats/CMU-1-Small-Region.svs", "formats/tcga_no_mpp.svs"])
def test_openslide_and_our_own_reader_agree_to_the_bit(real_slide, name):
    path = real_slide(name)
    with closing(open_slide(path)) as ours, closing(open_with_openslide(path, None, "SVS")) as theirs:
        for rect in (Rect(0, 0, 700, 900), Rect(1111, 777, 1300, 800)):
            np.testing.assert_array_equal(ours.read(rect), theirs.read(rect))
            assert theirs.scanned(rect).all()


def test_a_level_that_openslide_would_resample_by_half_is_left_out(real_slide):
    path = real_slide(
        "formats/tcga_no_mpp.svs"
    )  # its second level is 2.0005 times smaller by OpenSlide's count
    with closing(open_slide(path)) as ours, closing(open_with_openslide(path, None, "SVS")) as theirs:
        assert len(ours.info.level_shapes) == 2
        assert theirs.info.level_shapes == ours.info.level_shapes[:1]


@pytest.fixture
def resampled(tmp_path, picture):
    """A pyramid whose level of 1/4 OpenSlide puts at 3.99 times: it lies between pixels."""
    small = vendor_slides.halved(vendor_slides.halved(picture))
    small = np.pad(small, ((0, 1), (0, 1), (0, 0)), "edge")
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(picture, photometric="rgb", tile=(64, 64), metadata=None)
        writer.write(small, photometric="rgb", tile=(64, 64), metadata=None, subfiletype=1)
    return path


def test_pixels_do_not_depend_on_who_asks_for_them(resampled, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_PX", 64)
    rng = np.random.default_rng(5)
    with closing(open_with_openslide(resampled, None, "TIFF")) as slide:
        assert len(slide.info.level_shapes) == 2
        for level, (height, width) in enumerate(slide.info.level_shapes):
            full = slide.read(whole(slide, level), level)
            for _ in range(40):
                row, col = rng.integers(0, height), rng.integers(0, width)
                rect = Rect(row, col, rng.integers(0, height - row + 1), rng.integers(0, width - col + 1))
                np.testing.assert_array_equal(slide.read(rect, level), full[rect.slices()])


def test_threads_share_a_slide(slides):
    rects = [Rect(row, col, 200, 150) for row in range(0, 300, 60) for col in range(0, 360, 90)]
    with closing(open_slide(slides["mrxs"])) as slide, ThreadPoolExecutor(4) as pool:
        full = slide.read(whole(slide))
        slide.expect(rects, 0, 1)
        for rect, got in zip(rects, pool.map(slide.read, rects), strict=True):
            np.testing.assert_array_equal(got, full[rect.slices()])
        assert slide._cache.held_bytes == 0


def test_outside_is_an_error(slides):
    with closing(open_slide(slides["vms"])) as slide:
        with pytest.raises(ValueError, match="not inside"):
            slide.read(Rect(0, 0, SIDE_PX + 1, 1))
        with pytest.raises(ValueError, match="level 9"):
            slide.scanned(Rect(0, 0, 1, 1), 9)


def test_every_colour_of_every_transparency_is_laid_on_white_exactly():
    """OpenSlide's binding divides by alpha and rounds down; what it was given must come back."""
    from openslide import _convert

    alpha, colour = np.mgrid[:256, :256]
    given = np.minimum(colour, alpha).astype(np.uint8)
    argb = np.stack(
        [given, given, given, alpha.astype(np.uint8)], axis=-1
    )  # as a little-endian machine keeps it
    buffer = np.ascontiguousarray(argb).view(np.uint32)[..., 0]
    _convert.argb2rgba(buffer)
    rgba = reader._on_white(buffer.view(np.uint8).reshape(256, 256, 4))
    np.testing.assert_array_equal(rgba[..., :3], (given + (255 - alpha))[..., None].repeat(3, axis=-1))
    np.testing.assert_array_equal(rgba[..., 3], alpha)
