"""Components -> vessels: lumen, joining, splitting, rules with reasons, measures.

Input: the connected components of the whole slide. Output: ``Vessels``, every candidate with ``counted`` and
``reason``. Lengths are um from here on. Never reads a slide: what is here can be done again with other rules.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mvd.geometry import um_to_px
from mvd.runs import Components
from mvd.settings import VesselSettings
from mvd.stain import Stain
from mvd.tissue import Tissue
from mvd.vessels.crops import Crop, Members, members_of, paint_crop
from mvd.vessels.measure import Contours, Shape, filled, measure
from mvd.vessels.neighbours import neighbourhoods
from mvd.vessels.pieces import Limits, Piece
from mvd.vessels.rings import find_pieces
from mvd.vessels.wide import WideLumen, keep_lumens, mark_contents

COUNTED_REASONS = ("ok", "merged", "split")
_CHUNK = 64  # neighbourhoods handed to a thread at once

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
class _Finding:
    """One candidate: its row, its outline, and the wide lumens in it."""

    row: Row
    outline: Outline
    wide: tuple[WideLumen, ...]


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
    gap_px = round(um_to_px(settings.join_gap_um, mpp))
    brown = is_dab(components, stain, settings)
    findings: list[_Finding] = []
    with ThreadPoolExecutor(workers) as pool:
        for parts, is_brown in ((components.select(brown), True), (components.select(~brown), False)):
            groups = neighbourhoods(parts, gap_px) if is_brown else np.arange(len(parts))

            def examine(
                chunk: list[Members], parts: Components = parts, is_brown: bool = is_brown
            ) -> list[_Finding]:
                crops = (paint_crop(parts, members, gap_px // 2 + 2, mpp) for members in chunk)
                return [
                    finding for crop in crops for finding in _examine(crop, parts, tissue, settings, is_brown)
                ]

            every = members_of(groups)
            chunks = [every[i : i + _CHUNK] for i in range(0, len(every), _CHUNK)]
            findings += [finding for found in pool.map(examine, chunks) for finding in found]
    mark_contents(
        [finding.row for finding in findings], [lumen for finding in findings for lumen in finding.wide]
    )
    return _in_order([finding.row for finding in findings], [finding.outline for finding in findings])


def _examine(
    crop: Crop, components: Components, tissue: Tissue, settings: VesselSettings, is_brown: bool
) -> Iterator[_Finding]:
    """The candidates of one crop, measured and judged."""
    limits = Limits(round(um_to_px(settings.join_gap_um, crop.mpp)), settings.own_lumen_um2 / crop.mpp**2)
    pieces = find_pieces(crop.labels, crop.wall, len(crop.members), limits) if is_brown else [_alone(crop)]
    for piece in pieces:
        whole, wide = keep_lumens(
            piece, (crop.top, crop.left), crop.mpp, tissue=tissue, least_width_um=settings.max_lumen_width_um
        )
        shape, contours = measure(piece.stained, whole)
        if wide:
            shape = replace(shape, lumen_width=max(lumen.width_um for lumen in wide) / crop.mpp)
        reason = judge(shape, piece, settings, crop.mpp) if is_brown else "not_dab"
        yield _Finding(_row(shape, piece, components, crop, reason), _outline(contours, piece, crop), wide)


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


def judge(shape: Shape, piece: Piece, settings: VesselSettings, mpp: float) -> str:
    """The first rule that a brown candidate breaks, or how it came to be a vessel."""
    if shape.filled_area * mpp**2 < settings.min_area_um2:
        return "too_small"
    if shape.lumen_width * mpp > settings.max_lumen_width_um:
        return "lumen_too_wide"
    if shape.wall * mpp > settings.max_wall_um:
        return "thick_wall"
    if piece.was_split:
        return "split"
    return "merged" if len(piece.labels) > 1 else "ok"


def _alone(crop: Crop) -> Piece:
    stained = (crop.labels > 0).astype(np.uint8)
    return Piece(stained, filled(stained), 0, 0, (1,), was_split=False)


def _row(shape: Shape, piece: Piece, components: Components, crop: Crop, reason: str) -> Row:
    members = crop.members[np.asarray(piece.labels) - 1]
    mpp = crop.mpp
    return {
        # Positions are rounded as they are printed, so that a hot spot holds what its printed circle holds.
        "x_um": round((crop.left + piece.left + shape.col + 0.5) * mpp, 3),
        "y_um": round((crop.top + piece.top + shape.row + 0.5) * mpp, 3),
        "counted": reason in COUNTED_REASONS,
        "reason": reason,
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


def _outline(contours: Contours, piece: Piece, crop: Crop) -> Outline:
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
