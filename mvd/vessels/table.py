"""Measured candidates -> the vessel table: rules with reasons, um, order.

Input: blocks of candidates as arrays, in pixels. Output: a DataFrame with the columns of vessels.csv. Looks at numbers
only, and at the masks of wide lumens.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mvd.runs import Components
from mvd.settings import VesselSettings
from mvd.vessels.edges import I64
from mvd.vessels.measure import SHAPE_SIZE, Shape
from mvd.vessels.wide import WideLumen, within

REASONS = np.array(
    ["ok", "merged", "split", "thick_wall", "lumen_too_wide", "too_small", "not_dab"], dtype=object
)
_OK, _MERGED, _SPLIT, _THICK_WALL, _LUMEN_TOO_WIDE, _TOO_SMALL, _NOT_DAB = range(len(REASONS))
"""Up to ``_SPLIT`` they are counted."""

Floats = NDArray[np.floating]
Columns = dict[str, NDArray[Any]]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Candidates:
    """Measured candidates.

    Attributes
    ----------
    shapes : (n, 12) float64
        ``Shape`` of each, places on the slide; in pixels ``shrinks`` times as large as the analysis level's.
    shrinks : (n,) int64
    split : (n,) bool
        Whether a touching neighbour was cut off.
    members : (m,) int64
        The components that they are made of, one candidate's after the other.
    parts : (n,) int64
        How many components each is made of.
    """

    shapes: Floats
    shrinks: I64
    split: Bools
    members: I64
    parts: I64

    @classmethod
    def joined(cls, blocks: Iterable["Candidates"]) -> "Candidates":
        """All candidates of some blocks."""
        none = np.empty(0, np.int64)
        blocks = [cls(np.empty((0, SHAPE_SIZE)), none, none.astype(bool), none, none), *blocks]
        return cls(
            np.concatenate([block.shapes for block in blocks]),
            np.concatenate([block.shrinks for block in blocks]),
            np.concatenate([block.split for block in blocks]),
            np.concatenate([block.members for block in blocks]),
            np.concatenate([block.parts for block in blocks]),
        )


def tabulate(
    found: Candidates,
    lumens: list[WideLumen],
    components: Components,
    brown: Bools,
    settings: VesselSettings,
    mpp: float,
) -> tuple[pd.DataFrame, I64]:
    """Judge all candidates, and number them from top to bottom, then from left to right.

    Parameters
    ----------
    found : Candidates
    lumens : list of WideLumen
        What lies in one of them is its contents, and not counted.
    components : Components
    brown : (k,) bool
        Which components are brown.
    settings : VesselSettings
    mpp : float
        Pixel size of the analysis level, um/px.

    Returns
    -------
    table : DataFrame
    order : (n,) int64
        Which candidate each row is.
    """
    starts = np.cumsum(found.parts) - found.parts
    first = found.members[starts]
    columns = measures_um(found.shapes, found.shrinks * mpp)
    columns |= _stains(components, found.members, starts)
    columns |= {"parts": found.parts, "hotspot_rank": np.zeros(len(first), np.int64)}
    reasons = _judge(columns, found.split, brown[first], settings)
    # Of two at the same place the first component leads.
    order = np.lexsort((first, columns["x_um"], columns["y_um"]))
    columns = {name: column[order] for name, column in columns.items()}
    reasons = reasons[order]
    contents = within(lumens, columns["x_um"], columns["y_um"])
    reasons[contents & (reasons <= _SPLIT)] = _LUMEN_TOO_WIDE
    columns |= {
        "vessel_id": np.arange(1, len(order) + 1),
        "counted": reasons <= _SPLIT,
        "reason": REASONS[reasons],
    }
    table = pd.DataFrame({name: columns[name] for name in _COLUMNS})
    return table.astype({"reason": "object"}), order


def _judge(columns: Columns, split: Bools, brown: Bools, settings: VesselSettings) -> I64:
    """Number of the first rule that a candidate breaks, or of how it came to be a vessel: the last here that holds."""
    reasons = np.full(len(split), _OK)
    reasons[columns["parts"] > 1] = _MERGED
    reasons[split] = _SPLIT
    reasons[columns["wall_um"] > settings.max_wall_um] = _THICK_WALL
    reasons[columns["lumen_width_um"] > settings.max_lumen_width_um] = _LUMEN_TOO_WIDE
    reasons[columns["filled_area_um2"] < settings.min_area_um2] = _TOO_SMALL
    reasons[~brown] = _NOT_DAB
    return reasons


def measures_um(shapes: Floats, mpp: Floats) -> Columns:
    """The measures in um; ``mpp`` (n,) of each candidate. Shares of one are the same in any unit."""
    px = dict(zip(Shape._fields, shapes.T, strict=True))
    return {
        # Positions are rounded as they are printed, so that a hot spot holds what its printed circle holds.
        "x_um": np.round((px["col"] + 0.5) * mpp, 3),
        "y_um": np.round((px["row"] + 0.5) * mpp, 3),
        "area_um2": px["area"] * mpp**2,
        "lumen_area_um2": (px["filled_area"] - px["area"]) * mpp**2,
        "filled_area_um2": px["filled_area"] * mpp**2,
        "perimeter_um": px["perimeter"] * mpp,
        "major_axis_um": px["major_axis"] * mpp,
        "minor_axis_um": px["minor_axis"] * mpp,
        "max_feret_um": px["max_feret"] * mpp,
        "lumen_width_um": px["lumen_width"] * mpp,
        "wall_um": px["wall"] * mpp,
        "solidity": px["solidity"],
        "eccentricity": px["eccentricity"],
    }


def _stains(components: Components, members: I64, starts: I64) -> Columns:
    """Stains of the candidates, OD: each is made of the ``members`` from one of ``starts`` to the next."""
    if not len(members):
        return {name: np.empty(0) for name in ("mean_dab_od", "max_dab_od", "hematoxylin_od", "residual_od")}
    area = np.add.reduceat(components.area_px[members], starts)
    means = {
        name: np.add.reduceat(sums[members], starts) / area / 1000
        for name, sums in (
            ("mean_dab_od", components.od_sum),
            ("hematoxylin_od", components.hematoxylin_sum),
            ("residual_od", components.residual_sum),
        )
    }
    return means | {
        "max_dab_od": np.maximum.reduceat(components.od_max[members], starts) / 1000,
    }


_COLUMNS = (
    *("vessel_id", "x_um", "y_um", "counted", "reason", "area_um2", "lumen_area_um2", "filled_area_um2"),
    *("perimeter_um", "major_axis_um", "minor_axis_um", "max_feret_um", "lumen_width_um", "wall_um"),
    *("solidity", "eccentricity", "mean_dab_od", "max_dab_od", "parts", "hotspot_rank"),
    *("hematoxylin_od", "residual_od"),
)
