"""Regions of a label picture that lie against each other, by looking at every pair of pixels."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mvd.vessels.regions import adjoining, around


@given(
    hnp.arrays(np.int32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14), elements=st.integers(0, 9))
)
def test_adjoining_regions_are_those_with_pixels_side_by_side(labels: np.ndarray) -> None:
    expected = set()
    for row, col in np.ndindex(labels.shape):
        for other in ((row + 1, col), (row, col + 1)):
            if other[0] < labels.shape[0] and other[1] < labels.shape[1]:
                pair = sorted((int(labels[row, col]), int(labels[other])))
                if pair[0] and pair[0] != pair[1]:
                    expected.add(tuple(pair))
    assert [tuple(pair) for pair in adjoining(labels).tolist()] == sorted(expected)


def test_many_pairs_are_all_found() -> None:
    """More than the list of contacts begins with."""
    labels = np.arange(1, 401, dtype=np.int32).reshape(20, 20)
    assert len(adjoining(labels)) == 2 * 20 * 19


def test_the_box_round_boxes_holds_them_all() -> None:
    boxes = [(slice(3, 5), slice(10, 12)), (slice(1, 4), slice(11, 20))]
    assert around(boxes) == (slice(1, 5), slice(10, 20))
