"""The widget of a second reader: which slides, who reads, and one field after the other, without any result.

Input: a result folder and the folder of its slides. Output: calls of ``mvd.BlindedReading``, which keeps every point
and writes the CSV files that `mvd agree` takes.
"""

from pathlib import Path
from typing import Any

import napari
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

import mvd
from napari_mvd.correct_find import slide_folders
from napari_mvd.panel import Panel
from napari_mvd.second_reader_view import SecondReaderView

HINT = (
    "For a reading that mvd's result does not sway: slides or fields come in a shuffled order, and nothing of the "
    "result is shown. <b>Click on every vessel</b>; Backspace removes the one set last. Every point is saved at once."
)
DONE_KEY = "F"
CHOICES = (
    ("Hot spots of the result", "hot spots"),
    ("Whole slides", "slides"),
    ("Fields of a CSV file ...", None),
)


class SecondReaderPanel(Panel):
    """Dock widget; napari makes it with its viewer.

    Attributes
    ----------
    session : mvd.BlindedReading or None
    view : SecondReaderView or None
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.session: mvd.BlindedReading | None = None
        self.view: SecondReaderView | None = None
        self._build()

    def begin(self) -> None:
        """Begin a session, or go on with that of this reader."""
        if slide_folders(self.viewer.layers):
            self.tell(
                "A result is open in this viewer: close its layers first, for it would sway the reader", True
            )
            return
        what = self.what.currentData() or self.csv.text()
        seed = self.seed.text().strip()
        if seed and not seed.isdigit():
            self.tell("The seed is a whole number; leave it empty for one by chance", True)
            return
        try:
            self.session = mvd.BlindedReading.begin(
                Path(self.result.text()), self.reader.text(), what, seed=int(seed) if seed else None
            )
        except mvd.MvdError as error:
            self.tell(str(error), True)
            return
        self.seed.setText(str(self.session.seed))
        if self.view is not None:
            self.view.close()
        self.view = SecondReaderView(self.viewer, self.session, Path(self.slides.text()))
        self.view.marks.bind_key(DONE_KEY, lambda _layer: self.finish(), overwrite=True)
        self.view.changed.append(self._tell_field)
        self.hint.hide()
        self.reading.show()
        first = self.session.next
        self.go_to(len(self.session.fields) - 1 if first is None else first)

    def go_to(self, number: int) -> None:
        """Show a field by its place in the order."""
        if self.view is None or self.session is None or not 0 <= number < len(self.session.fields):
            return
        try:
            self.view.show(number)
        except mvd.MvdError as error:
            self.tell(f"{error}; choose the folder that the slides lie in", True)
            return
        self.tell("")
        self._tell_field()

    def finish(self) -> None:
        """The present field is read: go to the next that is not."""
        if self.session is None or self.view is None:
            return
        try:
            self.session.finish(self.view.number)
        except mvd.MvdError as error:
            self.tell(str(error), True)
            return
        following = self.session.next
        if following is not None:
            self.go_to(following)
        else:
            self._tell_field()
            self.write()

    def write(self) -> None:
        """Write the CSV files of what is read."""
        if self.session is None:
            return
        try:
            written = self.session.write()
        except mvd.MvdError as error:
            self.tell(str(error), True)
            return
        names = ", ".join(path.name for path in written)
        more = "" if self.session.next is None else "; mvd's own numbers follow when all are read"
        self.tell(f"Written to {written[0].parent.name}/: {names}{more}")

    def tell(self, what: str, failed: bool = False) -> None:
        """Show one line."""
        self.said.setText(f"⚠ {what}" if failed else what)

    def _tell_field(self) -> None:
        if self.session is None or self.view is None:
            return
        session, number = self.session, self.view.number
        done = sum(session.is_finished(n) for n in range(len(session.fields)))
        self.progress.setMaximum(len(session.fields))
        self.progress.setValue(done)
        state = " (read)" if session.is_finished(number) else ""
        self.field.setText(f"{number + 1} of {len(session.fields)}{state}")
        field, count, set_ = session.fields[number], session.count(number), len(session.points(number))
        outside = f", {set_ - count} outside do not count" if set_ > count else ""
        area = f"in a field of {field.field_mm2:.3g} mm2" if field.x_um is not None else "on the slide"
        self.counted.setText(f"<b>{count}</b> vessels {area}{outside}")
        if self.view.said:
            self.tell(self.view.said, True)

    def _build(self) -> None:
        self.result, self.slides, self.reader, self.csv, self.seed = (QLineEdit() for _ in range(5))
        self.what = QComboBox()
        for word, value in CHOICES:
            self.what.addItem(word, value)
        tips = (
            (self.result, "The folder that `mvd run` wrote: its places are read, its numbers are not shown"),
            (
                self.slides,
                "The folder of the slides, as `mvd run` was given it (or the slide, if it was one)",
            ),
            (self.reader, "Initials or a short name; the files are called after it"),
            (self.what, "What is counted in: fields of one area (mm2), or all of each slide"),
            (self.csv, "CSV with the columns slide_id, field, x_um, y_um, field_mm2"),
            (self.seed, "Of the order; by chance if empty. It is recorded in the session's file"),
        )
        for widget, tip in tips:
            widget.setToolTip(tip)
        self.reader.setPlaceholderText("initials, for example CD")
        self.seed.setPlaceholderText("by chance")
        form = QFormLayout()
        form.addRow("Result", _with_button(self.result, lambda: _folder(self, self.result)))
        form.addRow("Slides", _with_button(self.slides, lambda: _folder(self, self.slides)))
        form.addRow("Reader", self.reader)
        form.addRow("Read", self.what)
        self.csv_row = _with_button(self.csv, lambda: _file(self, self.csv))
        form.addRow("Fields", self.csv_row)
        form.addRow("Seed", self.seed)
        self.what.currentIndexChanged.connect(lambda _: self._show_csv(form))
        self._show_csv(form)
        begin = QPushButton("Begin, or go on")
        begin.setToolTip("A session of this reader that is there already goes on where it was left")
        begin.clicked.connect(lambda _=False: self.begin())
        self.hint, self.said = QLabel(HINT), QLabel()
        for label in (self.hint, self.said):
            label.setWordWrap(True)
        column = QVBoxLayout(self)
        column.addLayout(form)
        for widget in (begin, self.hint, self._build_reading(), self.said):
            column.addWidget(widget)
        column.addStretch()

    def _build_reading(self) -> QGroupBox:
        self.reading = QGroupBox("Reading")
        self.field, self.counted, self.progress = QLabel(), QLabel(), QProgressBar()
        self.progress.setFormat("%v of %m read")
        self.counted.setWordWrap(True)
        row, column = QHBoxLayout(), QVBoxLayout(self.reading)
        steps = (
            ("Back", "To the field before; it can be changed", lambda: self._step(-1)),
            (
                f"Read, next  ({DONE_KEY})",
                "All vessels of this field are marked; none is an answer",
                self.finish,
            ),
            ("Write CSV", "Files for `mvd agree`, in second_reader/ of the result", self.write),
        )
        for word, tip, do in steps:
            button = QPushButton(word)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, do=do: do())
            row.addWidget(button)
        for widget in (self.progress, self.field, self.counted):
            column.addWidget(widget)
        column.addLayout(row)
        self.reading.hide()
        return self.reading

    def _step(self, by: int) -> None:
        if self.view is not None:
            self.go_to(self.view.number + by)

    def _show_csv(self, form: QFormLayout) -> None:
        form.setRowVisible(self.csv_row, self.what.currentData() is None)


def _with_button(line: QLineEdit, ask: Any) -> QWidget:
    """A line with a button behind it that asks for a path."""
    both, button = QWidget(), QPushButton("...")
    button.setMaximumWidth(32)
    button.setToolTip("Choose it")
    button.clicked.connect(lambda _=False: ask())
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(line)
    row.addWidget(button)
    return both


def _folder(parent: QWidget, line: QLineEdit) -> None:
    if name := QFileDialog.getExistingDirectory(parent, line.toolTip()):
        line.setText(name)


def _file(parent: QWidget, line: QLineEdit) -> None:
    if name := QFileDialog.getOpenFileName(parent, line.toolTip(), "", "CSV (*.csv)")[0]:
        line.setText(name)
