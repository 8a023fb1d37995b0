"""Vessels that were added by hand, and those that are counted now -> which of the former lie on the latter."""

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pandas as pd

from mvd.corrections.made import Made
from mvd.corrections.raster import Drawn, drawn_outline
from mvd.vessels.outlines import Outlines


def overlaps_a_counted_one(
    made: Mapping[str, Made], seqs: Collection[int], table: pd.DataFrame, outlines: Outlines
) -> list[tuple[str, int]]:
    """Find the added vessels that share a pixel with one that is counted and that nobody touched.

    Parameters
    ----------
    made : mapping
        Key -> vessel made by hand.
    seqs : collection of int
        Numbers of the corrections that are looked at.
    table : DataFrame
        As corrected, with ``by_hand``; vessels made by hand are not in it.
    outlines : Outlines
        Of the rows.

    Returns
    -------
    list of (str, int)
        Key and number of the correction.
    """
    return [
        (key, each.seq)
        for key, each in made.items()
        if each.what == "added"
        and each.seq in seqs
        and any(_share(each.measured.drawn, d) for d in _near(each, table, outlines))
    ]


def _near(made: Made, table: pd.DataFrame, outlines: Outlines) -> Iterator[Drawn]:
    own, mpp = made.measured.drawn, outlines.mpp
    middle = np.array([own.left + own.whole.shape[1] / 2, own.top + own.whole.shape[0] / 2]) * mpp
    reach = table["max_feret_um"].to_numpy(float) + np.hypot(*own.whole.shape) * mpp
    away = np.hypot(*(table[["x_um", "y_um"]].to_numpy(float) - middle).T)
    untouched = table["counted"].to_numpy(bool) & table["by_hand"].isna().to_numpy()
    for row in np.flatnonzero(untouched & (away <= reach)):
        yield drawn_outline(outlines[int(row)], mpp)


def _share(one: Drawn, other: Drawn) -> bool:
    top, left = max(one.top, other.top), max(one.left, other.left)
    bottom = min(one.top + one.whole.shape[0], other.top + other.whole.shape[0])
    right = min(one.left + one.whole.shape[1], other.left + other.whole.shape[1])
    if bottom <= top or right <= left:
        return False
    first, second = (
        each.whole[top - each.top : bottom - each.top, left - each.left : right - each.left]
        for each in (one, other)
    )
    return bool((first & second).any())
