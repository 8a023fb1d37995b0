"""The trees of a classifier, and their vote on every pixel of a tile that can matter.

Input: a tile's ``Stack``. Output: the probability that a pixel is vessel wall, in whole 65535ths: sums of whole
numbers, the same for every tile, order and machine.
"""

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np
from numpy.typing import NDArray

from mvd.classifier.features import FEATURES, Stack, fill

CERTAIN = 65535
"""A probability of 1."""
LEAF = -1
"""Child of a node that has none."""


@dataclass(frozen=True)
class Forest:
    """Decision trees as parallel arrays of their nodes; every node comes before its children.

    Attributes
    ----------
    feature : (n,) int16
        Place in ``FEATURES`` of what a node looks at.
    threshold : (n,) int32
        Up to this value a pixel goes left, milli-OD.
    left, right : (n,) int32
        Nodes that follow; ``LEAF`` for both of a leaf.
    leaf : (n,) uint16
        Probability of vessel of a leaf, in 65535ths.
    roots : (t,) int32
        First node of each tree.
    """

    feature: NDArray[np.int16]
    threshold: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    leaf: NDArray[np.uint16]
    roots: NDArray[np.int32]

    @cached_property
    def nodes(self) -> NDArray[np.int32]:
        """All nodes as (n, 4) int32: left, right, threshold, feature."""
        columns = [self.left, self.right, self.threshold, self.feature.astype(np.int32)]
        return np.stack(columns, axis=1)


EXACTLY = (0, CERTAIN + 1)


def vessel_probability(
    stack: Stack, forest: Forest, wanted: NDArray[np.bool_], bounds: tuple[int, int] = EXACTLY
) -> NDArray[np.uint16]:
    """Let the trees vote on every pixel that is wanted.

    Parameters
    ----------
    stack : Stack
    forest : Forest
    wanted : (h, w) bool
        Where they are asked; elsewhere the answer is 0.
    bounds : (int, int)
        Below the first, and from the second on, it is only told that it is so: the trees stop voting when
        that is settled.

    Returns
    -------
    (h, w) uint16
        65535ths, rounded down.
    """
    trees = len(forest.roots)
    found: NDArray[np.uint16] = _vote(
        (stack.smooth, stack.sums, stack.sizes),
        (forest.nodes, forest.leaf, forest.roots),
        wanted,
        (bounds[0] * trees, bounds[1] * trees),
    )
    return found


@numba.njit(cache=True, nogil=True)
def _vote(stack, forest, wanted, bounds):  # type: ignore[no-untyped-def]
    smooth, sums, sizes = stack
    nodes, leaf, roots = forest
    height, width = smooth.shape[1:]
    out = np.zeros((height, width), np.uint16)
    values = np.empty(len(FEATURES), np.int32)
    for row in range(height):
        for col in range(width):
            if not wanted[row, col]:
                continue
            fill(smooth, sums, sizes, row, col, values)
            total, to_come = 0, len(roots) * CERTAIN
            for root in roots:
                node = np.int64(root)
                # The child by a subscript: as a branch, it would be guessed wrong every other time.
                while nodes[node, 0] != LEAF:
                    node = np.int64(nodes[node, np.int64(values[nodes[node, 3]] > nodes[node, 2])])
                total += leaf[node]
                to_come -= CERTAIN
                if total >= bounds[1] or total + to_come < bounds[0]:
                    break
            out[row, col] = total // len(roots)
    return out
