"""A slide open for correction, as a person at a viewer sees it: what is selected, what a key does, what to say of it.

Input: an open ``mvd.Corrections``. Output: calls of it, and one line for the person after each. Knows neither napari
nor Qt; never counts, measures or writes itself, for ``mvd.Corrections`` does, before a call of it returns.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import mvd

Points = Sequence[Sequence[float]]

_EDITS = {
    "add": "vessel added",
    "delete": "vessel deleted",
    "count": "counting of a vessel decided",
    "outline": "vessel outlined again",
    "merge": "vessels merged",
    "split": "vessel split",
    "move_hotspot": "hot spot moved",
    "reject_hotspot": "hot spot rejected",
}


class Correcting:
    """What is done to one slide.

    Parameters
    ----------
    corrections : mvd.Corrections

    Attributes
    ----------
    selected : list of int
        ``vessel_id`` of the vessels that the next key is for.
    said : str
        What was done last, or why it was not; one line.
    failed : bool
        Whether ``said`` tells why something was not done.
    changed, chosen : list of callable
        Called after the vessels have changed; after the selection or ``said`` has.
    """

    def __init__(self, corrections: mvd.Corrections) -> None:
        self.corrections = corrections
        self.selected: list[int] = []
        self.said, self.failed = "", False
        self.changed: list[Callable[[], None]] = []
        self.chosen: list[Callable[[], None]] = []

    @property
    def folder(self) -> Path:
        """``slides/<slide_id>`` of the result."""
        return Path(self.corrections.stored.folder)

    def choose(self, x_um: float, y_um: float, reach_um: float, *, more: bool = False) -> None:
        """Select the vessel that was clicked; with ``more``, besides the others, or no longer."""
        found = self.corrections.vessel_at(x_um, y_um, reach_um)
        if not more:
            self.selected = [] if found is None else [found]
        elif found in self.selected:
            self.selected.remove(found)
        elif found is not None:
            self.selected.append(found)
        self.say(self.told_of_selected())

    def told_of_selected(self) -> str:
        """Describe what is selected, with units; empty if nothing is."""
        if len(self.selected) != 1:
            return f"{len(self.selected)} vessels selected" if self.selected else ""
        row = self.corrections.vessels.table.iloc[self.selected[0] - 1]
        size = f", {row.area_um2:.0f} um2" if np.isfinite(row.area_um2) else ""
        counted = "counted" if row.counted else f"not counted ({row.reason})"
        hand = f", {str(row.by_hand).replace('_', ' ')} by hand" if isinstance(row.by_hand, str) else ""
        return f"Vessel {self.selected[0]}: {counted}{size}{hand}"

    def delete(self) -> None:
        """Say that there is no vessel where the selected ones are."""
        self._each("deleted", self.corrections.delete)

    def count(self) -> None:
        """Count the selected vessels, whatever the rules say."""
        self._each("counted", lambda vessel: self.corrections.count(vessel, True))

    def leave_out(self) -> None:
        """Do not count the selected vessels, whatever the rules say."""
        self._each("no longer counted", lambda vessel: self.corrections.count(vessel, False))

    def merge(self) -> None:
        """Make one vessel of the selected ones."""
        if len(self.selected) < 2:
            self.say("Select two vessels or more first: click, then Shift + click", failed=True)
            return
        several = list(self.selected)
        self._try(lambda: self.corrections.merge(several), f"{len(several)} vessels merged into one")

    def add(self, ring_um: Points) -> None:
        """Add the vessel that was drawn round; (n, 2) as (x, y), um."""
        self._try(lambda: self.corrections.add([ring_um]), "Vessel added", near=np.mean(ring_um, axis=0))

    def add_point(self, x_um: float, y_um: float) -> None:
        """Add a vessel that is too small to be drawn."""
        self._try(
            lambda: self.corrections.add(point_um=(x_um, y_um)), "Vessel added as a point", near=(x_um, y_um)
        )

    def outline(self, ring_um: Points) -> None:
        """Outline the selected vessel again."""
        if (vessel := self._only("outline")) is not None:
            near = np.mean(ring_um, axis=0)
            self._try(lambda: self.corrections.outline(vessel, [ring_um]), "Vessel outlined again", near=near)

    def split(self, line_um: Points) -> None:
        """Split the vessel that the line's middle lies on; where it lies on none, the selected one."""
        middle = np.asarray(line_um, float)[[0, -1]].mean(axis=0)
        found = self.corrections.vessel_at(*map(float, middle))
        if found is not None:
            self.selected = [found]
        if (vessel := self._only("split")) is not None:
            self._try(lambda: self.corrections.split(vessel, line_um), "Vessel split")

    def move_hotspot(self, hotspot: Any, x_um: float, y_um: float) -> None:
        """Put a hot spot elsewhere."""
        self._try(lambda: self.corrections.move_hotspot(hotspot, x_um, y_um), "Hot spot moved")

    def reject_hotspot(self, hotspot: Any) -> None:
        """Say that a field is no hot spot."""
        self._try(
            lambda: self.corrections.reject_hotspot(hotspot),
            "Hot spot rejected; the next ones are searched elsewhere",
        )

    def undo(self) -> None:
        """Take back the last correction."""
        if not self.corrections.can_undo:
            self.say("There is nothing to undo", failed=True)
            return
        kind = self.corrections.edits[-1].kind
        self._try(self.corrections.undo, f"Undone: {_EDITS[kind]}")

    def redo(self) -> None:
        """Make the correction again that was taken back last."""
        if not self.corrections.can_redo:
            self.say("There is nothing to redo", failed=True)
            return
        self._try(self.corrections.redo, "")
        if not self.failed:
            self.say(f"Made again: {_EDITS[self.corrections.edits[-1].kind]}")

    def say(self, what: str, *, failed: bool = False) -> None:
        """Tell the person one line."""
        self.said, self.failed = what, failed
        for listener in self.chosen:
            listener()

    def _only(self, what: str) -> int | None:
        if len(self.selected) == 1:
            return self.selected[0]
        self.say(f"Select the one vessel to {what} first: click on it", failed=True)
        return None

    def _each(self, what: str, do: Callable[[int], None]) -> None:
        """Do something to each of the selected vessels, those made by hand last: their numbers may change."""
        if not self.selected:
            self.say("Select a vessel first: click on it", failed=True)
            return
        chosen = sorted(self.selected)

        def all_of_them() -> None:
            candidates = len(self.corrections.candidates.table)
            for vessel in [v for v in chosen if v <= candidates] + [v for v in chosen if v > candidates][
                ::-1
            ]:
                do(vessel)

        self._try(all_of_them, f"{len(chosen)} vessel{'s' if len(chosen) > 1 else ''} {what}")

    def _try(self, do: Callable[[], None], done: str, near: Any = None) -> None:
        """Make a change, or say in one line why it cannot be made; then nothing has changed."""
        before = self.corrections.edits
        try:
            do()
        except mvd.MvdError as error:
            self.said, self.failed = f"Not done: {error}", True
        else:
            self.said, self.failed = self.corrections.warning or done, bool(self.corrections.warning)
        if self.corrections.edits != before:
            self._select_again(near)
            for listener in self.changed:
                listener()
        self.say(self.said, failed=self.failed)

    def _select_again(self, near: Any) -> None:
        """Keep what has its number still, and is shown; or select what was just made."""
        corrections = self.corrections
        candidates, shown = len(corrections.candidates.table), corrections.shown
        self.selected = [v for v in self.selected if v <= candidates and shown[v - 1]]
        found = corrections.vessel_at(*map(float, near)) if near is not None else None
        if found is not None:
            self.selected = [found]
