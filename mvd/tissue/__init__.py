"""Overview -> tissue mask, tissue area and white point."""

from mvd.tissue.find import Tissue, find_tissue

__all__ = ["Tissue", "find_tissue"]
