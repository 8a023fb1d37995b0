"""The text of GeoJSON rings: the numbers that Python would write, closed, without points on straight lines."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvd.report.coordinates import ring_texts

COORDINATE = st.floats(-1e7, 1e7, allow_subnormal=False)
TRIANGLES = st.lists(st.tuples(*[COORDINATE] * 6), max_size=5)


@settings(deadline=None)  # the first example waits for the compiler
@given(TRIANGLES, st.sampled_from([1.0, 2.0, 1 / 0.2527]))
def test_three_points_are_written_as_python_rounds_them(triangles, scale):
    rings = [np.array(triangle).reshape(3, 2) for triangle in triangles]
    texts = ring_texts(rings, scale)
    assert len(texts) == len(rings)
    for ring, text in zip(rings, texts, strict=True):
        read = np.array(json.loads(text))
        assert read.shape == (4, 2)
        assert (read[0] == read[-1]).all()
        assert np.allclose(read[:-1], ring * scale, rtol=0, atol=0.00501)


def test_numbers_have_no_superfluous_signs():
    ring = np.array([[0, -0.001], [12.5, 0.07], [-3.25, 100], [-0.5, 10.1]])
    assert ring_texts([ring], 1.0) == ["[[0,0],[12.5,0.07],[-3.25,100],[-0.5,10.1],[0,0]]"]


def test_points_on_straight_lines_are_left_out_and_spikes_stay():
    square = [[0, 0], [1, 0], [2, 0], [2, 0], [2, 1], [2, 2], [1, 2], [0, 2], [0, 1]]
    spike = [[0, 0], [2, 0], [2, 2], [2, 5], [2, 2], [1, 2], [1, 3], [1, 2], [0, 2]]
    assert ring_texts([np.array(square), np.array(spike)], 1.0) == [
        "[[0,0],[2,0],[2,2],[0,2],[0,0]]",
        "[[0,0],[2,0],[2,5],[2,2],[1,2],[1,3],[1,2],[0,2],[0,0]]",
    ]


def test_a_smooth_curve_keeps_its_shape():
    angles = np.linspace(0, 2 * np.pi, 20000, endpoint=False)
    circle = 500 * np.column_stack([np.cos(angles), np.sin(angles)])
    (text,) = ring_texts([circle], 1.0)
    corners = np.array(json.loads(text))
    middles = (corners[1:] + corners[:-1]) / 2
    assert len(corners) < 5000
    assert np.hypot(*middles.T) == pytest.approx(500, abs=0.1)


def test_a_ring_without_an_area_keeps_its_points():
    assert ring_texts([np.array([[1, 1], [2, 2], [3, 3], [2, 2]])], 1.0) == [
        "[[1,1],[2,2],[3,3],[2,2],[1,1]]"
    ]
    assert ring_texts([], 1.0) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        ring_texts([np.array([[0, 0], [bad, 1], [1, 0]])], 1.0)
