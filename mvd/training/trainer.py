"""One slide at hand -> a classifier learnt from scribbles on it, and what it finds in a view, before any run.

The stains are fitted once. What is previewed is what ``mvd run`` finds pixel by pixel, before vessels are joined, split
and judged. Nothing is written but by ``save``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mvd.classifier import Classifier, classifier_bytes
from mvd.errors import LabelsError
from mvd.fit import fit_stain
from mvd.geometry import Rect
from mvd.overview import read_overview
from mvd.report.atomic import write_atomically
from mvd.segment import WALL, make_segmenter
from mvd.settings import Settings
from mvd.slide import as_analysed, open_slide
from mvd.training.drawn import Scribble, beside, geojson_of, marks_of
from mvd.training.learn import Lesson, learn
from mvd.training.sample import sample_slide
from mvd.walls import by_classifier, read_dab

MOST_PX = 4_000_000
"""So much of a slide is looked at in one preview at most."""


@dataclass(frozen=True)
class Walls:
    """What a classifier finds in a part of a slide.

    Attributes
    ----------
    mask : (h, w) bool
        Vessel wall.
    left_um, top_um : float
        Where the part begins.
    mpp : float
        um/px.
    """

    mask: NDArray[np.bool_]
    left_um: float
    top_um: float
    mpp: float


class Trainer:
    """A slide that a classifier is trained on.

    Parameters
    ----------
    path : Path or str
    settings : Settings, optional
        Those of the run to come; slide, tissue, stain and vessel matter.

    Raises
    ------
    MvdError
        The slide cannot be read or fitted.
    """

    def __init__(self, path: Path | str, settings: Settings | None = None) -> None:
        self.path, self.settings = Path(path), settings or Settings()
        self._slide = open_slide(self.path, mpp=self.settings.slide.mpp)
        try:
            slide, self._level = as_analysed(self._slide, self.settings.slide)
            overview = read_overview(slide, self._level, self.settings)
            self._stain = fit_stain(self._level, overview.picture.rgb, overview.tissue, self.settings)
        except BaseException:
            self._slide.close()
            raise

    def close(self) -> None:
        """Let go of the slide."""
        self._slide.close()

    def learn(
        self, scribbles: Sequence[Scribble], *, line_um: float = 2.0, workers: int | None = None
    ) -> Lesson:
        """Grow a classifier, exactly as ``mvd train`` does from the same scribbles in a file.

        Parameters
        ----------
        scribbles : sequence of Scribble
        line_um : float
            Width of lines and dots, um.
        workers : int, optional
            Threads, all processors if left out; never changes a result.

        Raises
        ------
        LabelsError
            Too little is labelled, or not both kinds.
        MissingDependency
            scikit-learn is not installed.
        """
        marks = marks_of(scribbles, self._slide.info)
        return learn([sample_slide(self.path, marks, self.settings, line_um=line_um)], self.settings, workers)

    def walls(self, classifier: Classifier, box_um: tuple[float, float, float, float]) -> Walls:
        """Find the walls in a box (left, top, right, bottom, um); all of the slide beyond ``MOST_PX`` is refused.

        Raises
        ------
        LabelsError
            The box is too large, or holds nothing of the slide.
        SettingsError
            The classifier was trained on pixels of another size.
        """
        level = self._level
        left, top, right, bottom = (edge / level.mpp for edge in box_um)
        row, col = max(int(top), 0), max(int(left), 0)
        view = Rect(row, col, max(ceil(bottom) - row, 0), max(ceil(right) - col, 0)).clipped(level.shape_px)
        if not view.area_px:
            raise LabelsError("nothing of the slide is in view")
        if view.area_px > MOST_PX:
            raise LabelsError(
                f"{view.area_px / 1e6:.0f} Mpx are in view, {MOST_PX / 1e6:.0f} at most: zoom in"
            )
        segmenter = make_segmenter(self._stain, self.settings.vessel, level.mpp)
        finder = by_classifier(classifier, self._stain, segmenter, self.settings.vessel, level.mpp)
        halo = view.grown(finder.reach_px).clipped(level.shape_px)
        rgb, dab = read_dab(level, halo, segmenter, self._stain.haze)
        mask = finder.find(rgb, dab, halo)[view.slices(halo)] == WALL
        return Walls(mask, view.col * level.mpp, view.row * level.mpp, level.mpp)

    def save(self, path: Path | str, lesson: Lesson, scribbles: Sequence[Scribble]) -> Path:
        """Write the classifier for ``mvd run``, and beside it the scribbles for ``mvd train``.

        Returns
        -------
        Path
            The file of scribbles.
        """
        path = Path(path)
        try:
            write_atomically(path, classifier_bytes(lesson.classifier))
            write_atomically(beside(path), geojson_of(scribbles, self._slide.info))
        except OSError as error:
            raise LabelsError(
                f"{path.name}: cannot be written ({error.strerror}); choose another place"
            ) from None
        return beside(path)
