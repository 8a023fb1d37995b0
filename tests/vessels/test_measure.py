"""Measures of drawn shapes against their analytic truth, at any sub-pixel place and angle.

Shapes are 10 um and more across at 0.5 um/px. ``WITHIN`` says how near each measure comes, of discs, ellipses, rings,
tubes and rectangles alike; the worst are those of 10 um, and at 25 um nearly all are within 2 %.
"""

from concurrent.futures import ThreadPoolExecutor
from math import pi, sqrt

import cv2
import numpy as np
import pytest
from drawn import MPP, Inside, disc, drawn, ellipse, rectangle, ring, stadium, together, without
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ellipe

from mvd.vessels.distance import SLIT_PX, closed, lumen_width
from mvd.vessels.edges import filled
from mvd.vessels.hull import FERET_PX, solidity
from mvd.vessels.measure import Shape, measure

SIDE = 150
TRIALS = 12
WITHIN = {
    "area": 0.02,
    "filled_area": 0.015,
    "perimeter": 0.045,
    "major_axis": 0.025,
    "minor_axis": 0.03,
    "max_feret": 0.035,
    "lumen_width": 0.05,
    "wall": 0.05,
    "solidity": 0.03,
}


def measured(stained: np.ndarray) -> Shape:
    return measure(stained, filled(stained))[0]


def places(seed: int) -> list[tuple[float, float, float]]:
    """Random centres near the middle, and angles."""
    rng = np.random.default_rng(seed)
    return [(*rng.uniform(SIDE / 2, SIDE / 2 + 1, 2), rng.uniform(0, pi)) for _ in range(TRIALS)]


def held(shape: Shape, truth: dict[str, float], where: object) -> None:
    for name, value in truth.items():
        assert getattr(shape, name) == pytest.approx(value, rel=WITHIN[name]), f"{name} at {where}"


@pytest.mark.parametrize("diameter_um", [10, 15, 25, 50])
def test_discs(diameter_um: float) -> None:
    radius = diameter_um / 2 / MPP
    for row, col, _ in places(1):
        shape = measured(drawn(disc(row, col, radius), (SIDE, SIDE)))
        area = pi * radius**2
        truth = {"area": area, "filled_area": area, "perimeter": 2 * pi * radius, "solidity": 1.0}
        axes = dict.fromkeys(("major_axis", "minor_axis", "max_feret"), 2 * radius)
        held(shape, truth | axes, (row, col))
        assert (shape.row + 0.5, shape.col + 0.5) == pytest.approx((row, col), abs=0.15)
        assert shape.lumen_width == 0
        assert shape.eccentricity < 0.25


@pytest.mark.parametrize(("long_um", "short_um"), [(20, 10), (40, 12), (60, 30)])
def test_ellipses(long_um: float, short_um: float) -> None:
    a, b = long_um / 2 / MPP, short_um / 2 / MPP
    squared = 1 - (b / a) ** 2
    for row, col, angle in places(2):
        shape = measured(drawn(ellipse(row, col, a, b, angle), (SIDE, SIDE)))
        truth = {"area": pi * a * b, "perimeter": 4 * a * ellipe(squared), "solidity": 1.0}
        held(shape, truth | {"major_axis": 2 * a, "minor_axis": 2 * b, "max_feret": 2 * a}, angle)
        assert shape.eccentricity == pytest.approx(sqrt(squared), abs=0.02)


@pytest.mark.parametrize(("outer_um", "wall_um"), [(10, 1.5), (14, 2), (20, 2.5), (30, 5), (60, 4)])
def test_rings(outer_um: float, wall_um: float) -> None:
    outer, wall = outer_um / 2 / MPP, wall_um / MPP
    inner = outer - wall
    for row, col, _ in places(3):
        shape = measured(drawn(ring(row, col, outer, inner), (SIDE, SIDE)))
        truth = {
            "area": pi * (outer**2 - inner**2),
            "filled_area": pi * outer**2,
            "perimeter": 2 * pi * outer,
            "lumen_width": 2 * inner,
            "wall": wall,
            "max_feret": 2 * outer,
            "solidity": 1.0,
        }
        held(shape, truth, (row, col))


