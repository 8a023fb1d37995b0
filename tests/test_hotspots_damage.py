"""Hot spots beside what could not be read: the maximum over all centres that are left."""

import numpy as np
import pytest
from circles import (
    DEFAULT_FIELD,
    NO_TISSUE,
    PATTERNS,
    Pattern,
    Points,
    cluster,
    compare_with_brute_force,
)

from mvd.hotspots import find_hotspots
from mvd.hotspots.densest import densest_centres
from mvd.hotspots.pattern import arrange
from mvd.hotspots.sweep import Forbidden


def damaged(rng: np.random.Generator, xy_um: Points) -> Points:
    """Tiles of 0.1 or 0.25 mm, some of them neighbours, some on the vessels."""
    side = rng.choice([100.0, 250.0])
    near = xy_um[rng.integers(0, len(xy_um), 3)] + rng.normal(0, 700, (3, 2))
    corners = np.floor(near / side) * side
    corners = np.concatenate([corners, corners[:1] + np.array([side, 0])])[: rng.integers(1, 5)]
    return np.concatenate([corners, corners + side], axis=1)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.__name__)
def test_every_rank_is_the_maximum_over_what_is_left_beside_damage(
    pattern: Pattern,
) -> None:
    compared, changed = [], 0
    for seed in range(40):
        rng = np.random.default_rng(1000 + seed)
        xy_um = np.round(pattern(rng, int(rng.integers(1, 41))), 3)
        damage_um = damaged(rng, xy_um)
        compared += compare_with_brute_force(xy_um, DEFAULT_FIELD, damage_um)
        free = find_hotspots(xy_um, DEFAULT_FIELD, NO_TISSUE)
        changed += free != find_hotspots(xy_um, DEFAULT_FIELD, NO_TISSUE, damage_um)
    assert changed > 20
    exact = [found == possibly for _, found, possibly in compared]
    assert np.mean(exact) > 0.99


def test_a_gap_between_damage_is_looked_into() -> None:
    """A gap so narrow, and so full, that no circle round a vessel goes through it."""
    frame = [(0, 0, 2000, 990), (0, 1010, 2000, 2000), (0, 0, 990, 2000), (1010, 0, 2000, 2000)]
    boxes = np.array(frame, dtype=np.float64)
    points = np.random.default_rng(1).normal(1000, 60, (5, 2))
    forbidden = Forbidden(np.empty((0, 2)), 1000.0, boxes)
    most, centres = densest_centres(arrange(points, np.ones(5, dtype=np.int64), 500.0), forbidden, 64)
    assert most == 5
    inside = (np.abs(centres - 1000) <= 10 + 1e-6).all(axis=1)
    assert inside.any()


def test_damage_all_over_leaves_no_hot_spot() -> None:
    assert (
        find_hotspots(cluster(1000, 1000), DEFAULT_FIELD, NO_TISSUE, np.array([[0.0, 0, 2000, 2000]])) == ()
    )
