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
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from mvd.vessels.measure import Mask, contour_solidity, filled, solidity, trace
from mvd.vessels.pieces import Box, Labels, Limits, Piece
from mvd.vessels.touching import split_touching

LEAST_LUMEN_SOLIDITY = 0.8
"""A lumen is bounded by walls that curve round it; the space between three capillaries is not."""

LEAST_FACING_PART = 0.7
"""Two walls of one tube face each other along most of the shorter one."""

WALL_ASPECT = 2.5
"""A wall cut lengthwise is at least so many times longer than thick."""

LEAST_TIGHT_PART = 0.4
"""Below this part of its loose outline, the tight wall of a vessel has opened and no longer bounds it."""

CLOSED_TIGHT_PART = 0.75
"""From this part of its loose outline on, the tight wall is closed all round."""

COMPACT_SOLIDITY = 0.92
"""From this solidity on, the outline of a part has no bay that could be an open lumen."""

_MARGIN_PX = 8  # round a hole, to see the bridges that bound it whole
_SQUARE = np.ones((3, 3), np.uint8)


def find_pieces(labels: Labels, wall: Mask, count: int, limits: Limits) -> list[Piece]:
    """Turn the ``count`` labelled parts (1 ... count; 0 elsewhere) of a crop into vessels.

    The crop must leave half of ``limits.gap_px`` of margin round the parts. ``wall`` (0 or 1) tells which of their
    pixels are measured; the others only hold a part together.
    """
    stained = (labels > 0).astype(np.uint8)
    if count == 1 and _is_compact(stained):
        return split_touching(_tight(stained, wall, None, (0, 0), (1,), limits.gap_px), limits)
    bridged = _close(stained, limits.gap_px)
    groups = list(range(count + 1))
    bridges = np.zeros_like(stained)
    own_lumen = _parts_with_lumen(labels, stained, limits) if count > 1 else set()
    for joint in _ring_joints(labels, stained, bridged):
        if len(joint.members) == 1 or not own_lumen.intersection(joint.members):
            joint.apply(groups, bridges)
    if count == 1:
        return split_touching(_tight(stained, wall, bridges, (0, 0), (1,), limits.gap_px), limits)
    boxes = find_objects(labels)
    for joint in _wall_joints(labels, stained, bridged, boxes):
        if not own_lumen.intersection(joint.members):
            joint.apply(groups, bridges)
    return _pieces(labels, wall, groups, bridges, boxes, limits)


def _is_compact(stained: Mask) -> bool:
    """Whether the outline of a part has no bay, so that nothing in it is open."""
    outer = trace(stained)
    return len(outer) == 1 and contour_solidity(outer[0]) >= COMPACT_SOLIDITY


def _close(mask: Mask, size_px: int) -> Mask:
    """Close gaps up to ``size_px``; the crop's margin keeps the border out of it."""
    size = size_px + 1 - size_px % 2
    # Not cv2's ellipse: that one is not its own transpose, and a turned slide would be joined otherwise.
    y, x = np.ogrid[-(size // 2) : size // 2 + 1, -(size // 2) : size // 2 + 1]
    element = (np.hypot(y, x) <= size / 2).astype(np.uint8)
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
    labels: Labels, wall: Mask, groups: list[int], bridges: Mask, boxes: list[Box], limits: Limits
) -> list[Piece]:
    """Each group of parts on a box of its own."""
    members: dict[int, list[int]] = {}
    for part, group in enumerate(groups[1:], start=1):
        members.setdefault(group, []).append(part)
    pieces = []
    for parts in members.values():
        box = _around([boxes[part - 1] for part in parts])
        own = np.isin(labels[box], parts).astype(np.uint8)
        # Bridges belong to the group that they touch; their own ends lie against it.
        both = own | bridges[box]
        _, joined = cv2.connectedComponents(both, connectivity=8)
        bridge = (np.isin(joined, np.unique(joined[own > 0])) & (bridges[box] > 0)).astype(np.uint8)
        corner = (box[0].start, box[1].start)
        pieces += split_touching(_tight(own, wall[box], bridge, corner, tuple(parts), limits.gap_px), limits)
    return pieces


def _tight(
    own: Mask, wall: Mask, bridge: Mask | None, corner: tuple[int, int], labels: tuple[int, ...], gap_px: int
) -> Piece:
    """The vessel by its wall, where the wall alone holds it together; else with all that is stained."""
    loose = filled(own if bridge is None else own | bridge)
    tight_wall = own & wall
    tight_ring = tight_wall if bridge is None else tight_wall | bridge
    tight, loose_px = filled(tight_ring), np.count_nonzero(loose)
    if np.count_nonzero(tight) < CLOSED_TIGHT_PART * loose_px:
        # A weak stretch of the wall fell below the edge; the loose outline tells that it goes on.
        tight = filled(_close(tight_ring, gap_px // 2) & loose)
    if np.count_nonzero(tight) >= LEAST_TIGHT_PART * loose_px:
        return Piece(tight_wall, tight, *corner, labels, was_split=False)
    return Piece(own, loose, *corner, labels, was_split=False)


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
    for box, hole in _boxes(holes, 4, _MARGIN_PX):
        # The bridges that bound this lumen: those parts of the closing that touch it.
        closing = bridged[box] & ~stained[box]
        rim = cv2.dilate(hole, _SQUARE)
        _, closing_labels = cv2.connectedComponents(closing, connectivity=8)
        near = np.unique(closing_labels[(rim > 0) & (closing > 0)])
        bridge = (np.isin(closing_labels, near) & (closing > 0)).astype(np.uint8)
        if not _is_lumen_like(hole | bridge):
            continue
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
    return solidity(np.argwhere(hole)) >= LEAST_LUMEN_SOLIDITY


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
