"""The Chalkley count against a fine loop over angles, and against vessels whose count is known."""

from math import pi

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.measure import points_in_poly

from mvd.chalkley import FilledVessels, chalkley_count, graticule, mean_of_three
from mvd.geometry import circle_radius_um
from mvd.vessels import Outline

Points = NDArray[np.float64]

RADIUS_UM = circle_radius_um(0.196)
CENTRE_UM = np.array([1300.0, 2100.0])


def outline(*rings: Points) -> Outline:
    return Outline(tuple(np.asarray(ring, dtype=np.float32) for ring in rings), ())


def disc(centre_um: Points, radius_um: float, corners: int = 48) -> Points:
    angle = np.arange(corners) * 2 * pi / corners
    return centre_um + radius_um * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def beside(place: Points, offsets: list[list[float]] | list[float]) -> Points:
    return place + np.array(offsets)


def turned(points: Points, angle: float) -> Points:
    return points @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def star(rng: np.random.Generator, centre_um: Points, size_um: float) -> Points:
    """A vessel of any shape: corners in order round its middle, at any distance from it."""
    angle = np.sort(rng.random(rng.integers(3, 25))) * 2 * pi
    reach = size_um * rng.uniform(0.2, 1, len(angle))
    ring = centre_um + reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return ring[:: rng.choice([-1, 1])]


def scene(rng: np.random.Generator) -> list[Outline]:
    count, size_um = rng.integers(1, 60), rng.choice([10, 40, 150, 400])
    middles = CENTRE_UM + rng.uniform(-300, 300, (count, 2))
    return [outline(star(rng, middle, size_um)) for middle in middles]


def on_vessels(points: Points, outlines: list[Outline]) -> NDArray[np.bool_]:
    hit = np.zeros(len(points), dtype=np.bool_)
    for vessel in outlines:
        for ring in vessel.outer:
            hit |= points_in_poly(points, ring.astype(np.float64))
    return hit


def fine_loop(outlines: list[Outline], angles: int) -> int:
    steps = np.arange(angles) * 2 * pi / angles
    every = np.concatenate([turned(graticule() * RADIUS_UM, angle) for angle in steps]) + CENTRE_UM
    return int(on_vessels(every, outlines).reshape(angles, 25).sum(axis=1).max())


def test_the_graticule_has_25_points_that_share_the_disc_evenly():
    points = graticule()
    radius = np.hypot(points[:, 0], points[:, 1])
    assert points.shape == (25, 2)
    assert np.histogram(radius**2, bins=5, range=(0, 1))[0].tolist() == [5] * 5
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))[np.triu_indices(25, 1)]
    assert apart.min() > 0.2
    assert len(np.unique(radius)) == 25


def test_no_angle_of_a_fine_loop_has_more_hits():
    rng = np.random.default_rng(5)
    exact, looped = [], []
    for _ in range(60):
        outlines = scene(rng)
        count = chalkley_count(FilledVessels.of(outlines), *CENTRE_UM)
        assert count.hits == count.hit.sum()
        assert np.array_equal(on_vessels(count.points_um, outlines), count.hit)
        exact.append(count.hits)
        looped.append(fine_loop(outlines, 720))
    assert all(one >= other for one, other in zip(exact, looped, strict=True))
    assert np.mean(np.equal(exact, looped)) > 0.6  # a loop of half degrees misses narrow arcs, and only those
    assert np.ptp(exact) > 15


def test_a_finer_loop_comes_to_the_same():
    rng = np.random.default_rng(8)
    for _ in range(6):
        outlines = [outline(star(rng, CENTRE_UM + rng.uniform(-250, 250, 2), 60)) for _ in range(25)]
        assert chalkley_count(FilledVessels.of(outlines), *CENTRE_UM).hits == fine_loop(outlines, 20000)


@pytest.mark.parametrize("angle", [0.0, 1.234, 6.2])
def test_vessels_under_all_points_of_a_turned_graticule_are_all_hit(angle):
    places = turned(graticule() * RADIUS_UM, angle) + CENTRE_UM
    count = chalkley_count(FilledVessels.of([outline(disc(place, 3)) for place in places]), *CENTRE_UM)
    assert count.hits == 25
    assert count.hit.all()
    # the outermost point is on its vessel for the shortest arc, which has its middle at that angle
    assert abs((count.angle_rad - angle + pi) % (2 * pi) - pi) < 2e-3
    assert np.allclose(count.points_um, places, atol=0.5)


def test_the_arc_over_a_disc_is_as_long_as_trigonometry_says():
    """Two points on one vessel each: the best stretch is where their arcs overlap, and its middle is known."""
    pattern = graticule() * RADIUS_UM
    place = turned(pattern, 0.7)[[23, 24]] + CENTRE_UM
    late = turned(pattern, 0.72)[24] + CENTRE_UM
    vessels = FilledVessels.of([outline(disc(place[0], 8, 400)), outline(disc(late, 8, 400))])
    half = [2 * np.arcsin(8 / (2 * np.hypot(*pattern[k]))) for k in (23, 24)]
    count = chalkley_count(vessels, *CENTRE_UM)
    assert count.hits == 2
    assert count.angle_rad == pytest.approx((0.72 - half[1] + 0.7 + half[0]) / 2, abs=1e-5)


