from itertools import pairwise

import numpy as np
import pytest
from napari.layers import Layer
from napari_mvd.fill import NOT_YET, FilledLevel
from napari_mvd.slide import Level, slide_layer

import mvd


def level_of(slide, number):
    return Level(mvd.view_levels(slide)[number])


@pytest.fixture
def slide(slide_path):
    opened = mvd.open_slide(slide_path)
    yield opened
    opened.close()


def test_the_layer_has_every_level_at_the_slides_pixel_size(slide, slide_path):
    layer = Layer.create(*slide_layer(slide_path))
    assert layer.multiscale
    assert [level.shape[:2] for level in layer.data] == list(slide.info.level_shapes)
    np.testing.assert_allclose(layer.scale, slide.info.mpp)
    np.testing.assert_allclose(layer.data_to_world((-0.5, -0.5)), (0, 0), atol=1e-9)


def test_slicing_reads_what_the_slide_reads(slide):
    level = level_of(slide, 0)
    read = slide.read(mvd.Rect(10, 20, 30, 40))
    np.testing.assert_array_equal(level[10:40, 20:60], read)
    np.testing.assert_array_equal(level[10:40, 20:60, 1], read[..., 1])
    np.testing.assert_array_equal(level[10:40:3, 20:60:2, :2], read[::3, ::2, :2])


def test_slices_past_the_edge_stop_there(slide):
    height, width, _ = level_of(slide, 0).shape
    assert level_of(slide, 0)[height - 5 : height + 50, width - 7 : width + 50].shape == (5, 7, 3)
    assert level_of(slide, 0)[height + 1 : height + 9].shape == (0, width, 3)


def test_the_coarsest_level_becomes_an_array(slide):
    coarsest = level_of(slide, -1)
    assert np.asarray(coarsest).shape == coarsest.shape
    assert np.asarray(coarsest).std() > 0


def test_what_is_no_slide_is_named(tmp_path):
    path = tmp_path / "letter.tif"
    path.write_text("Dear pathologist", encoding="utf-8")
    with pytest.raises(mvd.MvdError, match=r"letter\.tif"):
        slide_layer(path)


def test_levels_that_the_file_leaves_out_are_made_and_none_is_read_whole_at_once(large_slide):
    levels, keywords, _ = slide_layer(large_slide)
    sides = [level.shape[1] for level in levels]
    assert sides[0] == 40000
    assert sides[-1] <= 2048
    assert all(3.5 < one / other < 4.5 for one, other in pairwise(sides[:-1]))
    assert isinstance(levels[-1], FilledLevel)
    keywords["metadata"]["mvd_slide"].close()


def test_what_takes_long_is_grey_until_it_is_made(large_slide):
    levels, keywords, _ = slide_layer(large_slide)
    slide, filler = keywords["metadata"]["mvd_slide"], keywords["metadata"]["mvd_filler"]
    coarsest = levels[-1]
    assert (np.asarray(coarsest) == NOT_YET).all()
    for key in [(0, 0), (2, 3)]:
        coarsest.make(key)
    filler.stop()
    whole = mvd.view_levels(slide)[-1]
    np.testing.assert_array_equal(coarsest[0:256, 0:256], whole.read(mvd.Rect(0, 0, 256, 256)))
    np.testing.assert_array_equal(coarsest[520:600, 800:900], whole.read(mvd.Rect(520, 800, 80, 100)))
    assert (coarsest[256:500, 300:500] == NOT_YET).all() or filler.busy
    filler.stop()
