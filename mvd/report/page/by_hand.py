"""What a person corrected on a slide -> the sentences that its section says of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from mvd.report.page.cells import short, shown
from mvd.report.page.folder import Row
from mvd.result import SUMMARY_COLUMNS

_COLUMNS = {column.name: column for column in SUMMARY_COLUMNS}


def by_hand(row: Row, about: Mapping[str, Any]) -> Iterator[str]:
    """Yield who corrected what, and what mvd had counted; nothing of a slide that nobody corrected.

    Parameters
    ----------
    row : mapping
        The slide's row of summary.csv.
    about : mapping
        Content of its slide.json.
    """
    told = about.get("corrections")
    if not told or not row["reviewed"]:
        return
    readers = " and ".join(shown(reader) for reader in told["readers"])
    what = ", ".join(f"{count} {word}" for word, count in told["what"].items())
    yield f"Corrected by hand by {readers}: {what}."
    vessels, density, most, per_mm2, chalkley = (
        short(row[f"automatic_{name}"], _COLUMNS[f"automatic_{name}"])
        for name in (
            "vessels",
            "mvd_tissue_per_mm2",
            "hotspot_max_vessels",
            "hotspot_max_per_mm2",
            "chalkley_mean3",
        )
    )
    yield (
        f"Before that: {vessels} vessels, {density} per mm² of tissue; hot spot {most} vessels, {per_mm2} per mm²; "
        f"Chalkley {chalkley}."
    )
    if told["not_applied"]:
        yield f"Corrections that do not fit this result, and so are not in it: {len(told['not_applied'])}."
