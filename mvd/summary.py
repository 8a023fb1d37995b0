"""Tissue, vessels and hot spots -> the slide's row of summary.csv.

Columns that do not apply are None, never a guess: a mean of three hot spots where only two exist is not given.
"""

from collections.abc import Mapping

from mvd import __version__
from mvd.hotspots import Hotspot
from mvd.measures import Measures
from mvd.result import SUMMARY_COLUMNS, Cell
from mvd.settings import Settings
from mvd.slide.base import SlideInfo
from mvd.tissue import Tissue
from mvd.vessels import Vessels


def summarize(
    info: SlideInfo,
    analysis_mpp: float,
    tissue: Tissue,
    vessels: Vessels,
    measures: Measures,
    settings: Settings,
) -> Mapping[str, Cell]:
    """Sum up one slide, or one region of it: every column of ``SUMMARY_COLUMNS`` but ``slide_id`` and ``slide``."""
    counted = vessels.counted
    area_mm2 = tissue.area_mm2
    row: dict[str, Cell] = {column.name: None for column in SUMMARY_COLUMNS[2:]}
    row |= {
        "status": "ok" if len(counted) else "empty",
        "mpp": info.mpp,
        "mpp_source": info.mpp_source,
        "analysis_mpp": analysis_mpp,
        "tissue_area_mm2": area_mm2,
        "invalid_area_fraction": tissue.invalid_fraction,
        "candidates": len(vessels.table),
        "vessels": len(counted),
        "mvd_tissue_per_mm2": _over(len(counted), area_mm2),
        "vessel_area_fraction": _over(float(counted["filled_area_um2"].sum()) / 1e6, area_mm2),
        "lumen_area_fraction": _over(float(counted["lumen_area_um2"].sum()) / 1e6, area_mm2),
        "reviewed": False,
        "settings_fingerprint": settings.fingerprint,
        "mvd_version": __version__,
    }
    return (
        row
        | _hotspot_cells(measures.hotspots, settings, none=None if len(counted) else 0)
        | _vessel_means(vessels)
        | _chance_cells(measures)
        | (_space_cells(measures) if area_mm2 > 0 else {})
    )


def _over(amount: float, area_mm2: float) -> float | None:
    """Amount / tissue area; None for a region without tissue."""
    return amount / area_mm2 if area_mm2 > 0 else None


def _hotspot_cells(hotspots: tuple[Hotspot, ...], settings: Settings, *, none: int | None) -> dict[str, Cell]:
    """Without a hot spot the count is ``none``: 0 without vessels, missing where no field fits into the tissue."""
    densities = [hotspot.vessels_per_mm2 for hotspot in hotspots]
    cells: dict[str, Cell] = {
        "hotspot_field_mm2": settings.hotspot.field_mm2,
        "hotspot_max_vessels": hotspots[0].vessels if hotspots else none,
        "hotspot_max_per_mm2": densities[0] if hotspots else none,
    }
    for count in (3, 5, 10):
        cells[f"hotspot_mean{count}_per_mm2"] = (
            sum(densities[:count]) / count if len(densities) >= count else None
        )
    return cells


def _chance_cells(measures: Measures) -> dict[str, Cell]:
    low, high = measures.interval_per_mm2 or (None, None)
    return {
        "hotspot_expected_max_vessels": measures.expected_max if measures.hotspots else None,
        "hotspot_p": measures.hotspots[0].p if measures.hotspots else None,
        "ripley_p": measures.ripley.p if measures.ripley else None,
        "chalkley_mean3": measures.chalkley_mean3,
        "mvd_low_per_mm2": low,
        "mvd_high_per_mm2": high,
    }


def _space_cells(measures: Measures) -> dict[str, Cell]:
    far50, far100, far150 = measures.distance.far_fraction
    return {
        "nearest_neighbour_um": measures.nearest.mean_um,
        "clark_evans": measures.nearest.clark_evans,
        "far_tissue_fraction": far100,
        "far50_tissue_fraction": far50,
        "far150_tissue_fraction": far150,
        "sampled_mvd_per_mm2": measures.sample.mean_per_mm2,
        "sampled_mvd_ce": measures.sample.error_of_fields,
    }


def _vessel_means(vessels: Vessels) -> dict[str, Cell]:
    counted = vessels.counted
    if counted.empty:
        return {}
    return {
        "mean_vessel_area_um2": float(counted["area_um2"].mean()),
        "mean_perimeter_um": float(counted["perimeter_um"].mean()),
        "mean_solidity": float(counted["solidity"].mean()),
    }
