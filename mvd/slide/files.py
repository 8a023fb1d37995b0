"""A slide -> all files that it is made of: what must be copied with it, and what its content is the hash of."""

from pathlib import Path

from mvd.slide import signature
from mvd.slide.companions import dicom_header, is_zarr, kind_of, listed_by_vms

_MIRAX = ".mrxs"


def files_of(path: Path) -> list[tuple[str, Path]]:
    """List the files of a slide.

    Parameters
    ----------
    path : Path
        As ``find_slides`` gives it: a file, or a folder that is one slide.

    Returns
    -------
    list of (str, Path)
        Name relative to the slide's own folder, with ``/``, and the file; sorted by name. One entry for most slides;
        of OME-Zarr all chunks, of MIRAX the folder of its data too, of VMS the pictures that it lists, of DICOM the
        whole series. Empty when there is no such file.
    """
    if path.is_dir():
        return _below(path, path if is_zarr(path) else path.parent)
    if not path.is_file():
        return []
    if path.suffix.lower() == _MIRAX:
        return sorted([(path.name, path), *_below(path.with_suffix(""), path.parent)])
    kind = kind_of(path)
    if kind == signature.VMS:
        parts = [part for part in listed_by_vms([path]) if part.is_file()]
        return sorted((part.name, part) for part in {path, *parts})
    if kind == signature.DICOM:
        return sorted((part.name, part) for part in {path, *_series(path)})
    return [(path.name, path)]


def _below(folder: Path, top: Path) -> list[tuple[str, Path]]:
    return sorted((part.relative_to(top).as_posix(), part) for part in folder.rglob("*") if part.is_file())


def _series(path: Path) -> list[Path]:
    header = dicom_header(path)
    if header is None or not header.series:
        return []
    beside = (part for part in path.parent.iterdir() if part.is_file() and kind_of(part) == signature.DICOM)
    headers = ((part, dicom_header(part)) for part in beside)
    return [part for part, own in headers if own is not None and own.series == header.series]
