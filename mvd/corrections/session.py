"""One slide's result open for correction: every change is applied, judged and on the disk before the call returns."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from mvd.columns import Cell
from mvd.corrections import file
from mvd.corrections.apply import apply_edits
from mvd.corrections.cut import cut_in_two
from mvd.corrections.given import (
    Polygon,
    hotspot_given,
    moment,
    point_given,
    points_given,
    polygon_given,
    reader_given,
)
from mvd.corrections.model import Correction, Edit, Event, Stains, after
from mvd.corrections.opened import Opened
from mvd.corrections.placed import placed_by_hand, refuse_overlap
from mvd.corrections.raster import drawn_outline, drawn_polygon
from mvd.corrections.slide import analysis_shape_px, basis_of, refuse_another_slide, settings_and_version
from mvd.corrections.stains import StainMeter
from mvd.errors import CorrectionsError
from mvd.hotspots import Hotspot, radius_of
from mvd.recount import Stored, open_stored
from mvd.slide import Slide

SECOND = "second_reader"
_EDIT: TypeAdapter[Edit] = TypeAdapter(Edit)


class Corrections(Opened):
    """The corrections of one slide; ``Corrections.open`` makes one.

    A vessel is named by its ``vessel_id`` in ``vessels.table`` as it is now: read the table again after each change,
    for vessels made by hand are numbered by their place. A change that cannot be made is a ``CorrectionsError`` (an
    ``MvdError``, one line), and then nothing has changed.

    Attributes
    ----------
    folder : Path
        Where corrections.json lies.
    reader : str
    warning : str
        One line if corrections.json could not be written after the last change, which the journal has; else empty.
    All of ``Opened``.
    """

    def __init__(self, stored: Stored, folder: Path, reader: str, workers: int) -> None:
        super().__init__(stored, workers)
        self.folder, self.reader = folder, reader
        self._basis = basis_of(stored.about)
        state = file.read_state(folder) or file.new_state(self._basis)
        refuse_another_slide(folder, state.basis, self._basis)
        self._journal_bytes = file.whole_length(folder / file.JOURNAL)
        self._state, self._flagged = state, dict[int, str]()
        self._meter: StainMeter | None = None
        self.warning = ""
        self._take(state)

    @classmethod
    def open(
        cls, slide_folder: Path | str, reader: str, *, apart: bool = False, workers: int = 1
    ) -> "Corrections":
        """Open a slide's result for correction; what was corrected before is there again.

        Parameters
        ----------
        slide_folder : Path
            ``slides/<slide_id>`` of a result folder.
        reader : str
            Initials or a short name, which every correction will bear.
        apart : bool
            A second reading: it begins with what mvd found, lies in ``second_reader/<reader>``, and no table of the
            result shows it.
        workers : int
            Threads.

        Raises
        ------
        MvdError
            The result or the corrections cannot be read, or are of another slide.
        """
        reader = reader_given(reader)
        stored = open_stored(Path(slide_folder))
        folder = stored.folder / SECOND / reader if apart else stored.folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CorrectionsError(f"{folder.name}: cannot be made ({error.strerror})") from None
        return cls(stored, folder, reader, workers)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The corrections in force, oldest first."""
        return self._state.edits

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return bool(self._state.edits)

    @property
    def can_redo(self) -> bool:
        """Whether something was taken back last."""
        return bool(self._state.undone)

    @property
    def flagged(self) -> tuple[str, ...]:
        """A line for each correction that does not fit this result and is not applied; it is kept."""
        return tuple(why for _, why in sorted(self._flagged.items()))

    def measure_on(self, slide: Slide) -> None:
        """Measure the stains of what is drawn from now on; without the slide their columns stay empty.

        Raises
        ------
        CorrectionsError
            It is not the slide of this result.
        """
        self._meter = StainMeter.of(slide, self.stored.found, self.stored.settings)

    def add(self, polygon_um: Polygon | None = None, *, point_um: Sequence[float] | None = None) -> None:
        """Add a vessel: its outer ring and those of its lumens, (n, 2) as (x, y) in um; or a point, without a size."""
        where = (
            {"polygon": polygon_given(polygon_um)}
            if polygon_um is not None
            else {"point": point_given(point_um)}
        )
        stains = self._stains_in(where["polygon"]) if "polygon" in where else None
        self._do({"kind": "add", "key": self._keys(1)[0], "stains": stains, **where})

    def delete(self, vessel_id: int) -> None:
        """Say that there is no vessel."""
        self._do({"kind": "delete", "vessel": self._target(vessel_id)})

    def count(self, vessel_id: int, counted: bool) -> None:
        """Count a vessel, or do not, whatever the rules say."""
        self._do({"kind": "count", "vessel": self._target(vessel_id), "counted": bool(counted)})

    def outline(self, vessel_id: int, polygon_um: Polygon) -> None:
        """Outline a vessel again; it stays counted or not as it was."""
        target, polygon = self._target(vessel_id), polygon_given(polygon_um)
        stains = self._stains_in(polygon)
        self._do({"kind": "outline", "vessel": target, "polygon": polygon, "stains": stains})

    def merge(self, vessel_ids: Sequence[int]) -> None:
        """Make one vessel of several; it is counted."""
        vessels = tuple(self._target(each) for each in sorted({int(each) for each in vessel_ids}))
        self._do({"kind": "merge", "key": self._keys(1)[0], "vessels": vessels})

    def split(self, vessel_id: int, line_um: Sequence[Sequence[float]]) -> None:
        """Make two vessels of one (or more, if the line comes back); they are counted."""
        target, line = self._target(vessel_id), points_given(line_um)
        outline = self.vessels.outlines[self._row(vessel_id)]
        pieces = cut_in_two(drawn_outline(outline, self.mpp), np.array(line), self.mpp)
        stains = tuple(self._meter.measure(piece) for piece in pieces) if self._meter else None
        keys = tuple(self._keys(len(pieces)))
        self._do({"kind": "split", "keys": keys, "vessel": target, "line": line, "stains": stains})

    def move_hotspot(self, hotspot: Hotspot, x_um: float, y_um: float) -> None:
        """Put a hot spot elsewhere; what is counted there is exact."""
        self._do(hotspot_given(hotspot, "move_hotspot") | {"new": point_given((x_um, y_um))})

    def reject_hotspot(self, hotspot: Hotspot) -> None:
        """Say that a field is no hot spot; the next ones are found elsewhere."""
        self._do(hotspot_given(hotspot, "reject_hotspot"))

    def undo(self) -> None:
        """Take back the last correction; nothing happens without one."""
        if self._state.edits:
            self._record("undid", self._state.edits[-1])

    def redo(self) -> None:
        """Make the correction again that was taken back last; nothing happens without one."""
        if self._state.undone:
            self._record("redid", self._state.undone[-1])

    def reading(self, field: Hotspot | None = None, name: str = "") -> dict[str, Cell]:
        """Return a line for ``write_readings``: the slide as corrected, or a field of ``count_at`` by its name."""
        about = self.stored.about
        row: dict[str, Cell] = {"slide_id": about["slide_id"], "slide": about["slide"], "reader": self.reader}
        if field is None:
            numbers = self.summary()
            return row | {
                "field": name or None,
                "field_mm2": numbers["tissue_area_mm2"],
                "vessels": numbers["vessels"],
                "vessels_per_mm2": numbers["mvd_tissue_per_mm2"],
            }
        told = {
            each: getattr(field, each) for each in ("x_um", "y_um", "field_mm2", "vessels", "vessels_per_mm2")
        }
        return row | {"field": name or f"field {field.x_um:g} {field.y_um:g}"} | told

    def _stains_in(self, polygon: Polygon) -> Stains | None:
        if self._meter is None:
            return None
        rings = [np.array(ring) for ring in polygon]
        if any(len(ring) < 3 for ring in rings):
            raise CorrectionsError("an outline needs three points at least")
        return self._meter.measure(drawn_polygon(rings, self.mpp, analysis_shape_px(self.stored.found)))

    def _do(self, what: dict[str, Any]) -> None:
        of = settings_and_version(self.stored.settings)
        made = {"seq": self._state.events + 1, "at": moment(), "reader": self.reader, "of": of}
        try:
            edit = _EDIT.validate_python(what | made)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"][1:])
            raise CorrectionsError(f"{what['kind']}: {where}: {first['msg']}") from None
        self._record("did", edit)

    def _record(self, happened: str, edit: Edit) -> None:
        """Apply an event; if it fits, write it down, and only then take it over."""
        number = self._state.events + 1
        event = Event.model_validate(
            {
                "event": happened,
                "number": number,
                "at": moment(),
                "reader": self.reader,
                "basis": self._basis,
                "edit": edit,
            }
        )
        before, state = self._state, after(self._state, event)
        try:
            self._take(state)
            if happened == "did" and edit.seq in self._flagged:
                raise CorrectionsError(self._flagged[edit.seq].partition(": ")[2])
            self._journal_bytes = file.append_event(self.folder, event, after_bytes=self._journal_bytes)
        except CorrectionsError:
            self._take(before)
            raise
        try:
            file.write_state(self.folder, state)
            self.warning = ""
        except CorrectionsError as error:  # the change is safe in the journal, so it stands
            self.warning = str(error)

    def _take(self, state: Correction) -> None:
        """Make a state the present one."""
        of = settings_and_version(self.stored.settings)
        corrected = apply_edits(self.candidates, state.edits, analysis_shape_px(self.stored.found), of)
        placed, flagged = placed_by_hand(state.edits, self.fields)
        if state.edits and state.edits[-1].kind == "move_hotspot":
            for field in self.fields:
                refuse_overlap(placed, (field.field_mm2, field.shape), radius_of(field))
        self._state, self._flagged = state, corrected.flagged | flagged
        self._keys_of = corrected.keys
        self.show(corrected.vessels, placed)

    def _keys(self, count: int) -> list[str]:
        return [f"h{self._state.next_key + number}" for number in range(count)]

    def _row(self, vessel_id: int) -> int:
        row = int(vessel_id) - 1
        if not 0 <= row < len(self.vessels.table):
            raise CorrectionsError(
                f"there is no vessel {vessel_id}; there are 1 to {len(self.vessels.table)}"
            )
        return row

    def _target(self, vessel_id: int) -> dict[str, Any]:
        row = self._row(vessel_id)
        if int(vessel_id) in self._keys_of:
            return {"key": self._keys_of[int(vessel_id)]}
        found = self.candidates.table
        places = {
            name: round(float(found[name].iloc[row]), 3) for name in ("x_um", "y_um", "filled_area_um2")
        }
        return {"vessel": int(vessel_id), **places}
