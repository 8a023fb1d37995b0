"""Synthetic CD34 slides (H-DAB) with exact truth, for tests, benchmarks and ``sample_images``.

Input: a ``PhantomSpec``. Output: a ``Phantom``: the picture, the label image of the filled vessels, the vessel
table and the best field. The way there: ``spec`` (what is wanted) -> ``scene`` with ``shapes`` (what stands where)
-> ``render`` with ``nuclei`` and ``fields`` (Beer-Lambert) -> ``truth`` (labels, table, hot spot, score) -> ``write``
and ``tiled`` (files).
The same spec gives the same bytes. Nothing here looks at what mvd itself would find.
"""

from mvd.phantom.spec import LOOKS, Difficulty, Look, PhantomSpec
from mvd.phantom.tiled import tiled_slide
from mvd.phantom.truth import Phantom, Score, make_phantom, score
from mvd.phantom.write import write_cohort, write_phantom

__all__ = [
    "LOOKS",
    "Difficulty",
    "Look",
    "Phantom",
    "PhantomSpec",
    "Score",
    "make_phantom",
    "score",
    "tiled_slide",
    "write_cohort",
    "write_phantom",
]
