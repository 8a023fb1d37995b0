"""Densities of a cohort -> the places of a strip plot: a dot a slide with its interval, none upon another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mvd.report.page.folder import Row
from mvd.report.page.histogram import Tick, nice

WIDTH = 1000
_LEFT, _RIGHT, _TOP, _BOTTOM = 20, 20, 14, 44
_ROW = 13.0  # between two dots, one above the other
_APART = 12.0
_LEAST_ROWS = 3
_TALLEST = 280.0


@dataclass(frozen=True)
class Dot:
    """A slide: where its dot and the ends of its interval lie, and what it says."""

    slide_id: str
    x: float
    y: float
    low_x: float
    high_x: float
    words: str
    is_odd: bool


@dataclass(frozen=True)
class Strip:
    """The whole plot."""

    dots: list[Dot]
    ticks: list[Tick]
    height: float
    median_x: float
    median: float
    failed: int


def strip(rows: Sequence[Row], names: Mapping[str, str], odd: Mapping[str, object]) -> Strip | None:
    """Place the slides that have a density; None if there is none.

    Parameters
    ----------
    rows : sequence of mapping
        Of summary.csv.
    names : mapping
        Slide id -> name to be shown.
    odd : mapping
        Slide ids that need a look.
    """
    known = [row for row in rows if row["mvd_tissue_per_mm2"] is not None]
    if not known:
        return None
    densities = [float(row["mvd_tissue_per_mm2"] or 0) for row in known]
    highest = max([*densities, *(float(row["mvd_high_per_mm2"] or 0) for row in known)])
    end = nice(max(highest, 1.0))

    def x(density: float) -> float:
        return round(_LEFT + density / end * (WIDTH - _LEFT - _RIGHT), 1)

    levels = _levels([x(density) for density in densities])
    rows_needed = max(max(levels) - min(levels) + 1, _LEAST_ROWS)
    between = min(_ROW, _TALLEST / rows_needed)  # hundreds of one density lie closer
    height = _TOP + _BOTTOM + between * rows_needed
    middle = _TOP + (height - _TOP - _BOTTOM) / 2 - (max(levels) + min(levels)) / 2 * between
    dots = []
    for row, density, level in zip(known, densities, levels, strict=True):
        key = str(row["slide_id"])
        ends = [row["mvd_low_per_mm2"], row["mvd_high_per_mm2"]]
        low, high = (density if value is None else float(value) for value in ends)
        words = f"{names[key]}: {density:.1f} vessels per mm² ({low:.1f} to {high:.1f})"
        dots.append(
            Dot(key, x(density), round(middle + level * between, 1), x(low), x(high), words, key in odd)
        )
    ordered = sorted(densities)
    half = len(ordered) // 2
    median = ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
    ticks = [Tick(x(end * part / 5), f"{end * part / 5:g}") for part in range(6)]
    return Strip(dots, ticks, round(height, 1), x(median), median, len(rows) - len(known))


def _levels(places: Sequence[float]) -> list[int]:
    """Return a row for each dot, 0 the middle one, then above and below by turns, so that none hides another."""
    taken: dict[int, list[float]] = {}
    levels = [0] * len(places)
    for number in sorted(range(len(places)), key=lambda number: (places[number], number)):
        level = 0
        while any(abs(places[number] - other) < _APART for other in taken.get(level, [])[-1:]):
            level = -level + (level <= 0)
        taken.setdefault(level, []).append(places[number])
        levels[number] = level
    return levels
