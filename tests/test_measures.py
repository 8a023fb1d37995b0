"""Every measure of a place: the same on any number of threads, p that goes with the counts, edges of what is there."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from circles import NO_TISSUE

from mvd.measures import LADDER_MM2, Measures, Place, measure
from mvd.result import VESSEL_COLUMNS
from mvd.settings import Settings
from mvd.stain import Stain, StainMatrix
from mvd.vessels import Outline, Vessels

STAIN = Stain((240.0, 240.0, 240.0), StainMatrix(np.eye(3), "preset", 0.0), 0.1, 0.1, 0.2, 0.3)
TISSUE = replace(NO_TISSUE, mask=np.ones((250, 250), np.bool_))  # 4 mm2
SQUARE = np.array([[-6.0, -6.0], [6.0, -6.0], [6.0, 6.0], [-6.0, 6.0]])


def place_of(xy_um: np.ndarray) -> Place:
    table = pd.DataFrame({c.name: np.zeros(len(xy_um)) for c in VESSEL_COLUMNS[1:]})
    table = table.assign(x_um=xy_um[:, 0], y_um=xy_um[:, 1], counted=True, reason="ok", max_dab_od=0.9)
    table = table.assign(filled_area_um2=144.0, mean_dab_od=0.6)
    outlines = tuple(Outline((xy + SQUARE,), ()) for xy in xy_um)
    return Place(Vessels(table, outlines), TISSUE, outlines, STAIN, np.empty((0, 4)))


def measured(xy_um: np.ndarray, workers: int = 1, **hotspot: object) -> Measures:
    return measure(
        place_of(xy_um), Settings.from_mapping({"hotspot": {"nulls": 99, **hotspot}}), workers=workers
    )


def scattered(n: int, seed: int = 1) -> np.ndarray:
    return np.round(np.random.default_rng(seed).random((n, 2)) * 2000, 3)


def test_threads_change_nothing() -> None:
    one, two = (measured(scattered(150), workers) for workers in (1, 3))
    assert one.hotspots == two.hotspots
    assert one.ladder == two.ladder
    assert one.expected_max == two.expected_max
    assert one.interval_per_mm2 == two.interval_per_mm2
    assert one.ripley is not None
    assert two.ripley is not None
    np.testing.assert_array_equal(one.ripley.high_um, two.ripley.high_um)
    np.testing.assert_array_equal(one.density.per_mm2, two.density.per_mm2)


def test_every_area_has_the_p_that_it_has_as_the_headline() -> None:
    planted = scattered(150)
    planted[:25] = np.round(np.random.default_rng(2).normal(1000, 60, (25, 2)), 3)
    headline, every = (measured(planted, nulls=39, ladder_nulls=on) for on in (False, True))
    assert every.hotspots == headline.hotspots
    assert all(spot.p is None for spot in headline.ladder)
    for area in (0.35, 0.15):
        alone = measured(planted, nulls=39, field_mm2=area, ladder=False)
        of_area = [spot for spot in every.ladder if spot.field_mm2 == area]
        assert [(spot.vessels, spot.p) for spot in of_area] == [(s.vessels, s.p) for s in alone.hotspots]
        assert of_area[0].p is not None
        assert of_area[0].p < 0.01


def test_p_falls_with_a_planted_cluster_and_goes_with_the_count() -> None:
    even = scattered(200)
    planted = even.copy()
    planted[:60] = np.round(np.random.default_rng(2).normal(1000, 80, (60, 2)), 3)
    without, with_it = (measured(xy, field_mm2=0.1) for xy in (even, planted))
    assert without.hotspots[0].p is not None
    assert with_it.hotspots[0].p is not None
    assert 0 < with_it.hotspots[0].p < 1e-6
    assert without.hotspots[0].p > 0.01
    assert without.ripley is not None
    assert with_it.ripley is not None
    assert with_it.ripley.p == 0.01
    assert without.ripley.p > 0.01
    p = [spot.p for spot in with_it.hotspots]
    assert p == sorted(p)  # type: ignore[type-var]


def test_the_ladder_holds_each_other_area_once() -> None:
    for area in (0.74, 0.05):
        found = measured(scattered(100), field_mm2=area, nulls=0)
        assert {spot.field_mm2 for spot in found.hotspots} == {area}
        assert [s.field_mm2 for s in found.ladder if s.rank == 1] == [a for a in LADDER_MM2 if a != area]
        best = {spot.field_mm2: spot.vessels for spot in (*found.hotspots, *found.ladder) if spot.rank == 1}
        assert sorted(best.values()) == [best[area] for area in sorted(best)]


@pytest.mark.parametrize("hotspot", [{"ladder": False}, {"shape": "square"}, {"field_mm2": 0.196}])
def test_chalkley_is_counted_in_circles_of_its_own_whatever_the_field(hotspot: dict[str, object]) -> None:
    found = measured(scattered(150), nulls=0, **hotspot)
    assert [(s.field_mm2, s.shape, s.rank) for s in found.chalkley_spots] == [
        (0.196, "circle", rank) for rank in (1, 2, 3)
    ]
    assert found.chalkley_mean3 == pytest.approx(np.mean([count.hits for count in found.chalkley]))
    assert [spot.chalkley for spot in found.chalkley_spots] == [count.hits for count in found.chalkley]


def test_without_patterns_there_is_no_p() -> None:
    found = measured(scattered(100), nulls=0)
    assert found.expected_max is None
    assert found.ripley is None
    assert {spot.p for spot in found.hotspots} == {None}


def test_no_vessel_and_one() -> None:
    none, one = measured(np.empty((0, 2))), measured(np.array([[1000.0, 1000.0]]))
    assert none.hotspots == none.ladder == none.chalkley == ()
    assert none.distance.far_fraction == (1.0, 1.0, 1.0)
    assert none.interval_per_mm2 == (0.0, 0.0)
    assert one.hotspots[0].p == 1.0
    assert one.nearest.mean_um is None
    assert one.chalkley_mean3 is None
