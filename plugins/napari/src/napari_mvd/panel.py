"""What all panels have in common: the tab of a panel bears its name alone."""

from typing import Any

from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QDockWidget, QWidget


class Panel(QWidget):
    """A dock widget. napari puts the plugin's name behind that of a panel, and then tabs cut both off."""

    def changeEvent(self, event: Any) -> None:  # noqa: N802
        """Shorten the title of the dock that the panel is put into."""
        super().changeEvent(event)
        dock = self.parent()
        if event.type() == QEvent.Type.ParentChange and isinstance(dock, QDockWidget):
            dock.setWindowTitle(dock.windowTitle().removesuffix(" (napari-mvd)"))
