"""Many slides in one run: what each costs the process that hands them out, and what the whole grows to.

    python benchmarks/scale.py [--quick] [--slides N] [--write]

A slide's own time is for speed.py. Here every slide is the same tiny phantom, copied under another name, and its result
folder is made beforehand as a run leaves it, but for 20 that are really measured. What is left is the work of mvd with
a list of N: finding them, hashing, looking at what is there, tables, report, run.json. Then the same command once more:
a resume with nothing to do. From the largest N, 10,000 slides are reckoned on paper.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from page import machine, markdown_table, write_section
from renamed import leave_renamed

from mvd.batch import slide_id
from mvd.batch.plan import MPX_PER_S, SLIDE_S
from mvd.phantom import PhantomSpec, make_phantom, write_phantom

MAIN = "from mvd.cli import main; main()"
REALLY = 20
PAPER_SLIDES, PAPER_MPX = 10_000, 400
SIZES = ("summary.csv", "hotspots.csv", "run.json", "report.html", "ro-crate-metadata.json")


@dataclass
class Cost:
    """What a command took: s of the clock and of its own process, and the most memory of that process, MB."""

    clock_s: float
    processor_s: float
    most_mb: float


def main() -> int:
    """Measure, print, and return the exit code."""
    options = arguments()
    rows, sizes = [], []
    with tempfile.TemporaryDirectory(prefix="mvd_scale_") as folder:
        for count in options.slides:
            place = Path(folder) / str(count)
            _prepare(place, count)
            for kind in ("first run", "resume"):
                cost = measured(place)
                rows.append(_row(count, kind, cost))
                print(rows[-1], flush=True)
            sizes.append((count, *(f"{_mb(place / 'out' / name):.2f}" for name in SIZES)))
            shutil.rmtree(place)
    text = told(rows, sizes)
    print(text)
    if options.write:
        write_section("scale", text)
    return 0


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="40 slides")
    parser.add_argument("--slides", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--write", action="store_true", help="into RESULTS.md")
    options = parser.parse_args()
    if options.quick:
        options.slides = [40]
    return options


def _prepare(place: Path, count: int) -> None:
    """Write the slides, and the results of all but the first few as a run would have left them."""
    slides, out = place / "slides", place / "out" / "slides"
    spec = PhantomSpec(7, "clean", height_um=150, width_um=150, vessels_per_mm2=300, outline=False)
    write_phantom(make_phantom(spec), place, "one")
    names = [f"case_{number:05d}.tif" for number in range(count)]
    for name in names:
        slides.mkdir(exist_ok=True, parents=True)
        shutil.copyfile(place / "one.tif", slides / name)
    sample = place / "sample"
    sample.mkdir()
    shutil.copyfile(place / "one.tif", sample / names[0])
    subprocess.run([*_mvd(sample, place / "sample_out")], check=True, stdout=subprocess.DEVNULL)
    (made,) = (place / "sample_out" / "slides").iterdir()
    for name in names[REALLY:]:
        leave_renamed(made, out / slide_id(name), (names[0], name))


def _mvd(slides: Path, out: Path) -> list[str]:
    return [sys.executable, "-c", MAIN, "run", str(slides), "--out", str(out), "--jobs", "2", "--quiet"]


def measured(place: Path) -> Cost:
    """Run, and watch the process that hands out slides."""
    began_s = time.monotonic()
    process = psutil.Popen(_mvd(place / "slides", place / "out"), stdout=subprocess.DEVNULL)
    most, own = [0.0], [0.0]

    def watch() -> None:
        while process.is_running():
            try:
                most[0] = max(most[0], process.memory_info().rss / 1e6)
                times = process.cpu_times()
                own[0] = times.user + times.system
            except psutil.Error:
                return
            time.sleep(0.05)

    ear = threading.Thread(target=watch, daemon=True)
    ear.start()
    if process.wait() != 0:
        raise SystemExit(f"exit code {process.returncode}")
    return Cost(time.monotonic() - began_s, own[0], most[0])


def _row(count: int, kind: str, cost: Cost) -> tuple[object, ...]:
    each_ms = 1000 * cost.processor_s / count
    return (
        count,
        kind,
        f"{cost.clock_s:.0f}",
        f"{cost.processor_s:.1f}",
        f"{each_ms:.1f}",
        f"{cost.most_mb:.0f}",
    )


def _mb(path: Path) -> float:
    return path.stat().st_size / 1e6 if path.exists() else 0.0


def told(rows: list[tuple], sizes: list[tuple]) -> str:
    """Return the section of RESULTS.md."""
    head = [
        "slides",
        "command",
        "clock, s",
        "processor of the leader, s",
        "of it for each slide, ms",
        "memory, MB",
    ]
    first = f"{REALLY} slides of each first run are really measured, all others are found done."
    costs = markdown_table(head, rows)
    files = markdown_table(["slides", *(f"{name}, MB" for name in SIZES)], sizes)
    return f"## Scale\n\n{machine()} {first}\n\n{costs}\n\n{files}\n\n{_on_paper(rows)}\n"


def _on_paper(rows: list[tuple]) -> str:
    """Reckon 10,000 slides of 400 megapixels from the leader's cost for each of the largest measured run."""
    count, leader_s = int(rows[-2][0]), float(rows[-2][4]) / 1000
    slide_s = SLIDE_S + PAPER_MPX / MPX_PER_S
    table = []
    for cores in (2, 16, 128, 1024):
        slides_s, end_s = PAPER_SLIDES * slide_s / cores, PAPER_SLIDES * leader_s
        table.append(
            (cores, f"{slides_s / 3600:.1f}", f"{end_s / 3600:.2f}", f"{(slides_s + end_s) / 3600:.1f}")
        )
    head = ["processors", "slides, h", "leader, h", "whole, h"]
    equal = slide_s / leader_s
    slides = f"{PAPER_SLIDES} slides of {PAPER_MPX} megapixels at the analysis pixel size"
    return (
        f"On paper, not measured: {slides}, {slide_s:.1f} s of a processor each (the rates of `--dry-run`), and the "
        f"leader's {1000 * leader_s:.0f} ms for each slide, measured with {count} and taken as straight in N, one by "
        f"one:\n\n{markdown_table(head, table)}\n\n"
        f"At about {equal:.0f} processors the leader, which is one process, takes as long as all slides together: more "
        "gain little. `--shard` with `mvd merge` divides all of its work but the last tables and the report."
    )


if __name__ == "__main__":
    raise SystemExit(main())
