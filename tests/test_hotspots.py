"""Hot spots against brute force over every place where two circles meet, and what their docstring says."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest
from circles import (
    DEFAULT_FIELD,
    NO_TISSUE,
    NOWHERE,
    PATTERNS,
    ROUND_FIELD,
    Pattern,
    Points,
    cluster,
    clustered,
    compare_with_brute_force,
    on_one_circle,
)
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mvd.hotspots import Hotspot, find_hotspots, hotspot_rank, tissue_fraction
from mvd.hotspots.densest import densest_centres
from mvd.hotspots.pattern import arrange
from mvd.hotspots.sweep import Forbidden
from mvd.settings import HotspotSettings


@pytest.mark.parametrize("settings", [ROUND_FIELD, DEFAULT_FIELD], ids=["500um", "0.74mm2"])
@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.__name__)
def test_every_rank_is_the_maximum_over_the_plane(pattern: Pattern, settings: HotspotSettings) -> None:
    compared = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        xy_um = np.round(pattern(rng, int(rng.integers(1, 41))), 3)
        compared += compare_with_brute_force(xy_um, settings)
    exact = [found == possibly for _, found, possibly in compared]
    assert np.mean(exact) > 0.99


def test_a_circle_fixed_by_its_edge_alone_is_found() -> None:
    ring = on_one_circle(np.random.default_rng(0), 400)
    (best, *_) = find_hotspots(ring, ROUND_FIELD, NO_TISSUE)
    assert (best.x_um, best.y_um, best.vessels) == (2000.0, 3000.0, 400)


def test_many_vessels_need_the_search_in_depth() -> None:
    rng = np.random.default_rng(5)
    xy_um = np.round(clustered(rng, 120) * 0.7, 3)
    assert all(found == possibly for _, found, possibly in compare_with_brute_force(xy_um, DEFAULT_FIELD))


def test_a_gap_between_three_taken_circles_is_looked_into() -> None:
    angles = np.array([0.1, 0.1 + 2 * pi / 3, 0.1 + 4 * pi / 3])
    taken = 1050 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = np.random.default_rng(1).normal(0, 60, (5, 2))  # so few that no square is split
    pattern = arrange(points, np.ones(5, dtype=np.int64), 500.0)
    most, centres = densest_centres(pattern, Forbidden(taken, 1000.0, NOWHERE), 64)
    assert most == 5
    assert (np.hypot(centres[:, 0], centres[:, 1]) < 150).any()


def test_nothing_left_between_taken_circles_is_none() -> None:
    forbidden = Forbidden(np.zeros((1, 2)), 1000.0, NOWHERE)
    pattern = arrange(np.zeros((1, 2)), np.ones(1, dtype=np.int64), 500.0)
    most, centres = densest_centres(pattern, forbidden, 8)
    assert (most, len(centres)) == (0, 0)


coordinates = st.integers(0, 12000).map(lambda quarters: quarters / 4)
patterns = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=30).map(
    lambda rows: np.array(rows, dtype=np.float64)
)


@given(xy_um=patterns, shuffle=st.randoms(use_true_random=False))
@hypothesis_settings(max_examples=60, deadline=None)
def test_order_of_the_vessels_does_not_matter(xy_um: Points, shuffle: object) -> None:
    order = list(range(len(xy_um)))
    shuffle.shuffle(order)  # type: ignore[attr-defined]
    assert find_hotspots(xy_um, ROUND_FIELD, NO_TISSUE) == find_hotspots(xy_um[order], ROUND_FIELD, NO_TISSUE)


@given(xy_um=patterns, shift_um=st.tuples(st.integers(-9000, 90000), st.integers(-9000, 90000)))
@hypothesis_settings(max_examples=60, deadline=None)
def test_a_shifted_slide_has_the_same_counts(xy_um: Points, shift_um: tuple[int, int]) -> None:
    here = find_hotspots(xy_um, DEFAULT_FIELD, NO_TISSUE)
    there = find_hotspots(xy_um + np.array(shift_um), DEFAULT_FIELD, NO_TISSUE)
    assert [spot.vessels for spot in there] == [spot.vessels for spot in here]


@given(xy_um=patterns)
@hypothesis_settings(max_examples=60, deadline=None)
def test_a_turned_slide_has_the_same_maximum(xy_um: Points) -> None:
    # the first one only: "top left" among ties turns with the slide, and what is left over depends on it
    turned = np.stack([-xy_um[:, 1], xy_um[:, 0]], axis=1)
    here, there = (find_hotspots(xy, ROUND_FIELD, NO_TISSUE)[0].vessels for xy in (xy_um, turned))
    assert here == there


@given(xy_um=patterns)
@hypothesis_settings(max_examples=60, deadline=None)
def test_any_pattern_agrees_with_brute_force(xy_um: Points) -> None:
    compare_with_brute_force(xy_um, ROUND_FIELD)


def test_ties_go_to_more_tissue_then_top_then_left() -> None:
    places = [(1000, 1000), (5000, 1000), (1000, 5000), (5000, 5000)]
    xy_um = np.concatenate([cluster(x, y) for x, y in places])
    mask = np.zeros((1000, 1000), dtype=np.bool_)
    mask[500:, 500:] = True  # 8 um pixels: tissue from 4000 um on
    tissue = replace(NO_TISSUE, mask=mask)
    hotspots = find_hotspots(xy_um, DEFAULT_FIELD, tissue)
    assert [(spot.x_um, spot.y_um) for spot in hotspots] == [places[3], places[0], places[1], places[2]]
    assert [spot.vessels for spot in hotspots] == [9, 9, 9, 9]
    assert [spot.tissue_fraction for spot in hotspots] == [1, 0, 0, 0]


def test_no_vessel_no_hotspot() -> None:
    assert find_hotspots(np.empty((0, 2)), DEFAULT_FIELD, NO_TISSUE) == ()


def test_no_more_hotspots_than_asked_for() -> None:
    xy_um = np.random.default_rng(0).random((200, 2)) * 9000
    assert len(find_hotspots(xy_um, HotspotSettings(count=3), NO_TISSUE)) == 3


def test_all_vessels_in_one_place() -> None:
    (only,) = find_hotspots(np.full((5000, 2), 123.456), DEFAULT_FIELD, NO_TISSUE)
    assert (only.x_um, only.y_um, only.vessels) == (123.456, 123.456, 5000)


def test_densities() -> None:
    (spot,) = find_hotspots(cluster(1000, 1000), DEFAULT_FIELD, NO_TISSUE)
    assert spot.vessels_per_mm2 == pytest.approx(9 / 0.74)
    assert spot.vessels_per_mm2_tissue is None
    assert replace(spot, tissue_fraction=0.5).vessels_per_mm2_tissue == pytest.approx(9 / 0.37)


def test_rank_of_each_vessel() -> None:
    xy_um = np.array([(0.0, 0.0), (1000.0, 0.0), (500.0, 0.0), (3000.0, 0.0)])
    spots = [Hotspot(rank, pi / 4, x, 0.0, 500.0, 2, 1.0) for rank, x in ((1, 1000.0), (2, 0.0))]
    assert hotspot_rank(xy_um, spots).tolist() == [2, 1, 1, 0]
    assert hotspot_rank(np.empty((0, 2)), spots).tolist() == []


def test_tissue_fraction_counts_pixels() -> None:
    mask = np.random.default_rng(0).random((90, 120)) < 0.5
    tissue = replace(NO_TISSUE, mask=mask)
    rows, cols = np.mgrid[-100:200, -100:250]
    in_mask = (rows >= 0) & (rows < 90) & (cols >= 0) & (cols < 120)
    on_tissue = np.zeros(rows.shape, dtype=np.bool_)
    on_tissue[in_mask] = mask[rows[in_mask], cols[in_mask]]
    for x_um, y_um, radius_um in [(480, 360, 200), (10, 700, 333.3), (960, 0, 485.338), (-300, -300, 250)]:
        inside = np.hypot((cols + 0.5) * 8 - x_um, (rows + 0.5) * 8 - y_um) <= radius_um
        expected = np.count_nonzero(on_tissue & inside) / np.count_nonzero(inside)
        assert tissue_fraction(tissue, x_um, y_um, radius_um) == expected


def test_a_circle_smaller_than_a_pixel_takes_its_pixel() -> None:
    mask = np.zeros((3, 3), dtype=np.bool_)
    mask[1, 2] = True
    tissue = replace(NO_TISSUE, mask=mask)
    assert tissue_fraction(tissue, 17.0, 9.0, 1.5) == 1
    assert tissue_fraction(tissue, 9.0, 9.0, 1.5) == 0
    assert tissue_fraction(tissue, -100.0, 9.0, 1.5) == 0


def test_positions_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        find_hotspots(np.array([(np.nan, 1.0)]), DEFAULT_FIELD, NO_TISSUE)
