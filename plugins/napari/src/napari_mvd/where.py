"""The area that is to be measured, from what a person sees or drew."""

from typing import Any

import numpy as np
from napari.layers import Shapes

import mvd
from napari_mvd.drawn import regions_of_shapes
from napari_mvd.seen import view_box

WHOLE, VIEW, DRAWN = "whole", "view", "drawn"
PLACES = {
    WHOLE: ("the whole slide", "All tissue of the slide"),
    VIEW: ("what is in view", "The part of the slide that is on the screen"),
    DRAWN: (
        "the drawn regions",
        "The areas of the selected Shapes layer; draw them, or open QuPath's GeoJSON",
    ),
}


def regions_of(
    viewer: Any, place: str, info: mvd.SlideInfo, settings: mvd.Settings
) -> list[mvd.Region] | None:
    """Return the regions of a place; None for the whole slide.

    Raises
    ------
    MvdError
        There is nothing of the slide in view, no area was drawn, or the pixel size is not known.
    """
    if place == WHOLE:
        return None
    if settings.slide.mpp is not None:
        from dataclasses import replace

        info = replace(info, mpp=settings.slide.mpp)
    if place == VIEW:
        return [mvd.region_um("View", _view_ring(viewer, info), info)]
    layer = drawn_layer(viewer)
    if layer is None:
        raise mvd.MvdError("draw a region first: add a Shapes layer and draw a polygon on the slide")
    rings = [np.array([layer.data_to_world(corner) for corner in ring])[:, -2:] for ring in layer.data]
    return regions_of_shapes(rings, layer.shape_type, layer.features, info)


def drawn_layer(viewer: Any) -> Shapes | None:
    """Return the Shapes layer that a person drew: the selected one, else the topmost; never one of a result."""
    active = viewer.layers.selection.active
    for layer in [active, *reversed(viewer.layers)]:
        ours = layer is None or any(str(key).startswith("mvd") for key in layer.metadata)
        if isinstance(layer, Shapes) and not ours and len(layer.data):
            return layer
    return None


def _view_ring(viewer: Any, info: mvd.SlideInfo) -> list[tuple[float, float]]:
    """The corners of what is in view, cut off at the slide's edge."""
    left, top, right, bottom = view_box(viewer)
    mpp = info.mpp or 1.0
    high_x, high_y = info.shape_px[1] * mpp, info.shape_px[0] * mpp
    left, right = max(left, 0.0), min(right, high_x)
    top, bottom = max(top, 0.0), min(bottom, high_y)
    if right <= left or bottom <= top:
        raise mvd.MvdError("nothing of the slide is in view; move the picture back (Home)")
    return [(left, top), (right, top), (right, bottom), (left, bottom)]
