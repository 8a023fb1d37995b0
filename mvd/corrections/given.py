"""What a caller gives -> what the file of corrections has: points in whole 0.001 um, names, the time."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from mvd.corrections.model import Reader
from mvd.errors import CorrectionsError
from mvd.hotspots import Hotspot

Polygon = Sequence[Any]
_READER: TypeAdapter[str] = TypeAdapter(Reader)


def hotspot_given(hotspot: Hotspot, kind: str) -> dict[str, Any]:
    """Return the field of a hot spot and its centre."""
    field = {"field_mm2": hotspot.field_mm2, "shape": hotspot.shape}
    return {"kind": kind, **field, "old": (hotspot.x_um, hotspot.y_um)}


def reader_given(reader: str) -> str:
    """Return a reader's name if it is one; ``CorrectionsError`` else."""
    try:
        return _READER.validate_python(reader.strip())
    except (ValidationError, AttributeError):
        raise CorrectionsError(
            "the reader's name: give initials or a short name (letters, digits, spaces, points, hyphens; 32 at most)"
        ) from None


def moment() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def points_given(points: Sequence[Sequence[float]]) -> tuple[tuple[float, float], ...]:
    """Points in whole 0.001 um, as the file has them."""
    try:
        rounded = np.round(np.asarray(points, np.float64).reshape(-1, 2), 3) + 0.0
    except (ValueError, TypeError):
        raise CorrectionsError("points are pairs of numbers, x and y in um") from None
    if not np.isfinite(rounded).all():
        raise CorrectionsError("points are pairs of finite numbers, x and y in um")
    return tuple((x, y) for x, y in rounded.tolist())


def polygon_given(polygon: Polygon) -> tuple[tuple[tuple[float, float], ...], ...]:
    """Return the rings of a polygon, not closed, as the file has them."""
    rings = [points_given(ring) for ring in polygon]
    return tuple(ring[:-1] if len(ring) > 3 and ring[0] == ring[-1] else ring for ring in rings)


def point_given(point: Sequence[float] | None) -> tuple[float, float]:
    """Return one point as the file has it."""
    points = points_given([point]) if point is not None else ()
    if len(points) != 1:
        raise CorrectionsError("give a polygon, or a point with x and y in um")
    return points[0]
