"""The panel that measures: where, by which settings, with a preview, progress and a way to stop."""

from pathlib import Path
from typing import Any

import napari
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
)

import mvd
from napari_mvd.form import SettingsForm
from napari_mvd.measure import Order, measure
from napari_mvd.panel import Panel
from napari_mvd.preview import LivePreview
from napari_mvd.result_view import show_result
from napari_mvd.seen import results_in, slides_in
from napari_mvd.task import Task
from napari_mvd.where import PLACES, regions_of

_STAGES = {
    "overview": "Looking at the whole slide",
    "fit": "Fitting the stains",
    "tiles": "Looking for vessels",
    "vessels": "Measuring vessels",
    "hotspots": "Counting fields and chance",
    "report": "Writing the result folder",
}


class MeasurePanel(Panel):
    """Runs mvd on the slide that is open.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self.form = SettingsForm()
        self.task = Task(self)
        self.preview = LivePreview(napari_viewer, self.form.settings, self)
        self._make()
        self._connect()
        self._tell("")

    def start(self) -> None:
        """Begin to measure."""
        slides = slides_in(self._viewer)
        if not slides:
            self._tell("Open a slide first (drop it on the picture).")
            return
        try:
            settings = self.form.settings()
            place = self.where.currentData()
            regions = regions_of(self._viewer, place, slides[0].info, settings)
        except mvd.MvdError as error:
            self._tell(str(error))
            return
        out = Path(self.out.text().strip()) if self.out.text().strip() else None
        order = Order(slides[0].info.path, settings, regions, out)
        self._busy(True)
        self.task.start(lambda progress: measure(order, progress))

    def _make(self) -> None:
        layout = QVBoxLayout(self)
        top = QFormLayout()
        self.where = QComboBox()
        for key, (words, hint) in PLACES.items():
            self.where.addItem(words, key)
            self.where.setItemData(self.where.count() - 1, hint, Qt.ItemDataRole.ToolTipRole)
        self.where.setToolTip("The area that is measured; stain and thresholds are fitted on the whole slide")
        top.addRow("Where", self.where)
        self.out = QLineEdit()
        self.out.setPlaceholderText("not saved")
        self.out.setToolTip(
            "A new folder for the result: tables, pictures and report.html, as `mvd run` writes them"
        )
        self.browse = QPushButton("...")
        self.browse.setToolTip("Choose the folder")
        self.browse.setMaximumWidth(36)
        row = QHBoxLayout()
        row.addWidget(self.out)
        row.addWidget(self.browse)
        top.addRow("Save to", row)
        layout.addLayout(top)
        layout.addLayout(self._make_buttons())
        self.bar = QProgressBar()
        self.said = QLabel()
        self.said.setWordWrap(True)
        layout.addWidget(self.bar)
        layout.addWidget(self.said)
        self.live = QCheckBox("Live preview of what is in view")
        self.live.setToolTip(
            "Draws what would be counted (green) and what not (grey); at most about 1 mm of the slide"
        )
        layout.addWidget(self.live)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.form)
        area.setMinimumHeight(180)
        layout.addWidget(area, 1)
        self._busy(False)

    def _make_buttons(self) -> QHBoxLayout:
        self.go = QPushButton("Measure")
        self.go.setToolTip("Find and count the vessels; the picture can be moved meanwhile")
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("Stop at the next tile; nothing is saved then")
        self.like = QPushButton("Settings of the result")
        self.like.setToolTip("Show the settings that the result in the picture was measured with")
        buttons = QHBoxLayout()
        for button in (self.go, self.stop, self.like):
            buttons.addWidget(button)
        return buttons

    def _connect(self) -> None:
        self.go.clicked.connect(self.start)
        self.stop.clicked.connect(self.task.cancel)
        self.like.clicked.connect(self._take_settings)
        self.browse.clicked.connect(self._browse)
        self.live.toggled.connect(self.preview.switch)
        self.form.changed.connect(self.preview.soon)
        self.preview.told.connect(self._tell)
        self.task.progressed.connect(self._progressed)
        self.task.done.connect(self._done)
        self.task.failed.connect(lambda message: (self._busy(False), self._tell(message)))
        self.task.cancelled.connect(lambda: (self._busy(False), self._tell("Stopped.")))
        self.destroyed.connect(self.task.cancel)

    def _progressed(self, stage: str, done: int, total: int) -> None:
        self.bar.setMaximum(max(total, 1) if stage == "tiles" else 0)
        self.bar.setValue(done)
        count = f": {done} of {total}" if stage == "tiles" else ""
        self._tell(f"{_STAGES.get(stage, stage)}{count}")

    def _done(self, shown: mvd.Shown) -> None:
        self._busy(False)
        show_result(self._viewer, shown)
        summary: Any = shown.result.summary
        saved = f" Saved to {shown.folder.parent.parent.name}." if shown.folder else ""
        per_mm2 = summary["mvd_tissue_per_mm2"]
        density = f", {per_mm2:.1f} per mm2 of tissue" if per_mm2 is not None else ""
        self._tell(f"{summary['vessels']} vessels{density}.{saved}")

    def _take_settings(self) -> None:
        results = results_in(self._viewer)
        if results:
            self.form.show_settings(results[0].result.settings)
        else:
            self._tell("There is no result in the picture.")

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "A new folder for the result")
        if folder:
            self.out.setText(folder)

    def _busy(self, busy: bool) -> None:
        self.go.setEnabled(not busy)
        self.stop.setEnabled(busy)
        self.bar.setVisible(busy)

    def _tell(self, words: str) -> None:
        self.said.setText(words)
        self.said.setVisible(bool(words))
