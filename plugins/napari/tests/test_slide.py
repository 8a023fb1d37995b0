import numpy as np
import pytest
from napari.layers import Layer
from napari_mvd.slide import Level, slide_layer

import mvd


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
    level = Level(slide, 0)
    read = slide.read(mvd.Rect(10, 20, 30, 40))
    np.testing.assert_array_equal(level[10:40, 20:60], read)
    np.testing.assert_array_equal(level[10:40, 20:60, 1], read[..., 1])
    np.testing.assert_array_equal(level[10:40:3, 20:60:2, :2], read[::3, ::2, :2])


def test_slices_past_the_edge_stop_there(slide):
    height, width, _ = Level(slide, 0).shape
    assert Level(slide, 0)[height - 5 : height + 50, width - 7 : width + 50].shape == (5, 7, 3)
    assert Level(slide, 0)[height + 1 : height + 9].shape == (0, width, 3)


def test_the_coarsest_level_becomes_an_array(slide):
    coarsest = Level(slide, len(slide.info.level_shapes) - 1)
    assert np.asarray(coarsest).shape == coarsest.shape
    assert np.asarray(coarsest).std() > 0


def test_what_is_no_slide_is_named(tmp_path):
    path = tmp_path / "letter.tif"
    path.write_text("Dear pathologist", encoding="utf-8")
    with pytest.raises(mvd.MvdError, match=r"letter\.tif"):
        slide_layer(path)
