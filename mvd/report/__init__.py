"""What was found on a slide, or on many -> tables, GeoJSON and pictures. Never reads a slide."""

from mvd.report.atomic import write_atomically
from mvd.report.write import remove_slide, write_cohort, write_slide

__all__ = ["remove_slide", "write_atomically", "write_cohort", "write_slide"]
