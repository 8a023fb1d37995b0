"""Square fields, and fields that must lie inside the tissue, against brute force; the count-only search."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from circles import NO_TISSUE, PATTERNS, Pattern, Points

from mvd.hotspots import Hotspot, find_hotspots, forbidden_boxes, hotspot_rank, most_vessels, tissue_fraction
from mvd.hotspots.inside import allowed_pixels, boxes_outside
from mvd.hotspots.squares import fullest_squares
from mvd.settings import HotspotSettings
from mvd.tissue import Tissue

SQUARE = HotspotSettings(field_mm2=0.25, shape="square", count=4)


def tissue_of(mask: np.ndarray) -> Tissue:
    return replace(NO_TISSUE, mask=mask, bare=~mask)


def blot(seed: int, shape: tuple[int, int] = (60, 70)) -> Tissue:
    """Tissue of 16 um/px with bays and holes."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    mask = np.zeros(shape, np.bool_)
    for _ in range(4):
        row, col, radius = rng.uniform(15, 45), rng.uniform(15, 55), rng.uniform(8, 18)
        mask |= (rows - row) ** 2 + (cols - col) ** 2 < radius**2
    mask[30:33, 30:34] = False
    return replace(tissue_of(mask), mpp=16.0)


def brute_square(xy: np.ndarray, half: int, boxes: np.ndarray) -> int:
    """Most in a square over every place where edges cross, all in whole numbers."""
    xs = np.unique(np.concatenate([xy[:, 0] - half, xy[:, 0] + half, boxes[:, 0], boxes[:, 2]]))
    ys = np.unique(np.concatenate([xy[:, 1] - half, xy[:, 1] + half, boxes[:, 1], boxes[:, 3]]))
    best = 0
    for x, y in product(xs, ys):
        if ((boxes[:, 0] < x) & (x < boxes[:, 2]) & (boxes[:, 1] < y) & (y < boxes[:, 3])).any():
            continue
        best = max(best, int((np.abs(xy - [x, y]).max(axis=1) <= half).sum()))
    return best


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.__name__)
def test_every_square_is_the_maximum_over_the_plane(pattern: Pattern) -> None:
    for seed in range(15):
        rng = np.random.default_rng(seed)
        xy_um = np.round(pattern(rng, int(rng.integers(1, 16))), 3)
        spots = find_hotspots(xy_um, SQUARE, NO_TISSUE)
        xy, half = np.rint(xy_um * 1000).astype(int), 250_000
        taken = np.empty((0, 4), int)
        for spot in spots:
            assert spot.radius_um == 250.0
            centre = np.rint(np.array([spot.x_um, spot.y_um]) * 1000).astype(int)
            assert spot.vessels == (np.abs(xy - centre).max(axis=1) <= half).sum()
            assert spot.vessels == brute_square(xy, half, taken), (seed, spot.rank)
            taken = np.concatenate([taken, [[*(centre - 2 * half), *(centre + 2 * half)]]])
        if len(spots) < SQUARE.count:
            assert brute_square(xy, half, taken) == 0
        assert most_vessels(np.unique(xy_um, axis=0), SQUARE) <= spots[0].vessels


def test_squares_keep_clear_of_damage_and_touch_it_at_most() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        xy, boxes = rng.integers(0, 40, (12, 2)), rng.integers(0, 30, (3, 2))
        boxes = np.concatenate([boxes, boxes + rng.integers(1, 15, (3, 2))], axis=1)
        most, centres = fullest_squares(xy, np.ones(12, np.int64), 5, boxes, 64)
        assert most == brute_square(xy, 5, boxes)
        for x, y in centres:
            assert (np.abs(xy - [x, y]).max(axis=1) <= 5).sum() == most
            assert not ((boxes[:, 0] < x) & (x < boxes[:, 2]) & (boxes[:, 1] < y) & (y < boxes[:, 3])).any()


def test_rank_and_tissue_of_a_square() -> None:
    spot = Hotspot(1, 0.25, 300.0, 300.0, 250.0, 1, 1.0, shape="square")
    assert hotspot_rank(np.array([[50.0, 550.0], [49.999, 300.0]]), (spot,)).tolist() == [1, 0]
    mask = np.zeros((100, 100), np.bool_)
    mask[:, :50] = True
    assert tissue_fraction(tissue_of(mask), 400.0, 400.0, 200.0, "square") == 0.5


@pytest.mark.parametrize("shape", ["circle", "square"])
def test_allowed_pixels_are_those_from_which_the_field_cannot_leave(shape: str) -> None:
    rng = np.random.default_rng(1)
    mask, half_px = blot(2).mask, 6.3
    allowed = allowed_pixels(mask, half_px, shape)
    assert 10 < allowed.sum() < mask.sum()
    empty = np.argwhere(~np.pad(mask, 10)) - 10
    for row, col in np.argwhere(allowed)[rng.permutation(allowed.sum())[:60]]:
        place = np.array([row, col]) + rng.integers(0, 2, 2)  # a corner of the pixel, the farthest out
        beyond = np.maximum(
            np.maximum(empty - place, place - empty - 1), 0
        )  # to the nearest side of each pixel
        away = np.hypot(*beyond.T) if shape == "circle" else beyond.max(axis=1)
        assert away.min() >= half_px - 1e-9
    # one that is deep enough by two pixels is never refused
    deep = np.argwhere(mask & ~allowed)
    for row, col in deep[::7]:
        beyond = np.abs(empty - [row, col])
        away = np.hypot(*beyond.T) if shape == "circle" else beyond.max(axis=1)
        assert away.min() < half_px + 2


