"""Overviews painted for the tests of the tissue: tissue of known shape and colour on glass with sensor noise."""

from collections.abc import Callable

import numpy as np

from mvd.settings import TissueSettings
from mvd.tissue import Tissue, find_tissue

MPP = 2.0
WHITE, PINK, BROWN = (238, 236, 240), (196, 160, 204), (120, 80, 60)
Draw = Callable[[np.ndarray], object]


def overview(draw: Draw, side_um: float = 1600.0, seed: int = 0, mpp: float = MPP) -> np.ndarray:
    """Glass with sensor noise; ``draw`` puts the tissue into a mask of it."""
    side_px = round(side_um / mpp)
    mask = np.zeros((side_px, side_px), np.uint8)
    draw(mask)
    return painted(mask > 0, seed)


def painted(mask: np.ndarray, seed: int = 0, colour: tuple[int, int, int] = PINK) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rgb = np.where(mask[..., None], np.array(colour, float), np.array(WHITE, float))
    texture = rng.normal(0, 6, mask.shape) * mask + rng.normal(0, 0.8, mask.shape)
    return np.clip(np.rint(rgb + texture[..., None]), 0, 255).astype(np.uint8)


def tissue_of(rgb: np.ndarray, mpp: float = MPP, **settings: float) -> Tissue:
    return find_tissue(rgb, mpp, TissueSettings(**settings))


def disc(mask: np.ndarray, row_um: float, col_um: float, radius_um: float, value: int = 1) -> None:
    y, x = (np.indices(mask.shape) + 0.5) * MPP
    mask[np.hypot(y - row_um, x - col_um) <= radius_um] = value
