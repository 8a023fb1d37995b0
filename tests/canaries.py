"""Slides that carry a canary word in every place where a format can carry a name, a date or a comment.

Each place has a word of its own, so that a test names the leak: ``CANARY-svs-user``.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import faulty
import imagecodecs
import numpy as np
import simplejpeg
import tifffile
from faulty import MPP, TAGS_OF_RESOLUTION

LABEL_RGB = (120, 255, 0)
"""Colour of label, macro and thumbnail pictures, which nothing else has."""
_TEXT_TAGS = {
    269: "document",
    271: "make",
    272: "model",
    285: "page-name",
    306: "date",
    315: "artist",
    316: "host",
    333: "ink",
    33432: "copyright",
    40091: "title",
}
_BLOCK_TAGS = {
    700: "xmp",
    33723: "iptc",
    34377: "photoshop",
    37510: "user-comment",
    50341: "print",
    65000: "private",
}

_APERIO_FIELDS = (
    *("User", "Filename", "Title", "Barcode", "Patient", "Case", "ScanScope ID", "Date", "Time"),
    *("Comment", "ImageID", "Label Text", "Path"),
)
_DICOM_NAMES = (
    *(
        "PatientName",
        "PatientID",
        "PatientComments",
        "OtherPatientNames",
        "InstitutionName",
        "InstitutionAddress",
    ),
    *(
        "ReferringPhysicianName",
        "OperatorsName",
        "PerformingPhysicianName",
        "StationName",
        "StudyDescription",
    ),
    *("SeriesDescription", "ImageComments", "Manufacturer", "ManufacturerModelName", "DeviceSerialNumber"),
    *("SoftwareVersions", "ContainerIdentifier", "BarcodeValue", "LabelText"),
)


def canary(place: str) -> str:
    """Return the word of a place."""
    return f"CANARY-{place}"


def tags(kind: str) -> list[tuple[int, str, int, object, bool]]:
    """Every TIFF tag that can tell of somebody, for tifffile's ``extratags``."""
    texts = [(code, "s", 0, canary(f"{kind}-{place}"), True) for code, place in _TEXT_TAGS.items()]
    blocks = [(code, "B", len(canary(f"{kind}-{place}")), canary(f"{kind}-{place}").encode(), True)
              for code, place in _BLOCK_TAGS.items()]  # fmt: skip
    pointers = [(code - 1, "I", 1, 0, True) for code in (34665, 34853)]  # tifffile writes none to EXIF itself
    return [*texts, *blocks, *pointers]


def with_exif(path: Path, kind: str) -> None:
    """Let the pointers of ``tags`` name tables at the end of the file: EXIF with owner and comment, and GPS."""
    for code, entries in (
        (34665, {0x9003: "exif-date", 0xA430: "exif-owner", 0x9C9B: "exif-title"}),
        (34853, {0x001D: "gps-date", 0x001B: "gps-method"}),
    ):
        at = path.stat().st_size
        at += at % 2
        table, values = struct.pack("<H", len(entries)), b""
        for tag, place in entries.items():
            text = canary(f"{kind}-{place}").encode() + b"\x00"
            table += struct.pack("<HHII", tag, 2, len(text), at + 6 + 12 * len(entries) + len(values))
            values += text
        content = bytearray(path.read_bytes().ljust(at, b"\x00") + table + bytes(4) + values)
        entry = content.index(struct.pack("<HHII", code - 1, 4, 1, 0))
        content[entry : entry + 12] = struct.pack("<HHII", code, 4, 1, at)
        path.write_bytes(content)


def tagged_tile(picture: np.ndarray, kind: str) -> Callable[[], Iterator[bytes]]:
    """Return the tiles of a picture as JPEGs with comments of their own."""

    def tiles() -> Iterator[bytes]:
        for row in range(0, picture.shape[0], 128):
            for col in range(0, picture.shape[1], 128):
                part = np.ascontiguousarray(picture[row : row + 128, col : col + 128])
                yield jpeg_with(simplejpeg.encode_jpeg(part, 90), kind, orientation=1)

    return tiles


