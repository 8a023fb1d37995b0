"""Files and folders -> the slides in them, in a fixed order and each once.

Only names are looked at; what a slide-like name holds is for the reader to say. Never follows a folder twice,
and never takes the pictures in a result folder of mvd for slides.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mvd.errors import MvdError

_READ_SUFFIXES = {".svs", ".tif", ".tiff", ".btf", ".tf2", ".tf8", ".png", ".jpg", ".jpeg"}
_REFUSED_SUFFIXES = {
    ".ndpi",
    ".scn",
    ".bif",
    ".qptiff",
    ".svslide",
    ".mrxs",
    ".vms",
    ".vmu",
    ".czi",
    ".vsi",
    ".dcm",
}
SLIDE_SUFFIXES = frozenset(_READ_SUFFIXES | _REFUSED_SUFFIXES | {".isyntax"})
"""Names that are slides, those included that are refused by name when opened."""


@dataclass(frozen=True)
class FoundSlide:
    """A slide file.

    Attributes
    ----------
    path : Path
    name : str
        Path relative to the folder that was given, with ``/``; the file name where the file itself was given.
        Two slides never have the same: where they would, the folders above tell them apart.
    """

    path: Path
    name: str


def find_slides(paths: Iterable[str | Path]) -> list[FoundSlide]:
    """List the slides in files and folders.

    Parameters
    ----------
    paths : iterable of str or Path
        Files, which are always taken, and folders, which are searched for slides by suffix.

    Returns
    -------
    list of FoundSlide
        In the order given, sorted by name inside each folder.

    Raises
    ------
    MvdError
        For a path that does not exist or a folder that cannot be listed.
    """
    found: dict[str, FoundSlide] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise MvdError(f"{path}: no such file or folder; check the path")
        slides = _in_folder(path) if path.is_dir() else [FoundSlide(path, path.name)]
        for slide in slides:
            found.setdefault(os.path.realpath(slide.path), slide)
    return _told_apart(list(found.values()))


def _in_folder(folder: Path) -> list[FoundSlide]:
    files = (path for path in _files(folder) if path.suffix.lower() in SLIDE_SUFFIXES)
    slides = (FoundSlide(path, path.relative_to(folder).as_posix()) for path in files)
    return sorted(slides, key=lambda slide: slide.name)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the visible files below a folder, passing by results of mvd and folders seen already."""
    seen = {os.path.realpath(folder)}
    for top, folders, files in os.walk(folder, followlinks=True, onerror=_cannot_list):
        here = Path(top)
        if "slide.json" in files or ("run.json" in files and here != folder):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if _is_new(here / name, seen))
        yield from (here / name for name in files if not name.startswith("."))


def _is_new(folder: Path, seen: set[str]) -> bool:
    """Whether a folder is to be searched; remembers it."""
    real = os.path.realpath(folder)
    if real in seen or folder.name.startswith(".") or folder.suffix.lower() == ".zarr":
        return False
    seen.add(real)
    return True


def _cannot_list(error: OSError) -> None:
    raise MvdError(f"{error.filename}: cannot be listed ({error.strerror}); check the rights of the folder")


def _told_apart(slides: list[FoundSlide]) -> list[FoundSlide]:
    """Put folders before names that two slides share, until none do."""
    depth = 0
    while len({slide.name for slide in slides}) < len(slides):
        depth += 1
        names = [slide.name for slide in slides]
        slides = [
            FoundSlide(slide.path, _longer(slide)) if names.count(slide.name) > 1 else slide
            for slide in slides
        ]
    return slides


def _longer(slide: FoundSlide) -> str:
    """Return the slide's name with one more of the folders above it."""
    parts = slide.path.absolute().parts
    count = len(Path(slide.name).parts)
    return "/".join(parts[-count - 1 :])
