"""What mvd found and what a person corrected -> the vessels as corrected.

Input: every candidate of the slide, and the corrections in force. Output: the same table, with what was changed marked
``by_hand``, new vessels behind, and a line for each correction that does not fit. Nothing is taken out of the table but
what a person had put in. Corrections of different vessels may come in any order: the bytes are the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mvd.corrections.cut import cut_in_two
from mvd.corrections.made import (
    REASON,
    STAINS,
    Made,
    Measured,
    StainsOd,
    od_of,
    od_of_all,
    with_made,
    with_outlines,
)
from mvd.corrections.model import (
    Add,
    Automatic,
    Count,
    Delete,
    Edit,
    HandMade,
    Merge,
    Outline,
    Split,
    Target,
)
from mvd.corrections.overlap import overlaps_a_counted_one
from mvd.corrections.raster import Drawn, drawn_outline, drawn_point, drawn_polygon, joined
from mvd.errors import CorrectionsError
from mvd.vessels import Vessels
from mvd.vessels.outlines import Outlines

_USED_UP = ("merged", "split")


@dataclass(frozen=True)
class Corrected:
    """Vessels as a person corrected them.

    Attributes
    ----------
    vessels : Vessels
        ``table`` has the column ``by_hand`` too: what was done, or None.
    keys : dict
        ``vessel_id`` -> key of the vessels that were made by hand.
    flagged : dict
        Number of each correction that does not fit -> why, one line.
    """

    vessels: Vessels
    keys: dict[int, str]
    flagged: dict[int, str]


@dataclass
class _Work:
    """The table while corrections are applied to it."""

    table: pd.DataFrame
    outlines: Outlines
    slide_px: tuple[int, int]
    redrawn: dict[int, Measured] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)
    stains: dict[int, StainsOd] = field(default_factory=dict)
    what: dict[int, str] = field(default_factory=dict)
    counted: dict[int, bool] = field(default_factory=dict)
    places: dict[tuple[float, float, float], int] = field(default_factory=dict)

    @property
    def mpp(self) -> float:
        return self.outlines.mpp

    def row_of(self, target: Automatic) -> int:
        """The row of a candidate that is where it was, and as large."""
        row = target.vessel - 1
        if row >= len(self.table) or self._place(row) != _place_of(target):
            if not self.places:
                names = ["x_um", "y_um", "filled_area_um2"]
                rounded = np.round(self.table[names].to_numpy(float), 3)
                self.places = {place: number for number, place in enumerate(map(tuple, rounded.tolist()))}
            found = self.places.get(_place_of(target))
            if found is None:
                raise CorrectionsError(
                    f"vessel {target.vessel} at x {target.x_um:.1f}, y {target.y_um:.1f} um is not among those found "
                    "now"
                )
            row = found
        if self.what.get(row) in _USED_UP:
            raise CorrectionsError(
                f"vessel {target.vessel} was {self.what[row]} by hand: that first has to be undone"
            )
        return row

    def _place(self, row: int) -> tuple[float, ...]:
        return tuple(
            round(float(self.table[name].iloc[row]), 3) for name in ("x_um", "y_um", "filled_area_um2")
        )

    def made_as(self, target: HandMade) -> Made:
        """A vessel made by hand; it is not there if the correction that made it does not fit."""
        if target.key not in self.made:
            raise CorrectionsError(
                "the vessel made by hand is gone, or rests on a correction that does not fit"
            )
        return self.made[target.key]

    def drawn(self, row: int) -> Drawn:
        return self.redrawn[row].drawn if row in self.redrawn else drawn_outline(self.outlines[row], self.mpp)

    def od(self, row: int) -> StainsOd:
        return self.stains.get(row) or {name: float(self.table[name].iloc[row]) for name in STAINS}

    def set(self, row: int, what: str, counted: bool | None = None) -> None:
        self.what[row] = what
        if counted is not None:
            self.counted[row] = counted


def apply_edits(vessels: Vessels, edits: Sequence[Edit], slide_px: tuple[int, int], of: str) -> Corrected:
    """Apply corrections to the vessels of a slide.

    Parameters
    ----------
    vessels : Vessels
        Every candidate, of ``find_vessels``.
    edits : sequence of Edit
    slide_px : (int, int)
        Rows and columns of the analysis level.
    of : str
        Settings and version that the candidates were found with. A vessel that was added with others is not added
        where one is counted now.

    Returns
    -------
    Corrected
    """
    outlines = vessels.outlines
    if not isinstance(outlines, Outlines):
        raise TypeError("outlines must be those of find_vessels")
    work, flagged = _Work(vessels.table, outlines, slide_px), dict[int, str]()
    for edit in edits:
        try:
            _apply(work, edit)
        except CorrectionsError as error:
            flagged[edit.seq] = f"correction {edit.seq} ({_named(edit)}): {error}"
    table = _decided(work)
    elsewhere = {edit.seq for edit in edits if edit.of != of}
    for key, seq in overlaps_a_counted_one(work.made, elsewhere, table, work.outlines):
        flagged[seq] = f"correction {seq} (add): a vessel is counted there now that was not when it was added"
        del work.made[key]
    table, behind = with_made(table, list(work.made.values()), work.mpp)
    redrawn = {row: measured.packed for row, measured in work.redrawn.items()}
    all_outlines = with_outlines(outlines, redrawn, [each.measured.packed for each in behind])
    keys = {id(each): key for key, each in work.made.items()}
    numbers = {len(outlines) + 1 + place: keys[id(each)] for place, each in enumerate(behind)}
    return Corrected(Vessels(table, all_outlines), numbers, flagged)


def _named(edit: Edit) -> str:
    return edit.kind.replace("_", " ")


def _place_of(target: Automatic) -> tuple[float, float, float]:
    return (target.x_um, target.y_um, target.filled_area_um2)


def _apply(work: _Work, edit: Edit) -> None:
    if isinstance(edit, Add):
        work.made[edit.key] = _added(work, edit)
    elif isinstance(edit, Merge):
        work.made[edit.key] = _merged(work, edit)
    elif isinstance(edit, Split):
        _split(work, edit)
    elif isinstance(edit, Outline):
        _outlined(work, edit)
    elif isinstance(edit, Delete | Count):
        _count(work, edit)  # those of hot spots are applied by ``placed_by_hand``


def _added(work: _Work, edit: Add) -> Made:
    if edit.polygon is None:
        x_um, y_um = edit.point or (0.0, 0.0)
        drawn = drawn_point(x_um, y_um, work.mpp, work.slide_px)
        return Made(Measured.of(drawn), "added", edit.seq, (x_um, y_um), od_of(edit.stains))
    drawn = drawn_polygon([np.array(ring) for ring in edit.polygon], work.mpp, work.slide_px)
    return Made(Measured.of(drawn), "added", edit.seq, None, od_of(edit.stains))


def _outlined(work: _Work, edit: Outline) -> None:
    drawn = drawn_polygon([np.array(ring) for ring in edit.polygon], work.mpp, work.slide_px)
    measured = Measured.of(drawn)
    if isinstance(edit.vessel, HandMade):
        made = work.made_as(edit.vessel)
        work.made[edit.vessel.key] = Made(
            measured, made.what, edit.seq, None, od_of(edit.stains), made.parts, made.counted
        )
        return
    row = work.row_of(edit.vessel)
    work.redrawn[row], work.stains[row] = measured, od_of(edit.stains)
    work.set(row, "outlined")


def _count(work: _Work, edit: Delete | Count) -> None:
    counted = isinstance(edit, Count) and edit.counted
    if isinstance(edit.vessel, HandMade):
        made = work.made_as(edit.vessel)
        made.counted = counted
        if isinstance(edit, Delete):
            del work.made[edit.vessel.key]
        return
    what = "deleted" if isinstance(edit, Delete) else "counted" if counted else "not_counted"
    work.set(work.row_of(edit.vessel), what, counted)


def _merged(work: _Work, edit: Merge) -> Made:
    parts = [_part(work, target) for target in edit.vessels]  # all are there before any is touched
    if len({_name_of(target) for target in edit.vessels}) < len(parts):
        raise CorrectionsError("a vessel cannot be merged with itself")
    drawn = Measured.of(joined([drawn for drawn, _, _ in parts], work.mpp))
    od = od_of_all([(float(drawn.stained.sum()), stains) for drawn, stains, _ in parts])
    _use_up(work, edit.vessels, "merged")
    return Made(drawn, "merged", edit.seq, None, od, sum(number for _, _, number in parts))


def _split(work: _Work, edit: Split) -> None:
    drawn, *_ = _part(work, edit.vessel)
    pieces = cut_in_two(drawn, np.array(edit.line), work.mpp)
    if len(pieces) != len(edit.keys):
        raise CorrectionsError(f"the line makes {len(pieces)} vessels now, not {len(edit.keys)} as before")
    _use_up(work, (edit.vessel,), "split")
    for number, (key, piece) in enumerate(zip(edit.keys, pieces, strict=True)):
        stains = od_of(edit.stains[number] if edit.stains and number < len(edit.stains) else None)
        work.made[key] = Made(Measured.of(piece), "split", edit.seq, None, stains)


def _part(work: _Work, target: Target) -> tuple[Drawn, StainsOd, int]:
    """A vessel's pixels, stains and parts."""
    if isinstance(target, HandMade):
        made = work.made_as(target)
        return made.measured.drawn, made.stains, made.parts
    row = work.row_of(target)
    return work.drawn(row), work.od(row), int(work.table["parts"].iloc[row])


def _name_of(target: Target) -> str | int:
    return target.key if isinstance(target, HandMade) else target.vessel


def _use_up(work: _Work, targets: Sequence[Target], what: str) -> None:
    for target in targets:
        if isinstance(target, HandMade):
            del work.made[target.key]
        else:
            work.set(work.row_of(target), what, counted=False)


def _decided(work: _Work) -> pd.DataFrame:
    """The rows of what was found, as corrected."""
    table = work.table.copy()
    by_hand = np.full(len(table), None, object)
    rows = sorted(work.what)
    by_hand[rows] = [work.what[row] for row in rows]
    table["by_hand"] = by_hand
    reasons, counted = table["reason"].to_numpy(object, copy=True), table["counted"].to_numpy(bool, copy=True)
    reasons[rows] = REASON
    for row, is_counted in work.counted.items():
        counted[row] = is_counted
    table["reason"], table["counted"] = reasons, counted
    for row in sorted(work.redrawn):
        columns = work.redrawn[row].columns(work.mpp) | work.stains[row]
        for name, value in columns.items():
            table.loc[table.index[row], name] = value
    return table
