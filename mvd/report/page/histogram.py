"""Numbers of a slide's vessels -> the bars of a histogram, placed in a drawing of fixed size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 320, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 18, 10, 30
_BINS = 20
_COVERED_PERCENT = 98
_SMALLEST = 1e-3  # an axis that ends at nought has no bins
_STEPS = (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Bar:
    """One bar, in units of the drawing, and in words."""

    x: float
    y: float
    width: float
    height: float
    words: str


@dataclass(frozen=True)
class Tick:
    """A number on an axis and where it stands."""

    at: float
    words: str


@dataclass(frozen=True)
class Histogram:
    """What is drawn, and what is said to those who do not see it.

    Attributes
    ----------
    bars : list of Bar
    x_ticks, y_ticks : list of Tick
    base_y, left_x, right_x : float
        Of the axes.
    """

    title: str
    unit: str
    bars: list[Bar]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    words: str
    base_y: float = HEIGHT - _BOTTOM
    left_x: float = _LEFT
    right_x: float = WIDTH - _RIGHT


def histogram(values: NDArray[np.float64], title: str, unit: str) -> Histogram | None:
    """Count values into 20 bins from 0; the last holds all that is larger. None without a value.

    Parameters
    ----------
    values : (n,) float64
        >= 0.
    title, unit : str
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    end = nice(max(float(np.percentile(values, _COVERED_PERCENT)), _SMALLEST))
    edges = np.linspace(0, end, _BINS + 1)
    counts = np.bincount(np.minimum((values / end * _BINS).astype(int), _BINS - 1), minlength=_BINS)
    most = nice(int(counts.max()))
    width, height = (WIDTH - _LEFT - _RIGHT) / _BINS, HEIGHT - _TOP - _BOTTOM
    bars = []
    for place, count in enumerate(counts.tolist()):
        tall = height * count / most
        upper = f"{edges[place + 1]:g}" if place < _BINS - 1 or values.max() <= end else "more"
        words = f"{edges[place]:g} to {upper} {unit}: {count}"
        x = round(_LEFT + place * width, 1)
        bars.append(Bar(x, round(HEIGHT - _BOTTOM - tall, 1), round(width - 1, 1), round(tall, 1), words))
    beyond = "+" if values.max() > end else ""
    x_ticks = [
        Tick(round(_LEFT + part * _BINS * width, 1), f"{part * end:g}{beyond if part == 1 else ''}")
        for part in (0, 0.25, 0.5, 0.75, 1)
    ]
    y_ticks = [Tick(round(HEIGHT - _BOTTOM - part * height, 1), f"{part * most:g}") for part in (0, 0.5, 1)]
    low, middle, high = np.percentile(values, [25, 50, 75])
    words = (
        f"{title}: median {middle:.3g} {unit}, half of them {low:.3g} to {high:.3g} {unit}, n = {len(values)}"
    )
    return Histogram(title, unit, [bar for bar in bars if bar.height > 0], x_ticks, y_ticks, words)


def nice(number: float) -> float:
    """Return the next round number at or above a positive one."""
    decade = 10.0 ** np.floor(np.log10(number))
    return float(min(step * decade for step in _STEPS if step * decade >= number * (1 - 1e-9)))


def nearest_um(x_um: NDArray[np.float64], y_um: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance of each vessel to the nearest other, (n,) um; none for fewer than two."""
    if len(x_um) < 2:
        return np.empty(0)
    from scipy.spatial import cKDTree

    points = np.column_stack([x_um, y_um])
    return np.asarray(cKDTree(points).query(points, k=2)[0][:, 1], np.float64)
