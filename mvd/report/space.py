"""Measures -> what slide.json says of space and chance beyond the tables."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvd.measures import Measures


def space_json(measures: Measures) -> dict[str, Any]:
    """Return plain numbers, rounded as tables are."""
    sample, ripley, nearest = measures.sample, measures.ripley, measures.nearest
    return {
        "density_map": {"bandwidth_um": measures.density.bandwidth_um, "mpp": round(measures.density.mpp, 6)},
        "far_tissue": dict(
            zip(("50_um", "100_um", "150_um"), _rounded(measures.distance.far_fraction, 6), strict=True)
        ),
        "nearest_neighbour": {
            "mean_um": _number(nearest.mean_um, 3),
            "uncorrected_um": _number(nearest.uncorrected_um, 3),
            "clark_evans": _number(nearest.clark_evans, 4),
            "vessels_used": nearest.used,
        },
        "ripley": None
        if ripley is None
        else {
            "p": ripley.p,
            **{
                name: _rounded(getattr(ripley, name), 3)
                for name in ("radii_um", "l_um", "expected_um", "low_um", "high_um")
            },
        },
        "systematic_fields": {
            "fields": len(sample.vessels),
            "side_um": round(sample.side_um, 3),
            "step_um": round(sample.step_um, 3),
            "vessels": int(sample.vessels.sum()),
            "mean_per_mm2": _number(sample.mean_per_mm2, 3),
            "error_of_fields": _number(sample.error_of_fields, 6),
            "error_gundersen": _number(sample.error_gundersen, 6),
        },
        "chalkley": [
            {
                "x_um": count.x_um,
                "y_um": count.y_um,
                "hits": count.hits,
                "turned_deg": round(float(np.rad2deg(count.angle_rad)), 3),
            }
            for count in measures.chalkley
        ],
    }


def _number(value: float | None, decimals: int) -> float | None:
    return None if value is None else round(float(value), decimals)


def _rounded(values: NDArray[np.float64] | tuple[float, ...], decimals: int) -> list[float]:
    return [round(float(value), decimals) for value in values]
