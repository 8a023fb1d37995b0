"""What was found on a slide, or on many -> tables, GeoJSON and pictures. Never reads a slide.

What writes a slide is imported when it is asked for: a process that only joins tables does without it.
"""

from typing import TYPE_CHECKING, Any

from mvd.report.atomic import write_atomically
from mvd.report.cohort import write_cohort
from mvd.report.owned import remove_slide

if TYPE_CHECKING:
    from mvd.report.write import write_slide

__all__ = ["remove_slide", "write_atomically", "write_cohort", "write_slide"]


def __getattr__(name: str) -> Any:
    if name == "write_slide":
        from mvd.report.write import write_slide

        return write_slide
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
