"""Shows again what was filled in the background: looks a few times a second, while something is being made."""

import napari
from qtpy.QtCore import QTimer

EVERY_MS = 300


class Refresher:
    """Refreshes the layers of a viewer whose levels are filled.

    Parameters
    ----------
    viewer : napari.Viewer
    """

    def __init__(self, viewer: napari.Viewer) -> None:
        self._viewer = viewer
        self._timer = QTimer()
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.look)
        viewer.layers.events.removed.connect(self._stop_filling)
        self._timer.start()

    def look(self) -> None:
        """Refresh what has changed."""
        for layer in self._viewer.layers:
            filler = layer.metadata.get("mvd_filler")
            if filler is not None and filler.changed():
                layer.refresh()

    @staticmethod
    def _stop_filling(event: object) -> None:
        layer = getattr(event, "value", None)
        filler = layer.metadata.get("mvd_filler") if layer is not None else None
        if filler is not None:
            filler.stop()


_REFRESHERS: dict[int, Refresher] = {}


def refresh_what_is_filled() -> None:
    """See to it that the viewer that is there shows what is filled; nothing without a viewer."""
    viewer = napari.current_viewer()
    if viewer is not None and id(viewer) not in _REFRESHERS:
        _REFRESHERS.clear()  # of viewers that are closed
        _REFRESHERS[id(viewer)] = Refresher(viewer)
