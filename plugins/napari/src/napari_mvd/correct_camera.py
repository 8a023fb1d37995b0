"""Where a viewer looks: its camera, by the name that this napari has for it; and lengths on the screen in um."""

from typing import Any

import napari
import numpy as np


def camera_of(viewer: napari.Viewer) -> Any:
    """Return the camera; napari 0.9 has moved it."""
    return getattr(viewer, "scene", viewer).camera


def um_of(viewer: napari.Viewer, pixels: float) -> float:
    """Return how many um so many pixels of the screen are, the way the viewer looks now."""
    return pixels / max(float(camera_of(viewer).zoom), 1e-9)


def view_box(viewer: napari.Viewer) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of what is on the screen, um."""
    camera = camera_of(viewer)
    size = viewer.canvas.size if hasattr(viewer, "canvas") else viewer._canvas_size
    half_height, half_width = np.asarray(size, float) / max(float(camera.zoom), 1e-9) / 2
    y, x = camera.center[-2:]
    return x - half_width, y - half_height, x + half_width, y + half_height
