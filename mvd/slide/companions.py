"""Slides of several files and folders: which of them are one slide, and which only belong to one.

A folder that is a slide: OME-Zarr, the data of a MIRAX slide, a DICOM series. Files that belong to a slide: the
pictures that a VMS or VMU file lists, the other levels of a DICOM series.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from mvd.slide import signature
from mvd.slide.dicom import DicomHeader, first_volumes, read_header

_ZARR_MARKS = ("zarr.json", ".zattrs", ".zgroup")
_VMS_FILES = re.compile(r"^\s*(?:\w*File|MacroImage)(?:\([\d,]*\))?\s*=\s*(.+?)\s*$", re.MULTILINE)
_LONGEST_VMS_BYTES = 2**20


def is_zarr(folder: Path) -> bool:
    """Whether a folder is a Zarr hierarchy, by its suffix or what lies in it."""
    return folder.suffix.lower() == ".zarr" or any((folder / mark).is_file() for mark in _ZARR_MARKS)


def is_mirax_folder(folder: Path) -> bool:
    """Whether a folder holds the data of a MIRAX slide."""
    return (folder / "Slidedat.ini").is_file()


def mirax_file(folder: Path) -> Path | None:
    """Return the file that a MIRAX slide is opened by, beside the folder of its data; None where it is missing."""
    wanted = f"{folder.name}.mrxs".lower()
    beside = sorted(path for path in folder.absolute().parent.iterdir() if path.name.lower() == wanted)
    return folder.parent / beside[0].name if beside else None


def slide_files(paths: list[Path]) -> list[Path]:
    """Return the files of one folder that are slides; of a DICOM series one, of a VMS slide its index."""
    # A broken link or a pipe that is called a slide is one that fails: it must not go missing unsaid.
    kinds = {path: kind_of(path) for path in paths}
    dicom = [path for path, kind in kinds.items() if kind == signature.DICOM]
    others = [
        path
        for path, kind in kinds.items()
        if kind != signature.DICOM and (kind is not None or path.suffix.lower() in signature.SUFFIXES)
    ]
    parts = listed_by_vms(others)
    return [*(path for path in others if path not in parts), *first_volumes(dicom)]


def kind_of(path: Path) -> str | None:
    """Return the family that a file is of, None for no slide and for one that cannot be looked into."""
    try:
        return signature.family_of(signature.head_of(path), path)
    except OSError:
        return None


def dicom_header(path: Path) -> DicomHeader | None:
    """Return the header of a file that is DICOM and can be read."""
    try:
        return read_header(path)
    except (OSError, ValueError):
        return None


def listed_by_vms(paths: Iterable[Path]) -> set[Path]:
    """Return the pictures and tables that the VMS and VMU files among ``paths`` list as parts of their slides."""
    listed: set[Path] = set()
    for path in paths:
        if kind_of(path) == signature.VMS:
            listed.update(path.parent / name for name in _vms_names(path))
    return listed


def _vms_names(path: Path) -> list[str]:
    try:
        with path.open("rb") as stream:
            text = stream.read(_LONGEST_VMS_BYTES).decode("latin-1")
    except OSError:
        return []
    return [name for name in _VMS_FILES.findall(text) if "/" not in name and "\\" not in name]
