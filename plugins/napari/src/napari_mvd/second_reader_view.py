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
from napari_mvd.correct_camera import camera_of
from napari_mvd.correct_layers import BY_HAND_COLOUR
from napari_mvd.layers import HOTSPOT_COLOUR, IN_UM
from napari_mvd.slide import slide_layer

SLIDE, EDGE, MARKS = "slide", "count inside", "vessels: click here"
MARK_UM = 12.0


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
    marks : napari.layers.Points or None
    changed : list of callable
        Called after every point.
    said : str
        Why a point was not kept; else empty.
    """

    def __init__(self, viewer: napari.Viewer, session: mvd.BlindedReading, slides: Path) -> None:
        self.viewer, self.session, self.slides = viewer, session, slides
        self.number, self.said = 0, ""
        self.marks: Points | None = None
        self.changed: list[Callable[[], None]] = []
        self._layers: list[Any] = []

    def show(self, number: int) -> None:
        """Show a field, ready for points.

        Raises
        ------
        mvd.MvdError
            Its slide cannot be found or read; then the field before stays.
        """
        field = self.session.fields[number]
        path = self.slides / field.slide if self.slides.is_dir() else self.slides
        levels, look, _ = slide_layer(path)
        self.close()
        self.number = number
        image = self.viewer.add_image(levels, **{**look, "name": SLIDE})
        self._layers.append(image)
        if field.x_um is not None:
            self._layers.append(self.viewer.add_layer(_edge_of(field)))
        points = self.session.points(number)[:, ::-1]
        self.marks = self.viewer.add_layer(Points(points, ndim=2, **_mark_look()))
        self._layers.append(self.marks)
        self.marks.mode = "add"
        self.marks.events.data.connect(self._marked)
        self._look_at(field, image)

    def close(self) -> None:
        """Take the layers away; the points are kept."""
        for layer in self._layers:
            if layer in self.viewer.layers:
                self.viewer.layers.remove(layer)
        self._layers, self.marks = [], None

    def _marked(self, event: Any) -> None:
        if self.marks is None or event.action not in ("added", "removed", "changed"):
            return
        try:
            self.session.mark(self.number, np.asarray(self.marks.data, float)[:, ::-1])
            self.said = ""
        except mvd.MvdError as error:
            self.said = str(error)
        for listener in self.changed:
            listener()

    def _look_at(self, field: Any, image: Any) -> None:
        if field.x_um is None:
            self.viewer.reset_view()
            return
        camera = camera_of(self.viewer)
        camera.center = (0.0, field.y_um, field.x_um)
        camera.zoom = 650 / (2.1 * field.radius_um)


def _edge_of(field: Any) -> Shapes:
    kind = "rectangle" if field.shape == "square" else "ellipse"
    return Shapes(
        [field_corners(field)],
        shape_type=kind,
        name=EDGE,
        face_color="transparent",
        edge_color=HOTSPOT_COLOUR,
        edge_width=max(field.radius_um / 150, 0.5),
        opacity=1.0,
        **IN_UM,
    )


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
        "border_width": 2,
        "border_width_is_relative": False,
        "canvas_size_limits": (8, 10000),
        **IN_UM,
    }
