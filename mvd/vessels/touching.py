"""One piece -> the vessels that touch in it.

Input: a piece with several lumens. Output: a piece for each vessel. Two rings side by side are two vessels, a tube
whose lumen is pinched in two is one: they are told apart by the waist between the lumens. Judged on shapes alone, px.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.vessels.bounds import may_be_several
from mvd.vessels.distance import lumen_width
from mvd.vessels.edges import Mask
from mvd.vessels.hull import solidity
from mvd.vessels.pieces import Box, Labels, Limits, Piece
from mvd.vessels.regions import AREA, borders, connected, cut_out, distance_between, extents

Points = NDArray[np.float32]

WAIST_PART = 0.8
"""Touching vessels are narrower where they touch than the smaller of them is along the border, by this factor."""

NARROW_PART, DOUBLE_WALL_NARROW_PART = 0.87, 1.06
"""... and narrower than the smaller of them is wide anywhere, by an eighth at least; a double wall between the lumens
tells two vessels as well, and then the waist may be a little wider."""

DOUBLE_WALL_PART = 1.1
"""Two vessels that touch have both their walls between their lumens, a pinched tube has a fold of one: from so many
times the mean wall of the two on, it is a double wall."""

LEAST_SOLIDITY = 0.9
"""A vessel that is cut off is compact: a ring or a tube of its own, not a scrap of wall."""


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
    return [
        Piece(
            piece.stained[box] & own,
            own,
            piece.top + box[0].start,
            piece.left + box[1].start,
            piece.labels,
            was_split=True,
        )
        for box, own in _regions(groups[owner])
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
    masks = dict(enumerate(_regions(owner), start=1))
    for (a, b), border in _borders(owner).items():
        narrow = DOUBLE_WALL_NARROW_PART if _is_double_wall(owner, lumens, (a, b)) else NARROW_PART
        both = ((owner == a) | (owner == b)).astype(np.uint8)
        if not _is_waist(border, masks[a], masks[b], both, narrow):
            groups[groups == groups[b]] = groups[a]
    return groups


def _is_double_wall(owner: Labels, lumens: Labels, pair: tuple[int, int]) -> bool:
    """Whether what lies between two lumens is as thick as both their walls, each taken as that of a round ring."""
    between = distance_between(lumens, *pair)
    walls = [
        np.sqrt(np.count_nonzero(owner == vessel) / np.pi)
        - np.sqrt(np.count_nonzero(lumens == vessel) / np.pi)
        for vessel in pair
    ]
    return bool(between >= DOUBLE_WALL_PART * sum(walls) / 2)


def _is_waist(
    border: Points, one: tuple[Box, Mask], other: tuple[Box, Mask], both: Mask, narrow_part: float
) -> bool:
    """Whether two regions meet in a narrow waist, and each is more compact alone than both together."""
    along = np.linalg.svd(border - border.mean(axis=0), full_matrices=False)[2][0]
    length = float(np.ptp(border @ along)) + 1
    regions = [_pixels(*one), _pixels(*other)]
    across = min(float(np.ptp(region @ along)) for region in regions) + 1
    if length >= WAIST_PART * across or length >= narrow_part * min(
        lumen_width(one[1]), lumen_width(other[1])
    ):
        return False
    alone = min(solidity(one[1]), solidity(other[1]))
    return bool(alone >= LEAST_SOLIDITY and alone > solidity(both))


def _pixels(box: Box, mask: Mask) -> Points:
    """Pixels of a region in the crop, (n, 2) float32 as (col, row)."""
    corner = (box[0].start, box[1].start)
    return (np.argwhere(mask) + corner)[:, ::-1].astype(np.float32)


def _regions(owner: Labels) -> list[tuple[Box, Mask]]:
    """Each numbered region, as the box round it and the mask within."""
    return list(cut_out(owner, extents(owner, owner.max())))


def _borders(owner: Labels) -> dict[tuple[int, int], Points]:
    """Pixels of one region that lie against another, as (col, row), for each pair of regions that touch."""
    found = borders(owner)
    pairs = sorted(set(map(tuple, found[:, :2].tolist())))
    return {(a, b): found[(found[:, 0] == a) & (found[:, 1] == b), 2:].astype(np.float32) for a, b in pairs}
