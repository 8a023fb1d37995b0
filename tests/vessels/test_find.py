"""The vessel table: its columns and order, the rules with their reasons, and positions from drawn truth."""

from dataclasses import replace

import numpy as np
import pytest
from drawn import MPP, NO_STAIN, Inside, components_of, disc, drawn, ring, together, walls_of, wedge, without

from mvd.result import BY_HAND_COLUMNS, VESSEL_COLUMNS
from mvd.runs import ROW, START, STOP, Components
from mvd.segment import SKIRT, WALL
from mvd.settings import VesselSettings
from mvd.stain import Stain, StainMatrix
from mvd.tissue import Tissue
from mvd.vessels import Vessels, find_vessels
from mvd.vessels import crops as crops_module

SHAPE = (260, 300)
VESSEL = VesselSettings()
STAIN = Stain((240.0, 240.0, 240.0), StainMatrix(np.eye(3), "preset", 0.0), 0.02, 0.05, 0.1, 0.2)
FULL = np.ones((40, 40), bool)
TISSUE = Tissue(FULL, ~FULL, 8.0, (240.0, 240.0, 240.0), "background")
BROKEN = without(ring(60, 200, 24, 18), wedge(60, 200, 0.4, 5), wedge(60, 200, 2.9, 5))
TOUCHING = without(together(disc(200, 61, 20), disc(200, 99, 20)), disc(200, 61, 14), disc(200, 99, 14))
SCENE = together(disc(50.4, 60.7, 14), BROKEN, TOUCHING, disc(150, 250, 3), ring(200, 220, 30, 24))


def vessels_of(components: Components, settings: VesselSettings = VESSEL, stain: Stain = STAIN) -> Vessels:
    return find_vessels(components, TISSUE, stain, settings, MPP)


def scene() -> Vessels:
    return vessels_of(walls_of(SCENE, SHAPE))


def coloured(components: Components, hematoxylin_od: float = 0.0, residual_od: float = 0.0) -> Components:
    return replace(
        components,
        hematoxylin_sum=np.rint(components.area_px * hematoxylin_od * 1000).astype(np.int64),
        residual_sum=np.rint(components.area_px * residual_od * 1000).astype(np.int64),
    )


def shifted(components: Components, down: int, right: int) -> Components:
    runs, boxes = components.runs.copy(), components.boxes + np.array([down, right, down, right], np.int32)
    runs[:, ROW] += down
    runs[:, [START, STOP]] += right
    return replace(components, runs=runs, boxes=boxes)


def test_the_table_has_the_columns_of_the_contract_in_order() -> None:
    vessels = scene()
    assert vessels.table.columns.tolist() == [
        column.name for column in VESSEL_COLUMNS[1 : -len(BY_HAND_COLUMNS)]
    ]
    assert vessels.table["vessel_id"].tolist() == list(range(1, len(vessels.table) + 1))
    assert vessels.table["y_um"].is_monotonic_increasing
    assert len(vessels.outlines) == len(vessels.table)
    assert not vessels.table.isna().any(axis=None)


def test_every_profile_has_its_reason() -> None:
    table = scene().table
    assert sorted(table["reason"]) == ["merged", "ok", "ok", "split", "split", "too_small"]
    assert table["counted"].tolist() == (table["reason"] != "too_small").tolist()
    assert table.set_index("reason")["parts"]["merged"] == 2


def test_positions_and_areas_are_those_drawn() -> None:
    table = scene().table
    expected = {  # x, y, radius of the filled vessel, of its lumen; px
        "solid": (60.7, 50.4, 14, 0),
        "broken": (200, 60, 24, 18),
        "left": (61, 200, 20, 14),
        "right": (99, 200, 20, 14),
        "speck": (250, 150, 3, 0),
        "ring": (220, 200, 30, 24),
    }
    for name, (x, y, outer, inner) in expected.items():
        away = np.hypot(table["x_um"] - x * MPP, table["y_um"] - y * MPP)
        row = table.loc[away.idxmin()]
        # A cut takes the neck of the other ring with it.
        assert away.min() < (0.6 if row["reason"] == "split" else 0.12), name
        assert row["filled_area_um2"] == pytest.approx(np.pi * (outer * MPP) ** 2, rel=0.08, abs=1.5), name
        assert row["filled_area_um2"] == pytest.approx(row["area_um2"] + row["lumen_area_um2"]), name
        assert (row["lumen_area_um2"] > 0) == (inner > 0), name
        assert row["mean_dab_od"] == row["max_dab_od"] == pytest.approx(0.6)


