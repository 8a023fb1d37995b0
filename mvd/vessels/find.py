"""Components -> vessels: lumen, joining, splitting, rules with reasons, measures.

Input: the connected components of the whole slide. Output: ``Vessels``, every candidate with ``counted`` and
``reason``. Lengths are um from here on. Never reads a slide: what is here can be done again with other rules.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, sqrt

import numba
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mvd.geometry import um_to_px
from mvd.runs import KIND, ROW, START, STOP, Components
from mvd.segment import WALL
from mvd.settings import VesselSettings
from mvd.stain import Stain
from mvd.tissue import Tissue
from mvd.vessels.measure import Contours, Mask, Shape, filled, measure
from mvd.vessels.neighbours import neighbourhoods
from mvd.vessels.pieces import Labels, Limits, Piece
from mvd.vessels.rings import find_pieces
from mvd.vessels.wide import WideLumens

COUNTED_REASONS = ("ok", "merged", "split")
MOST_CROP_PX = 16e6

Ring = NDArray[np.float32]
Row = dict[str, object]


@dataclass(frozen=True)
class Outline:
    """The outline of one vessel: (n, 2) rings of (x, y) in um from the slide's top left corner, not closed."""

    outer: tuple[Ring, ...]
    lumens: tuple[Ring, ...]


@dataclass(frozen=True)
class Vessels:
    """Every candidate of a slide, counted or not.

    Attributes
    ----------
    table : DataFrame
        The columns of vessels.csv without ``slide_id``, one row a candidate, in the order of ``vessel_id``.
    outlines : tuple of Outline
        One for each row of ``table``.
    """

    table: pd.DataFrame
    outlines: tuple[Outline, ...]

    @property
    def counted(self) -> pd.DataFrame:
        """The rows that are counted."""
        return self.table[self.table["counted"]]


@dataclass(frozen=True)
class _Crop:
    """The components of one neighbourhood on a crop: ``labels`` 1 ... in the order of ``members``, and their wall."""

    members: NDArray[np.int64]
    labels: Labels
    wall: Mask
    top: int
    left: int
    mpp: float


