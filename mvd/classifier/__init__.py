"""A trained pixel classifier: which pixels of a tile are vessel wall.

``features.py`` turns a tile into what a pixel is judged by, ``forest.py`` lets the trees vote, ``saved.py`` reads and
writes the file. Nothing here learns (that is ``mvd.training``), and nothing needs scikit-learn.
"""

from mvd.classifier.features import FEATURES, Planes, Sizes, feature_values, sizes_at, stacked, stain_planes
from mvd.classifier.forest import CERTAIN, Forest, vessel_probability
from mvd.classifier.saved import Classifier, classifier_bytes, load_classifier

__all__ = [
    "CERTAIN",
    "FEATURES",
    "Classifier",
    "Forest",
    "Planes",
    "Sizes",
    "classifier_bytes",
    "feature_values",
    "load_classifier",
    "sizes_at",
    "stacked",
    "stain_planes",
    "vessel_probability",
]
