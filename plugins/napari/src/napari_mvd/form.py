"""The settings as a form, made from the settings model: a new setting is in it without a line here.

Only what a person changed is given back, so that an untouched form keeps the fingerprint of the settings it shows.
"""

import re
from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

import mvd
from napari_mvd.boxes import Box, box_for

OPEN_AT_FIRST = ("vessel",)


class SettingsForm(QWidget):
    """All settings, section by section.

    Attributes
    ----------
    changed : Signal
        A value is another one.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._base = mvd.Settings()
        self._boxes: dict[tuple[str, str], Box] = {}
        self._labels: dict[tuple[str, str], QLabel] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for section, title in mvd.section_titles().items():
            layout.addWidget(self._section(section, title))
        self.reset = QPushButton("All as they were")
        self.reset.setToolTip("Take back every change in this form")
        self.reset.clicked.connect(self.take_back)
        layout.addWidget(self.reset)
        layout.addStretch(1)
        self._mark()

    @property
    def touched(self) -> dict[str, dict[str, Any]]:
        """What differs from the settings that were shown, section -> name -> value."""
        found: dict[str, dict[str, Any]] = {}
        for (section, name), box in self._boxes.items():
            if box.is_touched:
                found.setdefault(section, {})[name] = box.value()
        return found

    def settings(self) -> mvd.Settings:
        """Return the settings with what was changed.

        Raises
        ------
        MvdError
            A value is out of range, or values do not fit each other; the message names it.
        """
        touched = self.touched
        if not touched:
            return self._base
        values = {section: model.model_dump() for section, model in self._base}
        for section, given in touched.items():
            values[section] |= given
        return mvd.Settings.from_mapping(values, "form")

    def show_settings(self, settings: mvd.Settings) -> None:
        """Show other settings; what was changed is forgotten."""
        self._base = settings
        for (section, name), box in self._boxes.items():
            box.show_value(getattr(getattr(settings, section), name))
        self._changed()

    def take_back(self) -> None:
        """Show again what was shown before anything was changed."""
        self.show_settings(self._base)

    def put(self, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Change values as a person would: section -> name -> value."""
        for section, given in values.items():
            for name, value in given.items():
                self._boxes[section, name].put(value)

    def _section(self, section: str, title: str) -> QWidget:
        inside = QWidget()
        rows = QFormLayout(inside)
        rows.setContentsMargins(2, 2, 2, 6)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for field in mvd.form_fields():
            if field.section != section:
                continue
            box = box_for(field)
            box.changed.connect(self._changed)
            label = QLabel(_words(field))
            label.setToolTip(field.meaning)
            label.setBuddy(box.widget)
            rows.addRow(label, box.widget)
            self._boxes[section, field.name], self._labels[section, field.name] = box, label
        return _Folded(section, title, inside, is_open=section in OPEN_AT_FIRST)

    def _changed(self) -> None:
        self._mark()
        self.changed.emit()

    def _mark(self) -> None:
        """Show which values were changed."""
        for key, label in self._labels.items():
            font = label.font()
            font.setBold(self._boxes[key].is_touched)
            label.setFont(font)
        self.reset.setEnabled(bool(self.touched))


def _words(field: mvd.FormField) -> str:
    """A setting's name in words, without the unit that stands beside the value."""
    words = field.name.split("_")
    if field.unit in ("um", "um2", "mm2", "degrees") and len(words) > 1:
        words = words[:-1]
    return " ".join("OD" if word == "od" else word for word in words)


class _Folded(QWidget):
    """A section under its name; a click on the name opens and closes it."""

    def __init__(self, section: str, title: str, inside: QWidget, *, is_open: bool) -> None:
        super().__init__()
        self._inside = inside
        self._head = QToolButton()
        # A narrow panel would cut it off; all of it is in the tooltip.
        short = re.split("[,:;(]", title)[0].strip()
        self._head.setText(f"{section}: {short[0].lower()}{short[1:]}")
        self._head.setToolTip(title)
        self._head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._head.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._head.setCheckable(True)
        self._head.toggled.connect(self._fold)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._head)
        layout.addWidget(inside)
        self._head.setChecked(is_open)
        self._fold(is_open)

    def _fold(self, is_open: bool) -> None:
        self._head.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self._inside.setVisible(is_open)
