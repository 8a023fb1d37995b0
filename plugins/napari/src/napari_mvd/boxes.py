"""One box of the form for each kind of setting.

A box knows whether a person changed it by what it showed first, not by what it would read from its own text: a number
is shown with as many digits as it has, and one that was not touched is never rounded or cut.
"""

from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

import mvd

LARGEST = 1e9
_DIGITS = 6


class Box(QObject):
    """One setting as a widget.

    Parameters
    ----------
    field : mvd.FormField
    widget : QWidget

    Attributes
    ----------
    changed : Signal
    """

    changed = Signal()

    def __init__(self, field: mvd.FormField, widget: QWidget) -> None:
        super().__init__(widget)
        self.field, self.widget = field, widget
        self._shown: Any = field.default
        self._first: Any = None
        widget.setToolTip(field.meaning)
        widget.setMinimumWidth(60)
        widget.installEventFilter(self)
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @property
    def is_touched(self) -> bool:
        """Whether it shows something else than at first."""
        return bool(self._read() != self._first)

    def value(self) -> Any:
        """Return its value; what was shown, to the last bit, unless it was changed."""
        return self._read() if self.is_touched else self._shown

    def show_value(self, value: Any) -> None:
        """Show a value that counts as not touched."""
        self.widget.blockSignals(True)
        self._write(value)
        self.widget.blockSignals(False)
        self._shown, self._first = value, self._read()

    def put(self, value: Any) -> None:
        """Change it as a person would."""
        self._write(value)
        self.changed.emit()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Leave the mouse wheel to the list that the box is in, unless somebody works in the box."""
        wheel = event is not None and event.type() == QEvent.Type.Wheel
        if wheel and not self.widget.hasFocus():
            event.ignore()
            return True
        return False

    def _read(self) -> Any:
        raise NotImplementedError

    def _write(self, value: Any) -> None:
        raise NotImplementedError


class _Digits(QDoubleSpinBox):
    """A number with the digits that it has, not with a fixed number of zeros."""

    def textFromValue(self, v: float) -> str:  # noqa: N802
        """Write a number."""
        return f"{v:.{_DIGITS}f}".rstrip("0").rstrip(".") or "0"


class _NumberBox(Box):
    def __init__(self, field: mvd.FormField) -> None:
        box: QSpinBox | QDoubleSpinBox
        if field.kind == "whole":
            box = QSpinBox()
            box.setRange(int(field.low or 0), int(min(field.high or LARGEST, LARGEST)))
        else:
            box = _Digits()
            box.setDecimals(_DIGITS)
            box.setRange(
                field.low if field.low is not None else -LARGEST,
                field.high if field.high is not None else LARGEST,
            )
            box.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        box.setSuffix(f" {field.unit}" if field.unit else "")
        box.setKeyboardTracking(False)
        super().__init__(field, box)
        self._box = box
        self.show_value(field.default)
        box.valueChanged.connect(lambda _: self.changed.emit())

    def _read(self) -> Any:
        return self._box.value()

    def _write(self, value: Any) -> None:
        self._box.setValue(value)


class _TickBox(Box):
    def __init__(self, field: mvd.FormField) -> None:
        self._box = QCheckBox()
        super().__init__(field, self._box)
        self.show_value(field.default)
        self._box.toggled.connect(lambda _: self.changed.emit())

    def _read(self) -> Any:
        return self._box.isChecked()

    def _write(self, value: Any) -> None:
        self._box.setChecked(bool(value))


class _ChoiceBox(Box):
    def __init__(self, field: mvd.FormField) -> None:
        self._box = QComboBox()
        self._box.addItems(field.choices)
        super().__init__(field, self._box)
        self.show_value(field.default)
        self._box.currentTextChanged.connect(lambda _: self.changed.emit())

    def _read(self) -> Any:
        return self._box.currentText()

    def _write(self, value: Any) -> None:
        self._box.setCurrentText(str(value))


class _TextBox(Box):
    """Text, several numbers with commas between them, or a number that may be not set."""

    def __init__(self, field: mvd.FormField) -> None:
        self._box = QLineEdit()
        super().__init__(field, self._box)
        if field.optional:
            self._box.setPlaceholderText(f"not set ({field.unit})" if field.unit else "not set")
        self.show_value(field.default)
        self._box.editingFinished.connect(self.changed.emit)

    def _read(self) -> Any:
        text = self._box.text().strip()
        if not text and self.field.optional:
            return None
        if self.field.kind == "numbers":
            return tuple(_number(word) for word in text.replace(",", " ").split())
        return _number(text) if self.field.kind in ("number", "whole") else text

    def _write(self, value: Any) -> None:
        if isinstance(value, (tuple, list)):
            value = ", ".join(f"{number:g}" for number in value)
        self._box.setText("" if value is None else str(value))


def box_for(field: mvd.FormField) -> Box:
    """Return the box of a setting."""
    if field.kind in ("number", "whole") and not field.optional:
        return _NumberBox(field)
    return {"yes_no": _TickBox, "choice": _ChoiceBox}.get(field.kind, _TextBox)(field)


def _number(word: str) -> Any:
    """A number, or the word itself: the settings model says what is wrong with it."""
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word
