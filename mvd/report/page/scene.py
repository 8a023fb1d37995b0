"""A slide's stored pictures, tables and outlines -> one drawing of it that can be zoomed into.

The overview lies at the bottom, the finer pictures of the hot spots upon it at their places, and the outlines above;
so a hot spot that is zoomed to is as sharp as its own picture, and lines are sharp at any size.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvd.report.page.folder import Profiles, Row, StoredSlide
from mvd.report.page.lines import PER_UM, Outlines, dots_of, extent, path_of, read_outlines
from mvd.report.page.small import Room, Small, shrink

OVERVIEW = "plain_overview.jpg"
HOTSPOT = "plain_hotspot_{:02d}.jpg"
MOST_HOTSPOTS = 6
_OVERVIEW_SHARE = 0.2
_HOTSPOT_SHARE = 0.34
_PATH_SHARE = 0.14
_DOTS_SHARE = 0.04
_TOLD_SHARE = 0.06
_LONGEST_PX = 2400
_BYTES_OF_A_DOT = 14
_BYTES_OF_A_VESSEL = 32  # when it is told
_MOST_WORDS = 30  # reasons written into one hot spot
_TOLERANCES_UM = (0.5, 1.0, 2.0, 4.0)
_SHORT = {
    "too_small": "small",
    "lumen_too_wide": "wide lumen",
    "not_dab": "not DAB",
    "thick_wall": "thick wall",
    "out_of_region": "outside",
    "cut_by_edge": "cut by edge",
    "by_hand": "by hand",
}

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Placed:
    """A picture and where it lies: left, top, width, height in half um."""

    small: Small
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class View:
    """What is seen of the slide: left, top, width, height in half um."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Word:
    """Words at a place, half um."""

    x: float
    y: float
    words: str


@dataclass(frozen=True)
class Field:
    """A hot spot: its circle or square, half um, where its rank is written, and its close picture if it has one.

    ``view`` holds all of the field, though the picture ends where the slide does: else fields that hang over the edge
    would be shown at another scale, and cut off.
    """

    rank: int
    x: float
    y: float
    radius: float
    is_square: bool
    row: Row
    picture: Placed | None
    view: View
    label: Word
    reasons: list[Word]


@dataclass(frozen=True)
class Scene:
    """The drawing.

    Attributes
    ----------
    paths : mapping
        ``tissue, regions, lost, here, elsewhere, refused`` (outlines), ``counted_dots, refused_dots``
        -> ``d`` of a path.
    vessels : str
        Of those outlined: ``id,x,y,reach,reason,area`` each, with ``;`` between.
    thinned : int
        How many profiles without an outline have no dot either, for they would be too many.
    """

    overview: Placed
    fields: list[Field]
    paths: Mapping[str, str]
    regions: list[Word]
    vessels: str
    thinned: int


def draw(slide: StoredSlide, room: Room) -> Scene:
    """Put a slide's drawing together.

    Parameters
    ----------
    slide : StoredSlide
    room : Room
        All that the slide may take in the report; the drawing takes its shares of it.

    Raises
    ------
    UnreadableSlide
        A file of the slide's folder is missing or damaged.
    """
    places = slide.about["pictures"]
    overview = _placed(slide, OVERVIEW, room.share(_OVERVIEW_SHARE))
    names = [name for n in range(1, MOST_HOTSPOTS + 1) if (name := HOTSPOT.format(n)) in places]
    each = room.share(_HOTSPOT_SHARE / max(len(names), 1))
    pictures = [_placed(slide, name, each) for name in names]
    profiles = slide.profiles
    shown = _outlined(profiles, pictures, room.share(_TOLD_SHARE / _BYTES_OF_A_VESSEL).most_bytes)
    outlines = read_outlines(slide.folder, slide.about["image"], set(profiles.vessel_id[shown].tolist()))
    here = shown & _in_fields(profiles, len(pictures))
    paths, thinned = _paths(profiles, outlines, (shown, here), room.most_bytes)
    return Scene(
        overview=overview,
        fields=[
            _field(row, pictures[n] if n < len(pictures) else None, profiles, overview)
            for n, row in enumerate(slide.hotspots)
        ],
        paths=paths,
        regions=[
            Word(round(x * PER_UM), round(y * PER_UM), name)
            for name, rings in outlines.regions.items()
            for x, y in [extent(rings)]
        ],
        vessels=_told(profiles, shown),
        thinned=thinned,
    )


def _placed(slide: StoredSlide, name: str, room: Room) -> Placed:
    place: Mapping[str, Any] = slide.about["pictures"][name]
    small = shrink(slide.folder / name, room, _LONGEST_PX)
    # The size is that of the whole picture on disk: shrinking rounds to whole pixels.
    sides_um = (side_px * place["mpp"] for side_px in small.full_px)
    left, top, width, height = (round(um * PER_UM, 2) for um in (place["x_um"], place["y_um"], *sides_um))
    return Placed(small, left, top, width, height)


def _outlined(profiles: Profiles, pictures: list[Placed], most: int) -> Bools:
    """Whether each profile gets an outline: those in the pictures, of fewer pictures if they are too many."""
    shown = np.zeros(len(profiles.vessel_id), bool)
    for number in range(len(pictures), 0, -1):
        shown = _within(profiles, pictures[:number])
        if np.count_nonzero(shown) <= most:
            break
    return shown


