"""What the machine allows -> how many slides at once, with how many threads and how much memory each."""

import math
import os

from mvd.batch.groups import group_free_bytes, group_processors

SLIDE_MB = 1000.0
"""What a slide is reckoned to take: about 600 MB were measured, and pictures of odd formats take more."""
_KEPT_FREE = 0.9


def processors() -> int:
    """Return how many processors this process may use: those it may run on, or as many as the container has time of."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    allowed = group_processors()
    return max(1, min(own, math.ceil(allowed))) if math.isfinite(allowed) else own


def free_memory_mb() -> float:
    """Return how much memory can be had: of the machine, or of the container if that has less."""
    import psutil  # type: ignore[import-untyped]

    return min(float(psutil.virtual_memory().available), group_free_bytes()) / 1e6


def jobs_for(slides: int, cores: int, free_mb: float) -> int:
    """Return how many slides to do at once: one a processor and ``SLIDE_MB`` of memory, at least 1."""
    return max(1, min(slides, cores, int(free_mb / SLIDE_MB)))


def memory_for(jobs: int, free_mb: float) -> float:
    """Return the memory that the process of one of ``jobs`` slides may take, MB."""
    return max(SLIDE_MB, _KEPT_FREE * free_mb / jobs)
