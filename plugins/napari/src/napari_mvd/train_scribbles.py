"""A shapes layer -> scribbles for ``mvd.Trainer``. Pure: no viewer.

What is drawn has the class that was chosen when it was drawn: the feature ``class``, seen as the colour.
Paths and lines are lines; polygons, rectangles and ellipses are areas.
"""

from typing import Any

import numpy as np

import mvd
from napari_mvd.layers import IN_UM

VESSEL, BACKGROUND = "vessel", "background"
COLOURS = {VESSEL: "#00c853", BACKGROUND: "#2979ff"}
NAME = "scribbles"
_LINES = ("path", "line")
_ELLIPSE_CORNERS = 48


def scribble_look() -> dict[str, Any]:
    """Return the keywords of an empty layer to scribble on."""
    return {
        "name": NAME,
        "ndim": 2,
        "features": {"class": np.empty(0, object)},
        "feature_defaults": {"class": VESSEL},
        "edge_color": COLOURS[VESSEL],
        "face_color": "transparent",
        "edge_width": 2,
        "opacity": 1.0,
        **IN_UM,
    }


def scribbles_of(layer: Any) -> list[mvd.Scribble]:
    """Return what is drawn on a layer, in um from the slide's top left corner."""
    classes = layer.features["class"].astype(str)
    return [
        mvd.Scribble(
            BACKGROUND if kind == BACKGROUND else VESSEL,
            _points(np.asarray(data, float), shape),
            shape not in _LINES,
        )
        for data, shape, kind in zip(layer.data, layer.shape_type, classes, strict=True)
    ]


def _points(yx_um: Any, shape: str) -> Any:
    """Return (x, y) of the corners; an ellipse, which napari keeps as the box round it, gets its own."""
    if shape == "ellipse":
        turns = np.linspace(0, 2 * np.pi, _ELLIPSE_CORNERS, endpoint=False)
        middle = yx_um.mean(axis=0)
        one, other = (yx_um[1] - yx_um[0]) / 2, (yx_um[3] - yx_um[0]) / 2
        yx_um = middle + np.cos(turns)[:, None] * one + np.sin(turns)[:, None] * other
    return yx_um[:, ::-1].copy()
