"""One field of a blinded session -> layers: the slide, the field's edge, and the points that the reader sets.

The slide's layer has no name that tells which one it is, and no result is ever shown. Every point goes to
``mvd.BlindedReading`` as it is set.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
from napari.layers import Points, Shapes
from numpy.typing import NDArray

import mvd
from napari_mvd.correct_layers import BY_HAND_COLOUR
from napari_mvd.layers import HOTSPOT_COLOUR, IN_UM
from napari_mvd.seen import show_box, um_of
from napari_mvd.slide import slide_layer

SLIDE, EDGE, MARKS = "slide", "count inside", "vessels: click here"
MARK_UM, MARK_PX = 12.0, 14.0
"""Rings are so large, in um, and on the screen when a field is first seen: seen, and round a vessel, not over it."""


class SecondReaderView:
    """Shows the fields of a session, one at a time.

    Parameters
    ----------
    viewer : napari.Viewer
    session : mvd.BlindedReading
    slides : Path
        The folder that the slides lie in, as `mvd run` was given it.

    Attributes
    ----------
    number : int
        Place of the present field in the session.
    edge, marks : napari layers
    changed : list of callable
        Called after every point.
    said : str
        Why a point was not kept; else empty.
    """

    def __init__(self, viewer: napari.Viewer, session: mvd.BlindedReading, slides: Path) -> None:
        self.viewer, self.session, self.slides = viewer, session, slides
        self.number, self.said = 0, ""
        self.changed: list[Callable[[], None]] = []
        self.edge = Shapes(None, ndim=2, name=EDGE, opacity=1.0, **IN_UM)
        self.marks = Points(None, ndim=2, **_mark_look())
        self.marks.events.data.connect(self._marked)
        self._image: Any = None
        self._path: Path | None = None

    def show(self, number: int) -> None:
        """Show a field, ready for points.

        Raises
        ------
        mvd.MvdError
            Its slide cannot be found or read; then the field before stays.
        """
        field = self.session.fields[number]
        path = self.slides / field.slide if self.slides.is_dir() else self.slides
        if path != self._path:
            self._show_slide(path)
        self.number = number
        with self.marks.events.data.blocker(self._marked):
            self.marks.selected_data = set()
            self.marks.data = self.session.points(number)[:, ::-1]
        self.edge.data = []
        if field.x_um is not None:
            self.edge.add([field_corners(field)], **_edge_look(field))
        for layer in (self.edge, self.marks):
            if layer not in self.viewer.layers:
                self.viewer.add_layer(layer)
        self.viewer.layers.selection.active = self.marks
        self.marks.mode = "add"
        self._look_at(field)
        size_um = max(MARK_UM, um_of(self.viewer, MARK_PX))
        self.marks.current_size, self.marks.size = size_um, size_um

    def close(self) -> None:
        """Hide the layers; the points are kept."""
        for layer in (self.edge, self.marks, *([self._image] if self._image else [])):
            layer.visible = False

    def _show_slide(self, path: Path) -> None:
        """Show another slide below the marks, in the same layer: to remove layers can make OpenGL crash."""
        levels, look, _ = slide_layer(path)
        if self._image is not None and self._image in self.viewer.layers:
            self._image.data = levels
            for name in ("scale", "translate"):
                setattr(self._image, name, look.get(name, (1.0, 1.0) if name == "scale" else (0.0, 0.0)))
        else:
            self._image = self.viewer.add_image(levels, **{**look, "name": SLIDE})
            self.viewer.layers.move(self.viewer.layers.index(self._image), 0)
        self._path = path

    def _marked(self, event: Any) -> None:
        if event.action not in ("added", "removed", "changed"):
            return
        try:
            self.session.mark(self.number, np.asarray(self.marks.data, float)[:, ::-1])
            self.said = ""
        except mvd.MvdError as error:
            self.said = str(error)
        for listener in self.changed:
            listener()

    def _look_at(self, field: Any) -> None:
        if field.x_um is None:
            self.viewer.reset_view()
            return
        low, _, high, _ = field_corners(field)
        show_box(self.viewer, low, high)


def _edge_look(field: Any) -> dict[str, Any]:
    return {
        "shape_type": "rectangle" if field.shape == "square" else "ellipse",
        "face_color": "transparent",
        "edge_color": HOTSPOT_COLOUR,
        "edge_width": max(field.radius_um / 150, 0.5),
    }


def field_corners(field: Any) -> NDArray[np.float64]:
    """Corners of the square round a field, (4, 2) as (y, x), um."""
    corners = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]], float)
    return np.array([field.y_um, field.x_um]) + corners * field.radius_um


def _mark_look() -> dict[str, Any]:
    return {
        "name": MARKS,
        "size": MARK_UM,
        "face_color": "transparent",
        "border_color": BY_HAND_COLOUR,
        "border_width": 0.12,  # of the size
        "canvas_size_limits": (2, 10000),  # half of the least size is the least width of the ring too
        **IN_UM,
    }
