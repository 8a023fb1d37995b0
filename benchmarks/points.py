"""mvd and its peers against points that a reader set on the vessels of one real CD31 field.

    python benchmarks/points.py [--pictures DIR] [--write]

A point and a counted vessel (filled) belong together when they lie within 5 um of one another, one to one. First as
many sure points as can be are paired, then debatable ones. Debatable points are neutral in the first F1: a vessel on
one is neither right nor wrong. In the second they are no vessels, so that what lies on them is wrong. How the points
were judged: tests/data/kather_tumour_points.csv. One reader, an AI model; no pathologist has checked them.
"""

import argparse
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from accuracy import PEERS
from accuracy_pictures import draw
from numpy.typing import NDArray
from page import machine, markdown_table, write_section
from real_fields import KATHER_MPP, REAL
from scipy.ndimage import distance_transform_edt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

import mvd
from mvd.geometry import Rect
from mvd.vessels import Vessels

FIELD = REAL / "cd31" / "kather_tumour.png"
POINTS = Path(__file__).resolve().parents[1] / "tests" / "data" / "kather_tumour_points.csv"
WITHIN_UM = 5.0
BAR = 0.85


@dataclass(frozen=True)
class PointScore:
    """How the found profiles meet the points.

    Attributes
    ----------
    sure, found, right, neutral : int
        Sure points; counted profiles; those paired with a sure point; others paired with a debatable one.
    """

    sure: int
    found: int
    right: int
    neutral: int

    @property
    def f1(self) -> float:
        """F1 with what lies on debatable points left out, 0 to 1."""
        return _f1(self.right, self.found - self.neutral, self.sure)

    @property
    def strict_f1(self) -> float:
        """F1 with debatable points held to be no vessels, 0 to 1."""
        return _f1(self.right, self.found, self.sure)

    @property
    def recall(self) -> float:
        """Part of the sure points that are found, 0 to 1."""
        return self.right / self.sure if self.sure else 1.0


def _f1(right: int, found: int, truth: int) -> float:
    return 2 * right / (found + truth) if found + truth else 1.0


def score_points(labels: NDArray[np.int32], points: pd.DataFrame, mpp: float) -> PointScore:
    """Pair points with profiles.

    Parameters
    ----------
    labels : (h, w) int32
        Filled profiles numbered from 1 without gaps, 0 elsewhere.
    points : DataFrame
        ``x_px, y_px, certainty`` (sure or debatable).
    mpp : float
        um/px.
    """
    near = _near(labels, points, WITHIN_UM / mpp)
    sure = (points["certainty"] == "sure").to_numpy()
    right = _paired(near[sure])
    # An augmenting path leaves no point that is paired, so the sure ones stay while debatable ones are added.
    return PointScore(int(sure.sum()), near.shape[1], right, _paired(near) - right)


def _near(labels: NDArray[np.int32], points: pd.DataFrame, within_px: float) -> NDArray[np.bool_]:
    """(points, profiles): whether they lie within so many pixels."""
    count = int(labels.max())
    near = np.zeros((len(points), count), bool)
    cols, rows = (points[name].to_numpy(int) for name in ("x_px", "y_px"))
    for number in range(1, count + 1):
        near[:, number - 1] = distance_transform_edt(labels != number)[rows, cols] <= within_px
    return near


def _paired(near: NDArray[np.bool_]) -> int:
    if not near.size:
        return 0
    return int((maximum_bipartite_matching(csr_array(near), "column") >= 0).sum())


def profiles(vessels: Vessels, shape: tuple[int, int], mpp: float) -> NDArray[np.int32]:
    """Draw the counted vessels filled, numbered from 1; (h, w) int32."""
    labels = np.zeros(shape, np.int32)
    number = 0
    for outline, counted in zip(vessels.outlines, vessels.table["counted"], strict=True):
        if counted:
            number += 1
            rings = [np.round(ring / mpp - 0.5).astype(np.int32) for ring in outline.outer]
            for ring in rings:
                cv2.fillPoly(labels, [ring], number)
    return labels


def table(pictures: Path | None) -> str:
    """The paragraphs of the results; says so where the field is not here."""
    if not FIELD.exists():
        return "CD31 field: skipped, not here."
    points = pd.read_csv(POINTS, comment="#")
    with closing(mvd.open_slide(FIELD, mpp=KATHER_MPP)) as slide:
        rgb = slide.read(Rect(0, 0, *slide.info.shape_px))
    result = mvd.analyze(FIELD, mvd.Settings.from_mapping({"slide": {"mpp": KATHER_MPP}}), workers=1)
    if pictures:
        draw(pictures / "points_kather.png", rgb, KATHER_MPP, result.vessels)
    found = {"mvd": profiles(result.vessels, rgb.shape[:2], KATHER_MPP)}
    found |= {name: peer(rgb, KATHER_MPP) for name, peer in PEERS.items()}
    rows = []
    for name, labels in found.items():
        score = score_points(labels, points, KATHER_MPP)
        parts = (score.f1, score.recall, score.strict_f1)
        counts = (score.found, score.right, score.neutral)
        rows.append((f"**{name}**" if name == "mvd" else name, *counts, *(f"{part:.3f}" for part in parts)))
    head = ("method", "counted", "on sure", "on debatable", "F1", "recall of sure", "F1, debatable wrong")
    sure = int((points["certainty"] == "sure").sum())
    return (
        f"{sure} sure and {len(points) - sure} debatable points; within {WITHIN_UM:g} um. The bar is F1 {BAR}. "
        "One reader, an AI model that sees pictures; no pathologist has checked the points. One field is little: a "
        "few vessels turn the order of two methods round.\n\n"
    ) + markdown_table(head, rows)


def main() -> None:
    """Print the results; write them too if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=Path, help="draw what mvd found into this folder")
    parser.add_argument("--write", action="store_true", help="put the results into RESULTS.md")
    args = parser.parse_args()
    text = "\n\n".join(["## Points on a real field", machine(), table(args.pictures)])
    print(text)
    if args.write:
        write_section("points", text)


if __name__ == "__main__":
    main()
