"""Overview -> tissue mask, tissue area and white point.

The way there: ``unscanned`` (what was never scanned) -> ``follow`` with ``light`` (how the light falls off over the
glass) -> ``glass`` (where it is bare, and its colour) -> ``find`` (what is darker is tissue), on a ``coarse`` view
where that is enough.
"""

from mvd.tissue.find import Tissue, find_tissue

__all__ = ["Tissue", "find_tissue"]
