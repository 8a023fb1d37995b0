"""The panel to begin with: open a slide or a result, choose a slide of it, read its numbers, hand it over.

An empty window is no help: as long as nothing is open, the panel says what to do.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import napari
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

import mvd
from napari_mvd.layers import LayerTuple, result_layers
from napari_mvd.panel import Panel
from napari_mvd.result_view import replace_layers
from napari_mvd.sample import cohort
from napari_mvd.seen import connect_while, layers_of, results_in, slides_in
from napari_mvd.summary import HINT, summary_text
from napari_mvd.task import Task
from napari_mvd.writer import write_csv, write_geojson

PLUGIN, TITLE = "napari-mvd", "Slides and results"
Wanted = tuple[Path, tuple[mvd.StoredSlide, ...]]
_SLIDES = "Slides (*.svs *.tif *.tiff *.qptiff *.ndpi *.mrxs *.scn *.bif *.svslide *.dcm);;All files (*)"


class OpenPanel(Panel):
    """Opens slides and results.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self._offered: tuple[mvd.StoredSlide, ...] = ()
        self._wanted: Wanted = (Path(), ())
        self._reading = self._wanted
        self.task = Task(self)
        self.task.done.connect(self._read)
        self._making = Task(self)
        self._making.done.connect(self._made)
        layout = QVBoxLayout(self)
        layout.addLayout(self._row(self._openers()))
        self.choice = QComboBox()
        self.choice.setToolTip("The slides of the result folder: name, vessels, vessels per mm2 of tissue")
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(16)
        self.choice.currentIndexChanged.connect(self._chosen)
        layout.addWidget(self.choice)
        self.numbers = QLabel()
        self.numbers.setWordWrap(True)
        self.numbers.setTextFormat(Qt.TextFormat.RichText)
        self.numbers.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(self.numbers)
        self.handing = QWidget()
        self.handing.setLayout(self._row(self._savers()))
        layout.addWidget(self.handing)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.task.failed.connect(self._not_read)
        self._making.failed.connect(self.said.setText)
        layout.addWidget(self.said)
        layout.addStretch(1)
        layers = napari_viewer.layers
        for event in (layers.events.inserted, layers.events.removed, layers.selection.events.active):
            connect_while(self, event, self.look)
        connect_while(self, layers.events.inserted, self._inserted)
        self.look()

    def offer(self, slides: tuple[mvd.StoredSlide, ...], chosen: int = 0) -> None:
        """Offer the slides of a result folder; the chosen one is taken to be shown already."""
        self._offered = slides
        self.choice.blockSignals(True)
        self.choice.clear()
        for slide in slides:
            density = f", {slide.per_mm2:.0f} per mm2" if slide.per_mm2 is not None else ""
            self.choice.addItem(f"{slide.name}: {slide.vessels} vessels{density}")
        self.choice.setCurrentIndex(chosen)
        self.choice.blockSignals(False)
        self.look()

    def open_result(self, folder: Path) -> None:
        """Open a result folder, or the folder of one slide in it."""
        self._begin(folder, ())

    def _begin(self, folder: Path, offered: tuple[mvd.StoredSlide, ...]) -> None:
        """Read the folder of one of the offered slides, or what a folder offers and the first of that, in a thread."""
        wanted = self._wanted = folder, offered
        self.said.setText(f"Reading {folder.name} ...")
        if not self.task.is_running:  # else its end begins this
            self._reading = wanted
            self.task.start(lambda _: (wanted, *_read_folder(folder, offered)))

    def _read(self, answer: tuple[Wanted, tuple[mvd.StoredSlide, ...], list[LayerTuple]]) -> None:
        wanted, slides, layers = answer
        if wanted != self._wanted:
            self._begin(*self._wanted)
            return
        self.said.setText("")
        if slides != self._offered:
            self.offer(slides)
        replace_layers(self._viewer, layers)
        self.look()

    def _not_read(self, why: str) -> None:
        if self._reading != self._wanted:
            self._begin(*self._wanted)
        else:
            self.said.setText(why)

    def open_slide(self, path: Path) -> None:
        """Open a slide file."""
        with _told(self.said):
            self._viewer.open(str(path), plugin=PLUGIN)

    def look(self, *_: object) -> None:
        """Show what there is to show now."""
        results = results_in(self._viewer)
        self.choice.setVisible(len(self._offered) > 1)
        self.handing.setVisible(bool(results))
        if results:
            self.numbers.setText(summary_text(results[0]))
        elif slides_in(self._viewer):
            self.numbers.setText(
                "A slide is open. Open its result, or measure it in the panel <b>Measure</b>."
            )
        else:
            self.numbers.setText(HINT)

    def _inserted(self, event: Any) -> None:
        """See to it that a slide lies below what was found on it, whichever was opened first."""
        if "mvd_slide" in event.value.metadata and results_in(self._viewer):
            QTimer.singleShot(0, lambda: _put_below(self._viewer, event.value))

    def _chosen(self, number: int) -> None:
        if 0 <= number < len(self._offered):
            self._begin(self._offered[number].folder, self._offered)

    def _openers(self) -> Iterable[tuple[str, str, Callable[[], None]]]:
        yield "Slide ...", "Open a slide; only what is on the screen is read", self._ask_slide
        yield "Result ...", "Open a result folder of mvd, or the folder of one slide in it", self._ask_result
        yield "Sample", "Make six small synthetic slides and open them; it takes some seconds", self._sample

    def _savers(self) -> Iterable[tuple[str, str, Callable[[], None]]]:
        yield (
            "For QuPath ...",
            "Save vessels, tissue, hot spots and regions as GeoJSON, in pixels of level 0",
            lambda: self._save("GeoJSON (*.geojson)", ".geojson", write_geojson),
        )
        yield (
            "As a table ...",
            "Save all candidates as CSV: lengths in um, areas in um2",
            lambda: self._save("CSV (*.csv)", ".csv", write_csv),
        )

    @staticmethod
    def _row(buttons: Iterable[tuple[str, str, Callable[[], None]]]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        for words, hint, act in buttons:
            button = QPushButton(words)
            button.setToolTip(hint)
            button.clicked.connect(lambda _=False, act=act: act())
            row.addWidget(button)
        return row

    def _ask_slide(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a slide", "", _SLIDES)
        if path:
            self.open_slide(Path(path))

    def _ask_result(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Open a result folder")
        if folder:
            self.open_result(Path(folder))

    def _sample(self) -> None:
        self.said.setText("Making six synthetic slides ...")
        self._making.start(lambda _: cohort())

    def _made(self, layers: list[LayerTuple]) -> None:
        self.said.setText("")
        for layer in layers:
            self._viewer.add_layer(napari.layers.Layer.create(*layer))

    def _save(self, kinds: str, ending: str, write: Callable[..., Any]) -> None:
        results = results_in(self._viewer)
        if not results:
            return
        path, _ = QFileDialog.getSaveFileName(self, "Save", Path(results[0].name).stem + ending, kinds)
        if path:
            with _told(self.said):
                write(path, [(None, {"metadata": {"mvd": results[0]}}, "labels")])
                self.said.setText(f"Saved {Path(path).name}")


class _told:  # noqa: N801  (read as a sentence: with _told(label))
    """Says an error of mvd in a label, in one line; every other one is passed on."""

    def __init__(self, label: QLabel) -> None:
        self._label = label

    def __enter__(self) -> None:
        self._label.setText("")

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, mvd.MvdError):
            self._label.setText(str(error))
            return True
        return False


def _read_folder(
    folder: Path, offered: tuple[mvd.StoredSlide, ...]
) -> tuple[tuple[mvd.StoredSlide, ...], list[LayerTuple]]:
    """Read the folder of an offered slide, or the first of those that a folder offers."""
    slides = offered or mvd.slides_of_result(folder)
    return slides, result_layers(folder if offered else slides[0].folder)


def _put_below(viewer: napari.Viewer, slide: Any) -> None:
    if slide in viewer.layers:
        viewer.layers.move(viewer.layers.index(slide), 0)
        for shown in results_in(viewer):
            for overview in layers_of(viewer, shown, "overview"):
                overview.visible = False


def panel_of(viewer: napari.Viewer) -> OpenPanel:
    """Return the panel of a viewer; it is added if it is not there."""
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, TITLE)
    return panel