def _within(profiles: Profiles, pictures: list[Placed]) -> Bools:
    """Whether each profile reaches into one of the pictures."""
    inside = np.zeros(len(profiles.vessel_id), bool)
    reach = profiles.max_feret_um / 2 * PER_UM
    x, y = profiles.x_um * PER_UM, profiles.y_um * PER_UM
    for box in pictures:
        inside |= (
            (x + reach >= box.x)
            & (x - reach <= box.x + box.width)
            & (y + reach >= box.y)
            & (y - reach <= box.y + box.height)
        )
    return inside


def _in_fields(profiles: Profiles, pictured: int) -> Bools:
    return np.asarray((profiles.hotspot_rank > 0) & (profiles.hotspot_rank <= pictured))


def _paths(
    profiles: Profiles, outlines: Outlines, chosen: tuple[Bools, Bools], most_bytes: int
) -> tuple[dict[str, str], int]:
    """Write all paths, as coarse as they must be to fit; and how many dots were left out."""
    shown, here = chosen
    counted = profiles.counted
    layers = {"here": here & counted, "elsewhere": shown & counted & ~here, "refused": shown & ~counted}
    for tolerance_um in _TOLERANCES_UM:
        paths = {
            name: path_of(
                (r for k in profiles.vessel_id[of].tolist() for r in outlines.vessels[k]), tolerance_um
            )
            for name, of in layers.items()
        }
        paths["tissue"] = path_of(outlines.tissue, 4 * tolerance_um)
        if sum(map(len, paths.values())) <= most_bytes * _PATH_SHARE:
            break
    paths["regions"] = path_of((ring for rings in outlines.regions.values() for ring in rings), 1.0)
    crosses = (stroke for ring in outlines.lost for stroke in (ring, ring[[0, 2]], ring[[1, 3]]))
    paths["lost"] = path_of(crosses, 0.5)
    xy_um = np.column_stack([profiles.x_um, profiles.y_um])
    beyond = {"counted_dots": ~shown & counted, "refused_dots": ~shown & ~counted}
    left_out = 0
    for name, of in beyond.items():
        rows = np.flatnonzero(of)
        most = round(most_bytes * _DOTS_SHARE / 2 / _BYTES_OF_A_DOT)
        kept = rows[:: max(-(-len(rows) // most), 1)]
        left_out += len(rows) - len(kept)
        paths[name] = dots_of(xy_um[kept])
    return paths, left_out


def _field(row: Row, picture: Placed | None, profiles: Profiles, overview: Placed) -> Field:
    x, y, radius = (float(row[name] or 0) for name in ("x_um", "y_um", "radius_um"))
    away = (np.abs(profiles.x_um - x), np.abs(profiles.y_um - y))
    is_square = row["shape"] == "square"
    inside = np.maximum(*away) <= radius if is_square else np.hypot(*away) <= radius
    rows = np.flatnonzero(inside & ~profiles.counted) if picture else np.empty(0, int)
    reasons = _reasons(profiles, rows.tolist(), picture.width if picture else 0.0)
    x, y, radius = (round(value * PER_UM, 1) for value in (x, y, radius))
    rank = int(row["rank"] or 0)
    return Field(
        rank,
        x,
        y,
        radius,
        is_square,
        row,
        picture,
        _view(x, y, radius, picture),
        _label(rank, x, y, radius, overview),
        reasons,
    )


def _view(x: float, y: float, radius: float, picture: Placed | None) -> View:
    """All of a field, with a little around it, and all of its picture."""
    reach = radius * 1.04
    left, top, right, bottom = x - reach, y - reach, x + reach, y + reach
    if picture:
        left, top = min(left, picture.x), min(top, picture.y)
        right, bottom = max(right, picture.x + picture.width), max(bottom, picture.y + picture.height)
    return View(*(round(value, 1) for value in (left, top, right - left, bottom - top)))


def _label(rank: int, x: float, y: float, radius: float, overview: Placed) -> Word:
    """The rank at the upper left of its field, moved into the overview: most of a field may lie beside the slide."""
    edge = 0.02 * max(overview.width, overview.height)
    places = [
        min(max(at - radius * 0.74, start + edge), start + length - edge)
        for at, start, length in ((x, overview.x, overview.width), (y, overview.y, overview.height))
    ]
    return Word(round(places[0]), round(places[1]), str(rank))


def _reasons(profiles: Profiles, rows: list[int], width: float) -> list[Word]:
    """Say of the largest why they are not counted, where the words do not lie upon each other."""
    told: list[Word] = []
    for n in sorted(rows, key=lambda n: (-np.nan_to_num(profiles.area_um2[n]), n)):
        word = Word(
            round((profiles.x_um[n] + profiles.max_feret_um[n] / 2 + 2) * PER_UM),
            round(profiles.y_um[n] * PER_UM),
            _SHORT.get(profiles.reason[n], profiles.reason[n]),
        )
        is_free = all(abs(word.y - w.y) > 0.02 * width or abs(word.x - w.x) > 0.12 * width for w in told)
        if is_free and len(told) < _MOST_WORDS:
            told.append(word)
    return told


def _told(profiles: Profiles, shown: Bools) -> str:
    """Write what is told of each outlined profile when it is pointed at."""
    return ";".join(
        f"{profiles.vessel_id[n]},{profiles.x_um[n] * PER_UM:.0f},{profiles.y_um[n] * PER_UM:.0f},"
        f"{profiles.max_feret_um[n] * PER_UM / 2:.0f},{profiles.reason[n] if not profiles.counted[n] else ''},"
        f"{np.nan_to_num(profiles.area_um2[n]):.0f}"
        for n in np.flatnonzero(shown).tolist()
    )
