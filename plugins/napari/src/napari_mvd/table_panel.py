"""The table of a slide's vessels, tied to the picture: a row leads to its vessel, a click on a vessel to its row."""

from collections.abc import Generator
from typing import Any

import napari
import numpy as np
import pandas as pd
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QComboBox, QHBoxLayout, QLabel, QTableView, QVBoxLayout

import mvd
from napari_mvd.layers import IN_UM
from napari_mvd.panel import Panel
from napari_mvd.seen import connect_while, go_to, layers_of, results_in
from napari_mvd.table_model import VesselModel

SELECTED, SELECTED_COLOUR = "selected vessel", "#ff00ff"
MOST_FITTED = 2000
"""Columns are fitted to the text of so many rows at most; more take seconds."""
_SHOWN = {"all candidates": None, "counted": True, "not counted": False}


class TablePanel(Panel):
    """All columns of vessels.csv.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self._of: mvd.Shown | None = None
        self._from_picture = False
        self.view = QTableView()
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setSortingEnabled(True)
        self.view.verticalHeader().hide()
        self.view.setToolTip("Click a row to go to its vessel; the end of a column's name is its unit")
        self.which = QComboBox()
        self.which.addItems(list(_SHOWN))
        self.which.setToolTip("Which candidates are listed; `reason` says why one is not counted")
        self.which.currentTextChanged.connect(self._choose)
        self.said = QLabel()
        row = QHBoxLayout()
        row.addWidget(self.which)
        row.addWidget(self.said, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self.view, 1)
        self.setMinimumHeight(180)
        layers = napari_viewer.layers
        for event in (layers.events.inserted, layers.events.removed, layers.selection.events.active):
            connect_while(self, event, self.look)
        napari_viewer.mouse_drag_callbacks.append(self._pressed)
        self.destroyed.connect(lambda: _forget(napari_viewer, self._pressed))
        self.look()

    def look(self, *_: object) -> None:
        """List the vessels of the result that is shown now."""
        results = results_in(self._viewer)
        shown = results[0] if results else None
        if shown is self._of and self.view.model() is not None:
            return
        self._of = shown
        table = shown.vessels.drop(columns=list(shown.empty_columns)) if shown else _nothing()
        self._table = table
        self.model = VesselModel(table)
        self.view.setModel(self.model)
        self.view.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.view.selectionModel().selectionChanged.connect(self._row_selected)
        if len(table) < MOST_FITTED:
            self.view.resizeColumnsToContents()
        self._choose()

    def select(self, vessel_id: int) -> None:
        """Select the row of a vessel, and show it."""
        row = self.model.row_of(vessel_id)
        if row is None:  # it is not among those that are listed
            self.which.setCurrentIndex(0)
            row = self.model.row_of(vessel_id)
        if row is not None:
            self.view.selectRow(row)
            self.view.scrollTo(self.model.index(row, 0))

    def _choose(self, *_: object) -> None:
        wanted = _SHOWN[self.which.currentText()]
        if len(self._table):
            counted = self._table["counted"].to_numpy(bool)
            self.model.keep(np.ones(len(counted), bool) if wanted is None else counted == wanted)
        self.said.setText(
            f"{self.model.rowCount()} rows" if self._of else "Open a result, or measure a slide."
        )

    def _row_selected(self, *_: object) -> None:
        rows = self.view.selectionModel().selectedRows()
        if not rows or self._of is None:
            return
        vessel_id = self.model.vessel_id(rows[0].row())
        self._mark(vessel_id)
        if not self._from_picture:
            row = self._table[self._table["vessel_id"] == vessel_id].iloc[0]
            go_to(self._viewer, float(row["x_um"]), float(row["y_um"]))

    def _mark(self, vessel_id: int) -> None:
        """Draw a ring round the vessel."""
        rings = (
            [ring[:, ::-1] for ring in self._of.outline_um(vessel_id) if len(ring) > 2] if self._of else []
        )
        layer = next((each for each in self._viewer.layers if each.metadata.get("mvd_selected")), None)
        if layer is None:
            active = self._viewer.layers.selection.active
            layer = self._viewer.add_shapes(
                None, ndim=2, name=SELECTED, metadata={"mvd_selected": True}, **IN_UM
            )
            self._viewer.layers.selection.active = active
        layer.data = []
        if rings:
            layer.add(
                rings,
                shape_type="polygon",
                edge_width=1.5,
                edge_color=SELECTED_COLOUR,
                face_color="transparent",
            )

    def _pressed(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        """Select the row of the vessel that is clicked on; a drag is none."""
        yield
        if event.type == "mouse_move":
            return
        vessel_id = self._vessel_at(event.position)
        if vessel_id is not None:
            self._from_picture = True
            try:
                self.select(vessel_id)
            finally:
                self._from_picture = False

    def _vessel_at(self, position: Any) -> int | None:
        for part in ("vessels", "not counted"):
            for layer in layers_of(self._viewer, self._of, part) if self._of else []:
                value = layer.get_value(position, world=True) if layer.visible else None
                value = value[1] if isinstance(value, tuple) else value
                if value is None:
                    continue
                if layer._type_string == "points":
                    return int(layer.features["vessel_id"].iloc[int(value)])
                if int(value) > 0:
                    return int(value)
        return None


def _nothing() -> Any:
    """Return an empty table, for where there is no result."""
    return pd.DataFrame({"vessel_id": np.empty(0, int), "counted": np.empty(0, bool)})


def _forget(viewer: Any, callback: Any) -> None:
    if callback in viewer.mouse_drag_callbacks:
        viewer.mouse_drag_callbacks.remove(callback)
