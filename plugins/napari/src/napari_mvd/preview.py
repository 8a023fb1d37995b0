"""The live preview: the vessels of what is in view by the settings of the form, drawn as a layer of its own."""

from typing import Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

import mvd
from napari_mvd.layers import COUNTED_COLOUR, IN_UM, NOT_COUNTED_COLOUR
from napari_mvd.seen import camera_of, connect_while, slides_in, view_box
from napari_mvd.task import Task

LAYER = "preview"
WAIT_MS = 120
"""So long after the last movement the view is looked at."""


class LivePreview(QObject):
    """Looks again when the view or the settings change, as long as it is switched on.

    Attributes
    ----------
    told : Signal(str)
        What is seen, or why nothing is, in one line.
    """

    told = Signal(str)

    def __init__(self, viewer: Any, settings: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer, self._settings = viewer, settings
        self._on = False
        self._preview: mvd.Preview | None = None
        self._of: mvd.Slide | None = None
        self._task = Task(self)
        self._task.done.connect(self._fitted)
        self._task.failed.connect(self.told)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self.look)
        connect_while(self, camera_of(viewer).events, self.soon)

    def switch(self, on: bool) -> None:
        """Switch it on or off; off, its layer is hidden: to remove layers can make OpenGL crash."""
        self._on = on
        if on:
            self.look()
            return
        if (layer := self._layer()) is not None:
            layer.visible = False
        self.told.emit("")

    def soon(self, *_: object) -> None:
        """Look when there was no change for a moment."""
        if self._on:
            self._timer.start()

    def look(self) -> None:
        """Look now; the slide is fitted first, in a thread, if it was not yet."""
        if not self._on:
            return
        slides = slides_in(self._viewer)
        if not slides:
            self.told.emit("Open a slide first: the preview is made of its pixels")
            return
        try:
            settings = self._settings()
            if self._preview is None or self._of is not slides[0] or not self._preview.serves(settings):
                self._fit(slides[0], settings)
                return
            self._show(self._preview.look(view_box(self._viewer), settings))
        except mvd.MvdError as error:
            self.told.emit(str(error))

    def _fit(self, slide: mvd.Slide, settings: mvd.Settings) -> None:
        if self._task.is_running:
            self._timer.start()
            return
        self.told.emit("Looking at the whole slide once, for its stains ...")
        self._task.start(lambda _: (slide, mvd.Preview(slide, settings)))

    def _fitted(self, fitted: Any) -> None:
        self._of, self._preview = fitted
        self.look()

    def _layer(self) -> Any:
        return next((each for each in self._viewer.layers if each.metadata.get("mvd_preview")), None)

    def _show(self, looked: mvd.Looked) -> None:
        layer = self._layer()
        place = (looked.y_um + looked.mpp / 2, looked.x_um + looked.mpp / 2)
        if layer is None:
            active = self._viewer.layers.selection.active
            layer = self._viewer.add_labels(
                looked.labels,
                name=LAYER,
                scale=(looked.mpp, looked.mpp),
                translate=place,
                colormap=_colours(),
                opacity=0.8,
                metadata={"mvd_preview": True},
                **IN_UM,
            )
            self._viewer.layers.selection.active = active
        else:
            layer.data = looked.labels
            layer.scale, layer.translate = np.array((looked.mpp, looked.mpp)), np.array(place)
            layer.visible = True
        self.told.emit(
            f"In view: {looked.counted} counted of {looked.candidates} candidates "
            f"(thresholds {looked.low_od:.3f} and {looked.high_od:.3f} OD)"
        )


def _colours() -> Any:
    from napari.utils.colormaps import DirectLabelColormap

    return DirectLabelColormap(
        color_dict={0: "transparent", 1: NOT_COUNTED_COLOUR, 2: COUNTED_COLOUR, None: "transparent"}
    )
