"""Neighbourhoods against the distances between all pixels."""

import numpy as np
import pytest
from drawn import components_of, disc, drawn, together
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from mvd.runs import ROW, START, STOP, Components
from mvd.vessels.neighbours import neighbourhoods

sparse = hnp.arrays(
    np.uint8,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40),
    elements=st.integers(0, 2),
    fill=st.just(np.uint8(0)),
)


def pixels(components: Components, index: int) -> np.ndarray:
    runs = components.runs[components.first[index] : components.first[index + 1]]
    return np.array([(run[ROW], col) for run in runs for col in range(run[START], run[STOP])])


def by_all_distances(components: Components, gap_px: int) -> np.ndarray:
    """Groups by brute force: ``gap_px`` pixels lie between centres that are ``gap_px + 1`` apart."""
    count = len(components)
    points = [pixels(components, i) for i in range(count)]
    near = np.zeros((count, count), bool)
    for i in range(count):
        for j in range(i):
            near[i, j] = cdist(points[i], points[j]).min() <= gap_px + 1
    return connected_components(near, directed=False)[1] if count else np.zeros(0, int)


def all_grouped(components: Components, gap_px: int) -> np.ndarray:
    return neighbourhoods(components, np.arange(len(components)), gap_px)


@given(sparse, st.integers(0, 14))
@settings(max_examples=150, deadline=None)
def test_groups_are_those_of_all_distances(mask: np.ndarray, gap_px: int) -> None:
    components = components_of(mask)
    np.testing.assert_array_equal(all_grouped(components, gap_px), by_all_distances(components, gap_px))


@pytest.mark.parametrize("seed", range(6))
def test_groups_of_random_discs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    discs = [disc(*rng.uniform(5, 145, 2), rng.uniform(1, 7)) for _ in range(25)]
    components = components_of(drawn(together(*discs), (150, 150)))
    for gap_px in (0, 3, 8, 12):
        groups = all_grouped(components, gap_px)
        np.testing.assert_array_equal(groups, by_all_distances(components, gap_px))


@pytest.mark.parametrize(("between_px", "joined"), [(11, True), (12, True), (13, False)])
@pytest.mark.parametrize("upright", [False, True])
def test_the_gap_is_counted_in_pixels_between(between_px: int, joined: bool, upright: bool) -> None:
    mask = np.zeros((40, 40), np.uint8)
    mask[5, 5:10] = mask[5, 10 + between_px : 30] = 1
    groups = all_grouped(components_of(mask.T if upright else mask), 12)
    assert len(groups) == 2
    assert (groups[0] == groups[1]) is np.bool_(joined)


def test_groups_chain_and_are_numbered_in_order() -> None:
    mask = np.zeros((10, 60), np.uint8)
    mask[1, 50] = 1  # far from the chain, and first
    mask[5, [2, 6, 10, 14]] = 1
    assert all_grouped(components_of(mask), 3).tolist() == [0, 1, 1, 1, 1]


def test_nothing_has_no_neighbours() -> None:
    assert all_grouped(components_of(np.zeros((5, 5), np.uint8)), 12).tolist() == []


def test_components_that_are_left_out_join_nothing() -> None:
    mask = np.zeros((10, 60), np.uint8)
    mask[5, [2, 6, 10, 14, 40, 43]] = 1
    components = components_of(mask)
    assert neighbourhoods(components, np.array([0, 1, 3, 4, 5]), 3).tolist() == [0, 0, 1, 2, 2]
