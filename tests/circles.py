"""Hot spots by brute force: every place where two circles meet, or a circle and a forbidden box."""

from collections.abc import Callable
from itertools import product
from math import pi

import numpy as np
from numpy.typing import NDArray

from mvd.hotspots import Hotspot, find_hotspots
from mvd.settings import HotspotSettings
from mvd.tissue import Tissue

Points = NDArray[np.float64]
Pattern = Callable[[np.random.Generator, int], Points]

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


PATTERNS: list[Pattern] = [
    scattered, clustered, lattice, repeated, collinear, two_radii_apart, on_one_circle,
]  # fmt: skip


def cluster(x_um: float, y_um: float) -> Points:
    return np.array([(x_um + dx, y_um + dy) for dx in (-50, 0, 50) for dy in (-50, 0, 50)], dtype=np.float64)
