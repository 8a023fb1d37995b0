"""Random fields: smooth noise over a picture, and periodic noise along an outline."""

from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Line = NDArray[np.float64]


def smooth_noise(rng: np.random.Generator, shape_px: tuple[int, int], scale_px: float) -> Field:
    """Make noise without structure finer than about ``scale_px``.

    Returns
    -------
    (h, w) float32, mean about 0, standard deviation about 1
    """
    step = max(scale_px, 1.0)
    rows, cols = (ceil(n / step) + 4 for n in shape_px)
    coarse = rng.standard_normal((rows, cols), dtype=np.float32)
    size = (ceil(cols * step), ceil(rows * step))
    fine = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    margin = int(1.5 * step)
    return np.asarray(
        fine[margin : margin + shape_px[0], margin : margin + shape_px[1]], np.float32
    ) * np.float32(1.3)


def grain(rng: np.random.Generator, shape_px: tuple[int, int], sigma_px: float) -> Field:
    """Make white noise blurred by ``sigma_px``: (h, w) float32, mean 0, standard deviation 1."""
    noise = rng.standard_normal(shape_px, dtype=np.float32)
    if sigma_px > 0:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), sigma_px), np.float32)
    return noise / max(float(noise.std()), 1e-6)


def wobble(rng: np.random.Generator, n: int, amplitude: float, lowest: int = 2, highest: int = 7) -> Line:
    """Make periodic noise of ``n`` steps around an outline: (n,) float64, standard deviation ``amplitude``."""
    turn = np.arange(n) * (2 * np.pi / n)
    waves = np.arange(lowest, highest + 1)
    size = rng.normal(0, 1, waves.size) / waves
    line = (
        size[:, None] * np.cos(waves[:, None] * turn + rng.uniform(0, 2 * np.pi, waves.size)[:, None])
    ).sum(0)
    spread = float(np.sqrt((0.5 / waves.astype(np.float64) ** 2).sum()))
    return np.asarray(line * (amplitude / spread), np.float64)
