"""Files and folders -> the slides in them, in a fixed order and each once.

Names and the first bytes of files are looked at; what a slide holds is for its reader to say. Never follows a folder
twice, and never takes for slides the pictures in a result folder of mvd or the files that only belong to a slide.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mvd.errors import MvdError
from mvd.slide import signature
from mvd.slide.companions import (
    dicom_header,
    is_mirax_folder,
    is_zarr,
    kind_of,
    listed_by_vms,
    mirax_file,
    slide_files,
)


@dataclass(frozen=True)
class FoundSlide:
    """A slide: a file, or a folder that is one slide.

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
        Files, which are always taken unless they only belong to another one given, and folders, which are
        searched for slides by suffix and content.

    Returns
    -------
    list of FoundSlide
        In the order given, sorted by name inside each folder.

    Raises
    ------
    MvdError
        For a path that does not exist or a folder that cannot be listed.
    """
    slides: list[FoundSlide] = []
    for path in map(Path, paths):
        if not path.exists():
            raise MvdError(f"{path}: no such file or folder; check the path")
        slides += _in_folder(path) if path.is_dir() else [FoundSlide(path, path.name)]
    parts = {os.path.realpath(path) for path in listed_by_vms(slide.path for slide in slides)}
    found: dict[str, FoundSlide] = {}
    for slide in slides:
        if os.path.realpath(slide.path) not in parts:
            found.setdefault(os.path.realpath(slide.path), slide)
    return _told_apart(_one_of_each_series(list(found.values())))


def _one_of_each_series(slides: list[FoundSlide]) -> list[FoundSlide]:
    """Keep of each DICOM series in a folder one file: the first that holds a level rather than the label."""
    kept: dict[object, FoundSlide] = {}
    is_level: dict[object, bool] = {}
    for slide in slides:
        is_dicom = slide.path.is_file() and kind_of(slide.path) == signature.DICOM
        header = dicom_header(slide.path) if is_dicom else None
        key = (os.path.realpath(slide.path.parent), header.series) if header and header.series else slide.path
        if key not in kept or (header and header.is_volume and not is_level[key]):
            kept[key] = slide
            is_level[key] = bool(header and header.is_volume)
    return list(kept.values())


def _in_folder(folder: Path) -> list[FoundSlide]:
    itself = _folder_slide(folder)
    if itself is not None:
        return [FoundSlide(itself, itself.name)]
    found = (FoundSlide(path, path.relative_to(folder).as_posix()) for path in _slides_below(folder))
    return sorted(found, key=lambda slide: slide.name)


def _folder_slide(folder: Path) -> Path | None:
    """Return the slide that a folder is: itself, or the file beside it that opens it; None for a mere folder."""
    if is_zarr(folder):
        return folder
    return (mirax_file(folder) or folder) if is_mirax_folder(folder) else None


def _slides_below(folder: Path) -> Iterator[Path]:
    """Yield the slides below a folder, passing by results of mvd and folders seen already."""
    seen = {os.path.realpath(folder)}
    for top, folders, files in os.walk(folder, followlinks=True, onerror=_cannot_list):
        here = Path(top)
        if "slide.json" in files or ("run.json" in files and here != folder):
            folders.clear()
            continue
        new = [here / name for name in sorted(folders) if _is_new(here / name, seen)]
        slides = {path: _folder_slide(path) for path in new}
        folders[:] = [path.name for path in new if slides[path] is None]
        yield from (path for path, slide in slides.items() if slide == path)
        yield from slide_files([here / name for name in sorted(files) if not name.startswith(".")])


def _is_new(folder: Path, seen: set[str]) -> bool:
    """Whether a folder is to be searched; remembers it."""
    real = os.path.realpath(folder)
    if real in seen or folder.name.startswith("."):
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
