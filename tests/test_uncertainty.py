"""The interval of the density: by hand, its order, and that larger errors widen it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from circles import NO_TISSUE

from mvd.settings import Settings
from mvd.stain import Stain, StainMatrix
from mvd.uncertainty import Perturbation, density_interval

RULES = Settings().vessel
VECTORS = np.array([[0.651, 0.701, 0.290], [0.269, 0.568, 0.778], [0.0, 0.0, 0.0]])
VECTORS[2] = np.cross(VECTORS[0], VECTORS[1])
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
STAIN = Stain((240.0, 240.0, 240.0), StainMatrix(VECTORS, "preset", 0.0), 0.1, 0.2, 0.2, 0.3)
TISSUE = replace(NO_TISSUE, mask=np.ones((250, 250), np.bool_))  # 4 mm2
NOTHING = Perturbation(0.0, 0.0, 0.0)


def candidates(rows: int = 300, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "max_dab_od": rng.uniform(0.301, 0.9, rows),
            "mean_dab_od": rng.uniform(0.22, 0.5, rows),
            "hematoxylin_od": rng.uniform(0.0, 0.5, rows),
            "residual_od": rng.normal(0, 0.03, rows),
            "filled_area_um2": rng.uniform(5, 80, rows),
            "lumen_width_um": rng.uniform(0, 55, rows),
            "wall_um": rng.uniform(1, 16, rows),
        }
    )
    foreign = table["hematoxylin_od"] - 0.2 + RULES.residual_weight * table["residual_od"].abs()
    reason = np.full(rows, "ok", object)
    reason[table["wall_um"] > RULES.max_wall_um] = "thick_wall"
    reason[table["lumen_width_um"] > RULES.max_lumen_width_um] = "lumen_too_wide"
    reason[table["filled_area_um2"] < RULES.min_area_um2] = "too_small"
    reason[foreign > RULES.max_foreign_part * (table["mean_dab_od"] - 0.1)] = "not_dab"
    return table.assign(reason=reason, counted=reason == "ok")


def interval(table: pd.DataFrame, by: Perturbation) -> tuple[float, float]:
    found = density_interval(table, TISSUE, STAIN, RULES, by)
    assert found is not None
    return found


def test_without_errors_it_is_the_density() -> None:
    table = candidates()
    density = table["counted"].sum() / TISSUE.area_mm2
    assert interval(table, NOTHING) == pytest.approx((density, density))


@pytest.mark.parametrize("name", ["threshold_part", "stain_deg", "mpp_part"])
def test_larger_errors_widen_it(name: str) -> None:
    for seed in range(10):
        table = candidates(seed=seed)
        density = table["counted"].sum() / TISSUE.area_mm2
        largest = {"threshold_part": 0.5, "stain_deg": 8.0, "mpp_part": 0.05}[name]
        low, high = density, density
        for size in np.linspace(0, largest, 6):
            now_low, now_high = interval(table, replace(NOTHING, **{name: float(size)}))
            assert now_low <= low + 1e-9 <= density + 2e-9 <= high + 3e-9 <= now_high + 4e-9
            low, high = now_low, now_high
        assert low < density < high


def test_the_threshold_by_hand() -> None:
    table = candidates().query("counted").head(20).assign(max_dab_od=0.8)
    table.iloc[:3, table.columns.get_loc("max_dab_od")] = [0.31, 0.319, 0.321]  # 10 % more is 0.32
    by = replace(NOTHING, threshold_part=0.1)
    assert interval(table, by) == pytest.approx((18 / TISSUE.area_mm2, 22 / TISSUE.area_mm2))


def test_the_pixel_size_by_hand() -> None:
    table = (
        candidates(900)
        .query("counted")
        .head(60)
        .assign(filled_area_um2=50.0, wall_um=3.0, lumen_width_um=5.0)
    )
    by = replace(NOTHING, mpp_part=0.02)
    density = 60 / TISSUE.area_mm2
    assert interval(table, by) == pytest.approx((density / 1.02**2, density / 0.98**2))
    table.iloc[0, table.columns.get_loc("filled_area_um2")] = 20.5  # below 20 with pixels 2 % smaller
    assert interval(table, by)[1] == pytest.approx(59 / TISSUE.area_mm2 / 0.98**2)


def test_the_three_are_added_as_independent_errors() -> None:
    table = candidates()
    density = table["counted"].sum() / TISSUE.area_mm2
    by = Perturbation()
    falls = [
        density - interval(table, replace(NOTHING, **{name: getattr(by, name)}))[0]
        for name in ("threshold_part", "stain_deg", "mpp_part")
    ]
    assert interval(table, by)[0] == pytest.approx(density - np.hypot(np.hypot(*falls[:2]), falls[2]))


def test_without_vessels_it_begins_at_nought_and_without_tissue_there_is_none() -> None:
    table = candidates().assign(counted=False, reason="not_dab")
    assert interval(table, Perturbation())[0] == 0
    assert interval(table.iloc[:0], Perturbation()) == (0.0, 0.0)
    assert density_interval(table, NO_TISSUE, STAIN, RULES) is None
