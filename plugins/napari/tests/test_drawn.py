"""What a person sees. Qt without a real screen gives black pictures and no error, so pixels are looked at."""

import numpy as np
import pytest
from napari_mvd.layers import COUNTED_COLOUR


def near(picture, colour):
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return (np.abs(picture[..., :3].astype(int) - wanted) < 60).all(axis=-1)


@pytest.fixture
def with_result(viewer, slide_path, slide_folder, wait):
    viewer.open(str(slide_path), plugin="napari-mvd")
    viewer.open(str(slide_folder), plugin="napari-mvd")
    wait(lambda: "vessels" in viewer.layers)
    return viewer


def test_the_vessels_are_drawn_on_their_slide_and_lie_inside_it(with_result):
    viewer = with_result
    viewer.reset_view()
    with_vessels = viewer.screenshot(flash=False)
    viewer.layers["vessels"].visible = False
    without_vessels = viewer.screenshot(flash=False)

    assert without_vessels[..., :3].std() > 5, "the picture is of one colour"
    drawn = near(with_vessels, COUNTED_COLOUR) & ~near(without_vessels, COUNTED_COLOUR)
    assert drawn.sum() > 20

    slide = viewer.layers[0]
    vessels = viewer.layers["vessels"].features
    places = vessels[["y_um", "x_um"]].to_numpy(float)
    assert len(places)
    assert (slide.extent.world[0] <= places.min(axis=0)).all()
    assert (places.max(axis=0) <= slide.extent.world[1]).all()
