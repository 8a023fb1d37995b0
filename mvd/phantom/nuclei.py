"""Nuclei as small stamps of hematoxylin optical density, drawn once per slide and stamped many times."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mvd.phantom.fields import Field, Line, grain

ANGLES = 12
VARIANTS = 32


@dataclass(frozen=True)
class Stamps:
    """Nuclei in ``ANGLES`` directions each; (h, w) float32 hematoxylin OD with odd sides."""

    plump: tuple[tuple[Field, ...], ...]
    flat: tuple[tuple[Field, ...], ...]


def draw_stamps(rng: np.random.Generator, mpp: float, nucleus_od: float) -> Stamps:
    """Draw tumour-like nuclei (6 to 12 um) and flat endothelial ones."""
    plump = tuple(
        _directions(
            rng, rng.uniform(6.5, 12), rng.uniform(1.05, 1.7), nucleus_od * rng.uniform(0.65, 1.35), mpp
        )
        for _ in range(VARIANTS)
    )
    flat = tuple(
        _directions(rng, rng.uniform(8, 13), rng.uniform(2.8, 4.2), nucleus_od * rng.uniform(1.0, 1.5), mpp)
        for _ in range(VARIANTS // 2)
    )
    return Stamps(plump, flat)


def _directions(
    rng: np.random.Generator, major_um: float, aspect: float, od: float, mpp: float
) -> tuple[Field, ...]:
    seed = int(rng.integers(2**31))
    return tuple(
        _stamp(np.random.default_rng(seed), (major_um, major_um / aspect), np.pi * k / ANGLES, od, mpp)
        for k in range(ANGLES)
    )


def _stamp(
    rng: np.random.Generator, axes_um: tuple[float, float], angle_rad: float, od: float, mpp: float
) -> Field:
    """Draw one nucleus: wobbling outline, darker rim, clumps of chromatin, a nucleolus or two."""
    half = int(np.ceil(0.62 * axes_um[0] / mpp)) + 1
    y, x = np.mgrid[-half : half + 1, -half : half + 1] * mpp
    u, v = x * np.cos(angle_rad) + y * np.sin(angle_rad), y * np.cos(angle_rad) - x * np.sin(angle_rad)
    turn = np.arctan2(v / axes_um[1], u / axes_um[0])
    size = rng.normal(0, 0.05, 4) / np.array([1.0, 1.3, 2.2, 3.0])
    phase = rng.uniform(0, 2 * np.pi, 4)
    edge = 1 + sum(size[k] * np.cos((k + 2) * turn + phase[k]) for k in range(4))
    depth = 2 * np.hypot(u / axes_um[0], v / axes_um[1]) / edge
    cover = np.clip((1 - depth) * 0.5 * axes_um[1] / mpp + 0.5, 0, 1)
    vesicular = rng.uniform(0.45, 0.95)
    tone = vesicular + (1.15 - vesicular) * np.clip((depth - 0.45) / 0.4, 0, 1)
    tone = tone * np.clip(1 + 0.28 * grain(rng, depth.shape, 0.55 / mpp), 0.5, 1.8)
    for _ in range(int(rng.integers(0, 3))):
        at = rng.normal(0, 0.14, 2) * axes_um
        tone = tone + 0.7 * np.exp(-((u - at[0]) ** 2 + (v - at[1]) ** 2) / (2 * 0.55**2))
    return np.asarray(cover * tone * od, np.float32)


def scattered(rng: np.random.Generator, expected: NDArray[np.float32], cell_px: int, apart_px: float) -> Line:
    """Scatter points with a given expected number per cell, thinned where closer than ``apart_px``.

    Returns
    -------
    (n, 2) float64, (row, col) px
    """
    number = rng.poisson(np.maximum(expected, 0))
    rows, cols = np.nonzero(number)
    repeats = number[rows, cols]
    corner = np.stack([np.repeat(rows, repeats), np.repeat(cols, repeats)], axis=1)
    points = (corner + rng.random(corner.shape)) * cell_px
    if len(points) < 2:
        return points
    pairs = cKDTree(points).query_pairs(apart_px, output_type="ndarray")
    keep = np.ones(len(points), bool)
    keep[pairs.max(axis=1)[rng.random(len(pairs)) < 0.85]] = False  # some overlaps stay, as in a real section
    return points[keep]


def stamp(layer: Field, piece: Field, row: int, col: int) -> None:
    """Lay a stamp centred at a pixel over ``layer``, in place; where nuclei overlap the sum is damped."""
    half_rows, half_cols = piece.shape[0] // 2, piece.shape[1] // 2
    top, left = row - half_rows, col - half_cols
    r0, c0 = max(top, 0), max(left, 0)
    r1, c1 = min(top + piece.shape[0], layer.shape[0]), min(left + piece.shape[1], layer.shape[1])
    if r0 >= r1 or c0 >= c1:
        return
    under = layer[r0:r1, c0:c1]
    over = piece[r0 - top : r1 - top, c0 - left : c1 - left]
    np.add(np.maximum(under, over), 0.35 * np.minimum(under, over), out=under)


def choose(rng: np.random.Generator, kinds: tuple[tuple[Field, ...], ...], angle_rad: float) -> Field:
    """Pick a random nucleus that points in a direction."""
    return kinds[int(rng.integers(len(kinds)))][round(angle_rad / np.pi * ANGLES) % ANGLES]
