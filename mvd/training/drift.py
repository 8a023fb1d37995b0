"""Samples -> the same samples as another staining would show them: brown of a somewhat other hue.

The stain matrix is fitted to each slide, but not where DAB is sparse, and never exactly: some DAB is then taken for
hematoxylin or residual. A forest that has not seen this takes a slide of another hue for pigment.
"""

import numpy as np
from numpy.typing import NDArray

from mvd.classifier import FEATURES

MOST_DRIFT = 0.1
"""Part of the DAB that is taken for another stain, at most: a hue of nearly 6 degrees."""

_FINE, _BROAD = (FEATURES.index(name) for name in ("dab 1 um", "dab mean 4 um"))
_SHOWN_IN = {
    "residual": (FEATURES.index("residual 1 um"), FEATURES.index("residual mean 4 um")),
    "hematoxylin": (FEATURES.index("hematoxylin 1 um"), FEATURES.index("hematoxylin mean 4 um")),
}
_HEMATOXYLIN_APART = FEATURES.index("hematoxylin 1 um - mean 4 um")


def drifted(values: NDArray[np.int32], seed: int) -> NDArray[np.int32]:
    """Let each sample's hue drift by chance; (n, features) in and out.

    The smoothings are linear, so the features follow from one another: no pixel is read again.
    """
    chance = np.random.default_rng(seed)
    out = values.copy()
    for fine, broad in _SHOWN_IN.values():
        part = chance.uniform(-MOST_DRIFT, MOST_DRIFT, len(values))
        out[:, fine] += np.rint(part * values[:, _FINE]).astype(np.int32)
        out[:, broad] += np.rint(part * values[:, _BROAD]).astype(np.int32)
    fine, broad = _SHOWN_IN["hematoxylin"]
    out[:, _HEMATOXYLIN_APART] = out[:, fine] - out[:, broad]
    return out
