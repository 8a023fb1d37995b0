"""The time of ``mvd run`` as a whole process beside that of only reading the slide, and its peak memory.

    python benchmarks/speed.py [--quick] [--side PX] [--big PX] [--repeats N] [--write]

A square JPEG SVS of tissue with vessels is written into a temporary folder. All take the same two processors, turn
by turn, each in a process of its own, and the median counts:

decode      simplejpeg on the raw tiles of level 0, two threads: the floor
openslide   OpenSlide, every pixel of level 0 by read_region in squares of 1024 px, two threads with a handle each
mvd run     the whole process: start-up, measuring, tables, pictures, end

Of ``decode`` and ``openslide`` only the reading is timed, not their start-up. The kernels of mvd are compiled in its
first run, into a cache of its own that the later runs find; the first run is given apart.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from page import machine, markdown_table, write_section

# The parent stays small, for the peak memory of a child includes what it was forked from: numpy and the like are
# imported in the children only.

THREADS = 2
SQUARE_PX = 1024
STAGES = ("import", "open", "overview", "fit", "tiles", "vessels", "hotspots", "pictures", "report")
TASKS: dict[str, Callable[[Path], dict[str, float]]] = {}


@dataclass(frozen=True)
class Ended:
    """A child process that came to its end."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    said: str


def task(work: Callable[[Path], dict[str, float]]) -> Callable[[Path], dict[str, float]]:
    """Make a function one that a child process can be told to do."""
    TASKS[work.__name__] = work
    return work


@task
def decode(slide: Path) -> dict[str, float]:
    """Decode the raw tiles of level 0."""
    import simplejpeg
    import tifffile

    with tifffile.TiffFile(slide) as tiff:
        page = tiff.pages[0].aspage()
        places = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    file = os.open(slide, os.O_RDONLY)

    def work(part: list[tuple[int, int]]) -> None:
        for offset, size in part:
            simplejpeg.decode_jpeg(os.pread(file, size, offset), "RGB")

    return {"seconds": _in_threads(work, places)}


@task
def openslide(slide: Path) -> dict[str, float]:
    """Read every pixel of level 0 with OpenSlide."""
    from openslide import OpenSlide

    with OpenSlide(slide) as opened:
        width, height = opened.dimensions
    corners = [(x, y) for y in range(0, height, SQUARE_PX) for x in range(0, width, SQUARE_PX)]

    def work(part: list[tuple[int, int]]) -> None:
        with OpenSlide(slide) as own:
            for x, y in part:
                own.read_region((x, y), 0, (min(SQUARE_PX, width - x), min(SQUARE_PX, height - y)))

    return {"seconds": _in_threads(work, corners)}


def _in_threads(work: Callable[[list[tuple[int, int]]], None], pieces: list[tuple[int, int]]) -> float:
    """Split the pieces into as many runs as there are threads, one below the other, and time them."""
    size = -(-len(pieces) // THREADS)
    parts = [pieces[start : start + size] for start in range(0, len(pieces), size)]
    with ThreadPoolExecutor(THREADS) as pool:
        start_s = time.perf_counter()
        list(pool.map(work, parts))
        return time.perf_counter() - start_s


@task
def stages(slide: Path) -> dict[str, float]:
    """Measure the slide in this process and note when each stage ends."""
    start_s = time.perf_counter()
    import mvd
    from mvd.report import write_slide

    analyze = mvd.analyze
    ends = [("import", time.perf_counter())]

    def note(stage: str, done: int, total: int) -> None:
        if done == 0 and stage == "overview":
            ends.append(("open", time.perf_counter()))
        if done == total:
            ends.append((stage, time.perf_counter()))

    result = analyze(slide, mvd.Settings(), workers=THREADS, progress=note)
    ends.append(("pictures", time.perf_counter()))
    with tempfile.TemporaryDirectory() as folder:
        write_slide(result, Path(folder) / "slide", "slide", slide.name)
        ends.append(("report", time.perf_counter()))
    seconds = {"vessels counted": float(result.summary["vessels"] or 0)}
    for name, end_s in ends:
        seconds[name] = end_s - start_s
        start_s = end_s
    return seconds


def run_child(command: list[str], env: dict[str, str]) -> Ended:
    """Run a command to its end; its failure ends the benchmark with what it said."""
    with tempfile.TemporaryFile() as out:
        start_s = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=env)
        _, status, usage = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - start_s
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read().decode(errors="replace")
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}:\n{said}")
    return Ended(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said)


class Course:
    """One slide and the contestants on it."""

    def __init__(self, folder: Path, side_px: int) -> None:
        self.side_px, self.folder = side_px, folder
        self.slide = folder / f"{side_px}.svs"
        # an own place for compiled kernels: the first run is truly the first
        self.env = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "kernels")}
        code = "import sys; from pathlib import Path; from mvd.phantom import tiled_slide; "
        code += f"tiled_slide(Path(sys.argv[1]), {side_px})"
        run_child([sys.executable, "-c", code, str(self.slide)], self.env)

    @property
    def mpx(self) -> float:
        """Size of level 0, megapixels."""
        return self.side_px**2 / 1e6

    def mvd_run(self) -> Ended:
        """Run the command line on the slide."""
        mvd = Path(sys.executable).with_name("mvd")
        out = self.folder / f"results_{self.side_px}"
        command = [str(mvd), "run", str(self.slide), "--out", str(out), "--workers", str(THREADS), "--quiet"]
        return run_child(command, self.env)

    def do(self, name: str) -> dict[str, float]:
        """Run a task in a child and return what it found, its peak memory included."""
        ended = run_child([sys.executable, __file__, "--task", name, str(self.slide)], self.env)
        return {**json.loads(ended.said), "peak_mb": ended.peak_mb}


