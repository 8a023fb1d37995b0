"""A person at a viewer: real mouse and key events of Qt, at places given in um. Nothing of the plugin is called."""

import time

from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication


def settle(until=lambda: False, seconds=0.3):
    """Let Qt work until something is so, or for a while."""
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.005)


def wait(until, seconds=300):
    """Let Qt work until something is so; it is an error if it never is."""
    settle(until, seconds)
    assert until()


def look_at(viewer, x_um, y_um, zoom):
    """Put a place into the middle of the screen."""
    camera = viewer.scene.camera
    camera.center, camera.zoom = (0, y_um, x_um), zoom
    settle()


class Hand:
    """The mouse and the keys over a viewer's picture."""

    def __init__(self, viewer):
        self.viewer, self.picture = viewer, viewer.window._qt_viewer.canvas.native

    def at(self, x_um, y_um):
        """Where a place is on the screen, px."""
        camera = self.viewer.scene.camera
        _, y, x = camera.center
        size = self.picture.size()
        return QPointF(
            (x_um - x) * camera.zoom + size.width() / 2, (y_um - y) * camera.zoom + size.height() / 2
        )

    def click(self, x_um, y_um, *, shift=False):
        """Press and let go."""
        self.drag([(x_um, y_um)], shift=shift)

    def drag(self, places_um, *, shift=False):
        """Press at the first place, go along the others, let go at the last."""
        keys = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        points = [self.at(*place) for place in places_um]
        self._send(QEvent.Type.MouseMove, points[0], (none, none, keys))
        self._send(QEvent.Type.MouseButtonPress, points[0], (left, left, keys))
        for point in points[1:]:
            self._send(QEvent.Type.MouseMove, point, (none, left, keys))
        self._send(QEvent.Type.MouseButtonRelease, points[-1], (left, none, keys))
        settle(seconds=0.15)

    def press(self, key, ctrl=False, shift=False):
        """Press a key and let go."""
        keys = Qt.KeyboardModifier.NoModifier
        keys = keys | Qt.KeyboardModifier.ControlModifier if ctrl else keys
        keys = keys | Qt.KeyboardModifier.ShiftModifier if shift else keys
        QTest.keyClick(self.picture, key, keys)
        settle(seconds=0.15)

    def _send(self, kind, point, held):
        button, buttons, keys = held
        everywhere = QPointF(self.picture.mapToGlobal(point.toPoint()))
        QApplication.sendEvent(self.picture, QMouseEvent(kind, point, everywhere, button, buttons, keys))
        settle(seconds=0.02)
