"""The cohort's pictures, each drawn on a matplotlib figure that is handed in; every patient is shown."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvd.stats.figures import COLOURS, plain

Array = NDArray[np.float64]


def draw_groups(figure: Any, groups: Mapping[str, Array], measure: str) -> None:
    """Draw a box and every patient of each group; points that would overlap lie beside each other."""
    axes = figure.add_subplot()
    positions = np.arange(1, len(groups) + 1)
    axes.boxplot(
        list(groups.values()),
        positions=positions,
        widths=0.5,
        showfliers=False,
        medianprops={"color": "black", "linewidth": 1.6},
        boxprops={"color": "0.55"},
        whiskerprops={"color": "0.55"},
        capprops={"color": "0.55"},
    )
    for position, values, colour in zip(positions, groups.values(), _cycle(len(groups)), strict=True):
        axes.plot(
            position + _beside(values),
            values,
            "o",
            color=colour,
            markersize=5 if len(values) <= 60 else 3,
            alpha=0.8,
        )
    axes.set_xticks(positions, [f"{name}\nn = {len(values)}" for name, values in groups.items()])
    axes.set_ylabel(measure)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    plain(axes)


def _beside(values: Array) -> Array:
    """Return how far to the side each point is moved: neighbours within 3 % of the range take turns."""
    moved = np.zeros(len(values))
    near = 0.03 * (np.ptp(values) or 1.0)
    order = np.argsort(values, kind="stable")
    row: list[int] = []
    for index in order:
        if row and values[index] - values[row[0]] > near:
            row = []
        row.append(int(index))
        if len(row) > 1:
            moved[row] = np.linspace(-1, 1, len(row)) * min(0.2, 0.06 * (len(row) - 1))
    return moved


def _cycle(count: int) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(count)]


def draw_scatter(figure: Any, x: Array, y: Array, names: Sequence[str]) -> None:
    """Draw two numbers of each patient against each other."""
    axes = figure.add_subplot()
    axes.plot(x, y, "o", color=COLOURS[0], markersize=5, alpha=0.75)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    plain(axes)


def draw_paired(figure: Any, before: Array, after: Array, labels: Sequence[str]) -> None:
    """Draw a line from before to after for each patient, and the two medians."""
    axes = figure.add_subplot()
    for first, second in zip(before, after, strict=True):
        colour = COLOURS[0] if second < first else COLOURS[1]
        axes.plot([0, 1], [first, second], "o-", color=colour, markersize=4, linewidth=1, alpha=0.75)
    for position, values in ((-0.12, before), (1.12, after)):
        axes.plot([position - 0.06, position + 0.06], [np.median(values)] * 2, color="black", linewidth=2.5)
    axes.set_xticks([0, 1], labels[:2])
    axes.set_xlim(-0.4, 1.4)
    axes.set_ylabel(labels[2])
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    plain(axes)


def draw_roc(figure: Any, curves: Sequence[tuple[str, Array, Array]]) -> None:
    """Draw ROC curves (label, 1 - specificity, sensitivity) over the line of chance."""
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, dashes=(4, 3))
    for (label, false, true), colour in zip(curves, _cycle(len(curves)), strict=True):
        axes.plot(false, true, color=colour, linewidth=1.8, label=label, drawstyle="default")
    axes.set_xlabel("1 - specificity")
    axes.set_ylabel("sensitivity")
    axes.set_aspect("equal")
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.legend(frameon=False, loc="lower right")
    plain(axes)
