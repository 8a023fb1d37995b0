"""What an analysis hands over: numbers, the sentence to quote, what must be known of it, and pictures."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mvd.result import Column

ESTIMATE_COLUMNS = (
    Column("analysis", "", "what was asked", "text"),
    Column("term", "", "which group, pair, model term or time", "text"),
    Column("quantity", "", "what is estimated, with its unit", "text"),
    Column("estimate", "", "the estimate", significant=6),
    Column("ci_low", "", "lower end of the confidence interval", significant=6),
    Column("ci_high", "", "upper end of the confidence interval", significant=6),
    Column("p", "", "two-sided p", significant=4),
    Column("p_adjusted", "", "p after Holm's correction or for the search", significant=4),
    Column("n", "", "patients (slides for the mixed model)", "int"),
    Column("events", "", "events among them", "int"),
    Column("method", "", "test, interval, library", "text"),
)


@dataclass(frozen=True)
class Estimate:
    """One number with its interval and p; NaN where there is none."""

    term: str
    quantity: str
    estimate: float
    ci_low: float = math.nan
    ci_high: float = math.nan
    p: float = math.nan
    p_adjusted: float = math.nan
    n: int | None = None
    events: int | None = None
    method: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure: its file's name, what it shows, and how it is drawn on a matplotlib figure (size in inches)."""

    name: str
    caption: str
    draw: Callable[[Any], None]
    size: tuple[float, float] = (5.0, 4.0)


@dataclass(frozen=True)
class Finding:
    """The answer of one analysis.

    ``sentence`` can be quoted as it stands; ``notes`` say what was not done and why, and what limits the rest.
    """

    name: str
    title: str
    estimates: tuple[Estimate, ...] = ()
    sentence: str = ""
    notes: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()


def p_text(p: float) -> str:
    """Return ``p = 0.034`` or ``p < 0.001``, as papers print it."""
    if math.isnan(p):
        return "p not defined"
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.2f}" if p >= 0.095 else f"p = {p:.3f}"


def figure_text(value: float, digits: int = 3) -> str:
    """Return a number with so many significant digits, never in powers of ten."""
    if not math.isfinite(value):
        return "not estimable"
    if value == round(value) and abs(value) < 10**6:
        return f"{value:.0f}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"


def interval_text(low: float, high: float, level: float = 0.95) -> str:
    """Return ``95 % CI 1.2 to 3.4``; an open end, or an interval that so few patients do not give, is said."""
    if math.isnan(low) and math.isnan(high):
        return f"{100 * level:g} % CI not given by so few"
    ends = " to ".join("open" if math.isnan(end) else figure_text(end) for end in (low, high))
    return f"{100 * level:g} % CI {ends}"


def file_name(name: str) -> str:
    """Return a picture's name as a file may be called anywhere; two names never become one."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in name)
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
