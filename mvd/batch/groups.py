"""The control groups of Linux that this process is in -> what a container allows it, and whom the kernel ended there.

Both versions of the groups are read; each group above counts too, for a limit on it is a limit on all below. What is
not there, as on other systems, limits nothing.
"""

import re
from collections.abc import Iterator
from pathlib import Path

TOP = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
SYSTEM = Path("/proc/vmstat")
_NO_LIMIT = float("inf")


def group_processors(top: Path = TOP, own: Path = OWN) -> float:
    """Return how many processors' time the groups allow; infinite where they do not limit it."""
    found = [_NO_LIMIT]
    for folder in _folders("cpu", top, own):
        quota, period = (*_words(folder / "cpu.max"), "", "")[:2]
        if not period:
            quota, period = _word(folder / "cpu.cfs_quota_us"), _word(folder / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit() and int(period):
            found.append(int(quota) / int(period))
    return min(found)


def group_free_bytes(top: Path = TOP, own: Path = OWN) -> float:
    """Return how much memory the groups leave, bytes; infinite where they do not limit it.

    What is kept of files that were read is free: the kernel takes it back when it is needed.
    """
    found = [_NO_LIMIT]
    for folder in _folders("memory", top, own):
        limit = _word(folder / "memory.max") or _word(folder / "memory.limit_in_bytes")
        used = _word(folder / "memory.current") or _word(folder / "memory.usage_in_bytes")
        if limit.isdigit() and used.isdigit():
            counts = _counts(folder / "memory.stat")
            kept = counts.get("total_inactive_file", counts.get("inactive_file", 0))
            found.append(max(float(int(limit) - int(used) + kept), 0.0))
    return min(found)


def memory_kills(top: Path = TOP, own: Path = OWN, system: Path = SYSTEM) -> int | None:
    """Return how many processes the kernel has ended for want of memory, of this group or else of the whole machine.

    None where the kernel does not tell. Only the difference of two answers means anything.
    """
    for folder in _folders("memory", top, own):
        for name in ("memory.events", "memory.oom_control"):
            kills = _counts(folder / name).get("oom_kill")
            if kills is not None:
                return kills
    return _counts(system).get("oom_kill")


def _folders(controller: str, top: Path, own: Path) -> Iterator[Path]:
    """Yield the group of this process and those above it, of the second version and of the first."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, named, path = line.split(":", 2)
        if named and controller not in named.split(","):
            continue
        root = top / controller if named else top
        inner = root / path.lstrip("/")
        if ".." in inner.parts or not inner.is_dir():  # a container that sees only its own groups, from below
            inner = root
        while inner.is_relative_to(root):
            yield inner
            inner = inner.parent


def _word(path: Path) -> str:
    return (*_words(path), "")[0]


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def _counts(path: Path) -> dict[str, int]:
    """Return the lines ``name number`` of a file."""
    try:
        lines = path.read_text()
    except OSError:
        return {}
    return {name: int(number) for name, number in re.findall(r"^(\w+) (\d+)$", lines, re.MULTILINE)}