@pytest.mark.parametrize(
    ("outlines", "hits"),
    [
        ([], 0),
        ([outline(disc(CENTRE_UM, 400))], 25),
        ([outline(disc(CENTRE_UM, 400)), outline(disc(CENTRE_UM + 50, 300))], 25),
        ([outline(disc(CENTRE_UM, RADIUS_UM * 0.6))], 9),  # radii below 0.6: (k + 1/2) / 25 < 0.36
        ([outline(disc(beside(CENTRE_UM, [600, 0]), 100))], 0),
        ([outline(beside(CENTRE_UM, [[0, -900], [900, -900], [900, 900], [0, 900]]))], None),  # half a plane
        ([outline(beside(CENTRE_UM, [[-9, 0], [90, 0], [-9, 0]]))], 0),  # a line has no inside
        ([outline(CENTRE_UM[None]), outline(beside(CENTRE_UM, [[0, 0], [200, 5]]))], 0),
    ],
)
def test_vessels_whose_count_is_known(outlines, hits):
    expected = fine_loop(outlines, 2000) if hits is None else hits
    assert chalkley_count(FilledVessels.of(outlines), *CENTRE_UM).hits == expected


def test_vessels_that_overlap_touch_or_have_several_rings_count_once():
    place = turned(graticule() * RADIUS_UM, 1.0)[20] + CENTRE_UM
    halves = [
        beside(place, [[-20, -20], [0, -20], [0, 20], [-20, 20]]),
        beside(place, [[0, -20], [20, -20], [20, 20], [0, 20]]),
    ]
    for outlines in (
        [outline(disc(place, 9)), outline(disc(place + 2, 9))],
        [outline(disc(place, 9), disc(place + 4, 9))],
        [outline(half) for half in halves],
    ):
        count = chalkley_count(FilledVessels.of(outlines), *CENTRE_UM)
        assert count.hits == fine_loop(outlines, 4000)


def test_a_spike_one_pixel_wide_changes_nothing():
    """A traced outline goes out along a spike and back on the same pixels."""
    body = disc(beside(CENTRE_UM, [120, 30]), 30)
    spike = body[10] + np.arange(1, 160)[:, None] * [0.5, -0.5]
    spiked = np.concatenate([body[:11], spike, spike[-2::-1], body[10:]])
    plain = chalkley_count(FilledVessels.of([outline(body)]), *CENTRE_UM)
    assert chalkley_count(FilledVessels.of([outline(spiked)]), *CENTRE_UM).hits == plain.hits


def test_neither_the_order_of_vessels_nor_far_ones_matter():
    rng = np.random.default_rng(3)
    outlines = [outline(star(rng, CENTRE_UM + rng.uniform(-260, 260, 2), 50)) for _ in range(30)]
    far = [outline(star(rng, CENTRE_UM + rng.uniform(700, 2000, 2), 50)) for _ in range(200)]
    one = chalkley_count(FilledVessels.of(outlines), *CENTRE_UM)
    other = chalkley_count(FilledVessels.of(far + outlines[::-1]), *CENTRE_UM)
    assert (one.hits, one.angle_rad) == (other.hits, other.angle_rad)
    assert np.array_equal(one.points_um, other.points_um)


@pytest.mark.parametrize("radius_px", [6, 12, 40])
def test_half_a_pixel_makes_a_traced_outline_enclose_its_pixels(radius_px):
    mask = np.zeros((101, 101), np.uint8)
    rows, cols = np.ogrid[-50:51, -50:51]
    mask[rows**2 + cols**2 <= radius_px**2] = 1
    (contour,), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    ring = contour.reshape(-1, 2) * 0.5
    for one_way in (ring, ring[::-1]):
        corners = FilledVessels.of([outline(one_way)], outset_um=0.25).corners_um.astype(np.float32)
        assert cv2.contourArea(corners) == pytest.approx(mask.sum() * 0.25, rel=0.02)
    assert cv2.contourArea(ring.astype(np.float32)) < mask.sum() * 0.25 * 0.98


def test_a_spike_stays_where_it_is_and_grows_straight_on():
    line = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [1.0, 0.0]])
    corners = FilledVessels.of([outline(line)], outset_um=0.5).corners_um
    assert corners[2].tolist() == [2.5, 0.0]
    assert np.isfinite(corners).all()


def test_the_mean_needs_three_hot_spots():
    vessels = FilledVessels.of([outline(disc(CENTRE_UM, RADIUS_UM * 0.6))])
    counts = [chalkley_count(vessels, *place) for place in (CENTRE_UM, CENTRE_UM + 5000, CENTRE_UM)]
    assert mean_of_three(counts) == 6
    assert mean_of_three(counts[:2]) is None
    assert mean_of_three([*counts, counts[1]]) == 6
