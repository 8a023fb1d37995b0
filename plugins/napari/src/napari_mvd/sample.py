"""Sample data: a small cohort of synthetic slides, made here and now. No patient, no download."""

import functools
import tempfile
from pathlib import Path

import mvd
from napari_mvd.layers import LayerTuple
from napari_mvd.slide import slide_layer


@functools.cache
def cohort_folder() -> Path:
    """Write the cohort, once a session; it takes some seconds."""
    folder = Path(tempfile.mkdtemp(prefix="mvd-cohort-"))
    mvd.write_cohort(folder)
    return folder


def cohort() -> list[LayerTuple]:
    """Return the six slides of the cohort, the first of them visible."""
    layers = [slide_layer(path) for path in sorted(cohort_folder().glob("*.tif"))]
    for number, (_, keywords, _) in enumerate(layers):
        keywords["visible"] = number == 0
    return layers
