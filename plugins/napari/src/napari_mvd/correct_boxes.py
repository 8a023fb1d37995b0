"""The parts of the widget to correct with: the numbers, the tools, the hot spots. They show and call."""

from collections.abc import Callable
from typing import Any

from qtpy.QtWidgets import QComboBox, QGridLayout, QGroupBox, QLabel, QListWidget, QPushButton, QVBoxLayout

import mvd
from napari_mvd.correct_state import Correcting
from napari_mvd.correct_tools import HOTSPOT_KEY, REDO, REJECT_KEY, SNAP_KEY, TOOLS, UNDO, Tool
from napari_mvd.correct_view import CorrectView
from napari_mvd.hotspot_drag import REACH_UM, HotspotDrag, told_of


class NumbersBox(QGroupBox):
    """What is counted now, beside what mvd counted; and the corrections that do not fit."""

    def __init__(self) -> None:
        super().__init__("Counted")
        self.counts, self.saved = QLabel(), QLabel()
        self.flagged = QListWidget()
        self.flagged.setWordWrap(True)
        self.flagged.setMaximumHeight(110)
        self.flagged.setToolTip(
            "These corrections were made of another result. They are kept, and not applied."
        )
        self.warning = QLabel()
        column = QVBoxLayout(self)
        for widget in (self.counts, self.saved, self.warning, self.flagged):
            column.addWidget(widget)
            if isinstance(widget, QLabel):
                widget.setWordWrap(True)
        self.counts.setToolTip("Counted vessels, and vessels per mm2 of tissue; hot spots are below")

    def tell(self, corrections: mvd.Corrections) -> None:
        """Show the numbers of a slide."""
        self.counts.setText(numbers_told(corrections.summary()))
        edits = len(corrections.edits)
        self.saved.setText(
            f"{edits} correction{'' if edits == 1 else 's'}, saved in corrections.json"
            if edits
            else "Nothing corrected"
        )
        self.flagged.clear()
        self.flagged.addItems(list(corrections.flagged))
        count = len(corrections.flagged)
        self.warning.setText(
            f"⚠ {count} correction{' does' if count == 1 else 's do'} not fit this result: kept, not applied"
        )
        for widget in (self.warning, self.flagged):
            widget.setVisible(bool(count))


def numbers_told(summary: dict[str, Any]) -> str:
    """Return the numbers of ``Corrections.summary`` as text."""
    lines = []
    for word, name, unit, digits in (("Vessels", "vessels", "", 0), ("MVD", "mvd_tissue_per_mm2", "/mm2", 1)):
        now, before = summary[name], summary[f"automatic_{name}"]
        shown, was = (("none" if n is None else f"{n:.{digits}f}{unit}") for n in (now, before))
        lines.append(f"{word} <b>{shown}</b> (mvd: {was})")
    return "<br>".join(lines)


