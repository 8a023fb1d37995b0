"""The pictures of agreement, each drawn on a matplotlib figure that is handed in; every slide or field is shown."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvd.stats.agree.matching import Matches
from mvd.stats.figures import COLOURS, plain
from mvd.stats.finding import Estimate, figure_text

Array = NDArray[np.float64]


def draw_difference(
    figure: Any, first: Array, second: Array, lines: Mapping[str, Estimate], names: Sequence[str]
) -> None:
    """Draw difference against mean (Bland and Altman), with bias and limits and the intervals of all three."""
    axes = figure.add_subplot()
    axes.axhline(0, color="0.8", linewidth=1)
    for name, dashes, colour in (
        ("upper limit", (5, 3), COLOURS[1]),
        ("bias", (None, None), COLOURS[0]),
        ("lower limit", (5, 3), COLOURS[1]),
    ):
        line = lines[name]
        axes.axhspan(line.ci_low, line.ci_high, color=colour, alpha=0.13, linewidth=0)
        axes.axhline(line.estimate, color=colour, linewidth=1.5, dashes=dashes)
        axes.annotate(
            f"{name} {figure_text(line.estimate)}",
            (1.01, line.estimate),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize="small",
            color=colour,
        )
    axes.plot((first + second) / 2, second - first, "o", color="0.25", markersize=4.5, alpha=0.75)
    axes.set_xlabel(f"mean of {names[0]} and {names[1]}, {names[2]}")
    axes.set_ylabel(f"{names[1]} - {names[0]}")
    plain(axes)


def draw_readings(figure: Any, first: Array, second: Array, at: float, names: Sequence[str]) -> None:
    """Draw one reader's readings against the other's, the line of equality, and the split of high and low."""
    axes = figure.add_subplot()
    low = min(0.0, float(first.min()), float(second.min()))
    high = max(float(first.max()), float(second.max()))
    edge = 0.04 * (high - low or 1.0)
    ends = (low if low == 0 else low - edge, high + edge)
    axes.plot(ends, ends, color="0.6", linewidth=1, label="equal")
    axes.axvline(at, color="0.6", linewidth=0.8, dashes=(2, 3), label=f"high above {figure_text(at)}")
    axes.axhline(at, color="0.6", linewidth=0.8, dashes=(2, 3))
    axes.plot(first, second, "o", color=COLOURS[0], markersize=4.5, alpha=0.75, clip_on=False)
    axes.set_xlim(ends)
    axes.set_ylim(ends)
    axes.set_aspect("equal")
    axes.set_xlabel(f"{names[0]}, {names[2]}")
    axes.set_ylabel(f"{names[1]}, {names[2]}")
    axes.legend(frameon=False, fontsize="small", loc="upper left")
    plain(axes)


def draw_points(figure: Any, first: Array, second: Array, matches: Matches, names: Sequence[str]) -> None:
    """Draw where both readers marked a vessel, and where one did alone; y runs downwards as on the slide."""
    axes = figure.add_subplot()
    alone_a = np.delete(first, matches.first, axis=0)
    alone_b = np.delete(second, matches.second, axis=0)
    for points, mark, colour, label in (
        (first[matches.first], "o", COLOURS[0], "both"),
        (alone_a, "x", COLOURS[1], f"{names[0]} alone"),
        (alone_b, "+", COLOURS[2], f"{names[1]} alone"),
    ):
        axes.plot(
            points[:, 0],
            points[:, 1],
            mark,
            color=colour,
            markersize=5,
            alpha=0.8,
            label=f"{label}: {len(points)}",
        )
    axes.set_aspect("equal", adjustable="datalim")
    axes.invert_yaxis()
    axes.set_xlabel("x, um")
    axes.set_ylabel("y, um")
    axes.legend(frameon=False, fontsize="small", loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    plain(axes)
