"""Small slides for the soak: stained tissue, each with other pixels, and a tenth of them spoiled in nine ways."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile

from mvd.phantom import PhantomSpec, make_phantom

MPP = 0.5
SIDE_UM = 150
FORMS = 8  # a square picture turned and mirrored
ALWAYS_EIO = Path("/proc/self/mem")  # its first byte cannot be read: a real I/O error, on Linux

_ONCE = "I/O error"  # links to one file are one slide


def write_slides(folder: Path, count: int, rng: random.Random) -> dict[str, str]:
    """Write slides, and return what must become of each: name -> ``""``, or the code of its failure."""
    expected = {}
    spoiled = set(rng.sample(range(count), max(1, count // 10)))
    faults = list(_FAULTS.items())
    rng.shuffle(faults)
    for number in range(count):
        path = folder / f"ward_{number % 7}" / f"case_{number:03d}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        if number % FORMS == 0:
            picture = _picture(number // FORMS)
        pixels = _turned(picture, number % FORMS)
        code = ""
        if number in spoiled:
            fault, (spoil, code) = faults.pop(0)
            spoil(path, pixels)
            if fault != _ONCE:
                faults.append((fault, (spoil, code)))
        else:
            _write(path, pixels)
        expected[path.relative_to(folder).as_posix()] = code
    return expected


def _picture(seed: int) -> np.ndarray:
    spec = PhantomSpec(
        5000 + seed, "clean", height_um=SIDE_UM, width_um=SIDE_UM, vessels_per_mm2=300, outline=False
    )
    return make_phantom(spec).rgb


def _turned(pixels: np.ndarray, form: int) -> np.ndarray:
    turned = np.rot90(pixels, form % 4)
    return np.ascontiguousarray(turned[::-1] if form >= 4 else turned)


def _write(path: Path, pixels: np.ndarray, **keywords: object) -> None:
    keywords = {"resolution": (1e4 / MPP, 1e4 / MPP), "resolutionunit": "CENTIMETER", **keywords}
    tifffile.imwrite(path, pixels, photometric="rgb", tile=(128, 128), metadata=None, **keywords)


def _cut_off(path: Path, pixels: np.ndarray) -> None:
    _write(path, pixels)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _corrupt(path: Path, pixels: np.ndarray) -> None:
    _write(path, pixels, compression="jpeg")
    content = bytearray(path.read_bytes())
    content[len(content) // 4 :] = bytes(len(content) - len(content) // 4)
    path.write_bytes(content)


_Spoil = Callable[[Path, np.ndarray], object]
_FAULTS: dict[str, tuple[_Spoil, str]] = {
    "cut off": (_cut_off, "unreadable"),
    "zeros in its tiles": (_corrupt, "unreadable"),
    "empty": (lambda path, _: path.write_bytes(b""), "unreadable"),
    "no slide": (lambda path, pixels: path.write_bytes(pixels.tobytes()), "unreadable"),
    "no pixel size": (
        lambda path, pixels: _write(path, pixels, resolution=None, resolutionunit=None),
        "no_mpp",
    ),
    "16 bit": (lambda path, pixels: _write(path, pixels.astype(np.uint16) * 257), "unsupported_pixels"),
    "no tissue": (lambda path, pixels: _write(path, np.full_like(pixels, 244)), "no_tissue"),
    "leads nowhere": (lambda path, _: path.symlink_to(f"nowhere_{path.name}"), "unreadable"),
    "I/O error": (lambda path, _: path.symlink_to(ALWAYS_EIO), "unreadable"),
}
