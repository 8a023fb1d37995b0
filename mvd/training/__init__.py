"""Slides that somebody has labelled -> a pixel classifier.

``scribbles.py`` reads what was drawn in QuPath or napari, ``corrected.py`` what was counted and what was not in a
result, ``labels.py`` either of them; ``paint.py`` lays them on a slide's pixels, ``sample.py`` takes their features,
``drift.py`` lets their hue drift, ``learn.py`` grows the trees (the only place that needs scikit-learn).
"""

from mvd.training.labels import read_marks
from mvd.training.learn import Lesson, Score, learn, require_scikit_learn
from mvd.training.marks import Marks
from mvd.training.sample import Samples, sample_slide

__all__ = [
    "Lesson",
    "Marks",
    "Samples",
    "Score",
    "learn",
    "read_marks",
    "require_scikit_learn",
    "sample_slide",
]
