"""The slide's row of summary.csv against sums by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mvd import __version__
from mvd.hotspots import Hotspot
from mvd.measures import Measures, Place, measure
from mvd.result import SUMMARY_COLUMNS, VESSEL_COLUMNS, Cell
from mvd.settings import Settings
from mvd.slide.base import SlideInfo
from mvd.stain import Stain, StainMatrix
from mvd.summary import summarize
from mvd.tissue import Tissue
from mvd.vessels import Outline, Vessels

INFO = SlideInfo(Path("slide.svs"), (4000, 4000), 0.25, "aperio", 40.0, "aperio", ((4000, 4000),))
SETTINGS = Settings.from_mapping({"hotspot": {"field_mm2": 0.5}})
VALUES = {  # of the vessels in the order of the table; the third is not counted
    "counted": [True, True, False, True],
    "filled_area_um2": [100.0, 300.0, 9000.0, 200.0],
    "lumen_area_um2": [0.0, 120.0, 8000.0, 60.0],
    "area_um2": [100.0, 180.0, 1000.0, 140.0],
    "perimeter_um": [40.0, 70.0, 400.0, 55.0],
    "solidity": [0.9, 0.95, 0.5, 0.85],
}


def vessels(rows: int) -> Vessels:
    types = {"int": "int64", "float": "float64", "bool": "bool", "text": "object"}
    kinds = {column.name: types[column.kind] for column in VESSEL_COLUMNS[1:]}
    table = pd.DataFrame({name: np.zeros(4) for name in kinds}).assign(**VALUES).iloc[:rows].astype(kinds)
    return Vessels(table, (Outline((), ()),) * rows)


def tissue() -> Tissue:
    mask = np.zeros((100, 100), bool)
    mask[10:60, 20:70] = True  # 50 x 50 px of 8 um: 0.16 mm2
    return Tissue(mask, ~mask, 8.0, (240.0, 240.0, 240.0), "background")


def spots(counts: list[int]) -> tuple[Hotspot, ...]:
    return tuple(Hotspot(k + 1, 0.5, 0.0, 0.0, 398.942, n, 1.0) for k, n in enumerate(counts))


def measures_of(found: Vessels, hotspots: tuple[Hotspot, ...]) -> Measures:
    """Measures of these vessels with hot spots made up."""
    stain = Stain((240.0, 240.0, 240.0), StainMatrix(np.eye(3), "preset", 0.0), 0.1, 0.1, 0.2, 0.3)
    few = SETTINGS.model_copy(update={"hotspot": SETTINGS.hotspot.model_copy(update={"nulls": 0})})
    measured = measure(Place(found, tissue(), found.outlines, stain, np.empty((0, 4))), few)
    return replace(measured, hotspots=hotspots)


def row_of(rows: int = 4, counts: list[int] | None = None) -> dict[str, Cell]:
    found = spots([3, 2, 1] if counts is None else counts)
    measures = measures_of(vessels(rows), found)
    return dict(summarize(INFO, 0.5, tissue(), vessels(rows), measures, SETTINGS))


def test_the_row_has_every_column_of_the_contract() -> None:
    assert set(row_of()) == {column.name for column in SUMMARY_COLUMNS} - {"slide_id", "slide"}


def test_counts_and_fractions_are_those_of_the_counted_vessels() -> None:
    row = row_of()
    assert row["status"] == "ok"
    assert (row["candidates"], row["vessels"]) == (4, 3)
    assert row["tissue_area_mm2"] == pytest.approx(0.16)
    assert row["mvd_tissue_per_mm2"] == pytest.approx(3 / 0.16)
    assert row["vessel_area_fraction"] == pytest.approx(600 / 160_000)
    assert row["lumen_area_fraction"] == pytest.approx(180 / 160_000)
    assert row["mean_vessel_area_um2"] == pytest.approx(140)
    assert row["mean_perimeter_um"] == pytest.approx(55)
    assert row["mean_solidity"] == pytest.approx(0.9)


def test_where_it_came_from() -> None:
    row = row_of()
    assert (row["mpp"], row["mpp_source"], row["analysis_mpp"]) == (0.25, "aperio", 0.5)
    assert row["settings_fingerprint"] == SETTINGS.fingerprint
    assert row["mvd_version"] == __version__
    assert row["reviewed"] is False
    assert row["invalid_area_fraction"] == 0


@pytest.mark.parametrize("count", range(12))
def test_a_mean_of_hot_spots_that_do_not_exist_is_not_given(count: int) -> None:
    counts = list(range(20, 20 - count, -1))
    row = row_of(counts=counts)
    assert row["hotspot_field_mm2"] == 0.5
    assert row["hotspot_max_vessels"] == (
        counts[0] if counts else None
    )  # there are vessels, but no field fits
    assert row["hotspot_max_per_mm2"] == (pytest.approx(counts[0] / 0.5) if counts else None)
    for most in (3, 5, 10):
        mean = row[f"hotspot_mean{most}_per_mm2"]
        if count < most:
            assert mean is None
        else:
            assert mean == pytest.approx(np.mean(counts[:most]) / 0.5)


def test_without_a_vessel_the_density_is_zero_and_means_are_missing() -> None:
    uncounted = vessels_not_counted()
    measures = measures_of(uncounted, ())
    for row in (row_of(0, []), dict(summarize(INFO, 0.5, tissue(), uncounted, measures, SETTINGS))):
        assert row["status"] == "empty"
        assert row["mvd_tissue_per_mm2"] == row["vessel_area_fraction"] == row["lumen_area_fraction"] == 0
        assert row["hotspot_max_vessels"] == 0
        assert row["mean_vessel_area_um2"] is None
        assert row["mean_perimeter_um"] is None
        assert row["mean_solidity"] is None


def vessels_not_counted() -> Vessels:
    found = vessels(4)
    return Vessels(found.table.assign(counted=False), found.outlines)
