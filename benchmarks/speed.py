"""The time of ``mvd run`` as a whole process beside that of only reading the slide, and its peak memory.

    python benchmarks/speed.py [--quick] [--side PX] [--big PX] [--repeats N] [--write]

Two square JPEG SVS of tissue with vessels, at 0.5 and at 0.25 um/px, are written into a temporary folder; grain gives
their tissue the bits a pixel of real slides. All take the same two processors, turn by turn, each in a process of its
own, and the median counts. All but ``mvd run`` read every pixel of level 0, two threads:

raw tile decode       simplejpeg on the raw tiles: the floor
OpenSlide, tiffslide  read_region in squares of 1024 px, a handle for each thread
tifffile              asarray of the whole level with its own threads; its zarr store in squares of 1024 px
mvd reading           the reader of mvd in squares of 1024 px; on the finer slide also at 0.5 um/px, as ``mvd run``
                      reads it: by tiles that the decoder reduces, and by the exact mean of all pixels
mvd run               the whole process: start-up, measuring, tables, pictures, end

Of all but ``mvd run`` only the reading is timed, not their start-up. The kernels of mvd are compiled in its first run,
into a cache of its own that the later runs find; the first run is given apart.
"""

import argparse
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from page import machine, markdown_table, write_section

# This process stays small, for the peak memory of a child includes what it was forked from: numpy and the like are
# imported in the children only.

THREADS = 2
READING, DECODING = "OpenSlide reading", "raw tile decode (simplejpeg)"
RUN = "**mvd run, whole process**"
REDUCED, AVERAGED = "mvd reading at 0.5 um/px", "the same by the mean of all pixels"
READERS = {
    READING: "openslide",
    "tiffslide reading": "tiffslide",
    "tifffile asarray": "asarray",
    "tifffile zarr": "zarr",
    DECODING: "decode",
    "mvd reading": "reader",
}
FINE_READERS = {**READERS, REDUCED: "reduced", AVERAGED: "averaged"}
PACKAGES = ("tiffslide", "zarr")  # what a reader of the same name needs; the first is none of mvd's own
COARSE_MPP, FINE_MPP = 0.5, 0.25
QUALITY = 90
GRAIN_LEVELS = {
    COARSE_MPP: 5,
    FINE_MPP: 3,
}  # what the optics blur is coded in fewer bits a pixel where these are fine
TASKS = Path(__file__).with_name("speed_tasks.py")
STAGES = ("import", "open", "overview", "fit", "tiles", "vessels", "hotspots", "pictures", "report")


