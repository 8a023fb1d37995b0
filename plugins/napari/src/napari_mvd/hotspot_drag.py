"""The hot spots of a slide that is corrected: circles that are dragged, with the exact count following.

Input: ``Correcting``. Output: a shapes layer. Every count comes from ``mvd.Corrections``; a hot spot that is let go is
``Correcting.move_hotspot``, on the disk at once.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import napari
import numpy as np
import pandas as pd
from napari.layers import Shapes
from numpy.typing import NDArray

from napari_mvd.correct_layers import BY_HAND_COLOUR
from napari_mvd.correct_state import Correcting
from napari_mvd.correct_view import hide_layers, show_layers
from napari_mvd.layers import HOTSPOT_COLOUR, HOTSPOT_TEXT_COLOUR, IN_UM
from napari_mvd.seen import camera_of, um_of
from napari_mvd.task import Task

NAME, MOVING = "hot spots: drag here", "hot spot on its way"
AT_ONCE = 20_000
"""With more counted vessels the hot spots are searched in a thread: that takes seconds."""
REACH_UM = 200.0
LINE_PX = 2.0

_CORNERS = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]], float)


class HotspotDrag:
    """The hot spots of one field area, as a layer.

    Parameters
    ----------
    viewer : napari.Viewer
    state : Correcting

    Attributes
    ----------
    layer : napari.layers.Shapes
    spots : tuple of Hotspot
        As they are now, best first.
    chosen : int
        The place in ``spots`` of the one that keys are for; 0 at first.
    searching : bool
    following : list of callable
        Called after any change.
    moving : napari.layers.Shapes
        The one that follows the mouse.
    """

    def __init__(self, viewer: napari.Viewer, state: Correcting) -> None:
        self.viewer, self.state = viewer, state
        self.field: Any = state.corrections.fields[0]
        self.spots: tuple[Any, ...] = ()
        self.chosen, self.searching = 0, False
        self.following: list[Callable[[], None]] = []
        self._asked = 0
        self._unseen: list[Any] = []
        self._task = Task()
        self._task.done.connect(self._found)
        self._task.failed.connect(self._not_found)
        self.layer = Shapes(None, ndim=2, name=NAME, opacity=1.0, **IN_UM)
        self.moving = Shapes(None, ndim=2, name=MOVING, opacity=1.0, **IN_UM)
        self.layer.mouse_drag_callbacks.append(self._dragged)
        self.take(state)

    def take(self, state: Correcting) -> None:
        """Show a slide's hot spots, in the same layers if one was shown before."""
        self.state, self.field, self.chosen = state, state.corrections.fields[0], 0
        show_layers(self.viewer, (self.layer, self.moving), state)
        self.moving.visible = False
        state.changed.append(self.search)
        camera_of(self.viewer).events.zoom.connect(self._looked_elsewhere)
        self.search()

    def close(self) -> None:
        """Hide the layers."""
        self._asked, self.searching = self._asked + 1, False
        self.state.changed.remove(self.search)
        camera_of(self.viewer).events.zoom.disconnect(self._looked_elsewhere)
        self._end_moving()
        hide_layers((self.layer, self.moving))

    def count_in(self, field: Any) -> None:
        """Show the hot spots of another field area, one of ``corrections.fields``."""
        self.field, self.chosen = field, 0
        self.search()

    def search(self) -> None:
        """Find the hot spots as corrected; at once, or in a thread where it takes long."""
        self._asked += 1
        corrections = self.state.corrections
        if len(corrections.counted_um) <= AT_ONCE:
            self._found((self._asked, corrections.hotspots(self.field)))
            return
        self.searching = True
        self._search_beside()
        self._tell()

    def _search_beside(self) -> None:
        """Search in a thread; while an older search is under way, its end begins this one."""
        asked, corrections, field = self._asked, self.state.corrections, self.field
        self._task.start(lambda _: (asked, corrections.hotspots(field)))

    def snap(self) -> None:
        """Move the chosen hot spot to the exact maximum within ``REACH_UM``."""
        if spot := self._chosen():
            self._move(spot, spot.x_um, spot.y_um, snap=True)

    def reject(self) -> None:
        """Say that the chosen one is no hot spot."""
        if spot := self._chosen():
            self.state.reject_hotspot(spot)

    def follow(self, number: int, x_um: float, y_um: float) -> Any:
        """Show a hot spot where it is dragged to, with the exact count there; nothing is decided yet."""
        there = self.state.corrections.count_at(x_um, y_um, self.field)
        if not self.moving.visible:
            self._begin_moving(self.spots[number])
        self._put(y_um, x_um)
        label = f"{there.vessels if there else 0} vessels"
        if label != self.moving.features["label"].iloc[0]:
            self.moving.features = {"label": [label]}
        return there

    def _put(self, y_um: float, x_um: float) -> None:
        """Move the circle, and nothing else: what it looks like, and how far all layers reach together, stays.

        Without this, napari would make the circle's mesh, and compile its shaders, anew for each step of the mouse.
        """
        events, reckon = self.moving.events, getattr(self.viewer, "_on_layers_change", None)
        with ExitStack() as quiet:
            for event in (events.set_data, events.thumbnail, events.highlight):
                quiet.enter_context(event.blocker())
            if reckon is not None:
                quiet.enter_context(events.translate.blocker(reckon))
            self.moving.translate = (y_um, x_um)

    def _begin_moving(self, spot: Any) -> None:
        """Draw the circle that follows the mouse, once: to move a layer is far quicker than to draw it anew."""
        look = {
            "face_color": "transparent",
            "edge_color": BY_HAND_COLOUR,
            "edge_width": um_of(self.viewer, LINE_PX),
        }
        self.moving.data = []
        self.moving.add([_CORNERS * spot.radius_um], shape_type=self._kind, **look)
        self.moving.features = {"label": [""]}
        self.moving.text = {"string": "{label}", "color": BY_HAND_COLOUR, "anchor": "center", "size": 14}
        self.moving.visible = True
        self._unseen = [layer for layer in self.viewer.layers if layer.visible and not layer.opacity]
        for layer in self._unseen:  # 100,000 points that are transparent cost as much to draw as any
            layer.visible = False

    def _end_moving(self) -> None:
        self.moving.visible = False
        for layer in self._unseen:
            layer.visible = True
        self._unseen = []

    def let_go(self, number: int, x_um: float, y_um: float, *, snap: bool = False) -> None:
        """Leave a hot spot where it was dragged to, or at the exact maximum near there."""
        self.chosen = number
        self._end_moving()
        self._move(self.spots[number], x_um, y_um, snap=snap)

    def _move(self, spot: Any, x_um: float, y_um: float, *, snap: bool) -> None:
        best = self.state.corrections.snap(x_um, y_um, REACH_UM, self.field) if snap else None
        if snap and best is None:
            self.state.say(f"No vessel lies within {REACH_UM:g} um", failed=True)
            self._show()
            return
        if best is not None:
            x_um, y_um = best.x_um, best.y_um
        self.state.move_hotspot(spot, x_um, y_um)
        placed = [
            n
            for n, each in enumerate(self.spots)
            if (each.x_um, each.y_um) == (round(x_um, 3), round(y_um, 3))
        ]
        if self.state.failed or not placed:
            self._show()
        else:
            self.chosen = placed[0]

    def _found(self, answer: tuple[int, Sequence[Any]]) -> None:
        asked, spots = answer
        if asked != self._asked:  # the vessels have changed since
            if self.searching:
                self._search_beside()
            return
        self.searching, self.spots = False, tuple(spots)
        self.chosen = min(self.chosen, max(len(spots) - 1, 0))
        self._show()

    def _not_found(self, why: str) -> None:
        self.searching = False
        self.state.say(why, failed=True)

    def _show(self) -> None:
        centres = [np.array([spot.y_um, spot.x_um]) for spot in self.spots]
        data = [centre + _CORNERS * spot.radius_um for centre, spot in zip(centres, self.spots, strict=True)]
        self._redraw(data, [f"{spot.rank}: {spot.vessels}" for spot in self.spots])
        self._tell()

    def _redraw(self, data: Sequence[NDArray[np.float64]], labels: Sequence[str]) -> None:
        layer = self.layer
        layer.data = []
        if data:
            layer.features = pd.DataFrame({"label": pd.Series(dtype=str)})
            colours = [BY_HAND_COLOUR if spot.by_hand else HOTSPOT_COLOUR for spot in self.spots]
            width_um = um_of(self.viewer, LINE_PX)
            look = {"edge_color": colours, "face_color": "transparent", "edge_width": width_um}
            layer.add(list(data), shape_type=self._kind, **look)
            layer.features = pd.DataFrame({"label": list(labels)})
            layer.text = {
                "string": "{label}",
                "color": HOTSPOT_TEXT_COLOUR,
                "anchor": "upper_left",
                "size": 13,
            }

    @property
    def _kind(self) -> str:
        return "rectangle" if self.field.shape == "square" else "ellipse"

    def _looked_elsewhere(self, _event: Any = None) -> None:
        width_um = um_of(self.viewer, LINE_PX)
        if len(self.layer.data) and not 0.8 < width_um / self.layer.edge_width[0] < 1.25:
            self.layer.edge_width = [width_um] * len(self.layer.data)

    def _tell(self) -> None:
        for listener in self.following:
            listener()

    def _chosen(self) -> Any:
        if self.chosen < len(self.spots):
            return self.spots[self.chosen]
        self.state.say("There is no hot spot", failed=True)
        return None

    def at(self, x_um: float, y_um: float) -> int | None:
        """The place in ``spots`` of the one that a place lies in."""
        for number, spot in enumerate(self.spots):
            away = np.abs([x_um - spot.x_um, y_um - spot.y_um])
            if (away.max() if spot.shape == "square" else np.hypot(*away)) <= spot.radius_um:
                return number
        return None

    def _dragged(self, layer: Shapes, event: Any) -> Iterator[None]:
        """Take the hot spot under the mouse along; with Shift, it snaps when it is let go."""
        start_y, start_x = event.position[-2:]
        number = self.at(start_x, start_y)
        if event.button != 1 or number is None or self.searching:
            return
        spot, moved = self.spots[number], False
        layer.mouse_pan = False
        try:
            yield
            while event.type == "mouse_move":
                y, x = event.position[-2:]
                there = self.follow(number, spot.x_um + x - start_x, spot.y_um + y - start_y)
                self.viewer.status = told_of(there)
                moved = True
                yield
        finally:
            layer.mouse_pan = True
        if moved:
            y, x = event.position[-2:]
            to = spot.x_um + x - start_x, spot.y_um + y - start_y
            self.let_go(number, *to, snap="Shift" in event.modifiers)
        else:
            self.chosen = number
            self._tell()


def told_of(spot: Any) -> str:
    """Return what is counted in a field, in words."""
    if spot is None:
        return "neither tissue nor a vessel here"
    return f"{spot.vessels} vessels, {spot.vessels_per_mm2:.1f}/mm2, {spot.tissue_fraction:.0%} tissue"