def two_processors() -> list[int]:
    """Keep this process and its children to two processors."""
    chosen = sorted(os.sched_getaffinity(0))[:THREADS]
    os.sched_setaffinity(0, chosen)
    return chosen


def report(course: Course, big: Course | None, repeats: int) -> Iterator[str]:
    """Yield the lines of the results."""
    first = course.mvd_run()
    reading: dict[str, list[float]] = {"decode": [], "openslide": []}
    peaks: dict[str, float] = {}
    runs: list[Ended] = []
    for _ in range(repeats):
        for name, seconds in reading.items():
            found = course.do(name)
            seconds.append(found["seconds"])
            peaks[name] = max(peaks.get(name, 0.0), found["peak_mb"])
        runs.append(course.mvd_run())
    walls = [run.wall_s for run in runs]
    floor_s = statistics.median(reading["openslide"])
    peak_mb = max(run.peak_mb for run in runs)
    rows = [
        _row("raw tile decode (simplejpeg)", reading["decode"], floor_s, course, peaks["decode"]),
        _row("OpenSlide reading", reading["openslide"], floor_s, course, peaks["openslide"]),
        _row("**mvd run, whole process**", walls, floor_s, course, peak_mb),
        _row("mvd run, first ever (compiles)", [first.wall_s], floor_s, course, first.peak_mb),
    ]
    yield f"Slide: {course.side_px} x {course.side_px} px at 0.5 um/px, JPEG SVS, {_mb(course.slide)} MB on disk."
    yield ""
    yield markdown_table(
        ("", "median s", "least to most s", "of OpenSlide", "Mpx/s", "peak memory, MB"), rows
    )
    cpu_s = statistics.median(run.cpu_s for run in runs)
    yield ""
    yield f"`mvd run` took {cpu_s:.1f} s of processor time, on {THREADS} processors."
    if big:
        yield from _memory(course, peak_mb, big)
    yield from _stages(course)


def _row(name: str, seconds: list[float], openslide_s: float, course: Course, peak_mb: float) -> list[str]:
    median = statistics.median(seconds)
    spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
    part, rate = f"{median / openslide_s:.2f}", f"{course.mpx / median:.0f}"
    return [name, f"{median:.2f}", spread, part, rate, f"{peak_mb:.0f}"]


def _memory(course: Course, peak_mb: float, big: Course) -> Iterator[str]:
    run = big.mvd_run()
    rows = [
        (f"{course.side_px}", f"{course.mpx:.0f}", f"{_mb(course.slide)}", f"{peak_mb:.0f}", ""),
        (f"{big.side_px}", f"{big.mpx:.0f}", f"{_mb(big.slide)}", f"{run.peak_mb:.0f}", f"{run.wall_s:.1f}"),
    ]
    yield ""
    yield f"Memory against size: {big.mpx / course.mpx:.1f} x the pixels, {run.peak_mb / peak_mb:.2f} x the peak."
    yield ""
    yield markdown_table(("side, px", "Mpx", "file, MB", "peak memory of mvd run, MB", "s, one run"), rows)


def _stages(course: Course) -> Iterator[str]:
    found = course.do("stages")
    timed = [name for name in STAGES if name in found]
    total = sum(found[name] for name in timed)
    yield ""
    yield (
        f"Where the time goes (one run in a process, {found['vessels counted']:.0f} vessels counted; "
        "`pictures` are those of the hot spots, read from the slide):"
    )
    yield ""
    rows = [(name, f"{found[name]:.2f}", f"{found[name] / total:.0%}") for name in timed]
    yield markdown_table(("stage", "s", "part"), [*rows, ("all", f"{total:.2f}", "")])


def _mb(path: Path) -> int:
    return round(path.stat().st_size / 1e6)


def main() -> None:
    """Print the results; write them too if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="4096 px, one repeat, no big slide")
    parser.add_argument("--side", type=int, default=16384, help="side of the slide, px")
    parser.add_argument("--big", type=int, default=32768, help="side of the slide for memory, px; 0: none")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each")
    parser.add_argument("--folder", type=Path, help="where to make the temporary folder")
    parser.add_argument("--write", action="store_true", help="put the results into RESULTS.md")
    parser.add_argument("--task", choices=sorted(TASKS), help=argparse.SUPPRESS)
    parser.add_argument("slide", nargs="?", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.task:
        print(json.dumps(TASKS[args.task](args.slide)))
        return
    if args.quick:
        args.side, args.big, args.repeats = 4096, 0, 1
    processors = two_processors()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        course = Course(Path(folder), args.side)
        big = Course(Path(folder), args.big) if args.big else None
        lines = ["## Speed and memory", "", f"{machine()} Kept to {len(processors)} processors.", ""]
        print("\n".join(lines))
        for line in report(course, big, args.repeats):
            print(line, flush=True)
            lines.append(line)
    after = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    lines += ["", f"Load average afterwards: {after} (the benchmark itself makes about {THREADS})."]
    print("\n".join(lines[-2:]))
    if args.write:
        write_section("speed", "\n".join(lines))


if __name__ == "__main__":
    main()