@pytest.mark.parametrize("shape", ["circle", "square"])
def test_inside_means_that_no_better_place_is_inside(shape: str) -> None:
    settings = HotspotSettings(field_mm2=0.04, shape=shape, edge="inside", count=3)
    found = 0
    for seed in range(8):
        tissue, rng = blot(seed), np.random.default_rng(seed)
        xy_um = np.round(rng.random((60, 2)) * [1100, 950], 3)
        spots = find_hotspots(xy_um, settings, tissue)
        found += len(spots)
        free = find_hotspots(xy_um, settings.model_copy(update={"edge": "allow"}), tissue)
        assert not spots or spots[0].vessels <= free[0].vessels
        boxes_um = boxes_outside(tissue, spots[0].radius_um if spots else 112.838, 0.04, shape)
        # brute force: a fine grid of centres over all that is allowed
        grid = np.stack(np.meshgrid(np.arange(0, 1120, 4.0), np.arange(0, 960, 4.0)), axis=-1).reshape(-1, 2)
        inside = np.ones(len(grid), np.bool_)
        for left, top, right, bottom in boxes_um:
            x, y = grid.T
            inside &= ~((x > left) & (x < right) & (y > top) & (y < bottom))
        away = np.abs(grid[inside][:, None] - xy_um[None])
        reach = away.max(axis=2) if shape == "square" else np.hypot(away[..., 0], away[..., 1])
        radius = spots[0].radius_um if spots else 112.838
        most = int((reach <= radius).sum(axis=1).max()) if inside.any() else 0
        assert (spots[0].vessels if spots else 0) >= most
        for spot in spots:
            assert tissue_fraction(tissue, spot.x_um, spot.y_um, spot.radius_um, shape) > 0.6  # small holes
            x, y = spot.x_um, spot.y_um
            assert not ((boxes_um[:, :2] < [x, y]).all(axis=1) & (boxes_um[:, 2:] > [x, y]).all(axis=1)).any()
        assert most_vessels(xy_um, settings, forbidden_boxes(settings, tissue)) in (
            (spots[0].vessels, spots[0].vessels + 1) if spots else (0,)
        )
    assert found > 8


def brute_circle(xy: np.ndarray, radius: float, boxes: np.ndarray) -> int:
    """Most in a circle over every place where edges of circles round vessels and of boxes cross; 1e-7 um touches."""
    places = [boxes[:, [0, 1]], boxes[:, [0, 3]], boxes[:, [2, 1]], boxes[:, [2, 3]], xy]
    for one, other in combinations(xy, 2):
        half = (other - one) / 2
        if 0 < np.hypot(*half) <= radius:
            across = np.array([-half[1], half[0]]) * np.sqrt(radius**2 / (half @ half) - 1)
            places += [[one + half + across, one + half - across]]
    for axis, side in product((0, 1), np.unique(boxes)):
        off = radius**2 - (xy[:, axis] - side) ** 2
        near, along = xy[off >= 0], np.sqrt(off[off >= 0])
        for sign in (-1, 1):
            crossing = near.copy()
            crossing[:, axis], crossing[:, 1 - axis] = side, near[:, 1 - axis] + sign * along
            places.append(crossing)
    centres = np.concatenate([*places])
    free = np.ones(len(centres), np.bool_)
    for box in boxes:
        free &= ~((centres > box[:2] + 1e-7) & (centres < box[2:] - 1e-7)).all(axis=1)
    away = np.hypot(*(centres[free][:, None] - xy[None]).transpose(2, 0, 1))
    return int((away <= radius + 1e-7).sum(axis=1).max(initial=0))


def test_inside_a_ragged_outline_the_first_circle_is_the_maximum_over_all_places() -> None:
    """The search drops boxes that are far from a square of centres: none may be missed at its edge."""
    fullest = []
    for seed in range(12):
        tissue, rng = blot(seed), np.random.default_rng(seed)
        xy_um = np.round(rng.random((25, 2)) * [1100, 950], 3)
        settings = HotspotSettings(field_mm2=0.04, edge="inside", count=1)
        boxes_um = forbidden_boxes(settings, tissue)
        expected = brute_circle(xy_um, 112.838, boxes_um)
        spots = find_hotspots(xy_um, settings, tissue)
        assert (spots[0].vessels if spots else 0) == expected, seed
        fullest.append(expected)
    assert max(fullest) > 3


def test_a_field_that_fits_nowhere_is_none() -> None:
    xy_um: Points = np.full((5, 2), 100.0)
    small = tissue_of(np.ones((30, 30), np.bool_))
    assert find_hotspots(xy_um, HotspotSettings(edge="inside"), small) == ()
    assert find_hotspots(xy_um, HotspotSettings(edge="inside", field_mm2=0.02), small)[0].vessels == 5


def test_the_count_alone_is_that_of_the_first_hot_spot() -> None:
    rng = np.random.default_rng(4)
    for n in (1, 2, 30, 700):
        xy_um = np.round(rng.random((n, 2)) * 3000, 3)
        for area in (0.74, 0.196):
            settings = HotspotSettings(field_mm2=area)
            assert most_vessels(xy_um, settings) == find_hotspots(xy_um, settings, NO_TISSUE)[0].vessels
    assert most_vessels(np.empty((0, 2)), HotspotSettings()) == 0
