"""A DICOM file -> whether it is a whole slide, of which series, and how its pixels are kept.

Only the elements in ``_WANTED`` are looked at; all others, the patient's among them, are passed over by their length.
The pixels are OpenSlide's to read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mvd.errors import UnreadableSlide
from mvd.slide.naming import shown_name
from mvd.slide.pixels import unsupported

WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
_EXPLICIT, _IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
_READ_SYNTAXES = {_EXPLICIT, "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"}
_UNREAD_SYNTAXES = {
    _IMPLICIT: "implicit little endian",
    "1.2.840.10008.1.2.2": "big endian",
    "1.2.840.10008.1.2.1.99": "deflated",
    "1.2.840.10008.1.2.4.51": "JPEG 12 bit",
    "1.2.840.10008.1.2.4.57": "JPEG lossless",
    "1.2.840.10008.1.2.4.70": "JPEG lossless",
    "1.2.840.10008.1.2.4.80": "JPEG-LS lossless",
    "1.2.840.10008.1.2.4.81": "JPEG-LS",
    "1.2.840.10008.1.2.4.92": "JPEG 2000 part 2",
    "1.2.840.10008.1.2.4.110": "JPEG XL lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
    "1.2.840.10008.1.2.4.201": "HTJ2K lossless",
    "1.2.840.10008.1.2.4.202": "HTJ2K lossless",
    "1.2.840.10008.1.2.4.203": "HTJ2K",
    "1.2.840.10008.1.2.5": "RLE",
}
_PHOTOMETRICS = (
    "MONOCHROME1",
    "MONOCHROME2",
    "PALETTE COLOR",
    "RGB",
    "YBR_FULL",
    "YBR_FULL_422",
    "YBR_ICT",
    "YBR_RCT",
)
"""Nothing else in the place of the colours is repeated in a message: in a damaged file it may be a name."""
_CLASS, _SYNTAX, _TYPE, _SERIES = (0x0002, 0x0002), (0x0002, 0x0010), (0x0008, 0x0008), (0x0020, 0x000E)
_SAMPLES, _BITS, _PHOTOMETRIC = (0x0028, 0x0002), (0x0028, 0x0100), (0x0028, 0x0004)
_PATHS, _PLANES = (0x0048, 0x0302), (0x0048, 0x0303)
_WANTED = (_CLASS, _SYNTAX, _TYPE, _SERIES, _SAMPLES, _BITS, _PHOTOMETRIC, _PATHS, _PLANES)
_LAST = max(_WANTED)
_LONG_VRS = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
UNDEFINED = 0xFFFFFFFF
"""Length of a value that ends where its items do."""
ITEM, _ITEM_END, SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE00D), (0xFFFE, 0xE0DD)
_EXTENDED_TABLE, _PIXELS = (0x7FE0, 0x0001), (0x7FE0, 0x0010)
_LONGEST_VALUE, _DEEPEST = 1024, 32

Tag = tuple[int, int]


@dataclass(frozen=True)
class DicomHeader:
    """What a DICOM file says of the kind of its image.

    Attributes
    ----------
    sop_class, transfer_syntax, series : str
        Unique identifiers: kind of file, kind of compression, series; empty where not stated.
    image_type : tuple of str
        ``ORIGINAL, PRIMARY, VOLUME, NONE`` and the like.
    photometric : str
        ``RGB``, ``YBR_FULL_422``, ``MONOCHROME2`` ...
    samples, bits, optical_paths, focal_planes : int
        Channels, bits of each, and how many pictures lie over each other.
    """

    sop_class: str
    transfer_syntax: str
    series: str
    image_type: tuple[str, ...]
    photometric: str
    samples: int
    bits: int
    optical_paths: int
    focal_planes: int

    @property
    def is_whole_slide(self) -> bool:
        """Whether the file belongs to a whole slide, its label included."""
        return self.sop_class == WHOLE_SLIDE

    @property
    def is_volume(self) -> bool:
        """Whether the file holds a level of the slide, not its label, overview or thumbnail."""
        return self.is_whole_slide and "VOLUME" in self.image_type


def read_header(path: Path) -> DicomHeader:
    """Read the header of a DICOM file; ``ValueError`` or ``OSError`` where there is none or it is cut off."""
    with path.open("rb") as stream:
        stream.seek(128)
        if stream.read(4) != b"DICM":
            raise ValueError("no DICOM file")
        found = _elements(stream)

    return DicomHeader(
        sop_class=_text(found, _CLASS),
        transfer_syntax=_text(found, _SYNTAX),
        series=_text(found, _SERIES),
        image_type=tuple(word.strip() for word in _text(found, _TYPE).split("\\")),
        photometric=_text(found, _PHOTOMETRIC),
        samples=_number(found, _SAMPLES),
        bits=_number(found, _BITS),
        optical_paths=_number(found, _PATHS),
        focal_planes=_number(found, _PLANES),
    )


def check_readable(path: Path, header: DicomHeader) -> None:
    """Refuse, in words, what OpenSlide refuses in tags.

    Raises
    ------
    UnreadableSlide
        No whole slide, or a compression that OpenSlide does not read.
    UnsupportedPixels
        Not 8-bit RGB, several optical paths (fluorescence) or focal planes.
    """
    name = shown_name(path)
    if not header.is_whole_slide:
        raise UnreadableSlide(f"{name}: DICOM, but no whole slide; give the files of the whole-slide series")
    if not header.is_volume:
        return
    if (header.samples, header.bits) != (3, 8):
        kind = f"DICOM, {header.photometric if header.photometric in _PHOTOMETRICS else 'unknown colours'}"
        raise unsupported(name, f"uint{header.bits}", header.samples, kind)
    if header.optical_paths > 1 or header.focal_planes > 1:
        kind = f"DICOM, {header.optical_paths} optical paths, {header.focal_planes} focal planes"
        raise unsupported(name, "uint8", header.samples * header.optical_paths, kind)
    if header.transfer_syntax not in _READ_SYNTAXES:
        words = _UNREAD_SYNTAXES.get(header.transfer_syntax, "an unknown coding")
        raise UnreadableSlide(
            f"{name}: DICOM whole slide in {words}, which OpenSlide does not read; convert it to JPEG or JPEG 2000"
        )


def first_volumes(paths: Iterable[Path]) -> list[Path]:
    """Return one file of each whole-slide series: its first level by name, sorted.

    Files that are DICOM of another kind, labels and overviews are left out; files whose header cannot be read stay,
    to be refused by name.
    """
    series: dict[tuple[Path, str], Path] = {}
    broken = []
    for path in sorted(paths):
        try:
            header = read_header(path)
        except (OSError, ValueError):
            broken.append(path)
            continue
        if header.is_volume:
            series.setdefault((path.parent, header.series or path.name), path)
    return sorted([*series.values(), *broken])


def _elements(stream: BinaryIO) -> dict[Tag, bytes]:
    """Return the wanted elements; the file's own group is explicit, the rest is as that says."""
    found: dict[Tag, bytes] = {}
    is_explicit = True
    while len(head := stream.read(4)) == 4:
        tag = _tag(head)
        if tag[0] > 0x0002:
            syntax = _text(found, _SYNTAX)
            if syntax in ("1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"):
                return found  # big endian or deflated: refused by that name
            is_explicit = syntax != _IMPLICIT
        if tag > _LAST:
            return found
        length, is_sequence = _length(stream, is_explicit)
        if tag in _WANTED and not is_sequence:
            if length > _LONGEST_VALUE:
                raise ValueError(f"element {tag} of {length} bytes")
            found[tag] = _exactly(stream, length)
        else:
            _pass_over(stream, length, is_explicit, 0)
    if _text(found, _CLASS) == WHOLE_SLIDE:
        raise ValueError("the DICOM header is cut off")
    return found


