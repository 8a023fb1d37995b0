"""Parts near each other -> whole vessels: broken rings closed, touching rings split.

Input: the stained parts of one neighbourhood as a label crop. Output: ``Piece``s, each the wall and the filled
vessel of one vessel. Everything here is judged on shapes alone, in pixels of the analysis level.

A vessel is a ring round a lumen, and its section may show the wall in several arcs (Reyes-Aldasoro 2011 joins parts,
closes rings and splits touching vessels too). So parts are joined when bridging the gaps between them encloses a
lumen, or when they are the two walls of a tube cut lengthwise; a part with a lumen of its own is a vessel already.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from mvd.measure import Mask, filled, lumen_width, trace

Labels = NDArray[np.int32]
Box = tuple[slice, slice]

LEAST_LUMEN_SOLIDITY = 0.8
"""A lumen is bounded by walls that curve round it; the space between three capillaries is not."""

LEAST_FACING_PART = 0.7
"""Two walls of one tube face each other along most of the shorter one."""

WALL_ASPECT = 2.5
"""A wall cut lengthwise is at least so many times longer than thick."""

WAIST_PART = 0.7
"""Touching vessels are narrower where they touch than the smaller of them is wide, by this factor or more."""


_SQUARE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Limits:
    """Lengths of the settings in pixels: the widest gap bridged, the least lumen (px2) that makes a vessel."""

    gap_px: int
    own_lumen_px: float


@dataclass(frozen=True)
class Piece:
    """One vessel on the crop.

    Attributes
    ----------
    stained, whole : (h, w) uint8
        Wall; wall and lumen; on a box of its own.
    top, left : int
        Where that box lies in the crop, px.
    labels : tuple of int
        The parts that it is made of.
    was_split : bool
        Whether a touching neighbour was cut off.
    """

    stained: Mask
    whole: Mask
    top: int
    left: int
    labels: tuple[int, ...]
    was_split: bool


def find_pieces(labels: Labels, count: int, limits: Limits) -> list[Piece]:
    """Turn the ``count`` labelled parts (1 ... count; 0 elsewhere) of a crop into vessels.

    The crop must leave half of ``limits.gap_px`` of margin round the parts.
    """
    stained = (labels > 0).astype(np.uint8)
    bridged = _close(stained, limits.gap_px)
    groups = list(range(count + 1))
    bridges = np.zeros_like(stained)
    own_lumen = _parts_with_lumen(labels, stained, limits) if count > 1 else set()
    for joint in _ring_joints(labels, stained, bridged):
        if len(joint.members) == 1 or not own_lumen.intersection(joint.members):
            joint.apply(groups, bridges)
    if count > 1:
        boxes = find_objects(labels)
        for joint in _wall_joints(labels, stained, bridged, boxes):
            if not own_lumen.intersection(joint.members):
                joint.apply(groups, bridges)
        return _pieces(labels, groups, bridges, boxes, limits)
    return split_touching(Piece(stained, filled(stained | bridges), 0, 0, (1,), False), limits)


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
    groups = _merge_across_wide_waists(owner)
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


def _close(mask: Mask, size_px: int) -> Mask:
    """Close gaps up to ``size_px``; the crop's margin keeps the border out of it."""
    size = size_px + 1 - size_px % 2
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    closed: Mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, element).astype(np.uint8)
    return closed


@dataclass(frozen=True)
class _Joint:
    """Parts that belong together, and the pixels that bridge them, on a small box of the crop."""

    members: tuple[int, ...]
    box: Box
    bridge: Mask

    def apply(self, groups: list[int], bridges: Mask) -> None:
        target = min(groups[m] for m in self.members)
        old = {groups[m] for m in self.members}
        groups[:] = [target if g in old else g for g in groups]
        bridges[self.box] |= self.bridge


def _pieces(
    labels: Labels, groups: list[int], bridges: Mask, boxes: list[Box], limits: Limits
) -> list[Piece]:
    """Each group of parts on a box of its own."""
    members: dict[int, list[int]] = {}
    for part, group in enumerate(groups[1:], start=1):
        members.setdefault(group, []).append(part)
    pieces = []
    for parts in members.values():
        box = _around([boxes[part - 1] for part in parts])
        wall = np.isin(labels[box], parts).astype(np.uint8)
        # Bridges belong to the group that they touch; their own ends lie against it.
        both = wall | bridges[box]
        _, joined = cv2.connectedComponents(both, connectivity=8)
        whole = filled((np.isin(joined, np.unique(joined[wall > 0])) & (both > 0)).astype(np.uint8))
        piece = Piece(wall, whole, box[0].start, box[1].start, tuple(parts), was_split=False)
        pieces += split_touching(piece, limits)
    return pieces


