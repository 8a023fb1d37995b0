"""A command that is killed at points spread over its time, and given again: the bytes of one that was left alone.

    python benchmarks/kills.py [--quick] [--points N] [--write]

``mvd run`` over eight small slides, two at once, is left alone twice, which tells its time. Then, for each point, it is
ended with SIGKILL, processes and all, after that part of the time, and the same command is given again in that folder.
Exit code 1 if a file differs (but for run.json and the crate, which name times) or anything is left over.
"""

import argparse
import random
import tempfile
import time
from pathlib import Path

from page import machine, markdown_table, write_section
from soak import kill_all, started, tree
from soak_slides import write_slides

SLIDES = 8
FLAGS = ("--jobs", "2")


def main() -> int:
    """Kill at every point, print what came of it, and return the exit code."""
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="mvd_kills_") as folder:
        place = Path(folder)
        write_slides(place / "slides", SLIDES, random.Random(1))
        seconds = min(_whole_run(place, out) for out in ("warm", "alone"))  # the first one fills caches
        expected = tree(place / "alone")
        rows, wrong = [], []
        for number in range(options.points):
            at_s = seconds * (number + 1) / (options.points + 1)
            there, done = _killed(place, f"killed_{number}", at_s)
            _whole_run(place, f"killed_{number}")
            faults = _faults(expected, place / f"killed_{number}")
            rows.append((f"{at_s:.2f}", "yes" if there else "had ended", done, len(faults)))
            wrong += [f"killed after {at_s:.2f} s: {fault}" for fault in faults]
    text = told(rows, wrong, seconds)
    print(text)
    if options.write:
        write_section("kills", text)
    return 1 if wrong else 0


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="3 points")
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--write", action="store_true", help="into RESULTS.md")
    options = parser.parse_args()
    if options.quick:
        options.points = 3
    return options


def _whole_run(place: Path, out: str) -> float:
    """Run to the end; return its time, s."""
    began_s = time.monotonic()
    session = started(place, out, *FLAGS)
    session.process.communicate()
    if session.process.returncode != 3:  # one slide is spoiled
        raise SystemExit(f"{out}: exit code {session.process.returncode}")
    return time.monotonic() - began_s


def _killed(place: Path, out: str, at_s: float) -> tuple[bool, int]:
    """Run, and end it after a while; tell whether it was still there, and how many slides were done."""
    session = started(place, out, *FLAGS)
    time.sleep(at_s)
    there = bool(kill_all(session))
    session.process.stdout.close()
    return there, len(list((place / out).glob("slides/*/slide.json")))


def _faults(expected: dict[str, bytes], out: Path) -> list[str]:
    """Return which files are lost, left over or others."""
    found = tree(out)
    return [name for name in sorted(expected.keys() | found.keys()) if expected.get(name) != found.get(name)]


def told(rows: list[tuple], wrong: list[str], seconds: float) -> str:
    """Return the section of RESULTS.md."""
    table = markdown_table(
        ["killed after, s", "was at work", "slides done by then", "files that differ"], rows
    )
    verdict = f"**Passed**: after each of {len(rows)} kills the same command gave the same bytes."
    if wrong:
        verdict = "**Failed**:\n\n" + "\n".join(f"- {line}" for line in wrong[:20])
    alone = f"{SLIDES} slides, one of them spoiled; left alone: {seconds:.1f} s."
    return f"## Kills\n\n{machine()} {alone}\n\n{table}\n\n{verdict}\n"


if __name__ == "__main__":
    raise SystemExit(main())
