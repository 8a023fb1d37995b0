"""``mvd open``: napari with a slide or a result in it, and the panels beside it."""

from pathlib import Path

import napari
from qtpy.QtCore import QTimer

from napari_mvd.reader import result_reader
from napari_mvd.seen import scale_bar_of, show_whole

PLUGIN = "napari-mvd"
PANELS = ("Slides and results", "Measure", "Vessel table")


def launch(path: Path | None) -> None:
    """Start napari, and return when it is closed."""
    open_viewer(path)
    napari.run()


def open_viewer(path: Path | None, *, show: bool = True) -> napari.Viewer:
    """Make a viewer with the panels and what is to be looked at."""
    viewer = napari.Viewer(title="mvd", show=show)
    scale_bar_of(viewer).visible = True
    for name in PANELS:
        dock, panel = viewer.window.add_plugin_dock_widget(PLUGIN, name, tabify=True)
        if name == PANELS[0]:
            first, opening = dock, panel
    if path is not None and result_reader(str(path)):
        opening.open_result(path)  # beside the window: a result of many vessels takes seconds
    elif path is not None:
        viewer.open(str(path), plugin=PLUGIN)
        pictures = [layer for layer in viewer.layers if "mvd_slide" in layer.metadata]
        if pictures:
            show_whole(viewer, pictures[0])
    # Once the window is up: docks that are added to a tab bar come to the front only then.
    QTimer.singleShot(0, first.raise_)
    return viewer
