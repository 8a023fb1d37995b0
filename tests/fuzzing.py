"""Slides with bytes changed at random, each opened and analysed in a process of its own that may crash or hang.

``python tests/fuzzing.py --cases 3000`` runs for longer than the tests do; a case is its kind and its seed, so that
``--kind svs --seed 17`` makes it again. Inputs that fail are kept in ``build/fuzz``.
"""

import argparse
import math
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

import numpy as np
from faulty import MPP
from mutations import CANARY, SUFFIXES, mutated, original, picture

KEPT = Path(__file__).resolve().parents[1] / "build" / "fuzz"
LIMIT_S = 20.0

Case = tuple[str, int]


@dataclass(frozen=True)
class Verdict:
    """What became of a case.

    Attributes
    ----------
    case : (str, int)
        Kind and seed.
    outcome : str
        ``refused: CODE``, ``number``, ``damaged`` for a number with invalid tiles, or what is wrong: ``BUG: ...``.
    seconds : float
    """

    case: Case
    outcome: str
    seconds: float

    @property
    def is_bug(self) -> bool:
        """Whether the case found something to be mended."""
        return self.outcome.startswith("BUG")


def examined(path: Path, kind: str) -> str:
    """Open and analyse a slide, and say what came of it as in ``Verdict.outcome``."""
    from mvd.errors import MvdError
    from mvd.pipeline import analyze
    from mvd.slide import open_slide

    try:
        with closing(open_slide(path)) as slide:
            summary = analyze(slide, workers=1, tile_px=128).summary
            found = _wrong(slide, kind, summary)
            damage = any(slide.damage(level) for level in range(len(slide.info.level_shapes)))
    except MvdError as error:
        return _refusal(str(error), error.code, path)
    return found or ("damaged" if damage else "number")


def _refusal(message: str, code: str, path: Path) -> str:
    if "\n" in message or not message.isprintable():
        return f"BUG: message of several lines or with control characters {message!r}"
    if CANARY in message or str(path.parent) in message:
        return f"BUG: message tells what is private {message!r}"
    return f"refused: {code}"


def _wrong(slide: object, kind: str, summary: dict) -> str:
    """Return what a number must not come with: another pixel size, lost area above 1 %, pixels changed unseen."""
    info = slide.info
    if not math.isclose(info.mpp, MPP, rel_tol=0.02):
        return f"BUG: pixel size {info.mpp}"
    if not all(math.isfinite(value) for value in summary.values() if isinstance(value, float)):
        return f"BUG: numbers that are none in {summary}"
    if (summary["invalid_area_fraction"] or 0) > 0.01:
        return f"BUG: {summary['invalid_area_fraction']} of the area invalid"
    if kind == "ome":
        return _changed_pixels(slide)
    return ""


def _changed_pixels(slide: object) -> str:
    """Deflate carries a checksum: what it gives without an error is what was written."""
    from mvd.geometry import Rect

    shape = slide.info.shape_px
    if shape != picture().shape[:2]:
        return f"BUG: {shape} px"
    whole = Rect(0, 0, *shape)
    same = (slide.read(whole) == picture()).all(axis=-1)
    for rect in slide.damage():
        same[rect.slices()] = True
    return "" if same.all() else f"BUG: {np.count_nonzero(~same)} pixels changed unseen"


def _work(line: Connection, folder: str) -> None:
    """Do cases in a process; a sound slide comes first, for the engine takes its time at the first one."""
    sound = Path(folder) / f"sound_{os.getpid()}.svs"
    sound.write_bytes(original("svs"))
    examined(sound, "svs")
    sound.unlink()
    line.send("ready")
    while (case := line.recv()) is not None:
        kind, seed = case
        path = Path(folder) / f"{kind}_{seed}{SUFFIXES[kind]}"
        path.write_bytes(mutated(kind, seed))
        try:
            outcome = examined(path, kind)
        except BaseException as error:
            import traceback

            outcome = f"BUG: {type(error).__name__}: {error}\n{traceback.format_exc()}"
        path.unlink()
        line.send(outcome)


class _Worker:
    """A process and the case that it is at."""

    def __init__(self, folder: str) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.line, theirs = spawn.Pipe()
        self.process = spawn.Process(target=_work, args=(theirs, folder), daemon=True)
        self.process.start()
        theirs.close()
        self.line.recv()
        self.case: Case | None = None
        self.began = 0.0

    def begin(self, case: Case | None) -> None:
        self.case, self.began = case, time.monotonic()
        self.line.send(case)

    def overdue(self) -> bool:
        return self.case is not None and time.monotonic() - self.began > LIMIT_S

    def stopped(self) -> str:
        self.process.kill()
        self.process.join()
        return f"BUG: still busy after {LIMIT_S} s"

    def heard(self) -> str | None:
        """Return the outcome, or how the process ended."""
        try:
            return self.line.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            return f"BUG: crashed, exit code {self.process.exitcode}"


def run(cases: Iterable[Case], workers: int = 2) -> Iterator[Verdict]:
    """Examine the cases in processes; one that crashes or takes too long is a verdict, not an end."""
    coming = iter(cases)
    with tempfile.TemporaryDirectory() as folder:
        crew = [_Worker(folder) for _ in range(workers)]
        try:
            for worker in crew:
                worker.begin(next(coming, None))
            while any(worker.case for worker in crew):
                ready = wait([worker.line for worker in crew if worker.case], timeout=1)
                for at, worker in enumerate(crew):
                    hung = worker.overdue()
                    if worker.case is None or not (hung or worker.line in ready):
                        continue
                    outcome = worker.stopped() if hung else worker.heard()
                    yield Verdict(worker.case, outcome, time.monotonic() - worker.began)
                    if not worker.process.is_alive():
                        crew[at] = _Worker(folder)
                    crew[at].begin(next(coming, None))
        finally:
            for worker in crew:
                worker.process.kill()
                worker.process.join()
                worker.line.close()


def main() -> int:
    """Run many cases from a first seed on and keep the inputs that fail."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=3000)
    options.add_argument("--seed", type=int, default=None, help="first seed; by default from the clock")
    options.add_argument("--kind", choices=[*SUFFIXES], action="append")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--keep", type=Path, default=KEPT)
    chosen = options.parse_args()
    kinds = chosen.kind or list(SUFFIXES)
    first = int(time.time()) if chosen.seed is None else chosen.seed
    print(f"seeds {first} to {first + -(-chosen.cases // len(kinds)) - 1} of {', '.join(kinds)}")
    cases = [(kinds[number % len(kinds)], first + number // len(kinds)) for number in range(chosen.cases)]
    seen: Counter[tuple[str, str]] = Counter()
    bugs = 0
    for verdict in run(cases, chosen.workers):
        kind, seed = verdict.case
        seen[kind, verdict.outcome.splitlines()[0][:100]] += 1
        if verdict.is_bug:
            bugs += 1
            chosen.keep.mkdir(parents=True, exist_ok=True)
            kept = chosen.keep / f"{kind}_{seed}{SUFFIXES[kind]}"
            kept.write_bytes(mutated(kind, seed))
            print(f"{kept.name}: {verdict.outcome}")
    for (kind, outcome), count in sorted(seen.items()):
        print(f"{kind:6} {count:6}  {outcome}")
    return 1 if bugs else 0


if __name__ == "__main__":
    sys.exit(main())
