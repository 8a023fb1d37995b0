"""A slide's vessels as the rows of a table: sorted and chosen by whole columns, so that 100 000 rows are quick."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class VesselModel(QAbstractTableModel):
    """Shows some rows of a table, in some order.

    Parameters
    ----------
    table : DataFrame
        A column ``vessel_id``, and ``counted`` where rows are to be chosen by it.
    """

    def __init__(self, table: pd.DataFrame) -> None:
        super().__init__()
        self._table = table
        self._kept = np.arange(len(table))
        self._order = self._kept
        self._sorted_by: tuple[int, Qt.SortOrder] | None = None

    def vessel_id(self, row: int) -> int:
        """The vessel of a row as shown."""
        return int(self._table["vessel_id"].iloc[int(self._order[row])])

    def row_of(self, vessel_id: int) -> int | None:
        """The row as shown of a vessel; None where it is not shown."""
        ids = self._table["vessel_id"].to_numpy()[self._order]
        at = np.flatnonzero(ids == vessel_id)
        return int(at[0]) if len(at) else None

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Show only those rows of the table for which ``rows`` (n,) is true."""
        self._kept = np.flatnonzero(rows)
        self._arrange()

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """How many rows are shown."""
        return len(self._order)

    def columnCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """How many columns there are."""
        return self._table.shape[1]

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell: its text, and numbers to the right."""
        value = self._table.iloc[int(self._order[index.row()]), index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(value)
        if role == Qt.ItemDataRole.TextAlignmentRole and isinstance(value, (int, float, np.number)):
            return _RIGHT
        return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """The name of a column; its unit is the end of its name."""
        if orientation == Qt.Orientation.Horizontal and role in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.ToolTipRole,
        ):
            return str(self._table.columns[section])
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; rows without a value come last."""
        self._sorted_by = (column, order)
        self._arrange()

    def _arrange(self) -> None:
        self.beginResetModel()
        self._order = self._kept
        if self._sorted_by is not None and self._sorted_by[0] < self._table.shape[1]:
            column, order = self._sorted_by
            values = self._table.iloc[self._kept, column].reset_index(drop=True)
            ascending = order == Qt.SortOrder.AscendingOrder
            by = values.sort_values(kind="stable", ascending=ascending, na_position="last").index
            self._order = self._kept[by.to_numpy()]
        self.endResetModel()


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)
