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
from functools import cache
from multiprocessing.connection import Connection, wait
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "slide")]

from faulty import MPP, write_ome, write_svs  # noqa: E402

CANARY = "CANARY"
SIDE_PX, TILE_PX = 256, 16
LIMIT_S = 20.0
SUFFIXES = {"svs": ".svs", "ome": ".ome.tif", "dicom": ".dcm"}
_TABLES_BYTES = 1500
_EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)

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


@cache
def picture() -> np.ndarray:
    """Tissue with vessels, (256, 256, 3) uint8."""
    from mvd.phantom import PhantomSpec, make_phantom

    side_um = SIDE_PX * MPP
    return make_phantom(PhantomSpec(11, "clean", side_um, side_um, vessels_per_mm2=300, outline=False)).rgb


@cache
def original(kind: str) -> bytes:
    """A sound slide of that kind; all but DICOM state their pixel size twice."""
    resolution = {
        "resolution": (1e4 / MPP, 1e4 / MPP),
        "resolutionunit": "CENTIMETER",
        "tile": (TILE_PX, TILE_PX),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"slide{SUFFIXES[kind]}"
        if kind == "svs":
            write_svs(path, picture(), f"MPP = {MPP}|User = {CANARY}", **resolution)
        elif kind == "ome":
            write_ome(path, picture(), software=CANARY, **resolution)
        else:
            _write_dicom(path)
        return path.read_bytes()


def _write_dicom(path: Path) -> None:
    import pydicom
    from dicom_slides import write_level

    write_level(path, picture(), "1.2.3", side=4 * TILE_PX, coding="jpeg", canary=CANARY, um_per_px=MPP)
    slide = pydicom.dcmread(path)
    slide.StudyInstanceUID = "1.2.4"
    slide.SOPInstanceUID = slide.file_meta.MediaStorageSOPInstanceUID = "1.2.5"
    slide.save_as(path)


def mutated(kind: str, seed: int) -> bytes:
    """Return the slide with one or two changes, the same for the same seed."""
    rng = np.random.default_rng([seed, *kind.encode()])
    content = bytearray(original(kind))
    for _ in range(rng.integers(1, 3)):
        change = _CHANGES[rng.integers(len(_CHANGES))]
        change(content, _place(rng, len(content)), rng)
        if len(content) < 2:
            break
    return bytes(content)


def _place(rng: np.random.Generator, length: int) -> int:
    """Half of all changes hit the tables at the file's beginning or end, where a byte matters most."""
    ends = rng.integers(0, 4)
    reach = min(_TABLES_BYTES, length)
    if ends == 0:
        return int(rng.integers(0, reach))
    return length - 1 - int(rng.integers(0, reach)) if ends == 1 else int(rng.integers(0, length))


def _flip(content: bytearray, at: int, rng: np.random.Generator) -> None:
    content[at] ^= 1 << int(rng.integers(8))


def _scatter(content: bytearray, at: int, rng: np.random.Generator) -> None:
    for place in at + rng.integers(0, 200, 8):
        content[min(place, len(content) - 1)] = int(rng.integers(256))


def _overwrite(content: bytearray, at: int, rng: np.random.Generator) -> None:
    length = min(int(rng.integers(1, 400)), len(content) - at)
    content[at : at + length] = [rng.bytes(length), bytes(length), b"\xff" * length][rng.integers(3)]


def _cut(content: bytearray, at: int, rng: np.random.Generator) -> None:
    del content[at:]


def _remove(content: bytearray, at: int, rng: np.random.Generator) -> None:
    del content[at : at + int(rng.integers(1, 300))]


def _insert(content: bytearray, at: int, rng: np.random.Generator) -> None:
    content[at:at] = rng.bytes(int(rng.integers(1, 300)))


def _repeat(content: bytearray, at: int, rng: np.random.Generator) -> None:
    content[at:at] = content[at : at + int(rng.integers(1, 3000))]


def _length_field(content: bytearray, at: int, rng: np.random.Generator) -> None:
    """Put an extreme or a slightly wrong whole number where one of 2, 4 or 8 bytes may stand."""
    width = (2, 4, 8)[rng.integers(3)]
    at -= at % 2
    old = int.from_bytes(content[at : at + width], "little")
    extremes = (*_EXTREMES, old - 1, old + 1, old * 2, len(content), 2**63)
    value = extremes[rng.integers(len(extremes))] % 2 ** (8 * width)
    content[at : at + width] = value.to_bytes(width, "little")[: len(content) - at]


_CHANGES = (
    _cut,
    _remove,
    _insert,
    _repeat,
    *[_flip] * 4,
    *[_scatter] * 2,
    *[_overwrite] * 2,
    *[_length_field] * 4,
)


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
    options.add_argument("--keep", type=Path, default=HERE.parent / "build" / "fuzz")
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
