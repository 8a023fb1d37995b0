"""Rounded centres: still the most vessels where any whole 0.001 um can hold them, and honest where none can."""

from math import isqrt, pi

import numpy as np
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mvd.hotspots import find_hotspots
from mvd.hotspots.centring import distances_um, enclosing_centre_um
from mvd.settings import HotspotSettings
from mvd.tissue import Tissue

Points = NDArray[np.float64]

ROUND_FIELD = HotspotSettings(field_mm2=pi * 0.25, count=5)  # a radius of 500 um
NO_TISSUE = Tissue(
    np.zeros((4, 4), dtype=np.bool_),
    np.ones((4, 4), dtype=np.bool_),
    8.0,
    (240.0, 240.0, 240.0),
    "background",
)

coordinates = st.integers(0, 12000).map(lambda quarters: quarters / 4)
patterns = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=30).map(
    lambda rows: np.array(rows, dtype=np.float64)
)


def whole_centre_exists(pair: NDArray[np.int64], radius: int) -> bool:
    """Tell whether a centre in whole numbers holds both of two points nearly two radii apart."""
    middle, (dx, dy) = pair.mean(axis=0), pair[1] - pair[0]
    half = max(radius**2 - (dx**2 + dy**2) / 4, 0) ** 0.5
    steps = np.arange(-half - 2, half + 2, 0.25)[:, None]
    along = np.rint(middle + steps * np.array([-dy, dx]) / np.hypot(dx, dy)).astype(np.int64)
    beside = np.array([(col, row) for col in (-1, 0, 1) for row in (-1, 0, 1)])
    tried = (along[:, None] + beside).reshape(-1, 1, 2)
    return bool((((tried - pair) ** 2).sum(axis=2) <= radius**2).all(axis=1).any())


def test_a_region_narrower_than_the_rounding_keeps_what_can_be_kept() -> None:
    rng = np.random.default_rng(2)
    for shorter in rng.integers(0, 3, 60):
        dx = int(rng.integers(100_000, 900_000))
        pair = np.array([(5000, 7000), (5000 + dx, 7000 + isqrt((1_000_000 - int(shorter)) ** 2 - dx**2))])
        (best, *_) = find_hotspots(pair / 1000, ROUND_FIELD, NO_TISSUE)
        assert best.vessels == (2 if whole_centre_exists(pair, 500_000) else 1)


def test_a_circle_that_cannot_be_printed_does_not_hide_a_lesser_one() -> None:
    pair = np.array([(0, 0), (118_425, 992_963)])  # 6e-6 um2 short of two radii; the middle is at half a step
    assert not whole_centre_exists(pair, 500_000)
    xy_um = np.concatenate([np.repeat(pair, 3, axis=0) / 1000, np.full((5, 2), 5000.0)])
    assert [spot.vessels for spot in find_hotspots(xy_um, ROUND_FIELD, NO_TISSUE)] == [5, 3, 3]


@given(xy_um=patterns)
@hypothesis_settings(max_examples=60, deadline=None)
def test_the_enclosing_circle_is_the_smallest(xy_um: Points) -> None:
    centre = enclosing_centre_um(xy_um)
    radius = distances_um(centre[None], xy_um).max()
    nudges = np.array([(dx, dy) for dx in (-0.05, 0, 0.05) for dy in (-0.05, 0, 0.05) if dx or dy])
    assert (distances_um(centre + nudges, xy_um).max(axis=1) > radius).all()
