"""One piece -> the vessels that touch in it.

Input: a piece with several lumens. Output: a piece for each vessel. Two rings side by side are two vessels, a tube
whose lumen is pinched in two is one: they are told apart by the waist between the lumens. Judged on shapes alone, px.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects

from mvd.vessels.measure import Mask, lumen_width, solidity
from mvd.vessels.pieces import Box, Labels, Limits, Piece

Points = NDArray[np.float32]

WAIST_PART = 0.8
"""Touching vessels are narrower where they touch than the smaller of them is along the border, by this factor."""

NARROW_PART, DOUBLE_WALL_NARROW_PART = 0.9, 1.1
"""... and narrower than the smaller of them is wide anywhere, by a tenth at least; a double wall between the lumens
tells two vessels as well, and then the waist may be a tenth wider."""

DOUBLE_WALL_PART = 1.1
"""Two vessels that touch have both their walls between their lumens, a pinched tube has a fold of one: from so many
times the mean wall of the two on, it is a double wall."""

LEAST_SOLIDITY = 0.9
"""A vessel that is cut off is compact: a ring or a tube of its own, not a scrap of wall."""


def split_touching(piece: Piece, limits: Limits) -> list[Piece]:
    """Cut vessels that touch, each with a lumen of its own, where the waist between the lumens is narrow."""
    lumens = piece.whole & ~piece.stained
    if np.count_nonzero(lumens) < 2 * limits.own_lumen_px:
        return [piece]
    _, lumen_labels, stats, _ = cv2.connectedComponentsWithStats(lumens, connectivity=4)
    seeds = stats[:, cv2.CC_STAT_AREA] >= limits.own_lumen_px
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
    owner = np.where(whole > 0, owner, 0)
    _, numbers = np.unique(owner[seeds], return_inverse=True)
    order = np.zeros(owner.max() + 1, np.int32)
    order[owner[seeds]] = numbers + 1
    return np.asarray(order[owner], dtype=np.int32)


def _merge_across_wide_waists(owner: Labels, lumens: Labels) -> NDArray[np.int32]:
    """Group of each lumen (index 0: outside): lumens of one vessel have no narrow waist between them."""
    groups = np.arange(owner.max() + 1, dtype=np.int32)
    masks = dict(enumerate(_regions(owner), start=1))
    for (a, b), border in _borders(owner).items():
        narrow = DOUBLE_WALL_NARROW_PART if _is_double_wall(owner, lumens, (a, b)) else NARROW_PART
        if not _is_waist(border, masks[a], masks[b], narrow):
            groups[groups == groups[b]] = groups[a]
    return groups


def _is_double_wall(owner: Labels, lumens: Labels, pair: tuple[int, int]) -> bool:
    """Whether what lies between two lumens is as thick as both their walls, each taken as that of a round ring."""
    one, other = pair
    between = distance_transform_edt(lumens != one)[lumens == other].min()
    walls = [
        np.sqrt(np.count_nonzero(owner == vessel) / np.pi)
        - np.sqrt(np.count_nonzero(lumens == vessel) / np.pi)
        for vessel in pair
    ]
    return bool(between >= DOUBLE_WALL_PART * sum(walls) / 2)


def _is_waist(border: Points, one: tuple[Box, Mask], other: tuple[Box, Mask], narrow_part: float) -> bool:
    """Whether two regions meet in a narrow waist, and each is more compact alone than both together."""
    along = np.linalg.svd(border - border.mean(axis=0), full_matrices=False)[2][0]
    length = float(np.ptp(border @ along)) + 1
    regions = [_pixels(*one), _pixels(*other)]
    across = min(float(np.ptp(region @ along)) for region in regions) + 1
    if length >= WAIST_PART * across or length >= narrow_part * min(
        lumen_width(one[1]), lumen_width(other[1])
    ):
        return False
    alone, together = min(solidity(region) for region in regions), solidity(np.concatenate(regions))
    return alone >= LEAST_SOLIDITY and alone > together


def _pixels(box: Box, mask: Mask) -> Points:
    """Pixels of a region in the crop, (n, 2) float32 as (col, row)."""
    corner = (box[0].start, box[1].start)
    return (np.argwhere(mask) + corner)[:, ::-1].astype(np.float32)


def _regions(owner: Labels) -> Iterator[tuple[Box, Mask]]:
    """Each numbered region, as the box round it and the mask within."""
    for number, box in enumerate(find_objects(owner), start=1):
        if box is not None:
            yield box, (owner[box] == number).astype(np.uint8)


def _borders(owner: Labels) -> dict[tuple[int, int], NDArray[np.float32]]:
    """Pixels of one region that lie against another, as (col, row), for each pair of regions that touch."""
    found: dict[tuple[int, int], list[NDArray[np.int64]]] = {}
    for one, other in ((owner[:, :-1], owner[:, 1:]), (owner[:-1], owner[1:])):
        rows, cols = np.nonzero((one != other) & (one > 0) & (other > 0))
        pairs = np.sort(np.stack([one[rows, cols], other[rows, cols]], axis=1), axis=1)
        for pair in np.unique(pairs, axis=0):
            here = (pairs == pair).all(axis=1)
            found.setdefault((int(pair[0]), int(pair[1])), []).append(
                np.stack([cols[here], rows[here]], axis=1)
            )
    return {pair: np.concatenate(points).astype(np.float32) for pair, points in sorted(found.items())}