def to_pixels(stream: BinaryIO) -> tuple[int, bytes]:
    """Move to the pixels of an explicit file.

    Returns
    -------
    (int, bytes)
        Bytes of the pixels, ``UNDEFINED`` where they are frames; the extended offset table, empty if there is none.
    """
    table = b""
    stream.seek(132)
    while len(head := stream.read(4)) == 4:
        tag = _tag(head)
        length, _ = _length(stream, is_explicit=True)
        if tag == _PIXELS:
            return length, table
        if tag == _EXTENDED_TABLE:
            table = _exactly(stream, length)
        else:
            _pass_over(stream, length, is_explicit=True, depth=0)
    raise ValueError("it has no pixels")


def read_tag_and_length(stream: BinaryIO) -> tuple[Tag, int]:
    """Read the head of an item; ``ValueError`` at the end of the file."""
    head = _exactly(stream, 8)
    return _tag(head[:4]), int.from_bytes(head[4:], "little")


def _text(found: dict[Tag, bytes], tag: Tag) -> str:
    return found.get(tag, b"").decode("ascii", "replace").strip("\x00 ")


def _number(found: dict[Tag, bytes], tag: Tag) -> int:
    return int.from_bytes(found.get(tag, b"\x01")[:4], "little")


def _tag(head: bytes) -> Tag:
    return int.from_bytes(head[:2], "little"), int.from_bytes(head[2:], "little")


def _length(stream: BinaryIO, is_explicit: bool) -> tuple[int, bool]:
    """Return the bytes of an element's value, and whether it is known to be a sequence."""
    if not is_explicit:
        length = int.from_bytes(_exactly(stream, 4), "little")
        return length, length == UNDEFINED
    kind = _exactly(stream, 2)
    if kind in _LONG_VRS:
        _exactly(stream, 2)
        return int.from_bytes(_exactly(stream, 4), "little"), kind == b"SQ"
    return int.from_bytes(_exactly(stream, 2), "little"), False


def _pass_over(stream: BinaryIO, length: int, is_explicit: bool, depth: int) -> None:
    """Move behind a value; one of undefined length ends where its items do."""
    if length != UNDEFINED:
        stream.seek(length, 1)
        return
    if depth > _DEEPEST:
        raise ValueError("sequences nested too deep")
    while (tag := _tag(_exactly(stream, 4))) != SEQUENCE_END:
        item_length = int.from_bytes(_exactly(stream, 4), "little")
        if tag != ITEM:
            raise ValueError(f"element {tag} where an item belongs")
        if item_length != UNDEFINED:
            stream.seek(item_length, 1)
            continue
        while (inner := _tag(_exactly(stream, 4))) != _ITEM_END:
            if inner == SEQUENCE_END:
                raise ValueError("a sequence ends inside an item")
            _pass_over(stream, _length(stream, is_explicit)[0], is_explicit, depth + 1)
        _exactly(stream, 4)
    _exactly(stream, 4)


def _exactly(stream: BinaryIO, count: int) -> bytes:
    read = stream.read(count)
    if len(read) != count:
        raise ValueError("the DICOM header is cut off")
    return read
