"""What is said of slides: one line each, and the table at the end. Names that are no plain text are escaped."""

from collections.abc import Sequence

from mvd.batch import BatchOutcome, SlideOutcome

_STOPPED = {"interrupted": "interrupted", "terminated": "asked to end", "disk_full": "the disk is full"}
_RESUMED = {"": "", "before": "done before", "recounted": "counted again by other rules"}


def shown(name: str) -> str:
    """Return a slide's name as a terminal may show it: control characters and line ends escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def slide_line(outcome: SlideOutcome) -> str:
    """Return what became of a slide, on one line."""
    row, name = outcome.row, shown(outcome.name)
    if outcome.status == "failed":
        return f"{name}: FAILED ({outcome.error}): {advice(outcome)}"
    words = f"{_count(row['vessels'])}, {row['mvd_tissue_per_mm2']:.1f} per mm2"
    if row["hotspot_max_vessels"]:
        words += f", hot spot {row['hotspot_max_vessels']} in {row['hotspot_field_mm2']:g} mm2"
    return f"{name}: {words} ({_RESUMED[outcome.resumed] or f'{outcome.seconds:.1f} s'})"


def warning_lines(outcome: SlideOutcome) -> list[str]:
    """Return a line for each thing about a slide that is not as it should be."""
    return [f"{shown(outcome.name)}: warning: {warning}" for warning in outcome.warnings]


def advice(outcome: SlideOutcome) -> str:
    """Return what to do about a failed slide, without the name again."""
    message = shown(outcome.message)
    for name in (shown(outcome.name), shown(outcome.name.rpartition("/")[2])):
        message = message.removeprefix(f"{name}: ")
    return message


def stopped(outcome: BatchOutcome, slides: int) -> str:
    """Return how a run of so many slides was stopped, and after how many of them."""
    return f"{_STOPPED[outcome.state]} after {len(outcome.slides)} of {slides} slides"


def table(outcomes: Sequence[SlideOutcome]) -> str:
    """Return slide, vessels, density and best hot spot, a line each, in columns."""
    rows = [("slide", "vessels", "per mm2", "hot spot per mm2"), *(_cells(outcome) for outcome in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(row[i].rjust(widths[i]) for i in (1, 2, 3))]) for row in rows
    )


def _cells(outcome: SlideOutcome) -> tuple[str, str, str, str]:
    name, row = shown(outcome.name), outcome.row
    if outcome.status == "failed":
        return name, "failed", "-", "-"
    best = row["hotspot_max_per_mm2"]
    return (
        name,
        f"{row['vessels']}",
        f"{row['mvd_tissue_per_mm2']:.1f}",
        f"{best:.1f}" if best is not None else "-",
    )


def _count(vessels: object) -> str:
    return f"{vessels} vessel{'' if vessels == 1 else 's'}"
