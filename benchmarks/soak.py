"""A batch that is killed again and again beside one that is left alone: nothing lost, nothing doubled, memory flat.

    python benchmarks/soak.py [--quick] [--slides N] [--kills N] [--seed N] [--write]

Of the slides a tenth is spoiled. A first run is left alone, and tells memory; its slides are read in place. Then the
same slides go into another folder, with ``--stage-dir`` and two at once, by a command that is ended with SIGKILL,
processes and all, at random moments, and in which a process for slides is ended now and then; each time the same
command is given again. At the end the two folders must be the same to the byte. Exit code 1 if anything is not as it
must be.
"""

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from page import machine, markdown_table, write_section
from soak_slides import write_slides

MAIN = "from mvd.cli import main; main()"
TELLS_WHEN = {"run.json", "ro-crate-metadata.json"}  # the only files that name times, and the command
MAY_GROW_MB = 8.0
"""Of the parent between the second quarter of the slides and the last: a row of the tables for each slide is kept."""


@dataclass
class Session:
    """One command, from its start to its end.

    Attributes
    ----------
    done : int
        Slides that it measured; those that an earlier one had done do not count.
    events : int
        Slides of which it told, failed and resumed ones included.
    rss_mb : list of float
        Memory of its parent process at each of them.
    """

    process: subprocess.Popen
    done: int = 0
    events: int = 0
    rss_mb: list[float] = field(default_factory=list)

    def listen(self) -> None:
        """Read its events until it ends."""
        about = psutil.Process(self.process.pid)
        for line in self.process.stdout:
            event = json.loads(line) if line.endswith("\n") else {}
            if event.get("event") in ("slide_done", "slide_failed"):
                self.events += 1
                self.done += event["event"] == "slide_done" and not event["resumed"]
                try:
                    self.rss_mb.append(about.memory_info().rss / 1e6)
                except psutil.Error:
                    return


def main() -> int:
    """Soak, print the verdict, and return the exit code."""
    options = arguments()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="mvd_soak_") as folder:
        place = Path(folder)
        expected = write_slides(place / "slides", options.slides, rng)
        began_s = time.monotonic()
        alone = left_alone(place)
        alone_s = time.monotonic() - began_s
        sessions, kills, crashes = killed_again_and_again(place, options, rng)
        soaked_s = time.monotonic() - began_s - alone_s
        wrong = list(faults_of(place, expected)) + list(memory_faults(alone, options.slides))
        if kills < options.kills:
            wrong.append(f"only {kills} of {options.kills} kills came before the end")
    text = told(options, expected, alone, (alone_s, soaked_s), (len(sessions), kills, crashes), wrong)
    print(text)
    if options.write:
        write_section("soak", text)
    return 1 if wrong else 0


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="12 slides and 2 kills")
    parser.add_argument("--slides", type=int, default=300)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="into RESULTS.md")
    options = parser.parse_args()
    if options.quick:
        options.slides, options.kills = 12, 2
    return options


def left_alone(place: Path) -> Session:
    """Run once over all slides."""
    session = started(place, "alone", "--jobs", "2")
    session.listen()
    session.process.wait()
    return session


def killed_again_and_again(
    place: Path, options: argparse.Namespace, rng: random.Random
) -> tuple[list[Session], int, int]:
    """Run, kill, run again; the last one is left alone. Returns the sessions, the kills and the lost processes."""
    sessions, kills, crashes, left = [], 0, 0, options.slides - max(1, options.slides // 10)
    for number in range(options.kills):
        session = started(place, "soaked", "--jobs", "2", "--stage-dir", str(place / "stage"))
        sessions.append(session)
        ear = threading.Thread(target=session.listen)
        ear.start()
        # Spread over the whole: after some more slides and a moment, or while the first ones are begun.
        enough = rng.randint(0, left // (options.kills - number + 1))
        while session.process.poll() is None and session.done < enough:
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.7))
        crashes += lose_a_process(session, rng)
        time.sleep(rng.uniform(0, 0.7))
        kills += kill_all(session)
        ear.join()
        left -= session.done
    session = started(place, "soaked", "--jobs", "2", "--stage-dir", str(place / "stage"))
    session.listen()
    session.process.wait()
    return [*sessions, session], kills, crashes


def started(place: Path, out: str, *flags: str) -> Session:
    """Start ``mvd run`` in a group of processes of its own."""
    command = [
        sys.executable,
        "-c",
        MAIN,
        "run",
        str(place / "slides"),
        "--out",
        str(place / out),
        "--json",
        *flags,
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )
    return Session(process)


