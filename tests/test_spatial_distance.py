"""Distances to vessels against exact distances to polygons, and the far part against areas that are known."""

from math import pi

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mvd.spatial import FAR_UM, vessel_distance
from mvd.spatial import distance as module
from mvd.tissue import Tissue
from mvd.vessels import Outline

Points = NDArray[np.float64]


def tissue_of(mask: NDArray[np.bool_], mpp: float) -> Tissue:
    return Tissue(mask, ~mask, mpp, (240.0, 240.0, 240.0), "user")


def outline(*rings: Points) -> Outline:
    return Outline(tuple(np.asarray(ring, dtype=np.float32) for ring in rings), ())


def disc(x_um: float, y_um: float, radius_um: float) -> Points:
    angle = np.linspace(0, 2 * pi, 200, endpoint=False)
    return np.array([x_um, y_um]) + radius_um * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def exact_um(places: Points, rings: list[Points]) -> NDArray[np.float64]:
    """Distance of each place to the nearest polygon, 0 inside; cv2's own, in double precision."""
    return np.array(
        [
            max(
                0.0,
                min(
                    -cv2.pointPolygonTest(ring.astype(np.float32), (float(x), float(y)), True)
                    for ring in rings
                ),
            )
            for x, y in places
        ]
    )


@pytest.mark.parametrize("mpp", [1.0, 3.0, 8.0])
def test_the_far_part_is_that_of_exact_distances(mpp):
    rng = np.random.default_rng(3)
    side = round(900 / mpp)
    tissue = tissue_of(np.ones((side, side), dtype=np.bool_), mpp)
    rings = [disc(*rng.uniform(0, 900, 2), rng.uniform(3, 15)) for _ in range(25)]
    found = vessel_distance([outline(ring) for ring in rings], tissue)
    places = rng.uniform(0, side * mpp, (20000, 2))
    exact = exact_um(places, rings)
    for limit_um, fraction in zip(FAR_UM, found.far_fraction, strict=True):
        assert fraction == pytest.approx(np.mean(exact > limit_um), abs=0.012)  # three errors of the sample


@pytest.mark.parametrize("mpp", [0.5, 2.0, 8.0])
def test_the_map_is_the_exact_distance(mpp):
    rng = np.random.default_rng(4)
    side = round(800 / mpp)
    rings = [disc(*rng.uniform(0, 800, 2), rng.uniform(2.5, 15)) for _ in range(12)]
    found = vessel_distance(
        [outline(ring) for ring in rings], tissue_of(np.ones((side, side), dtype=np.bool_), mpp)
    )
    rows, cols = np.indices(found.distance_um.shape).reshape(2, -1)
    middles = (np.stack([cols, rows], axis=1) + 0.5) * found.mpp
    exact = np.minimum(exact_um(middles, rings), 400)
    apart = found.distance_um.ravel() - exact
    inner = exact > found.mpp  # nearer, the mean over a pixel is not the distance of its middle
    assert found.mpp == 16
    assert np.abs(apart[inner]).max() < 5
    assert abs(apart[inner].mean()) < 0.6


def test_rings_round_one_vessel_have_the_areas_of_circles():
    tissue = tissue_of(np.ones((150, 150), dtype=np.bool_), 8.0)
    found = vessel_distance([outline(disc(600, 600, 20))], tissue)
    for limit_um, fraction in zip(FAR_UM, found.far_fraction, strict=True):
        assert 1 - fraction == pytest.approx(pi * (20 + limit_um) ** 2 / 1200**2, rel=0.01)
    assert np.nanmax(found.distance_um) == 400


def test_tissue_is_the_denominator_and_vessels_beside_it_count():
    mask = np.zeros((100, 100), dtype=np.bool_)
    mask[:, 50:] = True
    wall = outline(np.array([[380.0, -50], [400, -50], [400, 850], [380, 850]]))
    found = vessel_distance([wall], tissue_of(mask, 8.0))
    assert found.far_fraction == pytest.approx(
        [1 - limit / 400 for limit in FAR_UM], abs=0.011
    )  # a pixel of 4 um
    assert np.isnan(found.distance_um[:, :25]).all()
    assert np.isfinite(found.distance_um[:, 25:]).all()


def test_without_vessels_all_is_far_and_without_tissue_nothing_is():
    tissue = tissue_of(np.ones((30, 40), dtype=np.bool_), 8.0)
    assert vessel_distance([], tissue).far_fraction == (1, 1, 1)
    assert np.all(vessel_distance([], tissue).distance_um == 400)
    none = vessel_distance([outline(disc(50, 50, 9))], tissue_of(np.zeros((30, 40), dtype=np.bool_), 8.0))
    assert none.far_fraction == (0, 0, 0)


def test_holes_belong_to_the_vessel_and_specks_are_not_lost():
    tissue = tissue_of(np.ones((100, 100), dtype=np.bool_), 8.0)
    wide = vessel_distance([outline(disc(400, 400, 200))], tissue).distance_um
    assert wide[25, 25] == 0
    speck = vessel_distance([outline(np.array([[400.3, 400.3]]))], tissue)
    assert speck.distance_um[25, 25] < 16


@pytest.mark.parametrize("rows", [16, 48, 10_000])
def test_strips_leave_no_seams(rows, monkeypatch):
    rng = np.random.default_rng(6)
    mask = rng.random((60, 70)) > 0.2
    tissue = tissue_of(mask.repeat(4, axis=0).repeat(4, axis=1), 8.0)
    outlines = [outline(disc(*rng.uniform(0, 2000, 2), 12)) for _ in range(9)]
    whole = vessel_distance(outlines, tissue)
    monkeypatch.setattr(module, "STRIP_ROWS", rows)
    strips = vessel_distance(outlines, tissue)
    assert np.array_equal(strips.distance_um, whole.distance_um, equal_nan=True)
    assert strips.far_fraction == pytest.approx(whole.far_fraction, rel=1e-12)
