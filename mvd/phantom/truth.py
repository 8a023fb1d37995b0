"""A spec -> a phantom with its exact truth, and the score of a vessel table against it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching
from scipy.spatial import cKDTree

from mvd.geometry import circle_radius_um
from mvd.phantom.render import Rgb, render
from mvd.phantom.scene import Placed, Scene, make_scene
from mvd.phantom.spec import PhantomSpec

FIELD_MM2 = 0.74
DILATE_UM = 2.0
NEAR_UM = 3.0

Labels = NDArray[np.int32]


@dataclass(frozen=True)
class BestField:
    """The circle of ``FIELD_MM2`` that holds the most countable vessels; (x_um, y_um) is one such centre."""

    x_um: float
    y_um: float
    vessels: int


@dataclass(frozen=True)
class Phantom:
    """A synthetic slide and all that is true of it.

    Attributes
    ----------
    spec : PhantomSpec
    rgb : (h, w, 3) uint8
        The picture, before JPEG.
    labels : (h, w) int32
        The FILLED vessel (wall, gaps and lumen) each pixel belongs to, countable or not; 0 elsewhere.
    vessels : DataFrame
        ``vessel_id, x_um, y_um`` (centroid of the filled vessel), ``kind, countable, reason, filled_area_um2,
        lumen_area_um2, wall_od``. Of a thick-walled vessel the intima is meant, without its muscular wall.
    tissue : (h, w) bool
        Tissue, with the clefts and lumens in it.
    hotspot : BestField or None
        None without a countable vessel.
    """

    spec: PhantomSpec
    rgb: Rgb
    labels: Labels
    vessels: pd.DataFrame
    tissue: NDArray[np.bool_]
    hotspot: BestField | None

    @property
    def mpp(self) -> float:
        """Pixel size, um/px."""
        return self.spec.mpp

    @property
    def countable(self) -> pd.DataFrame:
        """The rows of ``vessels`` that count."""
        return self.vessels[self.vessels["countable"]]

    @property
    def tissue_area_mm2(self) -> float:
        """Tissue area, mm2."""
        return float(np.count_nonzero(self.tissue)) * self.mpp**2 / 1e6


@dataclass(frozen=True)
class Score:
    """How a vessel table agrees with the truth.

    Attributes
    ----------
    precision, recall, f1 : float
        0 to 1. Without any vessel in the truth recall is 1, and precision 1 only if none was found.
    truth, found, matched : int
        Countable vessels in the truth, counted ones found, pairs.
    count_error : float
        (found - truth) / truth; with an empty truth 0 when none was found, else infinite.
    """

    precision: float
    recall: float
    f1: float
    truth: int
    found: int
    matched: int
    count_error: float


def make_phantom(spec: PhantomSpec) -> Phantom:
    """Make the phantom of a spec; the same spec gives the same arrays."""
    rng = np.random.default_rng(spec.seed)
    scene = make_scene(rng, spec)
    labels = _draw_labels(spec, scene)
    vessels = _tabulate(spec, scene, labels)
    counted = vessels[vessels["countable"].astype(bool)]  # in an empty table it is no bool
    hotspot = best_field(counted[["x_um", "y_um"]].to_numpy(float), FIELD_MM2)
    rgb = render(rng, spec, scene)
    return Phantom(spec, rgb, labels, vessels, scene.ground.tissue > 0.5, hotspot)


def _draw_labels(spec: PhantomSpec, scene: Scene) -> Labels:
    labels = np.zeros(spec.shape_px, np.int32)
    for number, placed in enumerate(scene.placed, start=1):
        view = labels[placed.raster.window(placed.row, placed.col)]
        inside = placed.raster.outer >= min(0.5, float(placed.raster.outer.max()))
        view[inside & (view == 0)] = number
    return labels


def _tabulate(spec: PhantomSpec, scene: Scene, labels: Labels) -> pd.DataFrame:
    rows = [_row(spec, number, placed, labels) for number, placed in enumerate(scene.placed, start=1)]
    columns = ["vessel_id", "x_um", "y_um", "kind", "countable", "reason"]
    return pd.DataFrame(rows, columns=[*columns, "filled_area_um2", "lumen_area_um2", "wall_od"])


def _row(spec: PhantomSpec, number: int, placed: Placed, labels: Labels) -> tuple[object, ...]:
    rows, cols = placed.raster.window(placed.row, placed.col)
    y, x = np.nonzero(labels[rows, cols] == number)
    lumen_um2 = float(placed.raster.lumen.sum(dtype=np.float64)) * spec.mpp**2
    centre = (float(x.mean()) + cols.start + 0.5) * spec.mpp, (float(y.mean()) + rows.start + 0.5) * spec.mpp
    shape = placed.shape
    return (
        number,
        *centre,
        shape.kind,
        shape.countable,
        shape.reason,
        y.size * spec.mpp**2,
        lumen_um2,
        shape.wall_od,
    )


def best_field(points_um: NDArray[np.float64], field_mm2: float) -> BestField | None:
    """Find the circle that holds the most points, over all centres in the plane.

    A best circle can be moved until a point lies on its edge, so the circles through each point are swept by angle.
    The centre that is given is moved inwards from there by a millionth of the radius.
    """
    if len(points_um) == 0:
        return None
    radius = circle_radius_um(field_mm2)
    near = cKDTree(points_um).query_ball_point(points_um, 2 * radius)
    best = BestField(float(points_um[0, 0]), float(points_um[0, 1]), 1)
    for own, (point, others) in enumerate(zip(points_um, near, strict=True)):
        if len(others) <= best.vessels:
            continue
        vessels, angle = _sweep(points_um[[k for k in others if k != own]] - point, radius)
        if vessels > best.vessels:
            x, y = point + radius * (1 - 1e-6) * np.array([np.cos(angle), np.sin(angle)])
            best = BestField(float(x), float(y), vessels)
    return best


def _sweep(offsets: NDArray[np.float64], radius: float) -> tuple[int, float]:
    """Most points in a circle with (0, 0) on its edge, and the direction of its centre: the middle of the arc."""
    far = np.hypot(offsets[:, 0], offsets[:, 1])
    towards = np.arctan2(offsets[:, 1], offsets[:, 0])
    half = np.arccos(np.clip(far / (2 * radius), 0, 1))
    start = (towards - half) % (2 * np.pi)
    stop = start + 2 * half
    angle = np.concatenate([start, start + 2 * np.pi, stop, stop + 2 * np.pi])
    step = np.concatenate([np.ones(2 * len(start)), -np.ones(2 * len(start))])
    order = np.lexsort((-step, angle))
    inside = np.cumsum(step[order])
    at = int(inside[:-1].argmax())
    return int(inside[at]) + 1, float(angle[order][at : at + 2].mean())


def score(table: pd.DataFrame, phantom: Phantom) -> Score:
    """Compare found vessels with the truth, one to one.

    A found vessel with ``counted`` may be paired with a countable vessel of the truth when its centroid lies within
    2 um of the filled vessel, or no farther from that vessel's centroid than the larger of 3 um and half its
    equivalent radius (a curved tube's centroid may lie outside it). Pairs are one to one and as many as possible,
    so two found in one truth are one right and one wrong.

    Parameters
    ----------
    table : DataFrame
        ``x_um, y_um`` (centroids, um from the slide's top left corner) and ``counted`` (bool).
    phantom : Phantom
    """
    found_um = table.loc[table["counted"].astype(bool), ["x_um", "y_um"]].to_numpy(float)
    truth = phantom.countable
    matched = _count_pairs(found_um, truth, phantom) if len(found_um) and len(truth) else 0
    found, wanted = len(found_um), len(truth)
    precision = matched / found if found else 1.0
    recall = matched / wanted if wanted else 1.0
    f1 = 2 * matched / (found + wanted) if found + wanted else 1.0
    error = (found - wanted) / wanted if wanted else (0.0 if not found else float("inf"))
    return Score(precision, recall, f1, wanted, found, matched, error)


def _count_pairs(found_um: NDArray[np.float64], truth: pd.DataFrame, phantom: Phantom) -> int:
    rank = np.full(int(phantom.labels.max()) + 1, -1)
    rank[truth["vessel_id"].to_numpy(int)] = np.arange(len(truth))
    centres = truth[["x_um", "y_um"]].to_numpy(float)
    reach = np.maximum(NEAR_UM, 0.5 * np.sqrt(truth["filled_area_um2"].to_numpy(float) / np.pi))
    tree = cKDTree(centres)
    pairs = []
    for k, point in enumerate(found_um):
        close = [
            j
            for j in tree.query_ball_point(point, float(reach.max()))
            if _apart(point, centres[j]) <= reach[j]
        ]
        pairs += [(k, j) for j in {*close, *_touched(point, rank, phantom)}]
    if not pairs:
        return 0
    row, col = np.array(pairs).T
    graph = csr_array((np.ones(len(pairs)), (row, col)), shape=(len(found_um), len(truth)))
    return int((maximum_bipartite_matching(graph, perm_type="column") >= 0).sum())


def _apart(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.hypot(*(a - b)))


def _touched(point_um: NDArray[np.float64], rank: NDArray[np.int64], phantom: Phantom) -> set[int]:
    """Ranks of the countable vessels that have a pixel within ``DILATE_UM`` of a point."""
    col, row = point_um / phantom.mpp - 0.5
    reach = DILATE_UM / phantom.mpp
    top, left = max(int(row - reach), 0), max(int(col - reach), 0)
    crop = phantom.labels[top : int(row + reach) + 2, left : int(col + reach) + 2]
    y, x = np.nonzero(crop)
    inside = np.hypot(y + top - row, x + left - col) <= reach
    return {int(j) for j in rank[crop[y[inside], x[inside]]] if j >= 0}
