"""The folder of one slide in a result -> napari layers, in um.

Input: ``vessels.csv`` and ``hotspots.csv``, as ``mvd run`` writes them. Output: layer tuples ``(data,
keywords, kind)``. Needs no viewer, and never reads the slide: that is ``slide.py``, in the same um.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mvd import MvdError

LayerTuple = tuple[Any, dict[str, Any], str]

IN_UM: dict[str, Any] = {"units": ("um", "um"), "axis_labels": ("y", "x")}
COUNTED_COLOUR = "#00c853"
NOT_COUNTED_COLOUR = "#9e9e9e"
HOTSPOT_COLOUR = "#ffab00"
LEAST_DIAMETER_UM = 10.0
"""Smaller vessels are drawn at this size, so that a click can hit them."""


class UnreadableResult(MvdError):
    """The folder is not the folder of one slide in a result of mvd."""

    code = "unreadable_result"


def result_layers(folder: Path) -> list[LayerTuple]:
    """Read the folder of one slide, ``slides/<slide_id>`` in a result.

    Parameters
    ----------
    folder : Path
        Holds ``vessels.csv`` and ``hotspots.csv``.

    Returns
    -------
    list of (array, dict, str)
        The hot spots as ``shapes`` (circles) and all candidates as ``points``, in (y, x) um from the slide's
        top left corner, with the columns of the tables as features.

    Raises
    ------
    UnreadableResult
        When a file is missing or is not what mvd writes; the message names it.
    """
    try:
        return [
            hotspot_layer(pd.read_csv(folder / "hotspots.csv")),
            vessel_layer(pd.read_csv(folder / "vessels.csv")),
        ]
    except (OSError, ValueError, KeyError) as error:
        raise UnreadableResult(f"{folder}: {error}; measure the slide again with `mvd run`") from error


def hotspot_layer(hotspots: pd.DataFrame) -> LayerTuple:
    """Make the rows of hotspots.csv circles that carry their rank and count: of the first row's field alone."""
    hotspots = hotspots[hotspots["field_mm2"] == hotspots["field_mm2"].iloc[0]] if len(hotspots) else hotspots
    centres = hotspots[["y_um", "x_um"]].to_numpy(float)
    corners = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]], float)
    boxes = centres[:, None, :] + corners * hotspots["radius_um"].to_numpy(float)[:, None, None]
    keywords = {
        "name": "hot spots",
        "shape_type": "ellipse",
        "face_color": "transparent",
        "edge_color": HOTSPOT_COLOUR,
        "edge_width": 10,
        "features": hotspots,
        "text": {"string": "{rank}: {vessels}", "color": HOTSPOT_COLOUR, "anchor": "upper_left"},
        **IN_UM,
    }
    return list(boxes), keywords, "shapes"


def vessel_layer(vessels: pd.DataFrame) -> LayerTuple:
    """Make the rows of vessels.csv rings of the vessels' area; those not counted are grey."""
    counted = vessels["counted"].to_numpy(bool)
    diameter_um = 2 * np.sqrt(vessels["filled_area_um2"].to_numpy(float) / np.pi)
    keywords = {
        "name": "vessels",
        "size": np.maximum(diameter_um, LEAST_DIAMETER_UM),
        "face_color": "transparent",
        "border_color": [COUNTED_COLOUR if one else NOT_COUNTED_COLOUR for one in counted] or COUNTED_COLOUR,
        "border_width": 2,
        "border_width_is_relative": False,
        "features": vessels,
        "canvas_size_limits": (6, 10000),
        **IN_UM,
    }
    return vessels[["y_um", "x_um"]].to_numpy(float), keywords, "points"
