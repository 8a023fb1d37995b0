"""Points against profiles: the pairing by hand on a small picture."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))

from points import score_points


def test_one_profile_is_right_once_and_debatable_ones_are_neutral():
    labels = np.zeros((100, 100), np.int32)
    labels[10:14, 10:14], labels[50:60, 50:60], labels[80:90, 80:90] = 1, 2, 3
    points = pd.DataFrame(
        {
            "x_px": [12, 13, 69, 75, 95],
            "y_px": [12, 13, 55, 85, 5],
            "certainty": ["sure"] * 3 + ["debatable"] * 2,
        }
    )
    score = score_points(labels, points, 0.5)
    assert (score.sure, score.found, score.right, score.neutral) == (3, 3, 2, 1)
    assert score.f1 == 2 * 2 / (2 + 3)
    assert score.strict_f1 == 2 * 2 / (3 + 3)
    assert score_points(labels, points.assign(x_px=[12, 13, 70, 75, 95]), 0.5).right == 1, (
        "10.5 px is too far"
    )


def test_a_picture_without_profiles_finds_nothing():
    points = pd.DataFrame({"x_px": [1], "y_px": [1], "certainty": ["sure"]})
    score = score_points(np.zeros((5, 5), np.int32), points, 0.5)
    assert (score.right, score.recall, score.f1) == (0, 0.0, 0.0)
