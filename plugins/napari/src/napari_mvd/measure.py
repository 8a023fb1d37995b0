"""What is to be measured -> the result, shown and saved. Runs in a thread and touches no window."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import mvd


@dataclass(frozen=True)
class Order:
    """What is to be measured.

    Attributes
    ----------
    slide : Path
    settings : mvd.Settings
    regions : sequence of mvd.Region or None
        None for the whole slide.
    out : Path or None
        The result folder; None where nothing is to be saved.
    """

    slide: Path
    settings: mvd.Settings
    regions: Sequence[mvd.Region] | None
    out: Path | None


def measure(order: Order, progress: Callable[[str, int, int], None]) -> mvd.Shown:
    """Measure, and save where that is wanted.

    Raises
    ------
    MvdError
        As ``mvd.analyze`` and ``mvd.save_result``; ``Cancelled`` where ``progress`` raises it.
    """
    result = mvd.analyze(order.slide, order.settings, region=order.regions, progress=progress)
    if order.out is None:
        return mvd.shown_result(result, order.slide.stem, order.slide.name)
    progress("report", 0, 1)
    folder = mvd.save_result(result, order.out, command=("napari", "Measure", order.slide.name))
    return mvd.shown_result(result, folder.name, order.slide.name, folder)
