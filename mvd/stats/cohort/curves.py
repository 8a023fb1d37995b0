"""Pictures of survival: Kaplan-Meier curves with a table of those at risk, and the shape of the hazard."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvd.stats.figures import COLOURS, plain

Array = NDArray[np.float64]


def draw_kaplan(figure: Any, fits: Mapping[str, Any], unit: str, label: str) -> None:
    """Draw fitted lifelines curves with bands and marks for the censored, and below them who is at risk."""
    axes, below = figure.subplots(2, 1, gridspec_kw={"height_ratios": [1, 0.08 * len(fits)]})
    for (name, fit), colour, dashes in zip(fits.items(), COLOURS, ((None, None), (5, 2)), strict=False):
        curve = fit.survival_function_.iloc[:, 0]
        times = curve.index.to_numpy(float)
        ends = fit.confidence_interval_survival_function_.to_numpy(float)
        axes.fill_between(times, ends[:, 0], ends[:, 1], step="post", color=colour, alpha=0.15, linewidth=0)
        axes.step(times, curve, where="post", color=colour, dashes=dashes, linewidth=1.7, label=name)
        censored = fit.event_table.index[fit.event_table["censored"] > 0].to_numpy(float)
        axes.plot(censored, fit.predict(censored), "|", color=colour, markersize=7)
    axes.set_ylim(0, 1.03)
    axes.set_xlim(left=0)
    axes.set_ylabel(label)
    axes.legend(frameon=False, fontsize="small", loc="best")
    axes.set_xlabel(unit)
    plain(axes)
    below.set_xlim(axes.get_xlim())
    _at_risk(below, fits, axes.get_xticks())


def _at_risk(axes: Any, fits: Mapping[str, Any], ticks: Array) -> None:
    longest = max(float(fit.event_table.index.max()) for fit in fits.values())
    axes.set_ylim(len(fits) - 0.5, -0.5)
    for row, (fit, colour) in enumerate(zip(fits.values(), COLOURS, strict=False)):
        for tick in ticks:
            if 0 <= tick <= longest:
                axes.text(
                    tick, row, at_risk(fit, tick), ha="center", va="center", fontsize="small", color=colour
                )
    axes.set_title("at risk", loc="left", fontsize="small", pad=2)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def at_risk(fit: Any, time: float) -> int:
    """Return how many patients are still followed just before a time."""
    table = fit.event_table
    gone = table.loc[table.index < time, "removed"].sum()
    return int(table["entrance"].sum() - gone)


def _ratio_label(value: float, position: int) -> str:
    """Label 2, 3, 5 and their tenfolds between the powers of ten."""
    digit = f"{value:.0e}"[0]
    return f"{value:g}" if digit in "235" else ""


def draw_shape(
    figure: Any, x: Array, ratio: tuple[Array, Array, Array], values: Array, names: tuple[str, str]
) -> None:
    """Draw the hazard ratio against the density with its band, on a log scale, and a tick for each patient."""
    axes = figure.add_subplot()
    middle, low, high = ratio
    axes.axhline(1, color="0.7", linewidth=1)
    axes.fill_between(x, low, high, color=COLOURS[0], alpha=0.18, linewidth=0)
    axes.plot(x, middle, color=COLOURS[0], linewidth=1.8)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(_ratio_label)
    axes.plot(values, np.full(len(values), 0.02), "|", color="0.3", transform=axes.get_xaxis_transform())
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    plain(axes)
