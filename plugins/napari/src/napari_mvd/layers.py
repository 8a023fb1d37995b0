"""A slide's result -> napari layers, in um.

Input: ``mvd.Shown``, of a folder or of a run just made. Output: layer tuples ``(data, keywords, kind)``. Needs no
viewer, and never reads the slide: that is ``slide.py``, in the same um.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import mvd
from napari_mvd.labels import label_levels

LayerTuple = tuple[Any, dict[str, Any], str]

IN_UM: dict[str, Any] = {"units": ("um", "um"), "axis_labels": ("y", "x")}
COUNTED_COLOUR = "#00c853"
NOT_COUNTED_COLOUR = "#9e9e9e"
HOTSPOT_COLOUR = "#ffab00"
HOTSPOT_TEXT_COLOUR = "#b35900"
"""Darker than its circle: thin amber letters are not read on a white slide, and these are on a black window too."""
TISSUE_COLOUR = "#0072b2"
HIT_COLOUR, MISSED_COLOUR = "#ffe600", "#56b4e9"
DENSITY_NAME = "density, per mm2"
LEAST_DIAMETER_UM = 10.0
"""Smaller vessels are drawn at this size where they are points, so that a click can hit them."""
SEEN_PART = 500
"""A line is seen that is at least this part of the picture wide."""
MOST_LABELS = 10_000
"""More vessels than this are points: they take no time to draw, and from afar nobody sees an outline."""


def result_layers(folder: Path) -> list[LayerTuple]:
    """Read the folder of one slide, ``slides/<slide_id>`` in a result.

    Raises
    ------
    MvdError
        When a file is missing or is not what mvd writes; the message names it.
    """
    return shown_layers(mvd.read_shown(folder))


def shown_layers(shown: mvd.Shown) -> list[LayerTuple]:
    """Make the layers of a result, the lowest first.

    Returns
    -------
    list of (data, dict, str)
        The stored overview, the density map (hidden), the tissue, vessels counted and not, the hot spots, the Chalkley
        points (hidden). Vessels are ``labels`` by their ``vessel_id``, or ``points`` where they are many.
    """
    vessels = shown.vessels.drop(columns=list(shown.empty_columns))
    layers = [
        overview_layer(shown),
        *density_layers(shown),
        tissue_layer(shown),
        vessel_layer(shown, vessels, counted=False),
        vessel_layer(shown, vessels, counted=True),
        hotspot_layer(shown.hotspots),
        *chalkley_layers(shown),
    ]
    about = {"mvd": shown, "mvd_folder": str(shown.folder) if shown.folder else ""}
    for _, keywords, _ in layers:
        keywords["metadata"] = {**about, "mvd_part": keywords["name"].partition(",")[0]}
    return layers


def overview_layer(shown: mvd.Shown) -> LayerTuple:
    """The small picture of the slide that the result holds; it stands in where the slide is not open."""
    picture = shown.result.overview
    return picture.rgb, {"name": "overview", "rgb": True, **_placed(picture.mpp)}, "image"


def density_layers(shown: mvd.Shown) -> list[LayerTuple]:
    """Vessels per mm2 of tissue as colours; none where the result has no map."""
    if shown.result.measures is None:
        return []
    density = shown.result.measures.density
    most = float(np.nanmax(density.per_mm2, initial=0.0))
    keywords = {
        "name": DENSITY_NAME,
        "colormap": "inferno",
        "contrast_limits": (0.0, max(most, 1.0)),
        "opacity": 0.6,
        "visible": False,
        **_placed(density.mpp),
    }
    return [(density.per_mm2, keywords, "image")]


def tissue_layer(shown: mvd.Shown) -> LayerTuple:
    """The edge of the tissue that counts."""
    tissue = shown.result.tissue
    keywords = {
        "name": "tissue",
        "colormap": one_colour(TISSUE_COLOUR),
        "opacity": 0.9,
        **_placed(tissue.mpp),
    }
    return _rim(tissue.mask), keywords, "labels"


def vessel_layer(shown: mvd.Shown, vessels: pd.DataFrame, *, counted: bool) -> LayerTuple:
    """The vessels that are counted, or the candidates that are not, with their columns as features."""
    name = "vessels" if counted else "not counted"
    colour = COUNTED_COLOUR if counted else NOT_COUNTED_COLOUR
    rows = vessels[vessels["counted"] == counted].reset_index(drop=True)
    if len(vessels) > MOST_LABELS:
        return points_layer(rows, name, colour)
    image = shown.labels(counted=counted)
    levels = label_levels(image)
    features = pd.concat([rows["vessel_id"].rename("index"), rows], axis=1)
    keywords = {
        "name": name,
        "features": features,
        "colormap": one_colour(colour),
        "opacity": 0.75,
        **_placed(image.mpp),
    }
    if len(levels) == 1:
        return np.asarray(levels[0]), keywords, "labels"
    return levels, {**keywords, "multiscale": True}, "labels"


def points_layer(rows: pd.DataFrame, name: str, colour: str) -> LayerTuple:
    """Vessels as rings of the vessels' area."""
    diameter_um = 2 * np.sqrt(rows["filled_area_um2"].to_numpy(float) / np.pi)
    keywords = {
        "name": name,
        "size": np.maximum(np.nan_to_num(diameter_um), LEAST_DIAMETER_UM),
        "face_color": "transparent",
        "border_color": colour,
        "border_width": 2,
        "border_width_is_relative": False,
        "features": rows,
        "canvas_size_limits": (4, 10000),
        **IN_UM,
    }
    return rows[["y_um", "x_um"]].to_numpy(float), keywords, "points"


