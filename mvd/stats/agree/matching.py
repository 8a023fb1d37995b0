"""Points of two readers on one slide -> which of them are the same vessel: each point is matched once at most."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvd.errors import CohortError

Points = NDArray[np.float64]
_MOST_CELLS = 25_000_000  # 200 MB of distances in one cluster of points that are all near each other


@dataclass(frozen=True)
class Matches:
    """Places in the two arrays of points that are the same vessel, (m,) each, and their distance in um."""

    first: NDArray[np.int_]
    second: NDArray[np.int_]
    distance_um: NDArray[np.float64]


def match_points(first: Points, second: Points, within_um: float) -> Matches:
    """Match as many points as can be, one to one, and of all such matchings the one with the least sum of distances.

    Clusters of points that lie within ``within_um`` of each other are solved one by one, exactly (scipy's assignment).

    Parameters
    ----------
    first, second : (n, 2) float64, um
    within_um : float
        Greatest distance of a match, inclusive.

    Raises
    ------
    CohortError
        When so many points lie within that distance that the assignment would take too much memory.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    n = len(first)
    empty = np.zeros(0, np.int_)
    if n == 0 or len(second) == 0:
        return Matches(empty, empty, np.zeros(0))
    near = cKDTree(first).query_ball_tree(cKDTree(second), within_um)
    rows = np.repeat(np.arange(n), [len(each) for each in near])
    columns = np.array([j for each in near for j in each], dtype=np.int_)
    size = n + len(second)
    graph = coo_array((np.ones(len(rows)), (rows, columns + n)), shape=(size, size))
    cluster = connected_components(graph, directed=False)[1]
    order = np.argsort(cluster, kind="stable")
    found = [
        _in_cluster(first, second, members[members < n], members[members >= n] - n, within_um)
        for members in np.split(order, np.flatnonzero(np.diff(cluster[order])) + 1)
        if members[0] < n <= members[-1]
    ]
    pairs = np.concatenate([np.zeros((0, 2), np.int_), *found])
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    distance = np.linalg.norm(first[pairs[:, 0]] - second[pairs[:, 1]], axis=1)
    return Matches(pairs[:, 0], pairs[:, 1], distance)


def _in_cluster(
    first: Points, second: Points, a: NDArray[np.int_], b: NDArray[np.int_], within_um: float
) -> NDArray[np.int_]:
    from scipy.optimize import linear_sum_assignment

    if len(a) * len(b) > _MOST_CELLS:
        raise CohortError(
            f"{len(a)} and {len(b)} points hang together at {within_um:g} um; give a smaller distance (--within-um)"
        )
    distance = np.linalg.norm(first[a][:, None] - second[b][None, :], axis=2)
    one_more = within_um * (min(len(a), len(b)) + 1)  # a match more outweighs all distances
    cost = np.where(distance <= within_um, distance - one_more, 0.0)
    rows, columns = linear_sum_assignment(cost)
    good = distance[rows, columns] <= within_um
    return np.column_stack([a[rows[good]], b[columns[good]]])