def test_outlines_lie_round_their_vessels() -> None:
    vessels = scene()
    for (_, row), outline in zip(vessels.table.iterrows(), vessels.outlines, strict=True):
        points = np.concatenate(outline.outer)
        centre = (points.min(axis=0) + points.max(axis=0)) / 2
        assert centre == pytest.approx(row[["x_um", "y_um"]].to_numpy(float), abs=1.5)
        assert np.ptp(points, axis=0).max() <= row["max_feret_um"] + 1e-6
        assert bool(outline.lumens) == (row["lumen_area_um2"] > 0)


def test_nothing_gives_an_empty_table_of_the_same_types() -> None:
    empty, full = vessels_of(components_of(np.zeros(SHAPE, np.uint8))), scene()
    assert len(empty.table) == 0
    assert len(empty.outlines) == 0
    assert empty.table.dtypes.equals(full.table.dtypes)


@pytest.mark.parametrize(("down", "right"), [(1, 0), (0, 7), (1000, 3000), (20_000, 50_000)])
def test_a_shift_on_the_slide_shifts_the_table(down: int, right: int) -> None:
    components = walls_of(SCENE, SHAPE)
    here, there = vessels_of(components).table, vessels_of(shifted(components, down, right)).table
    assert there["x_um"].to_numpy() - right * MPP == pytest.approx(here["x_um"].to_numpy(), abs=0.0011)
    assert there["y_um"].to_numpy() - down * MPP == pytest.approx(here["y_um"].to_numpy(), abs=0.0011)
    others = [name for name in here if name not in ("x_um", "y_um")]
    assert here[others].equals(there[others])


@pytest.mark.parametrize("radius_um", [2.0, 2.4, 2.7, 4.0])
def test_small_profiles_are_not_counted_by_their_filled_area(radius_um: float) -> None:
    table = vessels_of(walls_of(disc(50.3, 50.8, radius_um / MPP), SHAPE)).table
    too_small = table["filled_area_um2"].item() < VESSEL.min_area_um2
    assert table["reason"].tolist() == ["too_small" if too_small else "ok"]
    assert too_small == (np.pi * radius_um**2 < VESSEL.min_area_um2)


@pytest.mark.parametrize(("wall_um", "reason"), [(12, "ok"), (18, "thick_wall")])
def test_a_thick_wall_is_not_counted(wall_um: float, reason: str) -> None:
    lumen = 16.0
    found = vessels_of(walls_of(ring(130, 140, lumen + wall_um / MPP, lumen), SHAPE)).table
    assert found["wall_um"].item() == pytest.approx(wall_um, rel=0.05)
    assert found["reason"].tolist() == [reason]
    assert found["counted"].tolist() == [reason == "ok"]


def test_a_small_ring_counts_with_its_lumen() -> None:
    table = vessels_of(walls_of(ring(50, 50, 6, 4.2), SHAPE)).table
    assert table["area_um2"].item() < VESSEL.min_area_um2 < table["filled_area_um2"].item()
    assert table["reason"].tolist() == ["ok"]


@pytest.mark.parametrize("hematoxylin_od", [0.8, 1.5])
def test_black_pigment_is_not_dab(hematoxylin_od: float) -> None:
    found = vessels_of(coloured(walls_of(SCENE, SHAPE), hematoxylin_od=hematoxylin_od)).table
    assert set(found["reason"]) == {"not_dab"}
    assert not found["counted"].any()


