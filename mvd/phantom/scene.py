"""What stands where: vessels and look-alikes are planned, drawn as coverage and placed without accidental contact."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.phantom import shapes
from mvd.phantom.fields import Field, smooth_noise
from mvd.phantom.raster import Raster, rasterise
from mvd.phantom.shapes import Shape
from mvd.phantom.spec import PhantomSpec
from mvd.phantom.tissue_shape import Ground, area_mm2, lay_ground

GRID_UM = 8.0  # cells that positions are drawn from
APART_UM = 9.0  # between vessels; nearer ones could be read as parts of one
DOT_APART_UM = 3.5  # from specks, small profiles and pigment to anything else
TRIES = 60
LEAST_SPROUT_OD = 0.36  # a sprout has no lumen by which a reader could tell it from haze

Group = tuple[Shape, ...]
Mask = NDArray[np.uint8]


@dataclass(frozen=True)
class Placed:
    """A shape, its coverage, and the pixel corner its anchor lies on."""

    shape: Shape
    raster: Raster
    row: int
    col: int


@dataclass(frozen=True)
class Scene:
    """All that a slide shows; ``placed`` in the order of truth labels 1, 2, ..."""

    ground: Ground
    placed: tuple[Placed, ...]


def make_scene(rng: np.random.Generator, spec: PhantomSpec) -> Scene:
    """Lay the tissue, plan the vessels and place them."""
    ground = lay_ground(rng, spec)
    plan = _plan(rng, spec, area_mm2(ground.tissue, spec.mpp))
    return Scene(ground, _Table(rng, spec, ground).place_all(plan))


def _plan(rng: np.random.Generator, spec: PhantomSpec, tissue_mm2: float) -> list[Group]:
    """List what to place, large things first."""
    look = spec.look
    groups: list[Group] = []
    if spec.density_per_mm2 > 0:
        for per_mm2, thick in ((look.wide_per_mm2, False), (look.thick_per_mm2, True)):
            groups += [
                (shapes.large(rng, _wall_od(rng, spec), thick),)
                for _ in range(rng.poisson(per_mm2 * tissue_mm2))
            ]
    wanted = round(spec.density_per_mm2 * tissue_mm2)
    vessels: list[Group] = []
    while sum(map(len, vessels)) < wanted:
        vessels.append(_vessel(rng, spec))
    groups += sorted(vessels, key=_reach_um, reverse=True)
    for per_mm2, make in (
        (look.pigment_per_mm2, shapes.pigment),
        (look.undersized_per_mm2, shapes.undersized),
        (look.specks_per_mm2, shapes.speck),
    ):
        groups += [(make(rng),) for _ in range(rng.poisson(per_mm2 * tissue_mm2))]
    return groups


def _wall_od(rng: np.random.Generator, spec: PhantomSpec) -> float:
    faint = rng.random() < spec.look.faint_fraction
    return float(rng.uniform(*(spec.look.faint_od if faint else spec.look.strong_od)))


def _vessel(rng: np.random.Generator, spec: PhantomSpec) -> Group:
    """Draw one countable vessel, or a pair of rings."""
    od = _wall_od(rng, spec)
    kind = rng.choice(
        ["ring", "broken", "sprout", "solid", "lumen", "branched", "touching", "neighbours"],
        p=[0.34, 0.15, 0.17, 0.1, 0.1, 0.04, 0.05, 0.05],
    )
    if kind == "sprout":
        return (shapes.sprout(rng, max(od, LEAST_SPROUT_OD)),)
    if kind in ("solid", "lumen", "branched"):
        length = float(np.clip(rng.lognormal(3.7, 0.45), 22, 120))
        lumen = kind == "lumen" or (kind == "branched" and bool(rng.random() < 0.5))
        return (
            shapes.tube(
                rng, max(length, 45) if kind == "branched" else length, od, lumen, kind == "branched"
            ),
        )
    if kind == "broken":
        return (shapes.broken_ring(rng, rng.uniform(9, 28), _wall_um(rng, od), od),)
    if kind == "ring":
        return (_any_ring(rng, float(np.clip(rng.lognormal(2.5, 0.45), 5.5, 30)), od),)
    first, second = (_any_ring(rng, rng.uniform(9, 20), od * rng.uniform(0.85, 1.15)) for _ in range(2))
    gap_um = -rng.uniform(0.5, 1.1) if kind == "touching" else rng.uniform(3.2, 5.5)
    return shapes.side_by_side(
        first, second, gap_um, "touching_ring" if kind == "touching" else "neighbour_ring"
    )


def _any_ring(rng: np.random.Generator, diameter_um: float, od: float) -> Shape:
    aspect, roughness = float(rng.uniform(1, 2.0)), rng.uniform(0.03, 0.09)
    return shapes.ring(rng, diameter_um, _wall_um(rng, od), od, aspect, roughness)


def _wall_um(rng: np.random.Generator, od: float) -> float:
    """Draw the thickness of a wall; one both thin and faint would drown in the blur."""
    return float(rng.uniform(2.2 if od < shapes.FAINT_OD else 1.6, 3.8))


def _reach_um(group: Group) -> float:
    corners = np.vstack([outer for shape in group for outer in shape.outers])
    return float(np.ptp(corners, axis=0).max())


class _Table:
    """The slide while it is being filled: what is taken, and where the rest may go."""

    def __init__(self, rng: np.random.Generator, spec: PhantomSpec, ground: Ground) -> None:
        self.rng, self.spec = rng, spec
        blocked = ((ground.tissue < 0.99) | (ground.cleft > 0.01)).astype(np.uint8)
        blocked[[0, -1], :] = 1
        blocked[:, [0, -1]] = 1
        self.for_vessels: Mask = _grown(blocked, 4.0 / spec.mpp)
        self.for_dots: Mask = _grown(blocked, 3.0 / spec.mpp)
        self.cell_px = max(round(GRID_UM / spec.mpp), 1)
        rows, cols = spec.shape_px[0] // self.cell_px, spec.shape_px[1] // self.cell_px
        free = 1 - self.for_vessels[: rows * self.cell_px, : cols * self.cell_px]
        free = free.reshape(rows, self.cell_px, cols, self.cell_px).mean((1, 3))
        self.even: NDArray[np.float64] = free / max(free.sum(), 1e-9)
        crowded = free * _crowding(rng, spec, (rows, cols))
        self.crowded: NDArray[np.float64] = crowded / max(crowded.sum(), 1e-9)

    def place_all(self, plan: list[Group]) -> tuple[Placed, ...]:
        """Place each group where there is room; what finds none is left out."""
        if self.even.sum() < 0.5:
            return ()
        dots = [g for g in plan if g[0].kind in ("speck", "undersized", "pigment")]
        vessels = [g for g in plan if g[0].kind not in ("speck", "undersized", "pigment")]
        found = [p for g in vessels for p in self._place(g, self.for_vessels, self.crowded)]
        found += [p for g in dots for p in self._place(g, self.for_dots, self.even)]
        return tuple(found)

    def _place(self, group: Group, taken: Mask, chance: NDArray[np.float64]) -> list[Placed]:
        rasters = [rasterise(shape, self.spec.mpp) for shape in group]
        room = [
            _footprint(raster, shape.sleeve_um / self.spec.mpp)
            for raster, shape in zip(rasters, group, strict=True)
        ]
        cells = self.rng.choice(chance.size, TRIES, p=chance.ravel())
        within = self.rng.integers(0, self.cell_px, (TRIES, 2))
        for cell, inside in zip(cells, within, strict=True):
            row, col = (np.array(np.unravel_index(cell, chance.shape)) * self.cell_px + inside).tolist()
            if all(_fits(taken, raster, row, col) for raster in room):
                for raster in room:
                    self._take(raster, row, col)
                return [Placed(s, r, row, col) for s, r in zip(group, rasters, strict=True)]
        return []

    def _take(self, raster: Raster, row: int, col: int) -> None:
        for taken, apart_um in ((self.for_vessels, APART_UM), (self.for_dots, DOT_APART_UM)):
            grown = _footprint(raster, apart_um / self.spec.mpp)
            rows, cols = grown.window(row, col)
            r0, c0 = max(rows.start, 0), max(cols.start, 0)
            view = taken[r0 : rows.stop, c0 : cols.stop]
            part = grown.outer[r0 - rows.start :, c0 - cols.start :][: view.shape[0], : view.shape[1]]
            view[part > 0] = 1


def _crowding(rng: np.random.Generator, spec: PhantomSpec, cells: tuple[int, int]) -> Field:
    """Relative density of vessels: patchy, with one planted hot spot."""
    size = np.array([spec.width_um, spec.height_um])
    drawn = size * rng.uniform(0.36, 0.64, 2)
    centre = drawn if spec.hotspot_centre_um is None else np.array(spec.hotspot_centre_um)
    y, x = np.mgrid[0 : cells[0], 0 : cells[1]]
    far2 = ((x + 0.5) * GRID_UM - centre[0]) ** 2 + ((y + 0.5) * GRID_UM - centre[1]) ** 2
    spread = min(330.0, 0.25 * float(size.min()))
    patchy = np.clip(1 + 0.3 * smooth_noise(rng, cells, max(min(cells) / 6, 2)), 0.3, 2)
    return np.asarray(patchy * (1 + (spec.hotspot_boost - 1) * np.exp(-far2 / (2 * spread**2))), np.float32)


def _footprint(raster: Raster, grow_px: float) -> Raster:
    """Return the pixels a shape covers, grown by a distance."""
    margin = int(np.ceil(grow_px)) if grow_px > 0 else 0
    covered = np.pad((raster.outer > 0).astype(np.uint8), margin)
    return replace(
        raster,
        row=raster.row - margin,
        col=raster.col - margin,
        outer=np.asarray(_grown(covered, grow_px), np.float32),
    )


def _grown(mask: Mask, reach_px: float) -> Mask:
    reach = int(np.ceil(reach_px))
    if reach < 1:
        return mask
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.dilate(mask, disc), np.uint8)


def _fits(taken: Mask, raster: Raster, row: int, col: int) -> bool:
    rows, cols = raster.window(row, col)
    if rows.start < 0 or cols.start < 0 or rows.stop > taken.shape[0] or cols.stop > taken.shape[1]:
        return False
    return not taken[rows, cols][raster.outer > 0].any()
