"""What the machine allows -> how many slides at once, with how many threads and how much memory each."""

import os
from pathlib import Path

SLIDE_MB = 1000.0
"""What a slide is reckoned to take: about 600 MB were measured, and pictures of odd formats take more."""
_KEPT_FREE = 0.9
_CGROUP = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_memory_mb() -> float:
    """Return how much memory can be had: of the machine, or of the container if that has less."""
    import psutil  # type: ignore[import-untyped]

    free = float(psutil.virtual_memory().available)
    for limit, used in _CGROUP:
        try:
            free = min(free, float(Path(limit).read_text()) - float(Path(used).read_text()))
        except (OSError, ValueError):  # no such group, or "max"
            continue
    return max(free, 0.0) / 1e6


def jobs_for(slides: int, cores: int, free_mb: float) -> int:
    """Return how many slides to do at once: one a processor and ``SLIDE_MB`` of memory, at least 1."""
    return max(1, min(slides, cores, int(free_mb / SLIDE_MB)))


def memory_for(jobs: int, free_mb: float) -> float:
    """Return the memory that the process of one of ``jobs`` slides may take, MB."""
    return max(SLIDE_MB, _KEPT_FREE * free_mb / jobs)
