"""Run by a test, to be killed: correct a slide in a viewer without end; say after each key how many are safe.

A correction is said to be there only once the viewer shows it.
"""

import sys
from pathlib import Path

import napari
from hand import Hand, look_at, wait
from napari_mvd.correct_panel import CorrectPanel
from qtpy.QtCore import Qt

viewer = napari.Viewer(show=True)
panel = CorrectPanel(viewer)
viewer.window.add_dock_widget(panel)
panel.choose_folder(Path(sys.argv[1]))
panel.reader.setText("AB")
panel.begin()
wait(lambda: panel.state is not None)
hand = Hand(viewer)
for row in panel.state.corrections.vessels.counted.itertuples():
    look_at(viewer, row.x_um, row.y_um, 4)
    hand.click(row.x_um, row.y_um)
    hand.press(Qt.Key.Key_D)
    print(len(panel.state.corrections.edits), flush=True)
