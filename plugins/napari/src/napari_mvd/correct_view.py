"""A slide open for correction -> its layers in a viewer, kept in step with every change.

Three layers are made: the vessels (points), their outlines where few enough are in view (segments), and one to draw in.
Nothing is decided here: clicks, keys and drawings go to ``Correcting``.
"""

from collections.abc import Callable, Iterator
from typing import Any

import napari
import numpy as np
from napari.layers import Points, Shapes, Vectors
from qtpy.QtCore import QTimer

from napari_mvd.correct_layers import MOST_OUTLINES, SELECTED_COLOUR, outlines_of, points_of, rows_in
from napari_mvd.correct_state import Correcting
from napari_mvd.correct_tools import CANCEL_KEY, MODES, REDO, TOOLS, UNDO, Tool
from napari_mvd.layers import IN_UM
from napari_mvd.seen import camera_of, um_of, view_box

VESSELS, OUTLINES, DRAWING = "vessels: correct here", "outlines", "draw here"
LINE_PX, LEAST_LINE_UM = 2.5, 0.3
"""Outlines are so wide on the screen, but no finer than a pixel of the slide."""
CLICK_PX = 8
"""A vessel's middle is hit from so many pixels of the screen."""


class CorrectView:
    """The layers of one slide that is corrected.

    Parameters
    ----------
    viewer : napari.Viewer
    state : Correcting

    Attributes
    ----------
    vessels, outlines, drawing : napari layers
    armed : Tool or None
        What the next drawing or click is for.
    armed_changed : list of callable
    """

    def __init__(self, viewer: napari.Viewer, state: Correcting) -> None:
        self.viewer, self.state = viewer, state
        self.armed: Tool | None = None
        self.armed_changed: list[Callable[[], None]] = []
        self.outlines = Vectors(np.empty((0, 2, 2)), **_outline_look(), **IN_UM)
        self.drawing = Shapes(None, ndim=2, **_drawing_look(), **IN_UM)
        self._look = points_of(state.corrections)
        self.vessels = Points(**_point_look(self._look), **IN_UM)
        self._soon = QTimer()
        self._soon.setSingleShot(True)
        self._soon.setInterval(80)
        self._soon.timeout.connect(self.draw_outlines)
        self.drawing.events.data.connect(self._drawn)
        self.vessels.mouse_drag_callbacks.append(self._pressed)
        for layer in self.layers:
            self.bind_keys(layer)
        self.take(state)

    @property
    def layers(self) -> tuple[Any, ...]:
        """All that were made."""
        return self.outlines, self.drawing, self.vessels

    def take(self, state: Correcting) -> None:
        """Show a slide, in the same layers if one was shown before: to remove layers can make OpenGL crash."""
        self.state = state
        show_layers(self.viewer, self.layers, state)
        camera_of(self.viewer).events.connect(self._looked_elsewhere)
        state.changed.append(self.draw)
        state.chosen.append(self._choose)
        self.draw()
        self.draw_outlines()
        self.viewer.layers.selection.active = self.vessels

    def close(self) -> None:
        """Hide the layers; what was corrected is on the disk."""
        self.arm(None)
        self._soon.stop()
        camera_of(self.viewer).events.disconnect(self._looked_elsewhere)
        self.state.changed.remove(self.draw)
        self.state.chosen.remove(self._choose)
        hide_layers(self.layers)

    def use(self, tool: Tool) -> None:
        """Do what a tool does, or wait for what has to be drawn first."""
        if not tool.draw:
            self.arm(None)
            getattr(self.state, tool.name)()
        elif tool.name == "outline" and len(self.state.selected) != 1:
            self.state.say("Select the one vessel to outline first: click on it", failed=True)
        else:
            self.arm(tool)

    def arm(self, tool: Tool | None) -> None:
        """Wait for a drawing or a click; with None, for no longer."""
        self.armed = tool
        self.drawing.mode = MODES.get(tool.draw, "pan_zoom") if tool else "pan_zoom"
        draws = tool is not None and tool.draw in MODES
        active = self.viewer.layers.selection.active
        if draws or active is self.drawing or (tool and tool.draw):
            self.viewer.layers.selection.active = self.drawing if draws else self.vessels
        for listener in self.armed_changed:
            listener()
        if tool:
            self.state.say(f"{tool.tip} {CANCEL_KEY}: not.")

    def draw(self) -> None:
        """Show the vessels as they are now."""
        look, layer = points_of(self.state.corrections), self.vessels
        with layer.events.data.blocker():
            layer.selected_data = set()
            more = len(look["data"]) != len(layer.data)
            for name, values in look.items():  # "data" is the first: the others have a row for each
                if more or not np.array_equal(values, self._look[name]):
                    setattr(layer, name, values)
        self._look = look
        self._choose()

    def draw_outlines(self) -> None:
        """Outline the vessels in view, or none if they are too many."""
        corrections = self.state.corrections
        rows = rows_in(corrections, view_box(self.viewer))
        many = len(rows) > MOST_OUTLINES
        one_px = um_of(self.viewer, 1.0)
        segments, colours = outlines_of(corrections, rows[:0] if many else rows, self.state.selected, one_px)
        self.outlines.data = segments
        if len(segments):
            self.outlines.edge_color = colours
            self.outlines.edge_width = max(LEAST_LINE_UM, um_of(self.viewer, LINE_PX))
        self.vessels.opacity = 1.0 if many else 0.0

    def _choose(self) -> None:
        """Show what is selected."""
        self.vessels.selected_data = {vessel - 1 for vessel in self.state.selected}
        if self.state.said:
            self.viewer.status = self.state.said
        self._looked_elsewhere()

    def _looked_elsewhere(self, _event: Any = None) -> None:
        self._soon.start()

    def _pressed(self, layer: Points, event: Any) -> Iterator[None]:
        """A click, not a drag, selects; with a tool that waits for a point, it sets one."""
        if event.button != 1:
            return
        start = np.array(event.pos)
        yield
        while event.type == "mouse_move":
            if np.abs(np.array(event.pos) - start).max() > 3:
                return
            yield
        y_um, x_um = event.position[-2:]
        if self.armed and self.armed.draw == "point":
            self.arm(None)
            self.state.add_point(x_um, y_um)
        else:
            reach_um = um_of(self.viewer, CLICK_PX)
            self.state.choose(x_um, y_um, reach_um, more="Shift" in event.modifiers)

    def _drawn(self, event: Any) -> None:
        """Take over a finished drawing, once napari has let go of it."""
        if event.action == "added" and self.armed and len(self.drawing.data):
            QTimer.singleShot(0, self._take_drawing)

    def _take_drawing(self) -> None:
        if not self.armed or not len(self.drawing.data):
            return
        tool, points_um = self.armed, np.asarray(self.drawing.data[-1])[:, ::-1]
        self.arm(None)
        self.drawing.data = []
        getattr(self.state, tool.name)(points_um)

    def bind_keys(self, layer: Any) -> None:
        """Let the tools' keys work while a layer is the active one; they go before napari's own."""
        for tool in (*TOOLS, UNDO, REDO):
            layer.bind_key(tool.key, _calls(lambda tool=tool: self.use(tool)), overwrite=True)
        layer.bind_key(CANCEL_KEY, _calls(lambda: self.arm(None)), overwrite=True)


def show_layers(viewer: napari.Viewer, layers: tuple[Any, ...], state: Correcting) -> None:
    """Show layers, and say which slide's they are."""
    for layer in layers:
        layer.metadata = {"mvd_folder": str(state.folder), "mvd_correcting": True}
        layer.visible = True
        if layer not in viewer.layers:
            viewer.add_layer(layer)


def hide_layers(layers: tuple[Any, ...]) -> None:
    """Hide layers, which are no slide's any more."""
    for layer in layers:
        layer.metadata = {"mvd_correcting": True}
        layer.visible = False


def _calls(do: Callable[[], None]) -> Callable[[Any], None]:
    """A key's function, which napari gives the layer."""

    def pressed(_layer: Any) -> None:
        do()

    return pressed


def _outline_look() -> dict[str, Any]:
    return {"name": OUTLINES, "vector_style": "line", "edge_width": 1, "length": 1}


def _drawing_look() -> dict[str, Any]:
    return {"name": DRAWING, "edge_color": SELECTED_COLOUR, "face_color": "transparent", "edge_width": 1}


def _point_look(look: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": VESSELS,
        "face_color": "transparent",
        "border_width": 2,
        "border_width_is_relative": False,
        "canvas_size_limits": (6, 10000),
        **look,
    }
