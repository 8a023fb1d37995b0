"""Where the errors of one result lie: which kinds of vessel are missed and why, and what is counted that is none."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mvd.phantom import Phantom, score

NEAR_UM = 3.0
FAINT_OD = 0.4  # the phantoms' faint walls lie below, all others above


@dataclass(frozen=True)
class Missed:
    """A countable vessel that no counted one lies on, and what was made of it."""

    vessel_id: int
    kind: str
    why: str


@dataclass(frozen=True)
class Extra:
    """A counted vessel that is none, or the second one on the same vessel."""

    x_um: float
    y_um: float
    lies_on: str


@dataclass(frozen=True)
class Mistakes:
    """All errors of one result; ``truth`` and ``matched`` hold the vessels by (kind, faint)."""

    truth: Counter[tuple[str, bool]]
    matched: Counter[tuple[str, bool]]
    missed: tuple[Missed, ...]
    extra: tuple[Extra, ...]


def mistakes_of(table: pd.DataFrame, phantom: Phantom) -> Mistakes:
    """Compare a vessel table with the truth, kind by kind.

    Recall of a kind is that of ``mvd.phantom.score`` when nothing else is asked for. The lists of single errors
    go by the nearest outline and are good for looking, not for exact sums.

    Parameters
    ----------
    table : DataFrame
        ``x_um, y_um, counted``, and ``reason`` if rejected candidates are to explain what is missed.
    phantom : Phantom
    """
    truth: Counter[tuple[str, bool]] = Counter()
    matched: Counter[tuple[str, bool]] = Counter()
    countable = phantom.countable
    for group, rows in countable.groupby(["kind", countable["wall_od"] < FAINT_OD]):
        key = str(group[0]), bool(group[1])
        only = phantom.vessels.assign(countable=phantom.vessels["vessel_id"].isin(rows["vessel_id"]))
        truth[key] = len(rows)
        matched[key] = score(table, replace(phantom, vessels=only)).matched
    lies_on = _lies_on(table, phantom)
    return Mistakes(
        truth, matched, tuple(_missed(table, lies_on, phantom)), tuple(_extra(table, lies_on, phantom))
    )


def _lies_on(table: pd.DataFrame, phantom: Phantom) -> list[int]:
    """Truth label that each row's centroid lies on, or is nearest to by the rule of ``score``; 0 for none."""
    if table.empty:
        return []
    rows, cols = np.nonzero(phantom.labels)
    if not len(rows):
        return [0] * len(table)
    tree = cKDTree(np.stack([cols, rows], axis=1) + 0.5)
    places = table[["x_um", "y_um"]].to_numpy(float) / phantom.mpp
    far, nearest = tree.query(places, distance_upper_bound=NEAR_UM / phantom.mpp)
    found = np.isfinite(far)
    near = np.minimum(nearest, len(rows) - 1)
    on = np.where(found, phantom.labels[rows[near], cols[near]], 0)
    return [
        int(label) or _beside(place, phantom) for label, place in zip(on, places * phantom.mpp, strict=True)
    ]


def _beside(place_um: NDArray[np.float64], phantom: Phantom) -> int:
    """Label of the vessel whose centroid is close by: that of a curved tube may lie beside it."""
    vessels = phantom.countable
    if vessels.empty:
        return 0
    apart_um = np.hypot(*(vessels[["x_um", "y_um"]].to_numpy(float) - place_um).T)
    reach_um = np.maximum(NEAR_UM, 0.5 * np.sqrt(vessels["filled_area_um2"].to_numpy(float) / np.pi))
    nearest = int((apart_um - reach_um).argmin())
    return int(vessels["vessel_id"].iloc[nearest]) if apart_um[nearest] <= reach_um[nearest] else 0


def _missed(table: pd.DataFrame, lies_on: list[int], phantom: Phantom) -> Iterator[Missed]:
    counted = table["counted"].to_numpy(bool)
    on = np.array(lies_on, int)
    reasons = table["reason"].astype(str).to_numpy() if "reason" in table else np.full(len(table), "rejected")
    for vessel in phantom.countable.itertuples():
        if (counted & (on == vessel.vessel_id)).any():
            continue
        rejected = reasons[~counted & (on == vessel.vessel_id)]
        why = str(rejected[0]) if len(rejected) else "no candidate of its own"
        yield Missed(int(vessel.vessel_id), str(vessel.kind), why)


def _extra(table: pd.DataFrame, lies_on: list[int], phantom: Phantom) -> Iterator[Extra]:
    truth = phantom.vessels.set_index("vessel_id")
    seen = set[int]()
    for row, label in zip(table.itertuples(), lies_on, strict=True):
        if not row.counted:
            continue
        if label == 0:
            yield Extra(row.x_um, row.y_um, "tissue, haze or a nucleus")
        elif not truth.loc[label, "countable"]:
            yield Extra(row.x_um, row.y_um, str(truth.loc[label, "kind"]))
        elif label in seen:
            yield Extra(row.x_um, row.y_um, f"second on {truth.loc[label, 'kind']}")
        seen.add(label)
