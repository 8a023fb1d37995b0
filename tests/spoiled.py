"""How a slide for the tests comes about: what is on it, how it is written, and what is then done to the file.

Each maker is called with what the slide is to be, and returns what is called with the path.
"""

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import faulty
import numpy as np
from faulty import MPP, write_ome, write_svs, write_tiff

from mvd.phantom import PhantomSpec, make_phantom

Make = Callable[[Path], object]
REAL_SLIDES = Path(__file__).resolve().parents[2] / "shared" / "data" / "formats"


@dataclass(frozen=True)
class Fault:
    """What is wrong with a slide, and what must become of it.

    Attributes
    ----------
    name : str
        File name, with the suffix that it wears.
    make : callable
        Writes it.
    error : str
        Code in failed.csv; ``empty``, ``ok`` or ``damaged`` for a slide that is measured all the same.
    word : str
        A regular expression that the message has.
    """

    name: str
    make: Make
    error: str
    word: str = ""


SIDE_PX = 400


@cache
def stained(vessels_per_mm2: float = 200) -> np.ndarray:
    """Tissue of 0.2 mm a side, (400, 400, 3) uint8; at 0 vessels per mm2 it has none."""
    spec = PhantomSpec(
        7, "clean", height_um=200, width_um=200, vessels_per_mm2=vessels_per_mm2, outline=False
    )
    return make_phantom(spec).rgb


def plain(*colour: int, spread: float = 2) -> np.ndarray:
    """One colour with noise, (400, 400, 3) uint8."""
    noise = np.random.default_rng(1).normal(0, spread, (SIDE_PX, SIDE_PX, 3))
    return np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)


def pen_marks() -> np.ndarray:
    """Three pens over tissue without a vessel."""
    picture = stained(0).copy()
    for start, stop, colour, width in (
        ((20, 30), (380, 350), (20, 40, 160), 24),
        ((30, 350), (300, 380), (20, 120, 40), 20),
        ((200, 20), (220, 380), (10, 10, 10), 14),
    ):
        cv2.line(picture, start, stop, colour, width)
    return picture


def fold() -> np.ndarray:
    """A dark, doubled stripe in tissue without a vessel."""
    picture = stained(0) / 255
    picture[:, 150:220] **= 3
    return np.rint(picture * 255).astype(np.uint8)


def on_white(picture: np.ndarray) -> np.ndarray:
    """The middle of a picture on bare glass."""
    field = plain(242, 242, 242)
    field[100:300, 100:300] = picture[100:300, 100:300]
    return field


def tiff(pixels: Callable[[], np.ndarray] = stained, **keywords: object) -> Make:
    return lambda path: write_tiff(path, pixels(), **keywords)


def svs(fields: str = f"MPP = {MPP}", **keywords: object) -> Make:
    return lambda path: write_svs(path, stained(), fields, **keywords)


def ome(size: object = MPP, unit: str = "µm", **keywords: object) -> Make:
    return lambda path: write_ome(path, stained(), size, unit, **keywords)


def content(make: Callable[[], bytes]) -> Make:
    return lambda path: path.write_bytes(make())


def then(make: Make, *steps: Make) -> Make:
    """Write a slide, then spoil it."""

    def both(path: Path) -> None:
        for step in (make, *steps):
            step(path)

    return both


def cut(keep: float) -> Make:
    return lambda path: faulty.cut(path, keep)


def tag(code: int, *values: int) -> Make:
    return lambda path: faulty.patch_tag(path, code, *values)


def real(name: str) -> Make:
    return lambda path: shutil.copy(REAL_SLIDES / name, path) if (REAL_SLIDES / name).exists() else None


def broken(*tiles: int, zeros: bool = False) -> Make:
    """Overwrite the middle of some tiles."""

    def spoil(path: Path) -> None:
        for index in tiles:
            faulty.damage_tile(path, index, zeros=zeros)

    return spoil


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table of mvd, names of slides without the mark that makes them inert."""
    with path.open(newline="", encoding="utf-8") as stream:
        return [row | {"slide": row["slide"].removeprefix("'")} for row in csv.DictReader(stream)]