def find_vessels(
    components: Components, tissue: Tissue, stain: Stain, settings: VesselSettings, mpp: float
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
    """
    gap_px = round(um_to_px(settings.join_gap_um, mpp))
    limits = Limits(gap_px, settings.own_lumen_um2 / mpp**2)
    wide = WideLumens(tissue, settings.max_lumen_width_um)
    brown = is_dab(components, stain, settings)
    rows: list[Row] = []
    outlines: list[Outline] = []
    for chosen in (brown, ~brown):
        parts = components.select(chosen)
        groups = neighbourhoods(parts, gap_px) if chosen is brown else np.arange(len(parts))
        for crop in _crops(parts, groups, gap_px // 2 + 2, mpp):
            for piece in (
                find_pieces(crop.labels, crop.wall, len(crop.members), limits)
                if chosen is brown
                else [_alone(crop)]
            ):
                whole = wide.keep_lumens(piece, (crop.top, crop.left), crop.mpp)
                shape, contours = measure(piece.stained, whole)
                row = _row(shape, piece, parts, crop)
                row["reason"] = judge(row, piece, settings) if chosen is brown else "not_dab"
                row["counted"] = row["reason"] in COUNTED_REASONS
                rows.append(row)
                outlines.append(_outline(contours, piece, crop))
    wide.mark_contents(rows)
    return _in_order(rows, outlines)


def is_dab(components: Components, stain: Stain, settings: VesselSettings) -> NDArray[np.bool_]:
    """Whether each component is brown, (k,) bool: its hematoxylin and residual are small beside its DAB.

    All three are taken above the background of the tissue. Black pigment shows as much hematoxylin as DAB, and like
    red cells, eosin and formalin pigment it leaves the plane of the two stains. A nucleus over a wall adds
    hematoxylin too, but no residual: so the residual weighs more.
    """
    area = components.area_px * 1000.0
    contrast = components.od_sum / area - stain.background_od
    hematoxylin = components.hematoxylin_sum / area - stain.background_hematoxylin_od
    residual = np.abs(components.residual_sum / area)
    foreign = hematoxylin + settings.residual_weight * residual
    found: NDArray[np.bool_] = foreign <= settings.max_foreign_part * contrast
    return found


def judge(row: Row, piece: Piece, settings: VesselSettings) -> str:
    """The first rule that a brown candidate breaks, or how it came to be a vessel."""
    if float(str(row["filled_area_um2"])) < settings.min_area_um2:
        return "too_small"
    if float(str(row["lumen_width_um"])) > settings.max_lumen_width_um:
        return "lumen_too_wide"
    if piece.was_split:
        return "split"
    return "merged" if len(piece.labels) > 1 else "ok"


def _alone(crop: _Crop) -> Piece:
    stained = (crop.labels > 0).astype(np.uint8)
    return Piece(stained, filled(stained), 0, 0, (1,), was_split=False)


def _crops(components: Components, groups: NDArray[np.int64], margin_px: int, mpp: float) -> Iterator[_Crop]:
    """Paint the components of each group. A giant (all of a slide brown) is painted coarser, to fit in memory."""
    order = np.argsort(groups, kind="stable")
    ends = np.flatnonzero(np.diff(groups[order], append=-1)) + 1
    for members in np.split(order, ends[:-1]) if len(order) else []:
        boxes = components.boxes[members]
        top, left = (int(edge) for edge in boxes[:, :2].min(axis=0))
        bottom, right = (int(edge) for edge in boxes[:, 2:].max(axis=0))
        shrink = ceil(sqrt(max(1.0, (bottom - top) * (right - left) / MOST_CROP_PX)))
        top, left = top // shrink - margin_px, left // shrink - margin_px
        shape = (bottom // shrink + 1 + margin_px - top, right // shrink + 1 + margin_px - left)
        labels, wall = np.zeros(shape, np.int32), np.zeros(shape, np.uint8)
        for label, member in enumerate(members, start=1):
            runs = components.runs[components.first[member] : components.first[member + 1]]
            _paint(labels, wall, runs, (top, left, shrink), label)
        yield _Crop(members, labels, wall, top, left, mpp * shrink)


@numba.njit(cache=True, nogil=True)
def _paint(labels, wall, runs, place, label):  # type: ignore[no-untyped-def]
    top, left, shrink = place
    for i in range(len(runs)):
        row = runs[i, ROW] // shrink - top
        start, stop = runs[i, START] // shrink - left, (runs[i, STOP] - 1) // shrink + 1 - left
        labels[row, start:stop] = label
        if runs[i, KIND] == WALL:
            wall[row, start:stop] = 1


def _row(shape: Shape, piece: Piece, components: Components, crop: _Crop) -> Row:
    members = crop.members[np.asarray(piece.labels) - 1]
    mpp = crop.mpp
    return {
        # Positions are rounded as they are printed, so that a hot spot holds what its printed circle holds.
        "x_um": round((crop.left + piece.left + shape.col + 0.5) * mpp, 3),
        "y_um": round((crop.top + piece.top + shape.row + 0.5) * mpp, 3),
        "area_um2": shape.area * mpp**2,
        "lumen_area_um2": (shape.filled_area - shape.area) * mpp**2,
        "filled_area_um2": shape.filled_area * mpp**2,
        "perimeter_um": shape.perimeter * mpp,
        "major_axis_um": shape.major_axis * mpp,
        "minor_axis_um": shape.minor_axis * mpp,
        "max_feret_um": shape.max_feret * mpp,
        "lumen_width_um": shape.lumen_width * mpp,
        "wall_um": shape.wall * mpp,
        "solidity": shape.solidity,
        "eccentricity": shape.eccentricity,
        "mean_dab_od": float(components.od_sum[members].sum() / components.area_px[members].sum()) / 1000,
        "max_dab_od": float(components.od_max[members].max()) / 1000,
        "parts": len(members),
        "hotspot_rank": 0,
    }


def _outline(contours: Contours, piece: Piece, crop: _Crop) -> Outline:
    origin = np.array([crop.left + piece.left + 0.5, crop.top + piece.top + 0.5])
    outer = tuple(((ring + origin) * crop.mpp).astype(np.float32) for ring in contours.outer)
    lumens = tuple(((ring + origin) * crop.mpp).astype(np.float32) for ring in contours.lumens)
    return Outline(outer, lumens)


def _in_order(rows: list[Row], outlines: list[Outline]) -> Vessels:
    """Number the vessels from top to bottom, then from left to right."""
    columns = list(_COLUMNS)
    table = pd.DataFrame(rows, columns=columns[1:])
    order = np.lexsort((table["x_um"].to_numpy(float), table["y_um"].to_numpy(float)))
    table = table.iloc[order].reset_index(drop=True)
    table.insert(0, "vessel_id", np.arange(1, len(table) + 1))
    table = table.astype(_COLUMNS)
    return Vessels(table, tuple(outlines[i] for i in order))


_FLOATS = (
    "area_um2 lumen_area_um2 filled_area_um2 perimeter_um major_axis_um minor_axis_um max_feret_um lumen_width_um "
    "wall_um solidity eccentricity mean_dab_od max_dab_od"
)
_COLUMNS: dict[str, str] = {
    "vessel_id": "int64",
    "x_um": "float64",
    "y_um": "float64",
    "counted": "bool",
    "reason": "object",
    **dict.fromkeys(_FLOATS.split(), "float64"),
    "parts": "int64",
    "hotspot_rank": "int64",
}
