"""Samples of another hue: what unmixing by a turned stain matrix really gives."""

import numpy as np

from mvd.classifier import FEATURES, feature_values, sizes_at, stacked
from mvd.classifier.features import DAB, HEMATOXYLIN, RESIDUAL
from mvd.segment import ZERO_MILLI_OD
from mvd.training.drift import MOST_DRIFT, drifted

ROWS, COLS = (places.ravel() for places in np.indices((50, 60)))


def values_of(planes: np.ndarray) -> np.ndarray:
    stack = stacked((planes + ZERO_MILLI_OD).clip(0, 65535).astype(np.uint16), sizes_at(0.5))
    return feature_values(stack, ROWS, COLS)


def test_a_drifted_sample_is_one_of_a_slide_of_another_hue():
    rng = np.random.default_rng(1)
    planes = np.rint(rng.uniform(0, 800, (3, 50, 60)))
    values = values_of(planes)
    drift = drifted(values, 3)
    fine, broad = FEATURES.index("dab 1 um"), FEATURES.index("dab mean 4 um")
    for stain, name in ((HEMATOXYLIN, "hematoxylin"), (RESIDUAL, "residual")):
        one, other = FEATURES.index(f"{name} 1 um"), FEATURES.index(f"{name} mean 4 um")
        part = (drift - values)[:, one] / values[:, fine]
        assert np.abs(part).max() <= MOST_DRIFT + 0.01
        assert part.std() > 0.4 * MOST_DRIFT
        # Any one sample is that of a slide of which so much DAB is taken for the stain.
        pixel = int(np.argmax(part))
        turned = planes.copy()
        turned[stain] += np.rint(part[pixel] * planes[DAB])
        truth = values_of(turned)[pixel]
        assert abs(truth[one] - drift[pixel, one]) <= 2
        assert abs(truth[other] - drift[pixel, other]) <= 0.01 * values[pixel, broad] + 2
    apart = FEATURES.index("hematoxylin 1 um - mean 4 um")
    differ = drift[:, FEATURES.index("hematoxylin 1 um")] - drift[:, FEATURES.index("hematoxylin mean 4 um")]
    np.testing.assert_array_equal(drift[:, apart], differ)
    same = [place for place, name in enumerate(FEATURES) if name.startswith("dab")]
    np.testing.assert_array_equal(drift[:, same], values[:, same])


def test_the_same_samples_drift_the_same_way():
    values = values_of(np.full((3, 50, 60), 300.0))
    np.testing.assert_array_equal(drifted(values, 1), drifted(values, 1))
    assert (drifted(values, 1) != drifted(values, 2)).any()