def hotspot_layer(hotspots: pd.DataFrame) -> LayerTuple:
    """The hot spots as circles or squares that carry their rank and count."""
    centres = hotspots[["y_um", "x_um"]].to_numpy(float)
    corners = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]], float)
    boxes = centres[:, None, :] + corners * hotspots["radius_um"].to_numpy(float)[:, None, None]
    kinds = ["rectangle" if shape == "square" else "ellipse" for shape in hotspots["shape"]]
    keywords = {
        "name": "hot spots",
        "shape_type": kinds or "ellipse",
        "face_color": "transparent",
        "edge_color": HOTSPOT_COLOUR,
        "edge_width": 6,
        "opacity": 1.0,
        "features": hotspots,
        "text": {
            "string": "{rank}: {vessels}",
            "color": HOTSPOT_TEXT_COLOUR,
            "anchor": "upper_left",
            "size": 13,
        },
        **IN_UM,
    }
    return list(boxes), keywords, "shapes"


def chalkley_layers(shown: mvd.Shown) -> list[LayerTuple]:
    """The 25 points of each Chalkley graticule, as it was turned: filled on a vessel, a ring beside."""
    counts = shown.result.measures.chalkley if shown.result.measures else ()
    if not counts:
        return []
    hit = np.concatenate([count.hit for count in counts])
    spot = np.repeat(np.arange(1, len(counts) + 1), [len(count.hit) for count in counts])
    hits = np.repeat([count.hits for count in counts], [len(count.hit) for count in counts])
    keywords = {
        "name": "Chalkley points",
        "size": 12,
        "face_color": [HIT_COLOUR if one else "transparent" for one in hit],
        "border_color": [HIT_COLOUR if one else MISSED_COLOUR for one in hit],
        "border_width": 2,
        "border_width_is_relative": False,
        "features": pd.DataFrame({"graticule": spot, "on a vessel": hit, "Chalkley count": hits}),
        "visible": False,
        "canvas_size_limits": (4, 10000),
        **IN_UM,
    }
    xy = np.concatenate([count.points_um for count in counts])
    return [(xy[:, ::-1], keywords, "points")]


def one_colour(colour: str) -> Any:
    """A colormap that gives every label the same colour, and nothing to 0."""
    from napari.utils.colormaps import DirectLabelColormap

    return DirectLabelColormap(color_dict={0: "transparent", None: colour})


def _placed(mpp: float) -> dict[str, Any]:
    """Where an image of this pixel size lies whose top left corner is the slide's: napari places pixels' middles."""
    return {"scale": (mpp, mpp), "translate": (mpp / 2, mpp / 2), **IN_UM}


def _rim(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The pixels along the edge of a mask, so many that they are seen when all of the slide is in view."""
    inside = mask
    for _ in range(max(1, round(max(mask.shape) / SEEN_PART))):
        padded = np.pad(inside, 1)
        inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return (mask & ~inside).astype(np.uint8)
