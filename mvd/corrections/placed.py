"""Corrections of hot spots -> the fields that were placed by hand and those that are none."""

from collections.abc import Sequence

from mvd.corrections.model import Edit, MoveHotspot, Point, RejectHotspot
from mvd.errors import CorrectionsError
from mvd.hotspots import HandPlaced
from mvd.settings import HotspotSettings

Field = tuple[float, str]


def placed_by_hand(
    edits: Sequence[Edit], fields: Sequence[HotspotSettings]
) -> tuple[tuple[HandPlaced, ...], dict[int, str]]:
    """Gather what was said of hot spots, field by field.

    Parameters
    ----------
    edits : sequence of Edit
        Those of vessels play no part.
    fields : sequence of HotspotSettings
        That are counted in.

    Returns
    -------
    tuple of HandPlaced
        The same whatever the order of moves of different hot spots.
    dict
        Number of each correction that does not fit -> why.
    """
    in_use = {(field.field_mm2, field.shape) for field in fields}
    said: dict[Field, tuple[dict[Point, None], dict[Point, None]]] = {}
    flagged = {}
    for edit in edits:
        if not isinstance(edit, MoveHotspot | RejectHotspot):
            continue
        field = (edit.field_mm2, edit.shape)
        if field not in in_use:
            what = edit.kind.replace("_", " ")
            flagged[edit.seq] = (
                f"correction {edit.seq} ({what}): no {edit.shape} of {edit.field_mm2:g} mm2 is counted in now"
            )
            continue
        placed, cleared = said.setdefault(field, ({}, {}))
        if edit.old in placed:
            del placed[edit.old]
        else:
            cleared[edit.old] = None
        if isinstance(edit, MoveHotspot):
            placed[edit.new] = None
            cleared.pop(edit.new, None)
        else:
            cleared[edit.old] = None
    return tuple(
        HandPlaced(*field, tuple(sorted(placed)), tuple(sorted(cleared)))
        for field, (placed, cleared) in sorted(said.items())
    ), flagged


def refuse_overlap(hand: Sequence[HandPlaced], field: Field, radius_um: float) -> None:
    """Refuse fields placed by hand that overlap each other: hot spots are disjoint; ``CorrectionsError``."""
    for each in hand:
        if (each.field_mm2, each.shape) != field:
            continue
        for number, (x, y) in enumerate(each.placed_um):
            for other_x, other_y in each.placed_um[:number]:
                across, down = abs(x - other_x), abs(y - other_y)
                away = max(across, down) if each.shape == "square" else (across**2 + down**2) ** 0.5
                if away < 2 * radius_um:
                    raise CorrectionsError(
                        "the hot spot overlaps another one that was placed by hand; keep them apart, for a vessel "
                        "counts once"
                    )