@dataclass(frozen=True)
class Ended:
    """A child process that came to its end."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    said: str


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

    def __init__(self, folder: Path, side_px: int, mpp: float, *, own_kernels: bool) -> None:
        self.side_px, self.mpp, self.folder = side_px, mpp, folder
        self.slide = folder / f"{side_px}_{mpp}.svs"
        # an own place for compiled kernels: the first run is truly the first
        self.own_kernels = own_kernels
        kernels = {"NUMBA_CACHE_DIR": str(folder / "kernels")} if own_kernels else {}
        self.env = {**os.environ, **kernels}
        code = "import sys; from pathlib import Path; from mvd.phantom import tiled_slide; tiled_slide("
        code += f"Path(sys.argv[1]), {side_px}, {mpp}, quality={QUALITY}, grain_levels={GRAIN_LEVELS[mpp]})"
        run_child([sys.executable, "-c", code, str(self.slide)], self.env)

    @property
    def mpx(self) -> float:
        """Size of level 0, megapixels."""
        return self.side_px**2 / 1e6

    def mvd_run(self) -> Ended:
        """Run the command line on the slide."""
        mvd = Path(sys.executable).with_name("mvd")
        out = self.folder / f"results_{self.slide.stem}"
        shutil.rmtree(out, ignore_errors=True)  # what is there would not be done again
        command = [str(mvd), "run", str(self.slide), "--out", str(out), "--workers", str(THREADS), "--quiet"]
        return run_child(command, self.env)

    def read(self, name: str) -> Ended:
        """Read the slide in a child; the times are those of the reading alone."""
        ended = self.do(name)
        found = json.loads(ended.said)
        return replace(ended, wall_s=found["wall_s"], cpu_s=found["cpu_s"])

    def do(self, name: str) -> Ended:
        """Do a task in a child, which says what it found as JSON."""
        return run_child([sys.executable, str(TASKS), name, str(self.slide)], self.env)


def two_processors() -> list[int]:
    """Keep this process and its children to two processors."""
    chosen = sorted(os.sched_getaffinity(0))[:THREADS]
    os.sched_setaffinity(0, chosen)
    return chosen


def report(courses: list[Course], big: Course | None, repeats: int) -> Iterator[str]:
    """Yield the lines of the results."""
    first = [courses[0].mvd_run()] if courses[0].own_kernels else []
    for course in courses:
        turns = _turns(course, repeats)
        firsts = {"mvd run, first ever (compiles)": first} if first and course is courses[0] else {}
        yield from _table(course, {**turns, **firsts})
        if course is courses[0] and big:
            yield from _memory(course, max(ended.peak_mb for ended in turns[RUN]), big)
        if REDUCED in turns:
            yield from _reduction(course, turns)
    yield from _stages(courses[0])


def _turns(course: Course, repeats: int) -> dict[str, list[Ended]]:
    own = READERS if course.mpp == COARSE_MPP else FINE_READERS
    readers = {name: task for name, task in own.items() if task not in _missing()}
    turns: dict[str, list[Ended]] = {name: [] for name in [*readers, RUN]}
    for _ in range(repeats):
        for name, task in readers.items():
            turns[name].append(course.read(task))
        turns[RUN].append(course.mvd_run())
    return turns


def _missing() -> list[str]:
    return [name for name in PACKAGES if importlib.util.find_spec(name) is None]


def _table(course: Course, turns: dict[str, list[Ended]]) -> Iterator[str]:
    reading = _median(turns[READING])
    bits = json.loads(course.do("bits").said)["bits_per_px"]
    yield f"### {course.mpp} um/px"
    yield ""
    yield (
        f"Slide: {course.side_px} x {course.side_px} px at {course.mpp} um/px, JPEG SVS, {_mb(course.slide)} MB on "
        f"disk, {bits:.2f} bits a pixel."
    )
    yield ""
    head = (
        "",
        "median s",
        "least to most s",
        "of OpenSlide",
        "processor s",
        "of OpenSlide",
        "peak memory, MB",
    )
    yield markdown_table(head, [_row(name, ended, reading) for name, ended in turns.items()])
    yield ""
    yield (
        f"Least against least: {_least(turns[RUN]) / _least(turns[READING]):.2f} of OpenSlide. Where other work shares "
        "the machine, two busy threads lose more than one, and the medians flatter mvd: then go by this figure. "
        "Processor s: of all threads and processes together; least against least "
        f"{_least_cpu(turns[RUN]) / _least_cpu(turns[READING]):.2f} of OpenSlide."
    )
    for name in _missing():
        yield f"Left out, for the package is not installed here: {name}."
    yield ""


def _reduction(course: Course, turns: dict[str, list[Ended]]) -> Iterator[str]:
    reduced, averaged, full, floor = (
        min(turn.cpu_s for turn in turns[name]) for name in (REDUCED, AVERAGED, "mvd reading", DECODING)
    )
    found = json.loads(course.do("counts").said)
    change = found["reduced"] / max(found["averaged"], 1) - 1
    yield (
        f"Reduced by the decoder, least processor time: {reduced / averaged:.2f} of the mean of all pixels, "
        f"{reduced / full:.2f} of mvd's reading at full size, {reduced / floor:.2f} of the raw decode. Vessels "
        f"counted: {found['reduced']:.0f} against {found['averaged']:.0f} on the mean of all pixels ({change:+.2%}); "
        f"vessel area fraction {found['reduced area']:.4f} against {found['averaged area']:.4f}."
    )
    yield ""


def _median(turns: list[Ended]) -> Ended:
    wall_s, cpu_s = (statistics.median(getattr(turn, name) for turn in turns) for name in ("wall_s", "cpu_s"))
    return Ended(wall_s, cpu_s, max(turn.peak_mb for turn in turns), "")


def _least(turns: list[Ended]) -> float:
    return min(turn.wall_s for turn in turns)


def _least_cpu(turns: list[Ended]) -> float:
    return min(turn.cpu_s for turn in turns)


def _row(name: str, turns: list[Ended], reading: Ended) -> list[str]:
    own = _median(turns)
    walls = [turn.wall_s for turn in turns]
    times = [
        f"{own.wall_s:.2f}",
        f"{min(walls):.2f} to {max(walls):.2f}",
        f"{own.wall_s / reading.wall_s:.2f}",
    ]
    return [name, *times, f"{own.cpu_s:.2f}", f"{own.cpu_s / reading.cpu_s:.2f}", f"{own.peak_mb:.0f}"]


def _memory(course: Course, peak_mb: float, big: Course) -> Iterator[str]:
    run = big.mvd_run()
    rows = [
        (f"{course.side_px}", f"{course.mpx:.0f}", f"{_mb(course.slide)}", f"{peak_mb:.0f}", ""),
        (f"{big.side_px}", f"{big.mpx:.0f}", f"{_mb(big.slide)}", f"{run.peak_mb:.0f}", f"{run.wall_s:.1f}"),
    ]
    yield (
        f"Memory against size: {big.mpx / course.mpx:.1f} x the pixels, {run.peak_mb / peak_mb:.2f} x the peak. It is "
        "that of the larger of two processes: the other one hands out the slide, and draws the report at the end."
    )
    yield ""
    yield markdown_table(("side, px", "Mpx", "file, MB", "peak memory of mvd run, MB", "s, one run"), rows)
    yield ""


def _stages(course: Course) -> Iterator[str]:
    found = json.loads(course.do("stages").said)
    timed = [name for name in STAGES if name in found]
    total = sum(found[name] for name in timed)
    yield (
        f"Where the time goes at {course.mpp} um/px (one run in a process, {found['vessels counted']:.0f} vessels "
        "counted; `pictures` are those of the hot spots, read from the slide):"
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
    parser.add_argument(
        "--quick", action="store_true", help="4096 px, one repeat, no big slide, kernels of the checkout"
    )
    parser.add_argument("--side", type=int, default=16384, help="side of the slide, px")
    parser.add_argument("--big", type=int, default=32768, help="side of the slide for memory, px; 0: none")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each")
    parser.add_argument("--folder", type=Path, help="where to make the temporary folder")
    parser.add_argument("--write", action="store_true", help="put the results into RESULTS.md")
    args = parser.parse_args()
    if args.quick:
        args.side, args.big, args.repeats = 4096, 0, 1
    processors = two_processors()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        courses = [
            Course(Path(folder), args.side, mpp, own_kernels=not args.quick) for mpp in (COARSE_MPP, FINE_MPP)
        ]
        big = Course(Path(folder), args.big, COARSE_MPP, own_kernels=True) if args.big else None
        lines = ["## Speed and memory", "", f"{machine()} Kept to {len(processors)} processors.", ""]
        print("\n".join(lines))
        for line in report(courses, big, args.repeats):
            print(line, flush=True)
            lines.append(line)
    after = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    lines += ["", f"Load average afterwards: {after} (the benchmark itself makes about {THREADS})."]
    print("\n".join(lines[-2:]))
    if args.write:
        write_section("speed", "\n".join(lines))


if __name__ == "__main__":
    main()