class ToolBox(QGroupBox):
    """A button for each tool; the key stands on it."""

    def __init__(self) -> None:
        super().__init__("Correct")
        self.buttons: dict[str, QPushButton] = {}
        self._view: CorrectView | None = None
        grid = QGridLayout(self)
        for number, tool in enumerate((*TOOLS, UNDO, REDO)):
            button = QPushButton(f"{tool.word}  ({key_told(tool.key)})")
            button.setToolTip(tool.tip)
            button.setCheckable(bool(tool.draw))
            button.clicked.connect(_calls(lambda tool=tool: self._use(tool)))
            self.buttons[tool.name] = button
            grid.addWidget(button, number // 2, number % 2)

    def use(self, view: CorrectView) -> None:
        """Be the buttons of a view."""
        self._view = view
        view.armed_changed.append(self._show)

    def follow(self, state: Correcting) -> None:
        """Show what can be undone of a slide, from now on."""
        state.changed.append(self._show)
        self._show()

    def _use(self, tool: Tool) -> None:
        if self._view:
            if tool.draw and self._view.armed == tool:
                self._view.arm(None)
            else:
                self._view.use(tool)
            self._show()

    def _show(self) -> None:
        if not self._view:
            return
        for tool in TOOLS:
            if tool.draw:
                self.buttons[tool.name].setChecked(self._view.armed == tool)
        corrections = self._view.state.corrections
        self.buttons["undo"].setEnabled(corrections.can_undo)
        self.buttons["redo"].setEnabled(corrections.can_redo)


class HotspotBox(QGroupBox):
    """The hot spots, best first, with the count that follows one while it is dragged."""

    def __init__(self) -> None:
        super().__init__("Hot spots")
        self.fields, self.spots, self.told = QComboBox(), QListWidget(), QLabel()
        self.fields.setToolTip("Area of the field that is counted in, mm2")
        self.fields.activated.connect(self._count_in)
        self.spots.setMaximumHeight(96)
        self.spots.currentRowChanged.connect(self._choose)
        self.told.setWordWrap(True)
        self.buttons: dict[str, QPushButton] = {}
        column, row = QVBoxLayout(self), QGridLayout()
        for widget in (self.fields, self.spots, self.told):
            column.addWidget(widget)
        column.addLayout(row)
        self._row = row
        self._drag: HotspotDrag | None = None
        self._button(
            "Drag", HOTSPOT_KEY, "Drag a circle; the count follows. With Shift it snaps when let go."
        )
        self._button("Snap", SNAP_KEY, f"Move to the exact maximum within {REACH_UM:g} um of where it is.")
        self._button("Reject", REJECT_KEY, "This is no hot spot: the next ones are found elsewhere.")

    def use(self, drag: HotspotDrag, view: CorrectView) -> None:
        """Be the box of a slide's hot spots."""
        self._drag = drag
        drag.following.append(self._show)
        does = {"Drag": lambda: self._take_turns(view), "Snap": drag.snap, "Reject": drag.reject}
        for word, key in (("Drag", HOTSPOT_KEY), ("Snap", SNAP_KEY), ("Reject", REJECT_KEY)):
            button = self.buttons[word]
            button.clicked.connect(_calls(does[word]))
            for layer in (*view.layers, drag.layer):
                layer.bind_key(key, _calls(does[word]), overwrite=True)

    def follow(self) -> None:
        """Show the fields of the slide that is open now."""
        if self._drag:
            fields = self._drag.state.corrections.fields
            self.fields.clear()
            self.fields.addItems([f"{f.field_mm2:g} mm2, {f.shape}" for f in fields])
            self._show()

    def _button(self, word: str, key: str, tip: str) -> None:
        button = self.buttons[word] = QPushButton(f"{word}  ({key})")
        button.setToolTip(tip)
        self._row.addWidget(button, 0, len(self.buttons) - 1)

    def _take_turns(self, view: CorrectView) -> None:
        """Go to the hot spots' layer, or from it to the vessels'."""
        if self._drag:
            selection, layer = view.viewer.layers.selection, self._drag.layer
            selection.active = view.vessels if selection.active is layer else layer

    def _count_in(self, number: int) -> None:
        if self._drag:
            self._drag.count_in(self._drag.state.corrections.fields[number])

    def _choose(self, number: int) -> None:
        if self._drag and number >= 0:
            self._drag.chosen = number
            self._tell_chosen()

    def _show(self) -> None:
        if not self._drag:
            return
        drag = self._drag
        self.spots.blockSignals(True)
        self.spots.clear()
        for spot in drag.spots:
            hand = ", by hand" if spot.by_hand else ""
            before = drag.state.corrections.automatic_count(spot)
            self.spots.addItem(f"{spot.rank}: {spot.vessels} vessels (mvd: {before}){hand}")
        self.spots.setCurrentRow(drag.chosen)
        self.spots.blockSignals(False)
        self._tell_chosen()

    def _tell_chosen(self) -> None:
        drag = self._drag
        if drag is None:
            return
        if drag.searching:
            self.told.setText("Searching the hot spots ...")
        elif drag.chosen < len(drag.spots):
            self.told.setText(told_of(drag.spots[drag.chosen]))
        else:
            self.told.setText("There is no hot spot")


def key_told(key: str) -> str:
    """Return a key as people write it."""
    return key.replace("Control", "Ctrl").replace("-", " + ")


def _calls(do: Callable[[], None]) -> Callable[..., None]:
    """Return what can be called with whatever a signal or napari gives."""

    def called(*_: Any) -> None:
        do()

    return called
