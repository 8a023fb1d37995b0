"""Parts near each other -> whole vessels: broken rings closed.

Input: the stained parts of one neighbourhood as a label crop. Output: ``Piece``s, each the wall and the filled
vessel of one vessel. Everything here is judged on shapes alone, in pixels of the analysis level.

A vessel is a ring round a lumen, and its section may show the wall in several arcs (Reyes-Aldasoro 2011 joins parts,
closes rings too). So parts are joined when bridging the gaps between them encloses a
lumen, or when they are the two walls of a tube cut lengthwise; a part with a lumen of its own is a vessel already.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from mvd.vessels.bays import open_lumen, painted
from mvd.vessels.bounds import enclosed, is_compact, tight
from mvd.vessels.distance import closed
from mvd.vessels.edges import Mask, filled
from mvd.vessels.hull import hull_of, solidity
from mvd.vessels.pieces import Box, Labels, Limits, Piece
from mvd.vessels.regions import around, boxes_of, chosen, connected, cut_out, extents, met
from mvd.vessels.touching import split_touching

LEAST_LUMEN_SOLIDITY = 0.8
"""A lumen is bounded by walls that curve round it; the space between three capillaries is not."""

LEAST_FACING_PART = 0.7
"""Two walls of one tube face each other along most of the shorter one."""

WALL_ASPECT = 2.5
"""A wall cut lengthwise is at least so many times longer than thick."""

_MARGIN_PX = 8  # round a hole, to see the bridges that bound it whole
_SQUARE = np.ones((3, 3), np.uint8)


def find_pieces(labels: Labels, wall: Mask, count: int, limits: Limits) -> list[Piece]:
    """Turn the ``count`` labelled parts (1 ... count; 0 elsewhere) of a crop into vessels.

    The crop must leave half of ``limits.gap_px`` of margin round the parts. ``wall`` (0 or 1) tells which of their
    pixels are measured; the others only hold a part together.
    """
    stained = (labels > 0).astype(np.uint8)
    boxes = boxes_of(extents(labels, count))
    groups, bridges = list(range(count + 1)), np.zeros_like(stained)
    if count > 1 or not is_compact(stained):
        for joint in _joints(labels, stained, boxes, limits):
            joint.apply(groups, bridges)
    return _pieces(labels, wall, groups, bridges, boxes, limits)


def _joints(labels: Labels, stained: Mask, boxes: dict[int, Box], limits: Limits) -> "Iterator[_Joint]":
    """What joins parts: those that are vessels already are joined to no other."""
    bridged, count = closed(stained, limits.gap_px), len(boxes)
    own_lumen = _parts_with_lumen(labels, stained, limits) if count > 1 else set()
    for joint in _ring_joints(labels, stained, bridged):
        if len(joint.members) == 1 or not own_lumen.intersection(joint.members):
            yield joint
    if count > 1:
        for joint in _wall_joints(labels, stained, bridged, boxes):
            if not own_lumen.intersection(joint.members):
                yield joint


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
    labels: Labels, wall: Mask, groups: list[int], bridges: Mask, boxes: dict[int, Box], limits: Limits
) -> list[Piece]:
    """Each group of parts on a box of its own."""
    members: dict[int, list[int]] = {}
    for part in boxes:
        members.setdefault(groups[part], []).append(part)
    pieces = []
    for parts in members.values():
        box = around([boxes[part] for part in parts])  # bridges lie between parts, so they are in it too
        own = chosen(labels[box], np.array(parts))
        # Bridges belong to the group that they touch; their own ends lie against it.
        _, joined = cv2.connectedComponents(own | bridges[box], connectivity=8)
        bridge = chosen(joined, met(joined, own)) & bridges[box]
        bridge |= _open_lumen(own | bridge, limits)
        corner = (box[0].start, box[1].start)
        piece = Piece(*tight(own, wall[box], bridge, limits.gap_px), *corner, tuple(parts), was_split=False)
        pieces += split_touching(piece, limits)
    return pieces


def _open_lumen(ring: Mask, limits: Limits) -> Mask:
    """The lumen of a ring that has none but is open at a gap, (h, w) uint8."""
    if is_compact(ring):
        return np.zeros_like(ring)
    return painted(open_lumen(ring, limits.own_lumen_px, limits.open_px), ring.shape)


def _ring_joints(labels: Labels, stained: Mask, bridged: Mask) -> Iterator[_Joint]:
    """The parts round each lumen that bridging the gaps encloses."""
    holes = enclosed(stained, bridged)
    if not holes.any():
        return
    for box, hole in cut_out(*connected(holes, 4), _MARGIN_PX):
        # The bridges that bound this lumen: those parts of the closing that touch it.
        closing = bridged[box] & ~stained[box]
        rim = cv2.dilate(hole, _SQUARE)
        _, closing_labels = cv2.connectedComponents(closing, connectivity=8)
        bridge = chosen(closing_labels, met(closing_labels, rim))
        if solidity(hole | bridge) < LEAST_LUMEN_SOLIDITY:
            continue
        members = tuple(met(labels[box], cv2.dilate(rim | bridge, _SQUARE)).tolist())
        if members:
            yield _Joint(members, box, hole | bridge)


def _parts_with_lumen(labels: Labels, stained: Mask, limits: Limits) -> set[int]:
    """Parts that already enclose a lumen."""
    holes = filled(stained) & ~stained
    found: set[int] = set()
    for box, hole in cut_out(*connected(holes, 4), 1):
        if np.count_nonzero(hole) >= limits.own_lumen_px:
            found.update(met(labels[box], cv2.dilate(hole, _SQUARE)).tolist())
    return found


def _wall_joints(labels: Labels, stained: Mask, bridged: Mask, boxes: dict[int, Box]) -> Iterator[_Joint]:
    """Two long walls that face each other along most of their length: a tube cut lengthwise."""
    sizes: dict[int, tuple[float, float]] = {}
    for box, bridge in cut_out(*connected(bridged & ~stained, 8), 1):
        members = tuple(met(labels[box], cv2.dilate(bridge, _SQUARE)).tolist())
        if len(members) != 2:
            continue
        for member in members:
            if member not in sizes:
                sizes[member] = _length_and_aspect((labels[boxes[member]] == member).astype(np.uint8))
        lengths, aspects = zip(*(sizes[member] for member in members), strict=True)
        if min(aspects) < WALL_ASPECT:
            continue
        bridge_length, _ = _length_and_aspect(bridge)
        if bridge_length >= LEAST_FACING_PART * min(lengths):
            yield _Joint(members, box, bridge)


def _length_and_aspect(mask: Mask) -> tuple[float, float]:
    """Length of a part along its long side, px, and how many times longer than thick it is."""
    size = cv2.minAreaRect(hull_of(mask))[1]
    length = max(size) + 1
    return length, length * length / np.count_nonzero(mask)
