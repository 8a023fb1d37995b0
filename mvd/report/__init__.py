"""What was found on a slide, or on many -> tables, GeoJSON and pictures. Never reads a slide.

What writes a slide is imported when it is asked for: a process that only joins tables does without it.
"""

from typing import TYPE_CHECKING, Any

from mvd.report.atomic import write_atomically
from mvd.report.cohort import write_cohort

if TYPE_CHECKING:
    from mvd.report.write import remove_slide, write_slide

__all__ = ["remove_slide", "write_atomically", "write_cohort", "write_slide"]


def __getattr__(name: str) -> Any:
    if name in ("remove_slide", "write_slide"):
        from mvd.report import write

        return getattr(write, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