@pytest.mark.parametrize(("length_um", "width_um"), [(10, 10), (20, 10), (60, 12)])
def test_rectangles(length_um: float, width_um: float) -> None:
    length, width = length_um / MPP, width_um / MPP
    for row, col, angle in places(4):
        shape = measured(drawn(rectangle(row, col, length, width, angle), (SIDE, SIDE)))
        truth = {
            "area": length * width,
            "perimeter": 2 * (length + width),
            "max_feret": np.hypot(length, width),
            "major_axis": length * 2 / sqrt(3),
            "minor_axis": width * 2 / sqrt(3),
            "solidity": 1.0,
        }
        held(shape, truth, angle)


def test_a_tube_and_its_lumen() -> None:
    length, width, wall = 60 / MPP, 14 / MPP, 2.5 / MPP
    for row, col, angle in places(5):
        outer = stadium(row, col, length, width, angle)
        inner = stadium(row, col, length - 2 * wall, width - 2 * wall, angle)
        shape = measured(drawn(without(outer, inner), (SIDE, SIDE)))
        truth = {
            "filled_area": (length - width) * width + pi * width**2 / 4,
            "perimeter": 2 * (length - width) + pi * width,
            "max_feret": length,
            "lumen_width": width - 2 * wall,
            "wall": wall,
        }
        held(shape, truth, angle)


def test_solidity_of_an_angle() -> None:
    """A square without a quarter: 3/4 of its area in a hull of 7/8."""
    side = 40.0
    for row, col, _ in places(6):
        whole = rectangle(row, col, side, side)
        quarter = rectangle(row + side / 4, col + side / 4, side / 2, side / 2)
        shape = measured(drawn(without(whole, quarter), (SIDE, SIDE)))
        assert shape.solidity == pytest.approx(6 / 7, rel=WITHIN["solidity"])


def test_the_wall_of_a_solid_vessel_is_its_radius() -> None:
    """2 x area / perimeter of a disc is its radius: a solid profile has no lumen to measure against."""
    shape = measured(drawn(disc(75.3, 75.6, 20), (SIDE, SIDE)))
    assert shape.wall == pytest.approx(20, rel=0.03)


@pytest.mark.parametrize("stained", [np.ones((1, 1)), np.ones((1, 2)), np.ones((1, 9)), np.eye(5)])
def test_specks_have_finite_measures(stained: np.ndarray) -> None:
    shape = measured(np.pad(stained.astype(np.uint8), 2))
    assert np.isfinite(shape).all()
    assert shape.area == stained.sum()
    assert shape.max_feret == pytest.approx(np.hypot(*np.ptp(np.argwhere(stained), axis=0)) + FERET_PX)
    assert 0 < shape.perimeter <= 4 * stained.sum()
    assert 0 < shape.solidity <= 1
    assert 0 <= shape.eccentricity < 1
    assert shape.major_axis >= shape.minor_axis > 0


def test_parts_of_one_vessel_are_measured_together() -> None:
    arcs = together(rectangle(70, 75, 30, 6), rectangle(90, 75, 30, 6))
    stained = drawn(arcs, (SIDE, SIDE))
    whole = stained | drawn(rectangle(80, 75, 30, 20), (SIDE, SIDE))
    shape, contours = measure(stained, whole)
    assert shape.area == np.count_nonzero(stained)
    assert shape.filled_area == np.count_nonzero(whole)
    assert shape.lumen_width == pytest.approx(14, abs=1)
    assert len(contours.outer.stops) == 1


def test_filled_fills_all_holes_and_nothing_else() -> None:
    stained = drawn(ring(40, 40, 20, 14), (80, 120)) | drawn(disc(40, 95, 10), (80, 120))
    expected = drawn(disc(40, 40, 20), (80, 120)) | drawn(disc(40, 95, 10), (80, 120))
    np.testing.assert_array_equal(filled(stained), expected)
    bay = stained.copy()
    bay[:40, 40] = 0  # the ring is open now
    assert filled(bay)[40, 40] == 0


@pytest.mark.parametrize("width_px", [1, 2, 3, 10, 11, 24])
@pytest.mark.parametrize("upright", [False, True])
def test_lumen_width_of_a_slit_is_its_width(width_px: int, upright: bool) -> None:
    lumen = np.zeros((40, 60), np.uint8)
    lumen[6 : 6 + width_px, 5:55] = 1
    found = lumen_width(np.ascontiguousarray(lumen.T) if upright else lumen)
    # How far the walls lie beyond the pixels is not known: that of a slit is wider than its pixels by half of it.
    assert found == pytest.approx(width_px + 0.5, abs=0.3)