def write_svs(path: Path, picture: np.ndarray) -> None:
    """An Aperio slide with thumbnail, label and macro pages."""
    words = "|".join(f"{name} = {canary('svs-' + name.lower().replace(' ', '-'))}" for name in _APERIO_FIELDS)
    height, width = picture.shape[:2]
    first = f"Aperio Image Library {canary('svs-library')}\r\n{width}x{height} (128x128) JPEG/RGB Q=90"
    attached = np.full((100, 120, 3), LABEL_RGB, np.uint8)
    with tifffile.TiffWriter(path) as writer:
        keywords = {
            "photometric": "rgb",
            "metadata": None,
            "software": canary("svs-software"),
            "extratags": tags("svs"),
        }
        writer.write(tagged_tile(picture, "svs")(), shape=picture.shape, dtype=np.uint8, tile=(128, 128),
                     compression="jpeg", subsampling=(2, 2), description=f"{first}|AppMag = 20|MPP = {MPP}|{words}",
                     **keywords)  # fmt: skip
        writer.write(attached, description=f"Aperio\r\n{canary('svs-thumbnail')}", **keywords)
        for place in ("label", "macro"):
            text = f"Aperio\r\n{place} 120x100 {canary('svs-' + place)}"
            writer.write(attached, description=text, subfiletype=1, **keywords)
    with_exif(path, "svs")


def write_tiff(path: Path, picture: np.ndarray) -> None:
    """A plain TIFF with a description, a profile and an orientation that says it lies on its side."""
    profile = b"\x00" * 128 + canary("tif-profile").encode()
    orientation = (274, "H", 1, 6, True)
    faulty.write_tiff(path, picture, description=canary("tif-description"), software=canary("tif-software"),
                      extratags=[*tags("tif"), orientation], iccprofile=profile)  # fmt: skip
    with_exif(path, "tif")


def write_ome(path: Path, picture: np.ndarray) -> None:
    """An OME-TIFF that names everybody."""
    height, width = picture.shape[:2]
    c = {place: canary(f"ome-{place}") for place in (
        "image", "acquired", "description", "first", "last", "email", "user", "institution", "group", "project",
        "dataset", "annotation", "comment", "tag", "map", "stage", "instrument", "objective", "detector", "creator",
        "plate", "channel", "xml")}  # fmt: skip
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" Creator="{c["creator"]}"
  UUID="urn:uuid:00000000-0000-0000-0000-000000000000">
<Project ID="Project:0" Name="{c["project"]}"/><Dataset ID="Dataset:0" Name="{c["dataset"]}"/>
<Plate ID="Plate:0" Name="{c["plate"]}"/>
<Experimenter ID="Experimenter:0" FirstName="{c["first"]}" LastName="{c["last"]}" Email="{c["email"]}"
  UserName="{c["user"]}" Institution="{c["institution"]}"/>
<ExperimenterGroup ID="ExperimenterGroup:0" Name="{c["group"]}"/>
<Instrument ID="Instrument:0"><Microscope Model="{c["instrument"]}"/><Detector ID="Detector:0" Model="{c["detector"]}"/>
  <Objective ID="Objective:0" Model="{c["objective"]}" NominalMagnification="20"/></Instrument>
<Image ID="Image:0" Name="{c["image"]}"><AcquisitionDate>{c["acquired"]}</AcquisitionDate>
  <Description>{c["description"]}</Description><StageLabel Name="{c["stage"]}"/>
  <Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="{width}" SizeY="{height}" SizeC="3" SizeZ="1"
    SizeT="1" PhysicalSizeX="{MPP}" PhysicalSizeY="{MPP}" Interleaved="true">
    <Channel ID="Channel:0:0" SamplesPerPixel="3" Name="{c["channel"]}"/><TiffData IFD="0" PlaneCount="1"/></Pixels>
</Image><StructuredAnnotations><CommentAnnotation ID="Annotation:0"><Value>{c["comment"]}</Value></CommentAnnotation>
  <TagAnnotation ID="Annotation:1" Namespace="{c["annotation"]}"><Value>{c["tag"]}</Value></TagAnnotation>
  <MapAnnotation ID="Annotation:2"><Value><M K="Patient">{c["map"]}</M></Value></MapAnnotation>
  <XMLAnnotation ID="Annotation:3"><Value><Patient>{c["xml"]}</Patient></Value></XMLAnnotation>
