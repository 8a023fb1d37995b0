"""The widget to correct a slide by hand: who corrects, what is counted, every tool with its key, and the hot spots.

Input: a viewer with a slide's result. Output: calls of ``CorrectView``, ``HotspotDrag`` and ``Correcting``. It decides
nothing, and there is nothing to save: every correction is on the disk before it is shown.
"""

from pathlib import Path
from typing import Any

import napari
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
)

import mvd
from napari_mvd.correct_boxes import HotspotBox, NumbersBox, ToolBox
from napari_mvd.correct_find import slide_files, slide_folders
from napari_mvd.correct_state import Correcting
from napari_mvd.correct_view import CorrectView
from napari_mvd.hotspot_drag import HotspotDrag
from napari_mvd.panel import Panel
from napari_mvd.task import Task

HINT = (
    "Open a slide's result, say who you are, and begin. Then <b>click a vessel</b> and press a key "
    "(Shift + click selects more). Each step is saved at once; Ctrl + Z takes it back."
)
OTHER = "Another folder ..."


class CorrectPanel(Panel):
    """Dock widget; napari makes it with its viewer.

    Attributes
    ----------
    state : Correcting or None
    view : CorrectView or None
    hotspots : HotspotDrag or None
        Made for the first slide; those after it are shown in the same layers.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.state: Correcting | None = None
        self.view: CorrectView | None = None
        self.hotspots: HotspotDrag | None = None
        self._measured: Any = None
        self._hidden: list[Any] = []
        self.task = Task(self)
        self.task.done.connect(self.show_slide)
        self.task.failed.connect(self._not_opened)
        self._build()
        self._list_folders()
        for event in self._events():
            event.connect(self._list_folders)
        self.destroyed.connect(self._leave_layers)

    def begin(self) -> None:
        """Open the chosen slide for correction, in a thread: a large slide takes seconds."""
        folder, reader = self.folders.currentData(), self.reader.text()
        if folder is None:
            self.tell("Open the folder of a slide first: results/slides/<slide_id>", failed=True)
            return
        self.end()
        self.begin_button.setEnabled(False)
        self.tell("Opening ...")
        self.task.start(lambda _: mvd.Corrections.open(Path(folder), reader))

    def show_slide(self, opened: mvd.Corrections) -> None:
        """Show a slide that was opened for correction."""
        self.begin_button.setEnabled(True)
        self.state = Correcting(opened)
        self._measure_stains()
        self._hide_what_was_found()
        if self.view is None or self.hotspots is None:
            self.hotspots = HotspotDrag(self.viewer, self.state)
            self.view = CorrectView(self.viewer, self.state)
            self.view.bind_keys(self.hotspots.layer)
            self.tools.use(self.view)
            self.spots.use(self.hotspots, self.view)
        else:
            self.hotspots.take(self.state)
            self.view.take(self.state)
        self.tools.follow(self.state)
        self.spots.follow()
        self.state.changed.append(self._tell_numbers)
        self.state.chosen.append(self._tell_state)
        self.hint.hide()
        for box in (self.numbers, self.tools, self.spots):
            box.show()
        self._tell_numbers()
        self.tell(f"{len(opened.edits)} corrections are there from before" if opened.edits else "Ready")

    def _not_opened(self, why: str) -> None:
        self.begin_button.setEnabled(True)
        self.tell(why, failed=True)

    def end(self) -> None:
        """Be done with the present slide; its result is shown again."""
        if self.state is not None and self.view is not None and self.hotspots is not None:
            self.view.close()
            self.hotspots.close()
        if self._measured is not None:
            self._measured.close()
        for layer in self._hidden:
            layer.visible = True
        self.state, self._measured, self._hidden = None, None, []
        for box in (self.numbers, self.tools, self.spots):
            box.hide()
        self.hint.show()

    def tell(self, what: str, *, failed: bool = False) -> None:
        """Show one line; what failed stands out by a sign, not by a colour alone."""
        self.said.setText(f"⚠ {what}" if failed else what)

    def closeEvent(self, event: Any) -> None:  # noqa: N802
        """Leave nothing behind in the viewer."""
        self._leave_layers()
        super().closeEvent(event)

    def _leave_layers(self, *_: Any) -> None:
        for event in self._events():
            event.disconnect(self._list_folders)

    def _events(self) -> tuple[Any, ...]:
        """What tells that other results may be shown."""
        layers = self.viewer.layers
        return layers.events.inserted, layers.events.removed, layers.selection.events.active

    def _build(self) -> None:
        self.folders, self.reader = QComboBox(), QLineEdit()
        self.folders.setToolTip("The slide to correct: one whose result is open, or a folder of your choice")
        self.folders.activated.connect(self._ask_for_folder)
        self.reader.setPlaceholderText("initials, for example AB")
        self.reader.setToolTip("Every correction bears this name and the time (UTC); 32 characters at most")
        self.begin_button = QPushButton("Begin")
        self.begin_button.setToolTip(
            "Open the slide for correction; what was corrected before is there again"
        )
        self.begin_button.clicked.connect(self.begin)
        self.reader.returnPressed.connect(self.begin)
        self.hint, self.said = QLabel(HINT), QLabel("")
        for label in (self.hint, self.said):
            label.setWordWrap(True)
        self.numbers, self.tools, self.spots = NumbersBox(), ToolBox(), HotspotBox()
        form, who, column = QFormLayout(), QHBoxLayout(), QVBoxLayout(self)
        who.addWidget(self.reader)
        who.addWidget(self.begin_button)
        form.addRow("Slide", self.folders)
        form.addRow("Reader", who)
        column.addLayout(form)
        for widget in (self.hint, self.numbers, self.tools, self.spots, self.said):
            column.addWidget(widget)
        for box in (self.numbers, self.tools, self.spots):
            box.hide()
        column.addStretch()

    def _list_folders(self, _event: Any = None) -> None:
        """Offer the slides whose results are open; the chosen one stays chosen."""
        chosen = self.folders.currentData()
        folders = slide_folders(self.viewer.layers)
        if chosen and Path(chosen) not in folders:
            folders.append(Path(chosen))
        self.folders.blockSignals(True)
        self.folders.clear()
        for folder in folders:
            self.folders.addItem(folder.name, str(folder))
        self.folders.addItem(OTHER, None)
        self.folders.setCurrentIndex(max(self.folders.findData(chosen), 0) if chosen else 0)
        self.folders.blockSignals(False)

    def choose_folder(self, folder: Path) -> None:
        """Choose a slide's folder whose result need not be open."""
        if self.folders.findData(str(folder)) < 0:
            self.folders.insertItem(0, folder.name, str(folder))
        self.folders.setCurrentIndex(self.folders.findData(str(folder)))

    def _ask_for_folder(self, _index: int) -> None:
        if self.folders.currentData() is None:
            name = QFileDialog.getExistingDirectory(self, "The folder of a slide: results/slides/<slide_id>")
            if name:
                self.choose_folder(Path(name))

    def _measure_stains(self) -> None:
        """Measure the stains of what is drawn, if the slide is open in the viewer."""
        corrections = self.state.corrections if self.state else None
        for path in slide_files(self.viewer.layers, corrections.stored.about["slide"]) if corrections else []:
            try:
                self._measured = mvd.open_slide(path, mpp=corrections.stored.settings.slide.mpp)
                corrections.measure_on(self._measured)
            except mvd.MvdError as error:
                self.tell(f"Stains are not measured: {error}", failed=True)
            else:
                return

    def _hide_what_was_found(self) -> None:
        """The layers of the result would lie over those to correct on; not so its picture and the tissue's edge."""
        for layer in self.viewer.layers:
            stays = layer.metadata.get("mvd_part") in ("overview", "tissue")
            if self.state and slide_folders([layer]) == [self.state.folder] and not stays:
                self._hidden += [layer] if layer.visible else []
                layer.visible = False

    def _tell_numbers(self) -> None:
        if self.state:
            self.numbers.tell(self.state.corrections)

    def _tell_state(self) -> None:
        if self.state:
            self.tell(self.state.said, failed=self.state.failed)
