"""Where the phantom has tissue, and the white clefts (gland lumens) in it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.phantom.fields import Field, Line, smooth_noise
from mvd.phantom.outlines import ellipse, headings, inset, rotated
from mvd.phantom.spec import PhantomSpec

COARSE_UM = 2.0


@dataclass(frozen=True)
class Ground:
    """The tissue before anything stands in it.

    Attributes
    ----------
    tissue : (h, w) float32
        0 glass to 1 tissue, with a soft rim.
    cleft : (h, w) float32
        1 inside white clefts.
    lining : (n, 3) float64
        Nuclei that line the glands: row, col (px) and direction (rad).
    """

    tissue: Field
    cleft: Field
    lining: Line


def lay_ground(rng: np.random.Generator, spec: PhantomSpec) -> Ground:
    """Draw the outline of the tissue and its clefts."""
    tissue = _island(rng, spec) if spec.outline else np.ones(spec.shape_px, np.float32)
    cleft, lining = _clefts(rng, spec, tissue)
    return Ground(tissue, cleft, lining)


def _island(rng: np.random.Generator, spec: PhantomSpec) -> Field:
    """Draw one ragged island that leaves blank glass around it."""
    rows, cols = (max(int(n * spec.mpp / COARSE_UM), 8) for n in spec.shape_px)
    y, x = np.mgrid[0:rows, 0:cols].astype(np.float32)
    y, x = 2 * (y + 0.5) / rows - 1, 2 * (x + 0.5) / cols - 1
    reach = (np.abs(x / 0.9) ** 3.2 + np.abs(y / 0.9) ** 3.2) ** (1 / 3.2)
    side = min(rows, cols)
    height = (1 - reach) * 0.5 * side * COARSE_UM  # um inside the outline
    height = height + 0.05 * side * COARSE_UM * (smooth_noise(rng, (rows, cols), side / 3) - 0.6)
    height = height + 5 * smooth_noise(rng, (rows, cols), 24) + 2 * smooth_noise(rng, (rows, cols), 5)
    fine = cv2.resize(height.astype(np.float32), spec.shape_px[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(fine / 5 + 0.5, 0, 1), np.float32)


def _clefts(rng: np.random.Generator, spec: PhantomSpec, tissue: Field) -> tuple[Field, Line]:
    canvas = np.zeros(spec.shape_px, np.uint8)
    lining = []
    for _ in range(
        rng.poisson(spec.look.clefts_per_mm2 * float(tissue.mean()) * tissue.size * spec.mpp**2 / 1e6)
    ):
        long = rng.uniform(25, 110)
        angle = rng.uniform(0, np.pi)
        outline = rotated(ellipse(rng, long, long / rng.uniform(2.5, 8), 0.17), angle)
        centre = rng.uniform(0, 1, 2) * np.array(spec.shape_px[::-1]) * spec.mpp
        lines_gland = rng.random() < 0.6
        if not _deep(tissue, centre, 0.6 * long + 15, spec.mpp):
            continue
        corners = np.round((outline + centre) / spec.mpp * 16 - 8).astype(np.int32)
        cv2.fillPoly(canvas, [corners], 255, lineType=cv2.LINE_AA, shift=4)
        if lines_gland:
            lining.append(_lining(rng, outline + centre, spec.mpp))
    cover = np.asarray(cv2.GaussianBlur(canvas, (0, 0), max(0.5 / spec.mpp, 0.3)), np.float32) / np.float32(
        255
    )
    return cover, np.vstack(lining) if lining else np.zeros((0, 3))


def _deep(tissue: Field, centre_um: Line, margin_um: float, mpp: float) -> bool:
    turn = np.arange(8) * np.pi / 4
    points = (centre_um[:, None] + margin_um * np.stack([np.cos(turn), np.sin(turn)])) / mpp
    col, row = points.astype(int)
    inside = (row >= 0) & (col >= 0) & (row < tissue.shape[0]) & (col < tissue.shape[1])
    return bool(inside.all() and (tissue[row, col] > 0.99).all())


def _lining(rng: np.random.Generator, outline: Line, mpp: float) -> Line:
    """Nuclei that stand on a gland's outline like a palisade, one or two rows deep."""
    rows = []
    for depth in (7.5, 15.5):
        line = inset(outline, np.full(len(outline), -depth))
        along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
        at = np.arange(0, along[-1], 7.0)
        at = at + rng.normal(0, 1.0, at.size)
        x, y = (np.interp(at, along, line[:, k]) for k in (0, 1))
        heading = np.interp(at, along, np.unwrap(headings(line))) + np.pi / 2
        scatter = rng.normal(0, 1.8, (2, at.size))
        rows.append(
            np.column_stack(
                [(y + scatter[0]) / mpp, (x + scatter[1]) / mpp, heading + rng.normal(0, 0.2, at.size)]
            )
        )
    return np.vstack(rows)


def area_mm2(tissue: Field, mpp: float) -> float:
    """Tissue area, clefts and lumens included, mm2."""
    mask: NDArray[np.bool_] = tissue > 0.5
    return float(np.count_nonzero(mask)) * mpp * mpp / 1e6
