"""What a person sees. Qt without a real screen gives black pictures and no error, so pixels are looked at."""

import numpy as np
from napari_mvd.layers import COUNTED_COLOUR


def near(picture, colour):
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return (np.abs(picture[..., :3].astype(int) - wanted) < 60).all(axis=-1)


def test_the_overview_and_the_vessels_are_drawn(viewer, slide_folder):
    viewer.open(str(slide_folder), plugin="napari-mvd")
    viewer.reset_view()
    with_vessels = viewer.screenshot(flash=False)
    viewer.layers["vessels"].visible = False
    without_vessels = viewer.screenshot(flash=False)

    assert (with_vessels[..., :3].max(axis=-1) > 0).mean() > 0.2, "the picture is black"
    drawn = near(with_vessels, COUNTED_COLOUR) & ~near(without_vessels, COUNTED_COLOUR)
    assert drawn.sum() > 20
