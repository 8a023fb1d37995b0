"""Components -> vessels: lumen, joining, splitting, measures, rules with reasons.

Input: the connected components of the whole slide. Output: ``Vessels``, every candidate with ``counted`` and
``reason``. Never reads a slide: what is here can be done again with other rules.

Components that stand alone and are plain are measured many at once (``plain``); all others take the long way, one
neighbourhood after the other. Where both ways are open they give the same.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mvd.geometry import um_to_px
from mvd.runs import Components
from mvd.settings import VesselSettings
from mvd.stain import Stain
from mvd.tissue import Tissue
from mvd.vessels import crops
from mvd.vessels.colour import is_dab
from mvd.vessels.contents import are_contents
from mvd.vessels.crops import Crop, Members, paint_crop
from mvd.vessels.edges import I64, filled
from mvd.vessels.measure import measure
from mvd.vessels.neighbours import neighbourhoods
from mvd.vessels.outlines import Outline, Outlines, Packed, pack
from mvd.vessels.pieces import Limits, Piece
from mvd.vessels.plain import Bounds, measure_plain
from mvd.vessels.rings import find_pieces
from mvd.vessels.table import Candidates, tabulate
from mvd.vessels.wide import WideLumen, circle_px2, keep_lumens

_PLAIN_CHUNK, _CHUNK = 256, 16  # components, neighbourhoods handed to a thread at once


@dataclass(frozen=True)
class Vessels:
    """Every candidate of a slide, counted or not.

    Attributes
    ----------
    table : DataFrame
        The columns of vessels.csv without ``slide_id``, one row a candidate, in the order of ``vessel_id``.
    outlines : sequence of Outline
        One for each row of ``table``.
    """

    table: pd.DataFrame
    outlines: tuple[Outline, ...] | Outlines

    @property
    def counted(self) -> pd.DataFrame:
        """The rows that are counted."""
        return self.table[self.table["counted"]]


@dataclass(frozen=True)
class _Found:
    """Some candidates: their measures, their outlines (how many rings each has), and the wide lumens in them."""

    candidates: Candidates
    packed: Packed
    rings: I64
    wide: tuple[WideLumen, ...] = ()


@dataclass(frozen=True)
class _Search:
    """What all candidates of a slide are looked at with."""

    components: Components
    brown: NDArray[np.bool_]
    tissue: Tissue
    settings: VesselSettings
    mpp: float

    @property
    def bounds(self) -> Bounds:
        """The settings in px of the analysis level."""
        limits = _limits(self.settings, self.mpp)
        wide_px = circle_px2(self.settings.max_lumen_width_um, self.mpp)
        return Bounds(limits.gap_px, limits.open_px, limits.own_lumen_px, wide_px, float(crops.MOST_CROP_PX))


def find_vessels(
    components: Components,
    tissue: Tissue,
    stain: Stain,
    settings: VesselSettings,
    mpp: float,
    *,
    workers: int = 1,
) -> Vessels:
    """Turn components into vessels, measure each on its own crop, and judge it by the rules.

    What is not brown is neither joined to anything nor split.

    Parameters
    ----------
    components : Components
        Of ``runs.connect``; pixels of the analysis level.
    tissue : Tissue
        To tell a wide lumen, which is empty, from tissue that vessels surround.
    stain : Stain
        For the background that colours are judged against.
    settings : VesselSettings
    mpp : float
        Pixel size of the analysis level, um/px.
    workers : int
        Threads. Never changes a result.
    """
    brown = is_dab(components, stain, settings, mpp)
    search = _Search(components, brown, tissue, settings, mpp)
    lone, several = _neighbourhoods(search)
    with ThreadPoolExecutor(workers) as pool:
        chunks = np.split(lone, range(_PLAIN_CHUNK, len(lone), _PLAIN_CHUNK))
        plain = pool.map(lambda chunk: _plain(search, chunk), chunks)
        starts = range(0, len(several), _CHUNK)
        others = pool.map(lambda start: _long_way(search, several[start : start + _CHUNK]), starts)
        found = list(chain.from_iterable(chain(plain, others)))
    lumens = [lumen for each in found for lumen in each.wide]
    candidates = Candidates.joined(each.candidates for each in found)
    table, order = tabulate(candidates, lumens, components, brown, settings, mpp)
    outlines = Outlines.of(((each.packed, each.rings) for each in found), mpp).ordered(order)
    contents = are_contents(table, outlines, settings.own_lumen_um2)
    table.loc[contents, "counted"], table.loc[contents, "reason"] = False, "not_dab"
    return Vessels(table, outlines)


def _neighbourhoods(search: _Search) -> tuple[Members, list[Members]]:
    """Components that stand alone, (n,) int64, and those that do not, group by group."""
    brown = np.flatnonzero(search.brown)
    groups = neighbourhoods(search.components, brown, search.bounds.gap_px)
    is_alone = np.bincount(groups)[groups] == 1
    lone = np.sort(np.concatenate([np.flatnonzero(~search.brown), brown[is_alone]]))
    members, groups = brown[~is_alone], groups[~is_alone]
    by_group = np.argsort(groups, kind="stable")
    ends = np.flatnonzero(np.diff(groups[by_group])) + 1
    return lone, [each for each in np.split(members[by_group], ends) if len(each)]


def _plain(search: _Search, members: Members) -> list[_Found]:
    """Some components that stand alone: those that are plain at once, the others the long way."""
    parts = search.components
    done, shapes, packed, rings = measure_plain(
        parts.runs, parts.first, parts.boxes, members, search.brown, search.bounds
    )
    ones, mine = np.ones(np.count_nonzero(done), np.int64), members[done]
    candidates = Candidates(shapes[done], ones, np.zeros(len(mine), bool), mine, ones)
    others = _long_way(search, members[~done][:, np.newaxis])
    return [_Found(candidates, packed, rings[done]), *others]


def _limits(settings: VesselSettings, mpp: float) -> Limits:
    gap_px, open_px = (
        round(um_to_px(gap_um, mpp)) for gap_um in (settings.join_gap_um, settings.open_lumen_gap_um)
    )
    return Limits(gap_px, settings.own_lumen_um2 / mpp**2, open_px)


def _long_way(search: _Search, groups: Iterable[Members]) -> list[_Found]:
    """All candidates of some neighbourhoods, looked at one by one."""
    margin_px = search.bounds.gap_px // 2 + 2
    painted = (paint_crop(search.components, members, margin_px, search.mpp) for members in groups)
    return [found for crop in painted for found in _examine(search, crop)]


def _examine(search: _Search, crop: Crop) -> Iterator[_Found]:
    """The candidates of one crop, each by itself."""
    is_brown = bool(search.brown[crop.members[0]])
    limits = _limits(search.settings, crop.mpp)
    pieces = find_pieces(crop.labels, crop.wall, len(crop.members), limits) if is_brown else [_alone(crop)]
    for piece in pieces:
        whole, wide = keep_lumens(
            piece,
            (crop.top, crop.left),
            crop.mpp,
            tissue=search.tissue,
            least_width_um=search.settings.max_lumen_width_um,
        )
        top, left = crop.top + piece.top, crop.left + piece.left
        shape, contours = measure(piece.stained, whole, top, left)
        if wide:
            shape = shape._replace(lumen_width=max(lumen.width_um for lumen in wide) / crop.mpp)
        members = crop.members[np.asarray(piece.labels) - 1]
        one = np.ones(1, np.int64)
        packed = pack(contours, left, top, crop.shrink)
        yield _Found(
            Candidates(
                np.array([shape]),
                one * crop.shrink,
                np.array([piece.was_split]),
                members,
                one * len(members),
            ),
            packed,
            one * len(packed.stops),
            wide,
        )


def _alone(crop: Crop) -> Piece:
    stained = (crop.labels > 0).astype(np.uint8)
    return Piece(stained, filled(stained), 0, 0, (1,), was_split=False)
