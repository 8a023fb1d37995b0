"""Components -> neighbourhoods: sets of components so near that they may be parts of one vessel.

Input: the runs of all components. Output: a group number for each component. Nothing here looks at shapes.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from mvd.runs import ROW, START, STOP, Components


def neighbourhoods(components: Components, gap_px: int) -> NDArray[np.int64]:
    """Group components with at most ``gap_px`` pixels between them, directly or through others.

    Returns
    -------
    (k,) int64
        Group of each component, numbered in the order of the components.
    """
    # Most components stand alone: only the runs of those with another's box within reach are looked at.
    crowded = _crowded(components.boxes, gap_px + 1)
    counts = np.diff(components.first)
    wanted = np.repeat(crowded, counts)
    owner = np.repeat(np.arange(len(components)), counts)[wanted]
    runs = components.runs[wanted][:, [ROW, START, STOP]]
    order = np.lexsort((runs[:, 1], runs[:, 0]))
    runs, owner = runs[order], owner[order]
    last_row = int(runs[-1, 0]) if len(runs) else -1
    first_of_row = np.searchsorted(runs[:, 0], np.arange(last_row + 2))
    return np.asarray(_group(runs, owner, first_of_row, len(components), gap_px + 1))


@numba.njit(cache=True, nogil=True)
def _root(parents, i):  # type: ignore[no-untyped-def]
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i


@numba.njit(cache=True, nogil=True)
def _crowded(boxes, reach):  # type: ignore[no-untyped-def]
    """Whether another box comes within ``reach``; boxes are in the order of their top edges."""
    count = len(boxes)
    crowded = np.zeros(count, np.bool_)
    for i in range(count):
        for j in range(i + 1, count):
            if boxes[j, 0] > boxes[i, 2] + reach:
                break
            if boxes[j, 1] <= boxes[i, 3] + reach and boxes[i, 1] <= boxes[j, 3] + reach:
                crowded[i] = crowded[j] = True
    return crowded


@numba.njit(cache=True, nogil=True)
def _group(runs, owner, first_of_row, count, reach):  # type: ignore[no-untyped-def]
    """Unite the owners of runs whose pixel centres are within ``reach`` of each other."""
    parents = np.arange(count)
    last_row = len(first_of_row) - 2
    for i in range(len(runs)):
        for row in range(runs[i, 0], min(runs[i, 0] + reach, last_row) + 1):
            down = row - runs[i, 0]
            aside = np.int64(np.sqrt(reach * reach - down * down))
            low, high = runs[i, 1] - aside, runs[i, 2] - 1 + aside
            # The first run of the row that ends beyond ``low``.
            left, right = first_of_row[row], first_of_row[row + 1]
            while left < right:
                middle = (left + right) // 2
                if runs[middle, 2] - 1 < low:
                    left = middle + 1
                else:
                    right = middle
            while left < first_of_row[row + 1] and runs[left, 1] <= high:
                a, b = _root(parents, owner[i]), _root(parents, owner[left])
                parents[max(a, b)] = min(a, b)
                left += 1
    groups = np.empty(count, np.int64)
    used = 0
    for i in range(count):
        root = _root(parents, i)
        if root == i:
            groups[i] = used
            used += 1
        else:
            groups[i] = groups[root]
    return groups
