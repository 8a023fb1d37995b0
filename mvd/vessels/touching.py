"""One piece -> the vessels that touch in it.

Input: a piece with several lumens. Output: a piece for each vessel. Two rings side by side are two vessels, a tube
whose lumen is pinched in two is one: they are told apart by the waist between the lumens. Judged on shapes alone, px.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.vessels.bounds import may_be_several
from mvd.vessels.edges import Mask
from mvd.vessels.pieces import Box, Labels, Limits, Piece
from mvd.vessels.regions import AREA, adjoining, around, boxes_of, connected, cut_out, extents
from mvd.vessels.waist import Depth, is_waist


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
    depth = _depth(piece.whole)
    owner = _basins(np.where(seeds[lumen_labels], lumen_labels, 0), depth)
    groups = _merge_across_wide_waists(owner, np.where(seeds[lumen_labels], owner, 0), depth)
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


def _depth(whole: Mask) -> Depth:
    """Distance of each pixel of the vessel to its outline, px; also where that is the crop's edge.

    Squared it is a whole number: rounded to it, the last bit is the same each time.
    """
    padded = cv2.copyMakeBorder(whole, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    depth: Depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    exact: Depth = np.sqrt(np.rint(depth * depth))
    return exact


def _basins(lumens: Labels, depth: Depth) -> Labels:
    """Number (1 ...) of the lumen in whose basin each pixel of the vessel lies: they meet in the neck; 0 outside."""
    from skimage.segmentation import watershed

    _, numbered = np.unique(lumens, return_inverse=True)
    basins = watershed(-depth, numbered.reshape(lumens.shape), mask=depth > 0)  # type: ignore[no-untyped-call]
    return np.asarray(basins, dtype=np.int32)


def _merge_across_wide_waists(owner: Labels, lumens: Labels, depth: Depth) -> NDArray[np.int32]:
    """Group of each lumen (index 0: outside): lumens of one vessel have no narrow waist between them."""
    count = int(owner.max())
    groups, boxes = np.arange(count + 1, dtype=np.int32), boxes_of(extents(owner, count))
    for one, other in adjoining(owner).tolist():
        if not _is_waist(owner, lumens, depth, one, other, around([boxes[one], boxes[other]])):
            groups[groups == groups[other]] = groups[one]
    return groups


def _is_waist(owner: Labels, lumens: Labels, depth: Depth, one: int, other: int, box: Box) -> bool:
    """Look at the box of the two alone: a stained mass may have thousands of holes."""
    owner, lumens = np.ascontiguousarray(owner[box]), np.ascontiguousarray(lumens[box])
    return bool(is_waist(owner, lumens, np.ascontiguousarray(depth[box]), one, other))