def _around(boxes: list[Box]) -> Box:
    """The box that holds all of them. Bridges lie between parts, so they are in it too."""
    rows, cols = zip(*boxes, strict=True)
    return tuple(slice(min(s.start for s in side), max(s.stop for s in side)) for side in (rows, cols))  # type: ignore[return-value]


def _boxes(mask: Mask, connectivity: int, margin: int) -> Iterator[tuple[Box, Mask]]:
    """Each component of a mask, as the box round it (with a margin) and the mask within."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=connectivity)
    for i in range(1, count):
        left, top, width, height, _ = stats[i]
        box = (
            slice(max(top - margin, 0), top + height + margin),
            slice(max(left - margin, 0), left + width + margin),
        )
        yield box, (labels[box] == i).astype(np.uint8)


def _ring_joints(labels: Labels, stained: Mask, bridged: Mask) -> Iterator[_Joint]:
    """The parts round each lumen that bridging the gaps encloses."""
    holes = filled(bridged) & ~bridged & ~filled(stained)
    if not holes.any():
        return
    margin = 3
    for box, hole in _boxes(holes, 4, margin):
        if not _is_lumen_like(hole):
            continue
        # The bridges that bound this lumen: those parts of the closing that touch it.
        closing = bridged[box] & ~stained[box]
        rim = cv2.dilate(hole, _SQUARE)
        _, closing_labels = cv2.connectedComponents(closing, connectivity=8)
        near = np.unique(closing_labels[(rim > 0) & (closing > 0)])
        bridge = (np.isin(closing_labels, near) & (closing > 0)).astype(np.uint8)
        touched = cv2.dilate(rim | bridge, _SQUARE) > 0
        members = tuple(int(m) for m in np.unique(labels[box][touched]) if m)
        if members:
            yield _Joint(members, box, hole | bridge)


def _parts_with_lumen(labels: Labels, stained: Mask, limits: Limits) -> set[int]:
    """Parts that already enclose a lumen."""
    holes = filled(stained) & ~stained
    found: set[int] = set()
    for box, hole in _boxes(holes, 4, 1):
        if np.count_nonzero(hole) >= limits.own_lumen_px:
            rim = cv2.dilate(hole, _SQUARE) > 0
            found.update(int(m) for m in np.unique(labels[box][rim]) if m)
    return found


def _is_lumen_like(hole: Mask) -> bool:
    contour = max(trace(hole), key=len)
    hull = cv2.convexHull(contour)
    # Half a pixel all round, as in measure.py, or small lumens would look ragged.
    hull_area = cv2.contourArea(hull) + cv2.arcLength(hull, True) / 2 + np.pi / 4
    return bool(np.count_nonzero(hole) / hull_area >= LEAST_LUMEN_SOLIDITY)


def _wall_joints(labels: Labels, stained: Mask, bridged: Mask, boxes: list[Box]) -> Iterator[_Joint]:
    """Two long walls that face each other along most of their length: a tube cut lengthwise."""
    sizes: dict[int, tuple[float, float]] = {}
    for box, bridge in _boxes(bridged & ~stained, 8, 1):
        near = cv2.dilate(bridge, _SQUARE) > 0
        members = tuple(int(m) for m in np.unique(labels[box][near]) if m)
        if len(members) != 2:
            continue
        for member in members:
            if member not in sizes:
                sizes[member] = _length_and_aspect(labels[boxes[member - 1]] == member)
        lengths, aspects = zip(*(sizes[member] for member in members), strict=True)
        if min(aspects) < WALL_ASPECT:
            continue
        bridge_length, _ = _length_and_aspect(bridge > 0)
        if bridge_length >= LEAST_FACING_PART * min(lengths):
            yield _Joint(members, box, bridge)


def _length_and_aspect(mask: NDArray[np.bool_]) -> tuple[float, float]:
    """Length of a part along its long side, px, and how many times longer than thick it is."""
    size = cv2.minAreaRect(np.concatenate(trace(mask.astype(np.uint8))))[1]
    length = max(size) + 1
    return length, length * length / np.count_nonzero(mask)


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


def _merge_across_wide_waists(owner: Labels) -> NDArray[np.int32]:
    """Group of each lumen (index 0: outside): lumens of one vessel have no narrow waist between them."""
    groups = np.arange(owner.max() + 1, dtype=np.int32)
    widths = [0.0, *(lumen_width(mask) for _, mask in _regions(owner))]
    for (a, b), points in _borders(owner).items():
        size = cv2.minAreaRect(points)[1]
        if max(size) + 1 >= WAIST_PART * min(widths[a], widths[b]):
            groups[groups == groups[b]] = groups[a]
    return groups


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