</StructuredAnnotations></OME>"""
    faulty.write_tiff(path, picture, description=text.encode(), software=canary("ome-software"),
                      extratags=tags("ome"), **TAGS_OF_RESOLUTION)  # fmt: skip
    with_exif(path, "ome")


def exif(kind: str, orientation: int = 6) -> bytes:
    """Return EXIF data with an orientation, an owner and a place."""
    owner = canary(f"{kind}-exif-owner").encode() + b"\x00"
    entries = 2
    values_at = 8 + 2 + 12 * entries + 4
    table = struct.pack("<H", entries)
    table += struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    table += struct.pack("<HHII", 0x013B, 2, len(owner), values_at)
    return b"II*\x00\x08\x00\x00\x00" + table + bytes(4) + owner


def png_chunks(kind: str = "png") -> list[tuple[bytes, bytes]]:
    """Return chunks with text, EXIF, time, colour and transparency that must change nothing."""
    texts = [
        (b"tEXt", b"Author\x00" + canary(f"{kind}-text").encode()),
        (b"zTXt", b"Comment\x00\x00" + zlib.compress(canary(f"{kind}-packed").encode())),
        (b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + canary(f"{kind}-xmp").encode()),
        (b"eXIf", exif(kind)),
        (b"tIME", struct.pack(">HBBBBB", 1948, 2, 29, 11, 12, 13)),
    ]
    colours = [
        (b"gAMA", struct.pack(">I", 100_000)),
        (b"cHRM", struct.pack(">8I", 31270, 32900, 30000, 60000, 64000, 33000, 15000, 6000)),
        (b"sBIT", b"\x05\x05\x05"),
        (b"pHYs", struct.pack(">IIB", 4_000_000, 4_000_000, 1)),
        (b"bKGD", struct.pack(">3H", 0, 0, 0)),
    ]
    return [*texts, *colours]


def jpeg_with(content: bytes, kind: str, orientation: int = 6) -> bytes:
    """Return a JPEG with comment, EXIF, XMP and IPTC segments after its first ones."""
    xmp = b"http://ns.adobe.com/xap/1.0/\x00" + canary(f"{kind}-jpeg-xmp").encode()
    iptc = canary(f"{kind}-jpeg-iptc").encode()
    photoshop = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00" + struct.pack(">I", len(iptc)) + iptc
    segments = [
        (0xFE, canary(f"{kind}-jpeg-comment").encode()),
        (0xE1, b"Exif\x00\x00" + exif(kind, orientation)),
        (0xE1, xmp),
        (0xED, photoshop),
    ]
    at = 4 + int.from_bytes(content[4:6], "big") if content[2:4] == b"\xff\xe0" else 2
    more = b"".join(struct.pack(">BBH", 0xFF, code, len(body) + 2) + body for code, body in segments)
    return content[:at] + more + content[at:]


def write_dicom(path: Path, picture: np.ndarray) -> None:
    """A DICOM whole slide with its label beside it, both full of names."""
    from dicom_slides import write_level
    from pydicom.dataset import Dataset

    step = Dataset()
    step.SpecimenIdentifier, step.SpecimenShortDescription = canary("dcm-specimen"), canary("dcm-short")
    names = {name: canary(f"dcm-{name}") for name in _DICOM_NAMES} | {"StationName": canary("dcm-host")}
    elements = {**names, "PatientBirthDate": "19480229", "SpecimenDescriptionSequence": [step]}
    write_level(path, picture, "1.2.3", coding="jpeg", um_per_px=MPP, canary=canary("dcm"), **elements)
    label = np.full((64, 64, 3), LABEL_RGB, np.uint8)
    beside = path.with_name("label_of_it.dcm")
    write_level(
        beside, label, "1.2.3", coding="jpeg", kind="LABEL", um_per_px=MPP, canary=canary("label"), **elements
    )


def write_webp(path: Path, picture: np.ndarray) -> None:
    """A WebP without loss, with EXIF and XMP."""
    plain = imagecodecs.webp_encode(picture, lossless=True, level=6)
    height, width = picture.shape[:2]
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks = b"VP8X" + struct.pack("<I", 10) + b"\x0c\x00\x00\x00" + size + plain[12:]
    for name, body in ((b"EXIF", exif("webp")), (b"XMP ", canary("webp-xmp").encode())):
        chunks += name + struct.pack("<I", len(body)) + body + b"\x00" * (len(body) % 2)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks)


def write_zarr(path: Path, picture: np.ndarray) -> None:
    """An OME-Zarr whose attributes name everybody."""
    from written_zarr import write

    names = {
        name: canary(f"zarr-{name}")
        for name in ("name", "creator", "patient", "_creator", "omero", "bioformats")
    }
    write(path, picture, mpp=MPP, **names)
