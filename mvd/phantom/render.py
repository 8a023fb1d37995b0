"""A scene -> stain layers in optical density -> the picture that a scanner would deliver (Beer-Lambert)."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.phantom.fields import Field, grain, smooth_noise
from mvd.phantom.nuclei import Stamps, choose, draw_stamps, scattered, stamp
from mvd.phantom.outlines import ellipse
from mvd.phantom.raster import fill_coverage
from mvd.phantom.scene import Placed, Scene
from mvd.phantom.shapes import FAINT_OD
from mvd.phantom.spec import PhantomSpec

HEMATOXYLIN = (0.651, 0.701, 0.290)
DAB = (0.269, 0.568, 0.778)
BLACK = np.array([1.0, 1.0, 0.98]) / 3**0.5
GOLDEN = np.array([0.22, 0.43, 0.875])
MUSCLE = np.array([0.040, 0.088, 0.058])  # OD of a pale pink wall, R G B
RED_CELL = np.array([0.025, 0.075, 0.165])  # OD of a tan red cell, R G B
TEXTURE_PX = 1024

Rgb = NDArray[np.uint8]


@dataclass(frozen=True)
class Layers:
    """Optical densities, base 10. ``other`` is what is neither stain: pigment, red cells, muscle.

    Attributes
    ----------
    hematoxylin, dab : (h, w) float32
    other : (h, w, 3) float32
    """

    hematoxylin: Field
    dab: Field
    other: Field


def beer_lambert(layers: Layers, vectors: NDArray[np.float64], white: NDArray[np.float64]) -> Field:
    """Light that passes the layers: I = I0 * 10 ** -(sum of OD x vector).

    Parameters
    ----------
    layers : Layers
    vectors : (2, 3) float64
        Unit vectors of hematoxylin and DAB.
    white : (3,) float64
        I0, the intensity of the empty glass, grey levels.

    Returns
    -------
    (h, w, 3) float32, grey levels
    """
    light = np.empty_like(layers.other)
    for channel in range(3):
        od = layers.hematoxylin * np.float32(vectors[0, channel])
        od += layers.dab * np.float32(vectors[1, channel])
        od += layers.other[..., channel]
        od *= np.float32(-np.log(10))
        light[..., channel] = np.exp(od, out=od)
        light[..., channel] *= np.float32(white[channel])
    return light


def render(rng: np.random.Generator, spec: PhantomSpec, scene: Scene) -> Rgb:
    """Render a scene: (h, w, 3) uint8 sRGB, before any JPEG."""
    layers = paint(rng, spec, scene)
    look = spec.look
    vectors = np.stack([_drifted(rng, v, look.drift_deg) for v in (HEMATOXYLIN, DAB)])
    white = rng.uniform(239, 243) + rng.uniform(-2.5, 2.5, 3)
    light = beer_lambert(layers, vectors, white)
    light = np.asarray(cv2.GaussianBlur(light, (0, 0), look.blur_um / spec.mpp), np.float32)
    shade = np.clip(smooth_noise(rng, spec.shape_px, max(spec.shape_px) / 2), -2, 1.2)
    for channel in range(3):
        plane = light[..., channel]
        plane *= 1 + np.float32(look.cast * rng.uniform(0.75, 1.25)) * shade
        noise = rng.standard_normal(plane.shape, dtype=np.float32)
        plane += noise * np.sqrt(np.maximum(plane, 8) / 240) * np.float32(look.noise_levels)
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)


def paint(rng: np.random.Generator, spec: PhantomSpec, scene: Scene) -> Layers:
    """Paint the stain layers of a scene."""
    layers = _backdrop(rng, spec, scene)
    stamps = draw_stamps(rng, spec.mpp, spec.look.nucleus_od)
    _paint_nuclei(rng, spec, scene, stamps, layers)
    texture = np.clip(1 + 0.3 * grain(rng, (TEXTURE_PX, TEXTURE_PX), 1.2 / spec.mpp), 0.55, 1.7)
    texture *= np.clip(1 + 0.14 * grain(rng, texture.shape, 0.4 / spec.mpp), 0.6, 1.5)
    for placed in scene.placed:
        if placed.shape.kind == "pigment":
            _paint_pigment(rng, spec, placed, layers)
        else:
            _paint_vessel(rng, spec, placed, texture.astype(np.float32), layers, stamps)
    return layers


def _backdrop(rng: np.random.Generator, spec: PhantomSpec, scene: Scene) -> Layers:
    """Paint cytoplasm or neuropil, and the haze."""
    shape, look = spec.shape_px, spec.look
    tone = (
        1 + 0.22 * smooth_noise(rng, shape, 120 / spec.mpp) + 0.16 * smooth_noise(rng, shape, 18 / spec.mpp)
    )
    tone += 0.17 * grain(rng, shape, 1.5 / spec.mpp) + 0.12 * grain(rng, shape, 0.5 / spec.mpp)
    solid = scene.ground.tissue * (1 - 0.97 * scene.ground.cleft)
    hematoxylin = np.clip(tone, 0.15, 2.5) * np.float32(look.cytoplasm_od) * solid
    haze = (
        np.clip(0.45 + 0.4 * smooth_noise(rng, shape, 160 / spec.mpp), 0, 1)
        * np.float32(look.haze_od)
        * solid
    )
    other = np.zeros((*shape, 3), np.float32)
    other += (0.12 * look.cytoplasm_od * solid)[
        ..., None
    ]  # unstained protein scatters a little of every colour
    return Layers(np.asarray(hematoxylin, np.float32), np.asarray(haze, np.float32), other)


def _paint_nuclei(
    rng: np.random.Generator, spec: PhantomSpec, scene: Scene, stamps: Stamps, layers: Layers
) -> None:
    cell = max(round(8.0 / spec.mpp), 1)
    rows, cols = (-(-n // cell) for n in spec.shape_px)
    crowd = np.clip(
        1 + 0.45 * smooth_noise(rng, (rows, cols), 14) + 0.25 * smooth_noise(rng, (rows, cols), 4), 0.15, 2.5
    )
    per_cell = spec.look.nuclei_per_mm2 * (cell * spec.mpp) ** 2 / 1e6 * 1.25
    points = scattered(rng, np.asarray(crowd * per_cell, np.float32), cell, 7.0 / spec.mpp)
    angles = rng.uniform(0, np.pi, len(points))
    every = np.vstack([np.column_stack([points, angles]), scene.ground.lining])
    solid = scene.ground.tissue * (1 - scene.ground.cleft)
    for y, x, angle in every.tolist():
        row, col = int(y), int(x)
        if 0 <= row < solid.shape[0] and 0 <= col < solid.shape[1] and solid[row, col] > 0.9:
            stamp(layers.hematoxylin, choose(rng, stamps.plump, angle), row, col)
    np.multiply(layers.hematoxylin, 1 - 0.9 * scene.ground.cleft, out=layers.hematoxylin)


def _paint_vessel(
    rng: np.random.Generator,
    spec: PhantomSpec,
    placed: Placed,
    texture: Field,
    layers: Layers,
    stamps: Stamps,
) -> None:
    """Clear the lumen, stain the wall, add red cells and endothelial nuclei."""
    shape, raster = placed.shape, placed.raster
    if shape.sleeve_um > 0:
        _paint_sleeve(rng, spec, placed, layers, stamps)
    window = raster.window(placed.row, placed.col)
    clear = 1 - 0.985 * raster.lumen
    layers.hematoxylin[window] *= clear
    layers.dab[window] *= clear
    layers.other[window] *= clear[..., None]
    displaced = 0.85 if shape.wall_od < FAINT_OD else 0.6
    layers.hematoxylin[window] *= 1 - displaced * raster.wall  # the wall takes the room of what stood there
    row, col = rng.integers(0, TEXTURE_PX - np.array(raster.wall.shape) + 1)
    stained = raster.wall * texture[row:, col:][: raster.wall.shape[0], : raster.wall.shape[1]]
    layers.dab[window] += stained * np.float32(shape.wall_od)
    if shape.red_cells:
        _paint_red_cells(rng, spec, placed, layers)
    for x, y, angle in shape.nuclei.tolist():
        at = placed.row + round(y / spec.mpp), placed.col + round(x / spec.mpp)
        _stamp_endothelium(layers.hematoxylin, choose(rng, stamps.flat, angle), at, placed)


def _stamp_endothelium(layer: Field, piece: Field, at: tuple[int, int], placed: Placed) -> None:
    """Stamp an endothelial nucleus so that it neither bulges far into the lumen nor hides a faint wall."""
    window = placed.raster.window(placed.row, placed.col)
    before = layer[window].copy()
    stamp(layer, piece, *at)
    hidden = 0.7 if placed.shape.wall_od < FAINT_OD else 0.0
    layer[window] -= (layer[window] - before) * (0.85 * placed.raster.lumen + hidden * placed.raster.wall)


def _paint_sleeve(
    rng: np.random.Generator, spec: PhantomSpec, placed: Placed, layers: Layers, stamps: Stamps
) -> None:
    """Paint the smooth, pale muscular wall with its own few nuclei around a large vessel."""
    margin = int(np.ceil(placed.shape.sleeve_um / spec.mpp)) + 2
    inside = np.pad((placed.raster.outer >= 0.5).astype(np.uint8), margin)
    away_um = np.asarray(cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5), np.float32) * np.float32(spec.mpp)
    cover = np.clip((placed.shape.sleeve_um - away_um) / 1.5 + 0.5, 0, 1) * (1 - inside)
    top, left = placed.row + placed.raster.row - margin, placed.col + placed.raster.col - margin
    r0, c0 = max(top, 0), max(left, 0)
    cover = cover[r0 - top :, c0 - left :][: layers.dab.shape[0] - r0, : layers.dab.shape[1] - c0]
    away_um = away_um[r0 - top :, c0 - left :][: cover.shape[0], : cover.shape[1]]
    window = slice(r0, r0 + cover.shape[0]), slice(c0, c0 + cover.shape[1])
    wave = 1.6 * smooth_noise(rng, cover.shape, 14 / spec.mpp)
    fibres = 1 + 0.09 * np.sin(1.9 * away_um + wave) + 0.12 * smooth_noise(rng, cover.shape, 5 / spec.mpp)
    keep = 1 - 0.85 * cover
    layers.hematoxylin[window] = layers.hematoxylin[window] * keep + 0.05 * cover * fibres
    layers.dab[window] *= keep
    layers.other[window] = layers.other[window] * keep[..., None] + (cover * fibres)[..., None] * MUSCLE
    gy, gx = np.gradient(away_um)
    rows, cols = np.nonzero((away_um > 3) & (away_um < placed.shape.sleeve_um - 2))
    for k in rng.integers(0, max(rows.size, 1), min(rows.size, int(rows.size * spec.mpp**2 / 260))).tolist():
        angle = float(np.arctan2(gy[rows[k], cols[k]], gx[rows[k], cols[k]])) + np.pi / 2
        stamp(layers.hematoxylin, choose(rng, stamps.flat, angle), r0 + int(rows[k]), c0 + int(cols[k]))


def _paint_red_cells(rng: np.random.Generator, spec: PhantomSpec, placed: Placed, layers: Layers) -> None:
    """Put tan discs of about 7 um, a little paler in the middle, into the lumen."""
    lumen = placed.raster.lumen
    depth = cv2.distanceTransform((lumen > 0.5).astype(np.uint8), cv2.DIST_L2, 3) * spec.mpp
    rows, cols = np.nonzero(depth > 2.2)
    if rows.size == 0:
        return
    window = placed.raster.window(placed.row, placed.col)
    filling = rng.uniform(0.2, 0.7) if lumen.sum() * spec.mpp**2 < 1500 else rng.uniform(0.05, 0.25)
    for _ in range(max(1, int(filling * lumen.sum() * spec.mpp**2 / 38))):
        k = int(rng.integers(rows.size))
        size = rng.uniform(5.8, 7.4)
        disc = ellipse(rng, size, size * rng.uniform(0.7, 1.0), 0.03)
        origin = -np.array([cols[k], rows[k]]) * spec.mpp
        cover = fill_coverage([disc], origin, lumen.shape, spec.mpp) - 0.35 * fill_coverage(
            [disc * 0.4], origin, lumen.shape, spec.mpp
        )
        tint = (cover * lumen)[..., None] * RED_CELL * rng.uniform(0.7, 1.3)
        layers.other[window] = np.maximum(layers.other[window], tint)


def _paint_pigment(rng: np.random.Generator, spec: PhantomSpec, placed: Placed, layers: Layers) -> None:
    """Put granules of pigment; golden ones beside nearly black ones in haemosiderin."""
    raster, shape = placed.raster, placed.shape
    window = raster.window(placed.row, placed.col)
    origin = np.array([raster.col, raster.row]) * spec.mpp
    for granule in shape.outers:
        golden = min(max(shape.golden * rng.uniform(0.3, 1.4), 0.0), 1.0) if shape.golden > 0 else 0.0
        colour = (1 - golden) * BLACK + golden * GOLDEN
        cover = fill_coverage([granule], origin, raster.outer.shape, spec.mpp)
        od = cover[..., None] * colour * (shape.wall_od * rng.uniform(0.6, 1.25))
        layers.other[window] = np.maximum(layers.other[window], od)


def _drifted(
    rng: np.random.Generator, vector: tuple[float, float, float], angle_deg: float
) -> NDArray[np.float64]:
    """Turn a stain vector by an angle in a random direction."""
    unit = np.array(vector) / np.linalg.norm(vector)
    across = rng.normal(0, 1, 3)
    across -= across @ unit * unit
    across /= np.linalg.norm(across)
    angle = np.deg2rad(angle_deg)
    return np.asarray(np.abs(np.cos(angle) * unit + np.sin(angle) * across), np.float64)