def lose_a_process(session: Session, rng: random.Random) -> int:
    """End one of the processes for slides as a crash would; tell whether there was one."""
    try:
        workers = [
            child
            for child in psutil.Process(session.process.pid).children()
            if "spawn_main" in " ".join(child.cmdline())
        ]
        rng.choice(workers).send_signal(rng.choice([signal.SIGSEGV, signal.SIGKILL]))
    except (psutil.Error, IndexError):
        return 0
    return 1


def kill_all(session: Session) -> int:
    """End a command and all its processes at once; tell whether it was still there, and wait until none is left."""
    there = session.process.poll() is None
    try:
        os.killpg(session.process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return 0
    session.process.wait()
    return int(there)


def faults_of(place: Path, expected: dict[str, str]) -> Iterator[str]:
    """Yield what is lost, doubled, left over or other than in the run that was left alone."""
    alone, soaked = tree(place / "alone"), tree(place / "soaked")
    for name in sorted(alone.keys() | soaked.keys()):
        if alone.get(name) != soaked.get(name):
            yield f"{name} is not that of the run that was left alone"
    told = json.loads((place / "soaked" / "run.json").read_bytes())["slides"]
    for name, times in Counter(slide["slide"] for slide in told).items():
        if times > 1:
            yield f"{name} is there {times} times"
    became = {slide["slide"]: slide["error"] for slide in told}
    for name in sorted(expected.keys() | became.keys()):
        if became.get(name) != expected.get(name):
            yield f"{name} became {became.get(name)!r}, not {expected.get(name)!r}"
    folders = {path.name for path in (place / "soaked" / "slides").iterdir()}
    if folders != {slide["slide_id"] for slide in told if not slide["error"]}:
        yield "the folders are not those of the slides that were measured"
    yield from (f"{path.name} was left over" for path in (place / "stage").iterdir())


def tree(out: Path) -> dict[str, bytes]:
    """Return every file of a result folder by its name, but for those that tell when it was made."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name not in TELLS_WHEN and ".mvd" not in path.parts
    }


def quarters_mb(session: Session) -> tuple[float, float]:
    """Return the parent's memory over the second and over the last quarter of the slides, MB."""
    quarter = max(len(session.rss_mb) // 4, 1)
    return statistics.median(session.rss_mb[quarter : 2 * quarter]), statistics.median(
        session.rss_mb[-quarter:]
    )


def memory_faults(session: Session, slides: int) -> Iterator[str]:
    """Yield what is wrong with the memory of the parent of a run over all slides."""
    if session.events != slides:
        yield f"the run that was left alone told of {session.events} of {slides} slides"
    early, late = quarters_mb(session)
    if late - early > MAY_GROW_MB:
        yield f"the parent's memory grew from {early:.1f} to {late:.1f} MB"


def told(
    options: argparse.Namespace,
    expected: dict[str, str],
    alone: Session,
    seconds: tuple[float, float],
    counts: tuple[int, int, int],
    wrong: list[str],
) -> str:
    """Return the section of RESULTS.md."""
    sessions, kills, crashes = counts
    early, late = quarters_mb(alone)
    spoiled = Counter(code for code in expected.values() if code)
    rows = [
        ("slides", options.slides),
        (
            "of them spoiled",
            f"{sum(spoiled.values())} ({', '.join(f'{n} {code}' for code, n in sorted(spoiled.items()))})",
        ),
        ("commands given", sessions),
        ("ended by SIGKILL, all processes", kills),
        ("single processes lost besides", crashes),
        ("left alone, s", f"{seconds[0]:.0f}"),
        ("killed and gone on with, s", f"{seconds[1]:.0f}"),
        ("memory of the parent, second quarter of the slides, MB", f"{early:.1f}"),
        ("memory of the parent, last quarter, MB", f"{late:.1f}"),
    ]
    verdict = "**Passed**: nothing lost, doubled or left over, every file the same to the byte, memory flat."
    if wrong:
        verdict = "**Failed**:\n\n" + "\n".join(f"- {line}" for line in wrong[:20])
    return f"## Soak\n\n{machine()} Seed {options.seed}.\n\n{markdown_table(['', ''], rows)}\n\n{verdict}\n"


if __name__ == "__main__":
    raise SystemExit(main())
