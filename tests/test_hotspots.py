"""Hot spots against brute force over every place where two circles meet, and what their docstring says."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from math import pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mvd.hotspots import Hotspot, find_hotspots, hotspot_rank, tissue_fraction
from mvd.hotspots.densest import densest_centres
from mvd.hotspots.sweep import Forbidden
from mvd.settings import HotspotSettings
from mvd.tissue import Tissue

Points = NDArray[np.float64]

ROUND_FIELD = HotspotSettings(field_mm2=pi * 0.25, count=5)  # a radius of 500 um, for exact contacts
DEFAULT_FIELD = HotspotSettings(count=5)
NOWHERE = np.empty((0, 4))
NO_TISSUE = Tissue(
    np.zeros((4, 4), dtype=np.bool_),
    np.ones((4, 4), dtype=np.bool_),
    8.0,
    (240.0, 240.0, 240.0),
    "background",
)


def distances(first: Points, second: Points) -> Points:
    return np.hypot(first[:, None, 0] - second[None, :, 0], first[:, None, 1] - second[None, :, 1])


def meeting_points(first: Points, first_radius: float, second: Points, second_radius: float) -> Points:
    """Return all places where a circle round one of ``first`` meets one round one of ``second``."""
    one = np.repeat(first, len(second), axis=0)
    way = np.tile(second, (len(first), 1)) - one
    length = np.hypot(way[:, 0], way[:, 1])
    apart = (length > 0) & (length <= (first_radius + second_radius) * (1 + 1e-12))
    one, way, length = one[apart], way[apart], length[apart]
    along = (length**2 + first_radius**2 - second_radius**2) / (2 * length)
    off = np.sqrt(np.maximum(first_radius**2 - along**2, 0))
    way = way / length[:, None]
    across = np.stack([-way[:, 1], way[:, 0]], axis=1)
    middle = one + along[:, None] * way
    return np.concatenate([middle + off[:, None] * across, middle - off[:, None] * across])


def beside(circles: Points, radius: float, boxes: Points) -> Points:
    """Return all places where a circle crosses one of the four lines that a box lies between."""
    found = [np.empty((0, 2))]
    for axis in (0, 1):
        for line in boxes[:, [axis, axis + 2]].ravel():
            away = line - circles[:, axis]
            half = np.sqrt(np.maximum(radius**2 - away**2, 0))
            for sign in (-1, 1):
                places = circles.copy()
                places[:, axis] = line
                places[:, 1 - axis] += sign * half
                found.append(places[np.abs(away) <= radius * (1 + 1e-12)])
    return np.concatenate(found)


def brute_force(
    xy_um: Points,
    taken_um: Points,
    radius_um: float,
    margin_um: float,
    tolerance_um: float,
    damage_um: Points = NOWHERE,
) -> int:
    """Most vessels in a circle smaller by a margin, over all centres two radii and the margin from others."""
    radius, apart = radius_um - margin_um, 2 * radius_um + margin_um
    boxes = damage_um + (radius_um + margin_um) * np.array([-1, -1, 1, 1])
    points = np.unique(xy_um, axis=0)
    centres = [points, points + np.array([radius, 0]), meeting_points(points, radius, points, radius)]
    if len(taken_um):
        centres += [
            meeting_points(points, radius, taken_um, apart),
            meeting_points(taken_um, apart, taken_um, apart),
        ]
    if len(boxes):
        corners = np.array(list(product(boxes[:, [0, 2]].ravel(), boxes[:, [1, 3]].ravel())))
        centres += [corners, beside(points, radius, boxes), beside(taken_um, apart, boxes)]
    every = np.concatenate(centres)
    for left, top, right, bottom in boxes + tolerance_um * np.array([1, 1, -1, -1]):
        x, y = every.T
        every = every[(x <= left) | (x >= right) | (y <= top) | (y >= bottom)]
    if len(taken_um):
        every = every[distances(every, taken_um).min(axis=1) >= apart - tolerance_um]
    if not len(every):
        return 0
    return int(np.count_nonzero(distances(every, xy_um) <= radius + tolerance_um, axis=1).max())


def assert_printed_numbers_hold(xy_um: Points, hotspots: tuple[Hotspot, ...]) -> None:
    for spot in hotspots:
        assert spot.vessels >= 1
        assert (spot.x_um, spot.y_um) == (float(f"{spot.x_um:.3f}"), float(f"{spot.y_um:.3f}"))
        assert spot.radius_um == float(f"{spot.radius_um:.3f}")
        inside = np.hypot(xy_um[:, 0] - spot.x_um, xy_um[:, 1] - spot.y_um) <= spot.radius_um
        assert spot.vessels == np.count_nonzero(inside)
    centres = np.array([(spot.x_um, spot.y_um) for spot in hotspots]).reshape(-1, 2)
    for rank in range(1, len(hotspots)):
        assert distances(centres[rank : rank + 1], centres[:rank]).min() >= 2 * hotspots[0].radius_um - 1.1e-6
    assert [spot.rank for spot in hotspots] == list(range(1, len(hotspots) + 1))


def compare_with_brute_force(
    xy_um: Points, settings: HotspotSettings, damage_um: Points = NOWHERE
) -> list[tuple[int, int, int]]:
    """Return (surely there, found, possibly there) of each rank, and of one more if fewer were found."""
    hotspots = find_hotspots(xy_um, settings, NO_TISSUE, damage_um)
    assert_printed_numbers_hold(xy_um, hotspots)
    for spot in hotspots:
        x_um = np.maximum(np.maximum(damage_um[:, 0] - spot.x_um, spot.x_um - damage_um[:, 2]), 0)
        y_um = np.maximum(np.maximum(damage_um[:, 1] - spot.y_um, spot.y_um - damage_um[:, 3]), 0)
        assert (np.hypot(x_um, y_um) >= spot.radius_um - 1e-9).all()
    radius_um = round((settings.field_mm2 * 1e6 / pi) ** 0.5, 3)
    found = [spot.vessels for spot in hotspots]
    compared = []
    for rank, vessels in enumerate([*found, 0][: settings.count]):
        taken = np.array([(spot.x_um, spot.y_um) for spot in hotspots[:rank]]).reshape(-1, 2)
        surely = brute_force(xy_um, taken, radius_um, 0.002 if len(damage_um) else 0.001, 0.0, damage_um)
        possibly = brute_force(xy_um, taken, radius_um, 0.0, 2e-6, damage_um)
        assert surely <= vessels <= possibly, (rank, surely, vessels, possibly)
        compared.append((surely, vessels, possibly))
    return compared


def scattered(rng: np.random.Generator, n: int) -> Points:
    return rng.random((n, 2)) * rng.choice([600, 1500, 4000, 9000])


def clustered(rng: np.random.Generator, n: int) -> Points:
    parents = rng.random((3, 2)) * 3000
    return parents[rng.integers(0, 3, n)] + rng.normal(0, rng.choice([50, 200, 500]), (n, 2))


def lattice(rng: np.random.Generator, n: int) -> Points:
    return rng.integers(0, 12, (n, 2)) * rng.choice([100.0, 250.0, 500.0])


def repeated(rng: np.random.Generator, n: int) -> Points:
    few = rng.random((max(n // 4, 1), 2)) * 2500
    return few[rng.integers(0, len(few), n)]


def collinear(rng: np.random.Generator, n: int) -> Points:
    return np.sort(rng.random(n))[:, None] * 6000 * rng.choice([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])


def two_radii_apart(rng: np.random.Generator, n: int) -> Points:
    return rng.integers(0, 5, (n, 1)) * np.array([[600.0, 800.0]]) + rng.integers(0, 3, (n, 1)) * [
        [800.0, -600.0]
    ]


def on_one_circle(rng: np.random.Generator, n: int) -> Points:
    triples = np.array([(500, 0), (400, 300), (300, 400), (0, 500), (140, 480), (480, 140)])
    return triples[rng.integers(0, 6, n)] * rng.choice([-1.0, 1.0], (n, 2)) + [2000, 3000]


PATTERNS: list[Callable[[np.random.Generator, int], Points]] = [
    scattered, clustered, lattice, repeated, collinear, two_radii_apart, on_one_circle,
]  # fmt: skip


@pytest.mark.parametrize("settings", [ROUND_FIELD, DEFAULT_FIELD], ids=["500um", "0.74mm2"])
@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.__name__)
def test_every_rank_is_the_maximum_over_the_plane(
    pattern: Callable[[np.random.Generator, int], Points], settings: HotspotSettings
) -> None:
    compared = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        xy_um = np.round(pattern(rng, int(rng.integers(1, 41))), 3)
        compared += compare_with_brute_force(xy_um, settings)
    exact = [found == possibly for _, found, possibly in compared]
    assert np.mean(exact) > 0.99


def damaged(rng: np.random.Generator, xy_um: Points) -> Points:
    """Tiles of 0.1 or 0.25 mm, some of them neighbours, some on the vessels."""
    side = rng.choice([100.0, 250.0])
    near = xy_um[rng.integers(0, len(xy_um), 3)] + rng.normal(0, 700, (3, 2))
    corners = np.floor(near / side) * side
    corners = np.concatenate([corners, corners[:1] + np.array([side, 0])])[: rng.integers(1, 5)]
    return np.concatenate([corners, corners + side], axis=1)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.__name__)
def test_every_rank_is_the_maximum_over_what_is_left_beside_damage(
    pattern: Callable[[np.random.Generator, int], Points],
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
    most, centres = densest_centres(points, np.ones(5, dtype=np.int64), 500.0, forbidden, 64)
    assert most == 5
    inside = (np.abs(centres - 1000) <= 10 + 1e-6).all(axis=1)
    assert inside.any()


def test_damage_all_over_leaves_no_hot_spot() -> None:
    assert (
        find_hotspots(cluster(1000, 1000), DEFAULT_FIELD, NO_TISSUE, np.array([[0.0, 0, 2000, 2000]])) == ()
    )


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
    most, centres = densest_centres(
        points, np.ones(5, dtype=np.int64), 500.0, Forbidden(taken, 1000.0, NOWHERE), 64
    )
    assert most == 5
    assert (np.hypot(centres[:, 0], centres[:, 1]) < 150).any()


def test_nothing_left_between_taken_circles_is_none() -> None:
    forbidden = Forbidden(np.zeros((1, 2)), 1000.0, NOWHERE)
    most, centres = densest_centres(np.zeros((1, 2)), np.ones(1, dtype=np.int64), 500.0, forbidden, 8)
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


def cluster(x_um: float, y_um: float) -> Points:
    return np.array([(x_um + dx, y_um + dy) for dx in (-50, 0, 50) for dy in (-50, 0, 50)], dtype=np.float64)


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
