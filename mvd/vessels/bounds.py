"""A part -> the vessel that it bounds: what of it is wall, and what lies within.

Compiled, so that plain vessels are examined in one go (``plain``) by just what joins and splits the others (``rings``).
"""

import numba
import numpy as np

from mvd.vessels.distance import closed
from mvd.vessels.edges import Mask, filled, trace
from mvd.vessels.hull import solidity

LEAST_TIGHT_PART = 0.4
"""Below this part of its loose outline, the tight wall of a vessel has opened and no longer bounds it."""

CLOSED_TIGHT_PART = 0.75
"""From this part of its loose outline on, the tight wall is closed all round."""

SKIRT_PX = 2
"""How far a blurred wall reaches beyond its edge."""

COMPACT_SOLIDITY = 0.92
"""From this solidity on, the outline of a part has no bay that could be an open lumen."""


@numba.njit(cache=True, nogil=True)
def is_compact(part: Mask) -> bool:
    """Whether the outline of a connected part has no bay, so that nothing in it is open."""
    return bool(solidity(filled(part)) >= COMPACT_SOLIDITY)


@numba.njit(cache=True, nogil=True)
def enclosed(stained: Mask, bridged: Mask) -> Mask:
    """What the bridged gaps enclose that was open, (h, w) uint8."""
    holes: Mask = filled(bridged) & ~bridged & ~filled(stained)
    return holes


@numba.njit(cache=True, nogil=True)
def tight(own: Mask, wall: Mask, bridge: Mask, gap_px: int) -> tuple[Mask, Mask]:
    """The vessel by its wall, where the wall alone holds it together; else with all that is stained.

    Parameters
    ----------
    own : (h, w) uint8
        All that is stained of the vessel.
    wall : (h, w) uint8
        Wall, of this vessel and of others.
    bridge : (h, w) uint8
        What joins its parts.
    gap_px : int
        Widest gap bridged between parts.

    Returns
    -------
    stained, whole : (h, w) uint8
        Wall; wall and lumen.
    """
    loose, tight_wall = filled(own | bridge), own & wall
    ring, loose_px = tight_wall | bridge, _count(loose)
    whole = filled(ring)
    if _count(whole) < CLOSED_TIGHT_PART * loose_px:
        # A weak stretch of the wall fell below the edge; the loose outline tells that it goes on.
        whole = filled(closed(ring, gap_px // 2) & loose)
    if _count(whole) < CLOSED_TIGHT_PART * loose_px:
        # The stretch is longer: there the vessel ends where the skirt of its lumen does.
        whole = filled(ring | _with_skirt(loose & ~own, own & ~wall))
    if _count(whole) >= LEAST_TIGHT_PART * loose_px:
        return tight_wall, whole
    return own, loose


@numba.njit(cache=True, nogil=True)
def _with_skirt(lumen: Mask, skirt: Mask) -> Mask:
    """A lumen, and what of the skirt lies within ``SKIRT_PX`` of it."""
    height, width = lumen.shape
    out = lumen.copy()
    for row in range(height):
        for col in range(width):
            if lumen[row, col]:
                for near_row in range(max(0, row - SKIRT_PX), min(height, row + SKIRT_PX + 1)):
                    for near in range(max(0, col - SKIRT_PX), min(width, col + SKIRT_PX + 1)):
                        out[near_row, near] |= skirt[near_row, near]
    return out


@numba.njit(cache=True, nogil=True)
def _count(mask: Mask) -> int:
    pixels = 0
    for row in range(mask.shape[0]):
        for pixel in mask[row]:
            pixels += pixel
    return pixels


@numba.njit(cache=True, nogil=True)
def may_be_several(lumen: Mask, lumen_px: int, least_px: float) -> bool:
    """Whether at least two lumens may have ``least_px``; ``lumen_px`` is the area of all."""
    if lumen_px < 2 * least_px:
        return False
    return bool(np.sum(trace(lumen).twice_area >= 2 * least_px) >= 2)
