"""A slide's result -> a viewer, in place of the one that was shown.

Layers are filled again, or hidden where they do not fit; never removed, for that can make OpenGL crash.
"""

from typing import Any

import napari

import mvd
from napari_mvd.layers import LayerTuple, shown_layers
from napari_mvd.seen import layers_of, results_in, show_whole, slides_in

_FIXED = ("name", "rgb", "multiscale", "shape_type", "border_width_is_relative", "units", "axis_labels")
"""What a layer is made with, once and for all."""
_DRAWN = ("shape_type", "face_color", "edge_color", "edge_width")
"""What each shape has of its own."""
PUT_BY = "mvd_put_by"
"""Mark of a layer that is hidden, and no result's any more."""


def show_result(viewer: napari.Viewer, shown: mvd.Shown) -> None:
    """Show a result in place of those that are shown."""
    replace_layers(viewer, shown_layers(shown))


def replace_layers(viewer: napari.Viewer, layers: list[LayerTuple]) -> None:
    """Show the layers of a result in place of those that are shown."""
    had_layers, has_slide = bool(slides_in(viewer) or results_in(viewer)), bool(slides_in(viewer))
    viewer.layers.selection.active = None  # so that panels hear of it when the vessels are selected below
    old = [layer for shown in results_in(viewer) for layer in layers_of(viewer, shown)]
    old += [layer for layer in viewer.layers if PUT_BY in layer.metadata]
    with_data: dict[str, Any] = {}
    for data, keywords, kind in layers:
        name = keywords["metadata"]["mvd_part"]
        shows = {"visible": keywords.get("visible", True) and not (name == "overview" and has_slide)}
        layer = next((each for each in old if fits(each, {**keywords, **shows}, kind)), None)
        if layer is None:
            layer = viewer.add_layer(napari.layers.Layer.create(data, {**keywords, **shows}, kind))
            if name == "density" and hasattr(layer, "colorbar"):  # older napari has none
                layer.colorbar.visible = True
        else:
            old.remove(layer)
            refill(layer, data, {**keywords, **shows})
        with_data[name] = layer
    for layer in old:
        put_by(layer)
    if not had_layers:
        show_whole(viewer, with_data["overview"])
    viewer.layers.selection.active = with_data["vessels"]


def fits(layer: Any, keywords: dict[str, Any], kind: str) -> bool:
    """Whether a layer can hold what a layer tuple describes."""
    return (
        layer._type_string == kind
        and keywords["metadata"]["mvd_part"] == layer.metadata.get("mvd_part", layer.metadata.get(PUT_BY))
        and all(bool(keywords.get(key)) == bool(getattr(layer, key, False)) for key in ("rgb", "multiscale"))
    )


def refill(layer: Any, data: Any, keywords: dict[str, Any]) -> None:
    """Give a layer other data, and all that goes with them."""
    look = {key: value for key, value in keywords.items() if key not in _FIXED}
    if layer._type_string == "shapes":
        text, features = look.pop("text"), look.pop("features")
        layer.data = []
        if len(data):
            layer.add(data, **{key: keywords[key] for key in _DRAWN})
        look = {key: value for key, value in look.items() if key not in _DRAWN}
        layer.features, layer.text = features, text
    else:
        layer.data = data
    for key, value in look.items():
        setattr(layer, key, value)


def put_by(layer: Any) -> None:
    """Hide a layer that is no result's any more; a later result may fill it."""
    layer.visible = False
    layer.metadata = {PUT_BY: layer.metadata.get("mvd_part", layer.metadata.get(PUT_BY, ""))}
