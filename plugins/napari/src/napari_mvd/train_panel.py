"""The widget to train a classifier: scribble on vessels and on background, learn, and see at once what it finds.

Input: the slide that is open in the viewer. Output: calls of ``mvd.Trainer``, in threads; a layer of what is found in
view; and, when it is saved, a file for ``mvd run --vessel-method classifier`` with the scribbles beside it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
from napari.layers import Labels, Shapes
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
)

import mvd
from napari_mvd.correct_find import path_of
from napari_mvd.layers import IN_UM, one_colour
from napari_mvd.panel import Panel
from napari_mvd.seen import view_box
from napari_mvd.task import Task
from napari_mvd.train_scribbles import BACKGROUND, COLOURS, VESSEL, scribble_look, scribbles_of

HINT = (
    "Zoom in and draw <b>along vessel walls</b>, then along what is <b>brown but no vessel</b>: short strokes in "
    "several places teach more than long ones. Then press Learn. No result changes until you run with the file."
)
FOUND = "found by the classifier"
FOUND_COLOUR = "#d500f9"
"""Neither brown nor blue, and no scribble's: napari's own colour for a first label is a brown like that of DAB."""


class TrainPanel(Panel):
    """Dock widget; napari makes it with its viewer.

    Attributes
    ----------
    scribbles : napari.layers.Shapes or None
    found : napari.layers.Labels or None
        What the classifier finds in the part that was in view.
    lesson : Lesson or None
        What was learnt last.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.scribbles: Shapes | None = None
        self.found: Labels | None = None
        self.lesson: Any = None
        self.task = Task(self)
        self.task.done.connect(lambda answer: answer[0](answer[1]))
        self.task.failed.connect(lambda why: self.tell(why, failed=True))
        self._trainer: Any = None
        self._trained_on: list[mvd.Scribble] = []
        self._build()
        self._list_slides()
        for event in ("inserted", "removed"):
            getattr(self.viewer.layers.events, event).connect(self._list_slides)

    def draw(self, kind: str) -> None:
        """Draw scribbles of a class from now on."""
        if self.scribbles is None or self.scribbles not in self.viewer.layers:
            self.scribbles = self.viewer.add_layer(Shapes(None, **scribble_look()))
        layer = self.scribbles
        layer.selected_data = set()
        layer.feature_defaults = {"class": kind}
        layer.current_edge_color = COLOURS[kind]
        self.viewer.layers.selection.active = layer
        layer.mode = "add_path"
        for name, button in self.kinds.items():
            button.setChecked(name == kind)

    def learn(self) -> None:
        """Learn from the scribbles, in a thread, and preview what is found in view."""
        if self.scribbles is None or self.slides.currentData() is None:
            self.tell("Open a slide and draw on it first", failed=True)
            return
        path, scribbles = Path(self.slides.currentData()), scribbles_of(self.scribbles)
        line_um, trainer = self.line.value(), self._trainer

        def work() -> Any:
            at_hand = trainer if trainer is not None and trainer.path == path else mvd.Trainer(path)
            return at_hand, at_hand.learn(scribbles, line_um=line_um), scribbles

        self._beside("Learning ...", work, self._learnt)

    def preview(self) -> None:
        """Show what the classifier finds in view, in a thread."""
        if self.lesson is None:
            self.tell("Learn first", failed=True)
            return
        trainer, classifier, box = self._trainer, self.lesson.classifier, view_box(self.viewer)
        self._beside("Looking ...", lambda: trainer.walls(classifier, box), self._show)

    def save(self) -> None:
        """Ask for a file and write the classifier."""
        if self.lesson is None:
            self.tell("Learn first", failed=True)
            return
        name, _ = QFileDialog.getSaveFileName(self, "Classifier", "classifier.npz", "Classifier (*.npz)")
        if name:
            self.save_to(Path(name))

    def save_to(self, path: Path) -> None:
        """Write the classifier, and the scribbles that it was learnt from beside it."""
        try:
            labels = self._trainer.save(path, self.lesson, self._trained_on)
        except mvd.MvdError as error:
            self.tell(str(error), failed=True)
            return
        self.tell(
            f"Written: {path.name} and {labels.name}. Use it with --vessel-method classifier "
            f"--vessel-classifier {path.name}"
        )

    def tell(self, what: str, *, failed: bool = False) -> None:
        """Show one line."""
        self.said.setText(f"⚠ {what}" if failed else what)

    def _learnt(self, answer: Any) -> None:
        trainer, self.lesson, self._trained_on = answer
        if self._trainer is not None and self._trainer is not trainer:
            self._trainer.close()
        self._trainer = trainer
        self.score.setText(told_of(self.lesson))
        self.tell("")
        self.preview()

    def _show(self, walls: Any) -> None:
        """Lay what was found over the slide."""
        mpp = walls.mpp
        place = (walls.top_um + mpp / 2, walls.left_um + mpp / 2)
        mask = walls.mask.astype(np.uint8)
        if self.found is not None and self.found in self.viewer.layers:
            self.found.data, self.found.scale, self.found.translate = mask, (mpp, mpp), place
        else:
            look = {"name": FOUND, "colormap": one_colour(FOUND_COLOUR), "opacity": 0.7}
            self.found = Labels(mask, scale=(mpp, mpp), translate=place, **look, **IN_UM)
            self.found.contour = 2
            active = self.viewer.layers.selection.active
            self.viewer.add_layer(self.found)
            if active in self.viewer.layers:
                self.viewer.layers.selection.active = active
        self.tell(f"{walls.mask.mean():.1%} of the view is vessel wall")

    def _beside(self, what: str, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Do what takes long beside the viewer."""
        if self.task.is_running:
            self.tell("Still at work: wait a moment", failed=True)
            return
        self.tell(what)
        self.task.start(lambda _: (then, work()))

    @property
    def busy(self) -> bool:
        """Whether something is learnt or looked for."""
        return self.task.is_running

    def _list_slides(self, _event: Any = None) -> None:
        chosen = self.slides.currentData()
        self.slides.clear()
        for layer in self.viewer.layers:
            if (path := path_of(layer)) is not None:
                self.slides.addItem(layer.name, str(path))
        self.slides.setCurrentIndex(max(self.slides.findData(chosen), 0))

    def _build(self) -> None:
        self.slides, self.line = QComboBox(), QDoubleSpinBox()
        self.slides.setToolTip("The slide to learn from: one that is open in the viewer")
        self.line.setRange(0.5, 50)
        self.line.setValue(2.0)
        self.line.setSuffix(" um")
        self.line.setToolTip("So wide are lines, um; a capillary's wall is 1 to 3 um")
        form, grid, column = QFormLayout(), QGridLayout(), QVBoxLayout(self)
        form.addRow("Slide", self.slides)
        form.addRow("Line width", self.line)
        self.kinds: dict[str, QPushButton] = {}
        for place, (kind, word) in enumerate(((VESSEL, "Draw vessel"), (BACKGROUND, "Draw background"))):
            button = self.kinds[kind] = QPushButton(word)
            button.setCheckable(True)
            button.setToolTip(f"Hold the mouse button and draw along what is {kind}")
            button.clicked.connect(lambda _=False, kind=kind: self.draw(kind))
            grid.addWidget(button, 0, place)
        steps = (
            ("Learn", "Grow a classifier from the scribbles and show what it finds in view", self.learn),
            ("Preview again", "Show what it finds in view now", self.preview),
            ("Save ...", "Write the file for `mvd run --vessel-method classifier`", self.save),
        )
        for place, (word, tip, do) in enumerate(steps):
            button = QPushButton(word)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, do=do: do())
            grid.addWidget(button, 1 + place // 2, place % 2)
        self.hint, self.score, self.said = QLabel(HINT), QLabel(), QLabel()
        column.addLayout(form)
        column.addWidget(self.hint)
        column.addLayout(grid)
        for label in (self.hint, self.score, self.said):
            label.setWordWrap(True)
        column.addWidget(self.score)
        column.addWidget(self.said)
        column.addStretch()


def told_of(lesson: Any) -> str:
    """Return how much was learnt from, and how well it did where it was not learnt from."""
    vessel, background = lesson.pixels[0]
    learnt = f"Learnt from {vessel} vessel and {background} background pixels."
    if not lesson.scores:
        return f"{learnt} Not tested: label both kinds in several places."
    score = lesson.scores[-1]
    return f"{learnt} On places left out: precision {score.precision:.2f}, recall {score.recall:.2f} of vessel pixels."
