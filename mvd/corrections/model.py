"""What a file of hand corrections holds: types with their rules, and nothing that reads, writes or applies them.

Positions are um from the slide's top left corner, (x, y), in whole 0.001 um.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

FORMAT = "mvd corrections"
VERSION = 1

Coordinate = Annotated[float, Field(ge=-1e7, le=1e7)]
Point = tuple[Coordinate, Coordinate]
Ring = Annotated[tuple[Point, ...], Field(min_length=3, max_length=20_000)]
Polygon = Annotated[tuple[Ring, ...], Field(min_length=1, max_length=100)]
"""The outer ring, then those of the lumens; not closed."""
Line = Annotated[tuple[Point, ...], Field(min_length=2, max_length=20_000)]
Key = Annotated[str, Field(pattern=r"^h[1-9][0-9]{0,8}$")]
"""Of a vessel made by hand, the same for as long as there are corrections of this slide."""
Reader = Annotated[str, Field(pattern=r"^[\w][\w .-]{0,31}$")]
"""Initials or a short name, as the reader chose it. It is asked for: the name of the account is never taken."""
Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
Field_mm2 = Annotated[float, Field(gt=0, le=1000)]


class Part(BaseModel):
    """A part of the file: what it does not know is an error, and it never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Automatic(Part):
    """A candidate that mvd found: its number, and where and how large it was, by which it is known again."""

    vessel: Annotated[int, Field(ge=1)]
    x_um: Coordinate
    y_um: Coordinate
    filled_area_um2: Annotated[float, Field(ge=0)]


class HandMade(Part):
    """A vessel that an earlier correction made."""

    key: Key


Target = Automatic | HandMade


class Stains(Part):
    """Stains within an outline, OD, as the columns of vessels.csv of these names."""

    mean_dab_od: float
    max_dab_od: float
    hematoxylin_od: float
    residual_od: float


class Made(Part):
    """What every correction says: its number, when, by whom, and of which settings and version it was made."""

    seq: Annotated[int, Field(ge=1)]
    at: Moment
    reader: Reader
    of: Annotated[str, Field(min_length=1, max_length=80)]


class Add(Made):
    """A vessel that was not found: its outline, or a point where it is too small to be outlined."""

    kind: Literal["add"] = "add"
    key: Key
    polygon: Polygon | None = None
    point: Point | None = None
    stains: Stains | None = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> "Add":
        if (self.polygon is None) == (self.point is None):
            raise ValueError("give a polygon or a point, one of the two")
        return self


class Delete(Made):
    """There is no vessel."""

    kind: Literal["delete"] = "delete"
    vessel: Target


class Count(Made):
    """Whether a vessel counts, whatever the rules say."""

    kind: Literal["count"] = "count"
    vessel: Target
    counted: bool


class Outline(Made):
    """A vessel is outlined again."""

    kind: Literal["outline"] = "outline"
    vessel: Target
    polygon: Polygon
    stains: Stains | None = None


class Merge(Made):
    """Several vessels are one."""

    kind: Literal["merge"] = "merge"
    key: Key
    vessels: Annotated[tuple[Target, ...], Field(min_length=2, max_length=1000)]


class Split(Made):
    """A vessel is several, on the two sides of a line drawn right across."""

    kind: Literal["split"] = "split"
    keys: Annotated[tuple[Key, ...], Field(min_length=2, max_length=1000)]
    vessel: Target
    line: Line
    stains: tuple[Stains, ...] | None = None


class MoveHotspot(Made):
    """A hot spot of a field lies elsewhere."""

    kind: Literal["move_hotspot"] = "move_hotspot"
    field_mm2: Field_mm2
    shape: Literal["circle", "square"]
    old: Point
    new: Point


class RejectHotspot(Made):
    """A hot spot of a field is none."""

    kind: Literal["reject_hotspot"] = "reject_hotspot"
    field_mm2: Field_mm2
    shape: Literal["circle", "square"]
    old: Point


Edit = Annotated[
    Add | Delete | Count | Outline | Merge | Split | MoveHotspot | RejectHotspot, Field(discriminator="kind")
]


class Basis(Part):
    """What was corrected: corrections of another slide, or of another content of it, are not applied."""

    slide_id: Annotated[str, Field(min_length=1, max_length=200)]
    slide_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$|^$")]


class Correction(Part):
    """The content of corrections.json.

    Attributes
    ----------
    events : int
        So many lines of the journal are in it.
    next_key : int
        Number of the next vessel made by hand.
    edits : tuple of Edit
        In force, in the order in which they were made.
    undone : tuple of Edit
        Taken back, and not yet replaced by another: the last one is the first to be made again.
    """

    format: Literal["mvd corrections"] = "mvd corrections"
    version: Literal[1] = 1
    basis: Basis
    events: Annotated[int, Field(ge=0)] = 0
    next_key: Annotated[int, Field(ge=1)] = 1
    edits: tuple[Edit, ...] = ()
    undone: tuple[Edit, ...] = ()


class Event(Part):
    """A line of the journal: something was done, taken back or made again."""

    event: Literal["did", "undid", "redid"]
    number: Annotated[int, Field(ge=1)]
    at: Moment
    reader: Reader
    basis: Basis
    edit: Edit


def after(state: Correction, event: Event) -> Correction:
    """Return the state after an event of the journal; ``ValueError`` where it does not follow."""
    if event.number != state.events + 1:
        raise ValueError(f"event {event.number} does not follow event {state.events}")
    edits, undone = state.edits, state.undone
    if event.event == "did":
        edits, undone = (*edits, event.edit), ()
    elif event.event == "undid":
        if not edits or edits[-1] != event.edit:
            raise ValueError("takes back what is not the last correction")
        edits, undone = edits[:-1], (*undone, event.edit)
    else:
        if not undone or undone[-1] != event.edit:
            raise ValueError("makes again what was not taken back last")
        edits, undone = (*edits, event.edit), undone[:-1]
    next_key = max([state.next_key, *(int(key[1:]) + 1 for key in keys_made(event.edit))])
    return state.model_copy(
        update={
            "events": event.number,
            "next_key": next_key,
            "edits": edits,
            "undone": undone,
        }
    )


def keys_made(edit: Edit) -> tuple[str, ...]:
    """Return the keys of the vessels that a correction makes."""
    if isinstance(edit, Split):
        return edit.keys
    return (edit.key,) if isinstance(edit, Add | Merge) else ()


def targets(edit: Edit) -> tuple[Target, ...]:
    """Return the vessels that a correction is of; none for a new vessel or a hot spot."""
    if isinstance(edit, Merge):
        return edit.vessels
    return (edit.vessel,) if isinstance(edit, Delete | Count | Outline | Split) else ()
