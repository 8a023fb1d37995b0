"""Small slides of three kinds, and bytes changed in them at random: the same for the same seed."""

import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parent / "slide"))

from faulty import MPP, write_ome, write_svs

CANARY = "CANARY"
SIDE_PX, TILE_PX = 256, 16
SUFFIXES = {"svs": ".svs", "ome": ".ome.tif", "dicom": ".dcm"}
_TABLES_BYTES = 1500
_EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


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
