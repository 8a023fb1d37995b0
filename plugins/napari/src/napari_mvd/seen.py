"""What is open in a viewer: its slides, its results, and the part of the world that is on the screen."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import mvd


def slides_in(viewer: Any) -> list[mvd.Slide]:
    """Return the open slides, that of the selected layer first, then from the topmost down."""
    return _of(viewer, "mvd_slide")


def results_in(viewer: Any) -> list[mvd.Shown]:
    """Return the results that are shown, each once, in the same order."""
    return _of(viewer, "mvd")


def layers_of(viewer: Any, shown: mvd.Shown, part: str | None = None) -> list[Any]:
    """Return the layers of a result, or that of one part (``vessels``, ``hot spots`` ...)."""
    mine = [layer for layer in viewer.layers if layer.metadata.get("mvd") is shown]
    return [layer for layer in mine if part is None or layer.metadata.get("mvd_part") == part]


def camera_of(viewer: Any) -> Any:
    """Return the camera; napari 0.9 has moved it."""
    return getattr(viewer, "scene", viewer).camera


def scale_bar_of(viewer: Any) -> Any:
    """Return the scale bar; napari 0.9 has moved it."""
    return viewer.canvas.overlays.scale_bar if hasattr(viewer, "canvas") else viewer.scale_bar


def um_of(viewer: Any, pixels: float) -> float:
    """Return how many um so many pixels of the screen are, the way the viewer looks now."""
    return pixels / max(float(camera_of(viewer).zoom), 1e-9)


def view_box(viewer: Any) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of what is on the screen, in world units (um)."""
    camera = camera_of(viewer)
    size = viewer.canvas.size if hasattr(viewer, "canvas") else viewer._canvas_size
    half = np.asarray(size, float) / max(float(camera.zoom), 1e-9) / 2
    y, x = camera.center[-2:]
    return float(x - half[1]), float(y - half[0]), float(x + half[1]), float(y + half[0])


def go_to(viewer: Any, x_um: float, y_um: float, least_zoom: float = 2.0) -> None:
    """Put a place into the middle of the screen, and near enough to see a vessel."""
    camera = camera_of(viewer)
    camera.center = (*camera.center[:-2], y_um, x_um)
    camera.zoom = max(float(camera.zoom), least_zoom)


def connect_while(widget: Any, emitter: Any, callback: Any) -> None:
    """Have something told of events as long as a widget is there: a closed panel must not be asked to draw."""
    emitter.connect(callback)
    widget.destroyed.connect(lambda: emitter.disconnect(callback))


def show_whole(viewer: Any, layer: Any) -> None:
    """Put all of a layer on the screen, whatever lies beside it: hot spots may reach far over the slide's edge."""
    low, high = (np.asarray(corner, float)[-2:] for corner in layer.extent.world)
    show_box(viewer, low, high)


def show_box(viewer: Any, low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
    """Put a box on the screen, from one corner to the other, (y, x) in world units."""
    size = viewer.canvas.size if hasattr(viewer, "canvas") else viewer._canvas_size
    camera = camera_of(viewer)
    camera.center = (*camera.center[:-2], *((low + high) / 2))
    camera.zoom = float((np.asarray(size, float) / np.maximum(high - low, 1e-9)).min()) * 0.95


def _of(viewer: Any, key: str) -> list[Any]:
    active = viewer.layers.selection.active
    layers = [*([active] if active is not None else []), *reversed(viewer.layers)]
    found: dict[int, Any] = {}
    for layer in layers:
        if (one := layer.metadata.get(key)) is not None:
            found.setdefault(id(one), one)
    return list(found.values())