@pytest.mark.parametrize("residual_od", [0.6, -0.6])
def test_a_third_colour_is_not_dab(residual_od: float) -> None:
    found = vessels_of(coloured(walls_of(SCENE, SHAPE), residual_od=residual_od)).table
    assert set(found["reason"]) == {"not_dab"}


def test_the_counterstain_of_the_tissue_itself_is_no_pigment() -> None:
    pale = coloured(walls_of(SCENE, SHAPE), hematoxylin_od=STAIN.background_hematoxylin_od)
    assert "not_dab" not in set(vessels_of(pale).table["reason"])


def test_what_is_not_brown_is_neither_joined_nor_split() -> None:
    black = coloured(walls_of(together(BROKEN, TOUCHING), SHAPE), hematoxylin_od=1.5)
    found = vessels_of(black).table
    assert len(found) == len(black)
    assert set(found["parts"]) == {1}


def test_pigment_beside_a_broken_ring_is_not_joined_to_it() -> None:
    components = walls_of(together(BROKEN, disc(60, 200, 7)), SHAPE)
    assert len(components) == 3
    pigment = components.area_px.argmin()
    sums = np.where(np.arange(3) == pigment, components.area_px * 1500, 0)
    found = vessels_of(replace(components, hematoxylin_sum=sums)).table
    assert sorted(found["reason"]) == ["merged", "not_dab"]


def test_higher_rules_never_count_more() -> None:
    components = walls_of(SCENE, SHAPE)
    counts = [
        int(vessels_of(components, VesselSettings(min_area_um2=least)).table["counted"].sum())
        for least in (0, 20, 200, 400, 600, 10_000)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == len(vessels_of(components).table)
    assert counts[-1] == 0


def test_every_candidate_stays_in_the_table() -> None:
    for least in (0, 10_000):
        assert len(vessels_of(walls_of(SCENE, SHAPE), VesselSettings(min_area_um2=least)).table) == 6


def test_od_is_measured_on_the_wall() -> None:
    shape: Inside = ring(100, 100, 30, 20)
    mask = drawn(shape, SHAPE) * SKIRT + drawn(ring(100, 100, 27, 23), SHAPE) * (WALL - SKIRT)
    found = vessels_of(components_of(mask, dab_od=0.7)).table
    assert found["area_um2"].item() == pytest.approx(np.pi * (27**2 - 23**2) * MPP**2, rel=0.03)
    assert found["mean_dab_od"].item() == pytest.approx(0.7)


def test_a_giant_is_measured_coarser_but_right(monkeypatch: pytest.MonkeyPatch) -> None:
    components = walls_of(disc(130, 140, 110), SHAPE)
    fine = vessels_of(components).table.iloc[0]
    monkeypatch.setattr(crops_module, "MOST_CROP_PX", 9000)
    coarse = vessels_of(components).table.iloc[0]
    for name in ("filled_area_um2", "perimeter_um", "max_feret_um"):
        assert coarse[name] == pytest.approx(fine[name], rel=0.06), name
    assert coarse[["x_um", "y_um"]].to_numpy(float) == pytest.approx(
        fine[["x_um", "y_um"]].to_numpy(float), abs=3 * MPP
    )


def test_threads_change_nothing() -> None:
    components = components_of(np.tile(drawn(disc(11, 11, 6.2), (22, 22)) * WALL, (12, 13)))
    assert len(components) > 128, "more neighbourhoods than one thread is given at once"
    settings = VesselSettings(join_gap_um=1)
    one, three = (
        find_vessels(components, TISSUE, STAIN, settings, MPP, workers=workers) for workers in (1, 3)
    )
    assert one.table.equals(three.table)
    for mine, other in zip(one.outlines, three.outlines, strict=True):
        np.testing.assert_array_equal(mine.outer[0], other.outer[0])


def test_the_drawing_has_no_stain_but_dab() -> None:
    components = walls_of(SCENE, SHAPE)
    assert not NO_STAIN.any()
    assert not components.hematoxylin_sum.any()
    assert not components.residual_sum.any()
