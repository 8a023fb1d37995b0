"""Vessels that corrections make or outline again -> their rows of the table and their outlines."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from mvd.corrections.model import Stains
from mvd.corrections.raster import Drawn
from mvd.vessels.measure import Shape
from mvd.vessels.outlines import Outlines, Packed
from mvd.vessels.table import measures_um

STAINS = ("mean_dab_od", "max_dab_od", "hematoxylin_od", "residual_od")
REASON = "by_hand"
_UNKNOWN = dict.fromkeys(STAINS, float("nan"))
_NO_SIZE = (
    *("area_um2", "lumen_area_um2", "filled_area_um2", "perimeter_um", "major_axis_um", "minor_axis_um"),
    *("max_feret_um", "lumen_width_um", "wall_um", "solidity", "eccentricity"),
)

StainsOd = dict[str, float]


@dataclass(frozen=True)
class Measured:
    """A vessel that a person outlined.

    Attributes
    ----------
    drawn : Drawn
    shape : Shape
    packed : Packed
    """

    drawn: Drawn
    shape: Shape
    packed: Packed

    @classmethod
    def of(cls, drawn: Drawn) -> "Measured":
        """Measure it."""
        return cls(drawn, *drawn.measured())

    def columns(self, mpp: float) -> dict[str, float]:
        """Its measures by column of vessels.csv, um."""
        found = measures_um(np.array([self.shape]), np.array([mpp]))
        return {name: float(values[0]) for name, values in found.items()}


@dataclass
class Made:
    """A vessel that a person made.

    Attributes
    ----------
    measured : Measured
    what : str
        What made it: ``added``, ``merged`` or ``split``; or what came after that.
    point_um : (float, float), optional
        Of a vessel without an outline: it has a place and no size.
    stains : dict
        OD by column; NaN where nobody measured them.
    parts : int
    counted : bool
    seq : int
        Number of the correction that made it, or changed it last.
    """

    measured: Measured
    what: str
    seq: int
    point_um: tuple[float, float] | None = None
    stains: StainsOd = field(default_factory=lambda: dict(_UNKNOWN))
    parts: int = 1
    counted: bool = True

    def row(self, mpp: float) -> dict[str, Any]:
        """Its row of the table, without a number."""
        columns = self.measured.columns(mpp)
        if self.point_um:
            columns |= dict.fromkeys(_NO_SIZE, float("nan"))
            columns |= {"x_um": self.point_um[0], "y_um": self.point_um[1]}
        decided = {"counted": self.counted, "reason": REASON, "by_hand": self.what}
        return {**columns, **self.stains, **decided, "parts": self.parts, "hotspot_rank": 0}


def od_of(stains: Stains | None) -> StainsOd:
    """Return stains by column; NaN where they were not measured."""
    return stains.model_dump() if stains else dict(_UNKNOWN)


def od_of_all(parts: Sequence[tuple[float, StainsOd]]) -> StainsOd:
    """Return the stains of several parts together, each with its stained area; NaN where one is not known."""
    parts = sorted(parts, key=lambda part: (part[0], *part[1].values()))  # sums do not depend on the order
    total = sum(area for area, _ in parts)
    means = {name: sum(area * od[name] for area, od in parts) / total for name in STAINS}
    return means | {"max_dab_od": float(np.max([od["max_dab_od"] for _, od in parts]))}


def with_made(table: pd.DataFrame, made: Sequence[Made], mpp: float) -> tuple[pd.DataFrame, list[Made]]:
    """Put the rows of new vessels behind the others, from top to bottom, whatever the order they were made in."""
    rows = [(each.row(mpp), each) for each in made]
    rows.sort(key=lambda pair: (pair[0]["y_um"], pair[0]["x_um"], pair[1].measured.packed.turns.tobytes()))
    first = len(table) + 1
    new = pd.DataFrame(
        [{"vessel_id": first + number} | row for number, (row, _) in enumerate(rows)], columns=table.columns
    )
    if rows:
        table = pd.concat([table, new.astype(table.dtypes)], ignore_index=True)
    return table, [each for _, each in rows]


def with_outlines(outlines: Outlines, redrawn: dict[int, Packed], added: Sequence[Packed]) -> Outlines:
    """Return outlines of which some are replaced, by row, and others put behind them."""
    more = [*redrawn.values(), *added]
    new = Outlines.of(((packed, np.array([len(packed.stops)])) for packed in more), outlines.mpp)
    order = np.arange(len(outlines) + len(added))
    for number, row in enumerate(redrawn):
        order[row] = len(outlines) + number
    order[len(outlines) :] += len(redrawn)
    both = Outlines(
        np.concatenate([outlines.turns, new.turns]),
        np.concatenate([outlines.first, new.first[1:] + outlines.first[-1]]),
        np.concatenate([outlines.kinds, new.kinds]),
        np.concatenate([outlines.rings, new.rings + len(outlines.kinds)]),
        outlines.mpp,
    )
    return both.ordered(order)