def largest_circle(lumen: np.ndarray) -> float:
    """Twice the largest distance from a place on a half-pixel grid to the nearest pixel that is not set."""
    unset = np.argwhere(np.pad(lumen, 1) == 0) * 2
    y, x = np.indices((2 * lumen.shape[0] + 3, 2 * lumen.shape[1] + 3)).reshape(2, -1, 1)
    return float(np.sqrt(((y - unset[:, 0]) ** 2 + (x - unset[:, 1]) ** 2).min(axis=1).max()))


@pytest.mark.parametrize("seed", range(12))
def test_the_circle_is_the_largest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lumen = (rng.random(rng.integers(1, 16, 2)) < rng.uniform(0.3, 1)).astype(np.uint8)
    lumen[0, 0] = 1
    widest = 2 * np.sqrt(lumen.sum() / pi)
    largest = largest_circle(lumen)
    slit = max(0.0, 1 - (largest / widest) ** 2)
    assert lumen_width(lumen) == pytest.approx(min(largest - SLIT_PX * slit, widest))


def test_a_lumen_ends_at_the_crop_and_nothing_has_no_width() -> None:
    assert lumen_width(np.zeros((40, 60), np.uint8)) == 0
    assert lumen_width(np.ones((40, 60), np.uint8)) == pytest.approx(40, abs=1)


@pytest.mark.parametrize("size_px", [0, 1, 2, 5, 6, 12])
def test_closing_is_that_with_a_disc(size_px: int) -> None:
    """Against cv2, with the margin that it needs; what lies outside the crop is not set."""
    side = size_px // 2 * 2 + 1
    y, x = np.indices((side, side)) - side // 2
    disc_px = (np.hypot(y, x) <= side / 2).astype(np.uint8)
    rng = np.random.default_rng(size_px)
    for density in (0.02, 0.1, 0.5):
        mask = (rng.random((37, 45)) < density).astype(np.uint8)
        expected = cv2.morphologyEx(np.pad(mask, side), cv2.MORPH_CLOSE, disc_px)[side:-side, side:-side]
        np.testing.assert_array_equal(closed(mask, size_px), expected)


@pytest.mark.parametrize("shape", [rectangle(75.3, 75.6, 20, 20, 0.5), disc(75.3, 75.6, 10)])
def test_solidity_of_pixels_is_that_of_the_measure(shape: Inside) -> None:
    stained = drawn(shape, (SIDE, SIDE))
    assert solidity(stained) == measured(stained).solidity


@st.composite
def vessels(draw: st.DrawFn) -> np.ndarray:
    """A ring or a tube with bumps, as ragged as real ones."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    shapes = [ring(40, 40, rng.uniform(8, 20), rng.uniform(2, 7))]
    for _ in range(rng.integers(0, 5)):
        shapes.append(ellipse(*rng.uniform(25, 55, 2), *rng.uniform(2, 10, 2), rng.uniform(0, pi)))
    return drawn(together(*shapes), (80, 80))


@given(vessels(), st.integers(0, 40), st.integers(0, 40))
@settings(max_examples=40, deadline=None)
def test_a_shift_changes_not_a_bit(stained: np.ndarray, down: int, right: int) -> None:
    here = measured(np.pad(stained, ((5, 45), (5, 45))))
    there = np.pad(stained, ((5 + down, 45 - down), (5 + right, 45 - right)))
    shape, _ = measure(there, filled(there), -down, -right)
    assert shape == here


@given(vessels(), st.integers(0, 3), st.booleans())
@settings(max_examples=40, deadline=None)
def test_quarter_turns_and_mirrors_change_nothing(stained: np.ndarray, turns: int, mirror: bool) -> None:
    turned = np.ascontiguousarray(np.rot90(stained, turns)[:, :: -1 if mirror else 1])
    here, there = measured(stained), measured(turned)
    for name, value in here._asdict().items():
        if name not in ("row", "col", "major_axis", "minor_axis", "eccentricity"):
            assert getattr(there, name) == value, name
    # Quotients of moments, where the sums differ in sign.
    assert there.major_axis == pytest.approx(here.major_axis, rel=1e-12)
    assert there.minor_axis == pytest.approx(here.minor_axis, rel=1e-9)
    assert there.eccentricity == pytest.approx(here.eccentricity, abs=1e-6)


def test_threads_measure_the_same_bits() -> None:
    stained = drawn(ring(75.2, 74.9, 30, 22), (SIDE, SIDE))
    with ThreadPoolExecutor(2) as pool:
        shapes = set(pool.map(lambda part: measured(part.copy()), [stained] * 40))
    assert len(shapes) == 1
