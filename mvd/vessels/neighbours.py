"""Components -> neighbourhoods: sets of components so near that they may be parts of one vessel.

Input: the runs of some components. Output: a group number for each of them. Nothing here looks at shapes.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from mvd.runs import ROW, START, STOP, Components

OWNER = 3  # column behind ROW, START, STOP in the runs that are looked at here


def neighbourhoods(components: Components, members: NDArray[np.int64], gap_px: int) -> NDArray[np.int64]:
    """Group components with at most ``gap_px`` pixels between them, directly or through others.

    Parameters
    ----------
    components : Components
    members : (m,) int64
        Which of them, in their order.
    gap_px : int

    Returns
    -------
    (m,) int64
        Group of each member, numbered in the order of the members.
    """
    # Most components stand alone: only the runs of those with another's box within reach are looked at.
    crowded = np.flatnonzero(_crowded(components.boxes[members], gap_px + 1))
    runs, first_of_row = _by_row(components.runs, components.first, members, crowded)
    return np.asarray(_group(runs, first_of_row, len(members), gap_px + 1))


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
def _by_row(all_runs, first, members, chosen):  # type: ignore[no-untyped-def]
    """The runs of the ``chosen`` members, sorted by row and start, with their owners; where each row begins."""
    count, last_row = 0, -1
    for i in chosen:
        count += first[members[i] + 1] - first[members[i]]
        last_row = max(last_row, all_runs[first[members[i] + 1] - 1, ROW])
    first_of_row = np.zeros(last_row + 2, np.int64)
    for i in chosen:
        for j in range(first[members[i]], first[members[i] + 1]):
            first_of_row[all_runs[j, ROW] + 1] += 1
    first_of_row = np.cumsum(first_of_row)
    runs, free = np.empty((count, 4), np.int32), first_of_row.copy()
    for i in chosen:
        for j in range(first[members[i]], first[members[i] + 1]):
            row = all_runs[j, ROW]
            at = free[row]
            free[row] += 1
            while at > first_of_row[row] and runs[at - 1, START] > all_runs[j, START]:
                runs[at] = runs[at - 1]
                at -= 1
            runs[at, ROW], runs[at, START], runs[at, STOP] = row, all_runs[j, START], all_runs[j, STOP]
            runs[at, OWNER] = i
    return runs, first_of_row


@numba.njit(cache=True, nogil=True)
def _root(parents, i):  # type: ignore[no-untyped-def]
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i


@numba.njit(cache=True, nogil=True)
def _group(runs, first_of_row, count, reach):  # type: ignore[no-untyped-def]
    """Unite the owners of runs whose pixel centres are within ``reach`` of each other."""
    parents = np.arange(count)
    last_row = len(first_of_row) - 2
    for i in range(len(runs)):
        for row in range(runs[i, ROW], min(runs[i, ROW] + reach, last_row) + 1):
            down = row - runs[i, ROW]
            aside = np.int64(np.sqrt(reach * reach - down * down))
            low, high = runs[i, START] - aside, runs[i, STOP] - 1 + aside
            # The first run of the row that ends beyond ``low``.
            left, right = first_of_row[row], first_of_row[row + 1]
            while left < right:
                middle = (left + right) // 2
                if runs[middle, STOP] - 1 < low:
                    left = middle + 1
                else:
                    right = middle
            while left < first_of_row[row + 1] and runs[left, START] <= high:
                a, b = _root(parents, runs[i, OWNER]), _root(parents, runs[left, OWNER])
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
