"""Wide lumens: empty ones make a vessel too wide to count, tissue within a ring of vessels does not."""

import numpy as np
import pytest
from drawn import MPP, Inside, disc, ring, together, walls_of

from mvd.settings import VesselSettings
from mvd.stain import Stain, StainMatrix
from mvd.tissue import Tissue
from mvd.vessels import Vessels, find_vessels

SIDE = 320  # px: 160 um
COARSE = 4  # px of the level per px of the tissue mask
WIDE = ring(160, 160, 72, 64)  # lumen 64 um across
NARROW = ring(160, 160, 50, 44)  # lumen 44 um across
STAIN = Stain((240.0, 240.0, 240.0), StainMatrix(np.eye(3), "preset", 0.0), 0.0, 0.0, 0.1, 0.2)


def tissue_with(bare: np.ndarray) -> Tissue:
    return Tissue(np.ones_like(bare), bare, MPP * COARSE, (240.0, 240.0, 240.0), "background")


def bare_within(radius_px: float) -> Tissue:
    y, x = (np.indices((SIDE // COARSE, SIDE // COARSE)) + 0.5) * COARSE
    return tissue_with(np.hypot(y - 160, x - 160) <= radius_px)


def vessels_of(shape: Inside, tissue: Tissue, **settings: float) -> Vessels:
    return find_vessels(walls_of(shape, (SIDE, SIDE)), tissue, STAIN, VesselSettings(**settings), MPP)


def test_an_empty_wide_lumen_is_too_wide() -> None:
    found = vessels_of(WIDE, bare_within(64)).table
    assert found["reason"].tolist() == ["lumen_too_wide"]
    assert found["counted"].tolist() == [False]
    assert found["lumen_width_um"].item() == pytest.approx(64, rel=0.03)
    assert found["lumen_area_um2"].item() == pytest.approx(np.pi * 32**2, rel=0.02)


def test_the_same_ring_round_tissue_is_not() -> None:
    vessels = vessels_of(WIDE, bare_within(0))
    found = vessels.table
    assert "lumen_too_wide" not in found["reason"].tolist()
    assert found["lumen_area_um2"].item() < 0.05 * np.pi * 32**2, "tissue is no lumen"
    assert found["filled_area_um2"].item() == pytest.approx(np.pi * (36**2 - 32**2), rel=0.03)


def test_a_narrower_lumen_is_one_without_further_question() -> None:
    for tissue in (bare_within(0), bare_within(64)):
        found = vessels_of(NARROW, tissue).table
        assert found["reason"].tolist() == ["ok"]
        assert found["lumen_area_um2"].item() == pytest.approx(np.pi * 22**2, rel=0.02)


def test_the_width_is_a_setting() -> None:
    assert vessels_of(NARROW, bare_within(64), max_lumen_width_um=40).table["reason"].tolist() == [
        "lumen_too_wide"
    ]
    assert vessels_of(WIDE, bare_within(64), max_lumen_width_um=70).table["reason"].tolist() == ["ok"]


def test_red_cells_and_scraps_in_a_wide_lumen_are_not_counted() -> None:
    scraps = [disc(140, 150, 8), ring(180, 175, 12, 7)]
    outside = disc(30, 30, 10)
    found = vessels_of(together(WIDE, *scraps, outside), bare_within(64)).table
    assert len(found) == 4
    assert found["counted"].sum() == 1
    counted = found[found["counted"]]
    assert counted[["x_um", "y_um"]].to_numpy() == pytest.approx(np.array([[15, 15]]), abs=0.3)
    inside = np.hypot(found["x_um"] - 80, found["y_um"] - 80) < 35
    assert inside.sum() == 3
    assert set(found.loc[inside, "reason"]) == {"lumen_too_wide"}


def test_vessels_in_tissue_that_vessels_surround_are_counted() -> None:
    found = vessels_of(together(WIDE, disc(140, 150, 8), disc(180, 175, 8)), bare_within(0)).table
    assert found["counted"].sum() >= 2
    near = np.hypot(found["x_um"] - 80, found["y_um"] - 80).between(5, 20)
    assert found.loc[near, "counted"].all()


def test_a_lumen_partly_full_of_serum_is_still_one() -> None:
    two_thirds = bare_within(64 * np.sqrt(0.67))
    one_third = bare_within(64 * np.sqrt(0.33))
    assert vessels_of(WIDE, two_thirds).table["reason"].tolist() == ["lumen_too_wide"]
    assert "lumen_too_wide" not in vessels_of(WIDE, one_third).table["reason"].tolist()


def test_a_wide_lumen_at_the_slides_edge_is_looked_up_there() -> None:
    cut = ring(0, 160, 72, 64)
    base = ring(160, 160, 72, 64)
    y, x = (np.indices((SIDE // COARSE, SIDE // COARSE)) + 0.5) * COARSE
    tissue = tissue_with((np.hypot(y, x - 160) <= 64) | (np.hypot(y - 160, x - 160) <= 64))
    found = vessels_of(together(cut, base), tissue).table
    assert len(found) >= 1
    assert "lumen_too_wide" in found["reason"].tolist()
