"""All panels in one viewer: every control says what it does, and colours are those of napari's theme."""

import npe2
import numpy as np
import pytest
from hand import settle
from napari_mvd.panel import Panel
from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit


@pytest.fixture
def panels(viewer):
    manifest = npe2.PluginManifest.from_distribution("napari-mvd")
    names = [widget.display_name for widget in manifest.contributions.widgets]
    return {name: viewer.window.add_plugin_dock_widget("napari-mvd", name, tabify=True) for name in names}


def light_of(panel):
    """Brightness of what is most of a panel, and of the brightest and darkest of it, 0 to 255."""
    picture = panel.grab().toImage().convertToFormat(panel.grab().toImage().Format.Format_Grayscale8)
    rows = picture.constBits().asarray(picture.sizeInBytes())
    grey = np.frombuffer(rows, np.uint8).reshape(picture.height(), -1)[:, : picture.width()]
    return np.median(grey), grey.min(), grey.max()


def test_panels_follow_the_theme_and_say_what_they_do(viewer, panels):
    assert len(panels) == 6
    for name, (dock, panel) in panels.items():
        assert isinstance(panel, Panel)
        assert dock.windowTitle() == name, "the tab has room for it"
        for control in controls_of(panel):
            assert control.toolTip(), f"{name}: {type(control).__name__} says nothing of itself"
    for theme, is_light in (("dark", False), ("light", True)):
        viewer.theme = theme
        settle()
        for name, (dock, panel) in panels.items():
            dock.raise_()
            settle(seconds=0.1)
            most, darkest, brightest = light_of(panel)
            assert (most > 150) == is_light, name
            assert (most - darkest if is_light else brightest - most) > 100, f"{name}: text is hardly seen"


def controls_of(panel):
    """What a person can press or write in; the line inside a number's box is a part of that."""
    kinds = (QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit)
    found = [each for kind in kinds for each in panel.findChildren(kind)]
    return [each for each in found if not each.objectName().startswith("qt_")]
