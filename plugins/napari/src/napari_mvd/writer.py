"""Layers -> files for QuPath and for tables, where the user says `File > Save`.

What belongs to a result is written from the result, all of it, whatever layer of it was chosen. Shapes that a person
drew are written as regions.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import mvd
from napari_mvd.drawn import regions_of_shapes

Layer = tuple[Any, dict[str, Any], str]


def write_geojson(path: str, layers: Sequence[Layer]) -> list[str]:
    """Write a result, or drawn shapes, as GeoJSON that QuPath opens.

    Raises
    ------
    MvdError
        The layers are neither, or the file cannot be written.
    """
    for _, keywords, _ in layers:
        shown = _metadata(keywords).get("mvd")
        if isinstance(shown, mvd.Shown):
            return _written(path, shown.geojson())
    shapes = [(data, keywords) for data, keywords, kind in layers if kind == "shapes"]
    if not shapes:
        raise mvd.MvdError("choose a layer of a result of mvd, or shapes; these layers are neither")
    regions = [region for data, keywords in shapes for region in _regions(data, keywords)]
    return _written(path, [mvd.regions_geojson(regions)])


def write_csv(path: str, layers: Sequence[Layer]) -> list[str]:
    """Write the vessels of a result as CSV: vessels.csv.

    Raises
    ------
    MvdError
        No layer belongs to a result, or the file cannot be written.
    """
    for _, keywords, _ in layers:
        shown = _metadata(keywords).get("mvd")
        if isinstance(shown, mvd.Shown):
            return _written(path, shown.csv())
    raise mvd.MvdError("choose a layer of a result of mvd; these layers have no vessels")


def _regions(data: Sequence[Any], keywords: dict[str, Any]) -> list[mvd.Region]:
    info = _slide_info(keywords)
    scale = np.asarray(keywords.get("scale", (1, 1)), float)[-2:]
    translate = np.asarray(keywords.get("translate", (0, 0)), float)[-2:]
    rings = [np.asarray(ring, float)[:, -2:] * scale + translate for ring in data]
    kinds = keywords.get("shape_type", "polygon")
    kinds = [kinds] * len(rings) if isinstance(kinds, str) else list(kinds)
    return regions_of_shapes(rings, kinds, pd.DataFrame(keywords.get("features")), info)


def _slide_info(keywords: dict[str, Any]) -> mvd.SlideInfo:
    """The slide that shapes were drawn on: that of the viewer; shapes without a slide are in pixels."""
    import napari

    from napari_mvd.seen import slides_in

    viewer = napari.current_viewer()
    slides = slides_in(viewer) if viewer is not None else []
    if slides:
        return slides[0].info
    return mvd.SlideInfo(Path("slide"), (1, 1), 1.0, "none", None, "none", ((1, 1),))


def _metadata(keywords: dict[str, Any]) -> dict[str, Any]:
    return dict(keywords.get("metadata") or {})


def _written(path: str, pieces: Iterable[bytes]) -> list[str]:
    try:
        mvd.write_atomically(Path(path), pieces)
    except OSError as error:
        raise mvd.MvdError(f"{path}: cannot be written ({error.strerror}); choose another place") from None
    return [path]
