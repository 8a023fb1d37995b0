"""One piece -> the vessels that touch in it.

Input: a piece with several lumens. Output: a piece for each vessel. Two rings side by side are two vessels, a tube
whose lumen is pinched in two is one: they are told apart by the waist between the lumens. Judged on shapes alone, px.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.vessels.bounds import may_be_several
from mvd.vessels.edges import Mask
from mvd.vessels.pieces import Labels, Limits, Piece
from mvd.vessels.regions import AREA, adjoining, connected, cut_out, extents
from mvd.vessels.waist import is_waist


def split_touching(piece: Piece, limits: Limits) -> list[Piece]:
    """Cut vessels that touch, each with a lumen of its own, where the waist between the lumens is narrow."""
    lumens = piece.whole & ~piece.stained
    if not may_be_several(lumens, int(np.count_nonzero(lumens)), limits.own_lumen_px):
        return [piece]
    lumen_labels, found = connected(lumens, 4)
    seeds = found[:, AREA] >= limits.own_lumen_px
    seeds[0] = False
    if np.count_nonzero(seeds) < 2:
        return [piece]
    owner = _nearest_seed(seeds[lumen_labels], piece.whole)
    groups = _merge_across_wide_waists(owner, np.where(seeds[lumen_labels], owner, 0))
    if len(np.unique(groups[1:])) == 1:
        return [piece]
    vessels = groups[owner]
    return [
        Piece(
            piece.stained[box] & own,
            own,
            piece.top + box[0].start,
            piece.left + box[1].start,
            piece.labels,
            was_split=True,
        )
        for box, own in cut_out(vessels, extents(vessels, len(groups) - 1))
    ]


def _nearest_seed(seeds: NDArray[np.bool_], whole: Mask) -> Labels:
    """Number of the nearest lumen (1 ...) for each pixel of the vessel; 0 outside."""
    _, owner = cv2.distanceTransformWithLabels(
        (~seeds).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_CCOMP
    )
    # In the order of the numbers that the distance transform gave them.
    numbers = np.zeros(owner.max() + 1, bool)
    numbers[owner[seeds]] = True
    order = np.where(numbers, np.cumsum(numbers), 0).astype(np.int32)
    return np.asarray(np.where(whole > 0, order[owner], 0), dtype=np.int32)


def _merge_across_wide_waists(owner: Labels, lumens: Labels) -> NDArray[np.int32]:
    """Group of each lumen (index 0: outside): lumens of one vessel have no narrow waist between them."""
    groups = np.arange(owner.max() + 1, dtype=np.int32)
    for one, other in adjoining(owner).tolist():
        if not is_waist(owner, lumens, one, other):
            groups[groups == groups[other]] = groups[one]
    return groups
