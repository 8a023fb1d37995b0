"""Where a viewer looks: its camera, by the name that this napari has for it; and lengths on the screen in um."""

from typing import Any

import napari


def camera_of(viewer: napari.Viewer) -> Any:
    """Return the camera; napari 0.9 has moved it."""
    return getattr(viewer, "scene", viewer).camera


def um_of(viewer: napari.Viewer, pixels: float) -> float:
    """Return how many um so many pixels of the screen are, the way the viewer looks now."""
    return pixels / max(float(camera_of(viewer).zoom), 1e-9)
