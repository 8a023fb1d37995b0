"""The first bytes of a file, and its suffix where they do not tell -> which family of slides it belongs to.

Nothing is parsed, and no more than ``HEAD_BYTES`` are looked at.
"""

import errno
from pathlib import Path

HEAD_BYTES = 132
"""Bytes that tell: DICOM's mark stands behind 128 bytes that may hold anything."""
TIFF, PNG, JPEG, WEBP, DICOM = "TIFF", "PNG", "JPEG", "WebP", "DICOM"
VMS, MIRAX = "Hamamatsu VMS", "3DHISTECH MIRAX"
PICTURES = (PNG, JPEG, WEBP)

_TIFF_STARTS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_STARTS = {
    b"\x89PNG\r\n\x1a\n": PNG,
    b"\xff\xd8\xff": JPEG,
    b"[Virtual Microscope Specimen]": VMS,
    b"[Uncompressed Virtual Microscope Specimen]": VMS,
    b"SQLite format 3\x00": "Sakura SVSLIDE",
    b"ZISRAWFILE": "Zeiss CZI",
    b'<DataObject ObjectType="DPUfsImport"': "Philips iSyntax",
}
_DICOM_AT = 128
_TIFF_SUFFIXES = (".tif", ".tiff")
_SUFFIXES = {".mrxs": MIRAX, ".vms": VMS, ".vmu": VMS}
_ONLY_BY_SUFFIX = {".vsi": "Olympus VSI", ".svslide": "Sakura SVSLIDE"}
_UNREAD = {
    ".czi": "Zeiss CZI",
    ".zvi": "Zeiss ZVI",
    ".isyntax": "Philips iSyntax",
    ".lif": "Leica LIF",
    ".nd2": "Nikon ND2",
    ".kfb": "KFBIO KFB",
    ".mds": "Motic MDS",
    ".sdpc": "TEKSQRAY SDPC",
    ".tmap": "UNIC TMAP",
}

SUFFIXES = frozenset(
    {
        *(".svs", ".tif", ".tiff", ".btf", ".tf2", ".tf8", ".ndpi", ".scn", ".bif", ".qptiff"),
        *(".png", ".jpg", ".jpeg", ".webp", ".dcm"),
        *_SUFFIXES,
        *_ONLY_BY_SUFFIX,
        *_UNREAD,
    }
)
"""Names that are slides whatever they hold, those included that are refused by name when opened."""


def family_of(head: bytes, path: Path) -> str | None:
    """Return what a file is by its first bytes: ``TIFF``, ``PNG``, ``DICOM`` ...; None for no slide that is known.

    The suffix decides only where the content cannot: the JPEG that a MIRAX slide is opened by, the TIFF of an
    Olympus slide that holds no slide, and one that is DICOM as well.
    """
    suffix = path.suffix.lower()
    by_suffix = _SUFFIXES.get(suffix) or (_ONLY_BY_SUFFIX.get(suffix) if head else None)
    if by_suffix:
        return by_suffix
    is_tiff = head.startswith(_TIFF_STARTS)
    if head[_DICOM_AT:HEAD_BYTES] == b"DICM" and not (is_tiff and suffix in _TIFF_SUFFIXES):
        return DICOM
    if is_tiff:
        return TIFF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    known = next((family for start, family in _STARTS.items() if head.startswith(start)), None)
    return known or _UNREAD.get(suffix)


def head_of(path: Path) -> bytes:
    """Return the first bytes of a file; ``OSError`` where it cannot be read, or would never end."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "a pipe or a device, not a file")
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)
