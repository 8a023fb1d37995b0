"""Small real slides of the vendors that OpenSlide reads: one picture, written as each of them lays it out."""

import struct
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import simplejpeg
import tifffile
from PIL import Image

Picture = np.ndarray

SCN_NAMESPACE = "http://www.leica-microsystems.com/scn/2010/10/01"


def jpeg(picture: Picture, *, restart_rows: int = 0) -> bytes:
    """Encode without subsampling, near to lossless; with a restart marker after so many rows of blocks."""
    if not restart_rows:
        return simplejpeg.encode_jpeg(np.ascontiguousarray(picture), quality=100, colorsubsampling="444")
    stream = BytesIO()
    options = {"quality": 100, "subsampling": 0, "restart_marker_rows": restart_rows}
    Image.fromarray(picture).save(stream, "JPEG", **options)
    return stream.getvalue()


def halved(picture: Picture) -> Picture:
    """Return the picture at half its size, each pixel a mean of four."""
    height, width = (side // 2 * 2 for side in picture.shape[:2])
    blocks = picture[:height, :width].reshape(height // 2, 2, width // 2, 2, 3)
    return np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)


def write_ndpi(path: Path, levels: Sequence[Picture], um_per_px: float, canary: str) -> Path:
    """Hamamatsu NDPI: a JPEG a level in one strip with restart markers, and a macro image.

    A TIFF with a twist: offsets of pages have 64 bits, and the high halves of all values follow each page's table.
    """
    lenses = [20.0 / 2**number for number in range(len(levels))] + [-1.0]
    file = bytearray(struct.pack("<2sHQ", b"II", 42, 0))
    link = 4
    for level, lens in zip([*levels, np.zeros((64, 128, 3), np.uint8)], lenses, strict=True):
        at = len(file)
        strip = jpeg(level, restart_rows=1)
        file += strip
        height, width = level.shape[:2]
        density = round(1e4 / um_per_px * width / levels[0].shape[1])
        values = {
            256: width, 257: height, 258: (8, 8, 8), 259: 7, 262: 6, 270: canary, 271: "Hamamatsu", 273: at,
            277: 3, 278: height, 279: len(strip), 282: (density, 1), 283: (density, 1), 284: 1, 296: 3,
            305: "NDP.scan", 65420: 1, 65421: lens, 65422: 0, 65423: 0, 65424: 0, 65427: canary,
        }  # fmt: skip
        entries = b"".join(_ndpi_entry(file, tag, value) for tag, value in values.items())
        struct.pack_into("<Q", file, link, len(file))
        file += struct.pack("<H", len(values)) + entries
        link = len(file)
        file += bytes(8 + 4 * len(values))
    path.write_bytes(file)
    return path


def _ndpi_entry(file: bytearray, tag: int, value: int | float | str | tuple[int, ...]) -> bytes:
    """Return a tag's 12 bytes; what is longer than 4 goes to the end of the file."""
    if isinstance(value, str):
        kind, count, raw = 2, len(value) + 1, value.encode() + b"\x00"
    elif isinstance(value, float):
        kind, count, raw = 11, 1, struct.pack("<f", value)
    elif isinstance(value, tuple):
        kind, count, raw = (
            (3, 3, struct.pack("<3H", *value)) if tag == 258 else (5, 1, struct.pack("<2I", *value))
        )
    else:
        kind, count, raw = (9 if tag in (65422, 65423, 65424) else 4), 1, struct.pack("<I", value)
    if len(raw) > 4:
        raw, outside = struct.pack("<I", len(file)), raw
        file += outside
    return struct.pack("<HHI", tag, kind, count) + raw.ljust(4, b"\x00")


def write_scn(
    path: Path, levels: Sequence[Picture], um_per_px: float, canary: str, source: str = "brightfield"
) -> Path:
    """Leica SCN: the scan lies at (100, 60) px of a larger collection; the first image is the macro."""
    nm = um_per_px * 1000
    height, width = levels[0].shape[:2]
    size = round((width + 200) * nm), round((height + 140) * nm)
    macro = np.full((40, 60, 3), 90, np.uint8)

    def view(offset: tuple[int, int], extent: tuple[int, int]) -> str:
        return (
            f'<view sizeX="{extent[0]}" sizeY="{extent[1]}" offsetX="{offset[0]}" offsetY="{offset[1]}" '
            'spacingZ="0"/>'
        )

    def image(where: str, dimensions: str, power: str, light: str) -> str:
        settings = (
            f"<objectiveSettings><objective>{power}</objective></objectiveSettings><illuminationSettings>"
            f"<numericalAperture>0.4</numericalAperture><illuminationSource>{light}</illuminationSource>"
            "</illuminationSettings>"
        )
        return (
            f'<image name="{canary}"><creationDate>{canary}</creationDate><device model="m" version="1"/>'
            f"<pixels>{dimensions}</pixels>{where}<scanSettings>{settings}</scanSettings></image>"
        )

    dimensions = "".join(
        f'<dimension sizeX="{level.shape[1]}" sizeY="{level.shape[0]}" r="{number}" ifd="{number + 1}"/>'
        for number, level in enumerate(levels)
    )
    scan = view((round(100 * nm), round(60 * nm)), (round(width * nm), round(height * nm)))
    overview = image(
        view((0, 0), size), '<dimension sizeX="60" sizeY="40" r="0" ifd="0"/>', "1", "brightfield"
    )
    description = (
        f'<?xml version="1.0"?><scn xmlns="{SCN_NAMESPACE}" uuid="u"><collection name="{canary}" '
        f'sizeX="{size[0]}" sizeY="{size[1]}"><barcode>{canary}</barcode>{overview}'
        f"{image(scan, dimensions, '20', source)}</collection></scn>"
    )
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        for number, level in enumerate([macro, *levels]):
            scale = 1 if number == 0 else level.shape[1] / width
            writer.write(
                level,
                photometric="rgb",
                compression="jpeg",
                compressionargs={"level": 100},
                subsampling=(1, 1),
                tile=(128, 128),
                resolution=(scale * 1e4 / um_per_px,) * 2,
                resolutionunit="CENTIMETER",
                metadata=None,
                software="",
                description=description if number == 0 else None,
            )
    return path


def write_philips(path: Path, levels: Sequence[Picture], um_per_px: float, canary: str) -> Path:
    """Philips TIFF: levels of whole tiles, sizes and spacing in XML."""

    def attribute(name: str, kind: str, group: str, element: str, value: str) -> str:
        return (
            f'<Attribute Name="{name}" Group="{group}" Element="{element}" PMSVR="{kind}">{value}</Attribute>'
        )

    def spacing(number: int) -> str:
        mm = um_per_px * 2**number / 1000
        return attribute(
            "DICOM_PIXEL_SPACING", "IDoubleArray", "0x0028", "0x0030", f"&quot;{mm}&quot; &quot;{mm}&quot;"
        )

    representations = "".join(
        f'<DataObject ObjectType="PixelDataRepresentation">{spacing(number)}'
        + attribute("PIIM_PIXEL_DATA_REPRESENTATION_NUMBER", "IUInt16", "0x301D", "0x2001", str(number))
        + "</DataObject>"
        for number in range(len(levels))
    )
    scan = (
        '<DataObject ObjectType="DPScannedImage">'
        + attribute("PIM_DP_IMAGE_TYPE", "IString", "0x301D", "0x1004", "WSI")
        + spacing(0)
        + f'<Attribute Name="PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE" Group="0x1001" Element="0x8B01" '
        f'PMSVR="IDataObjectArray"><Array>{representations}</Array></Attribute></DataObject>'
    )
    description = (
        '<?xml version="1.0" encoding="UTF-8" ?><DataObject ObjectType="DPUfsImport">'
        + attribute("PIM_DP_UFS_BARCODE", "IString", "0x301D", "0x1002", canary)
        + '<Attribute Name="PIM_DP_SCANNED_IMAGES" Group="0x301D" Element="0x1003" PMSVR="IDataObjectArray">'
        f"<Array>{scan}</Array></Attribute></DataObject>"
    )
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        for number, level in enumerate(levels):
            writer.write(
                level,
                photometric="rgb",
                compression="jpeg",
                compressionargs={"level": 100},
                subsampling=(1, 1),
                tile=(128, 128),
                metadata=None,
                software="Philips DP v1.0" if number == 0 else None,
                description=description if number == 0 else f"level={number}",
                subfiletype=min(number, 1),
            )
    return path


def write_vms(path: Path, picture: Picture, um_per_px: float, canary: str) -> Path:
    """Hamamatsu VMS: the picture in two JPEGs side by side, a map and a macro image, listed in an ini file."""
    middle = picture.shape[1] // 2 // 16 * 16
    name = path.stem
    parts = {f"{name}.jpg": picture[:, :middle], f"{name}(1,0).jpg": picture[:, middle:]}
    for file, part in parts.items():
        (path.parent / file).write_bytes(jpeg(part, restart_rows=1))
    (path.parent / f"{name}_map2.jpg").write_bytes(jpeg(halved(halved(picture)), restart_rows=1))
    (path.parent / f"{name}_macro.jpg").write_bytes(jpeg(np.zeros((64, 128, 3), np.uint8)))
    height, width = picture.shape[:2]
    path.write_text(
        "[Virtual Microscope Specimen]\nNoLayers=1\nNoJpegColumns=2\nNoJpegRows=1\n"
        f"ImageFile={name}.jpg\nImageFile(1,0)={name}(1,0).jpg\nMapFile={name}_map2.jpg\n"
        f"MacroImage={name}_macro.jpg\nPhysicalWidth={round(width * um_per_px * 1000)}\n"
        f"PhysicalHeight={round(height * um_per_px * 1000)}\nSourceLens=20\nAuthCode={canary}\n"
    )
    return path


def write_bif(path: Path, levels: Sequence[Picture], um_per_px: float, canary: str) -> Path:
    """Ventana BIF: 2 x 2 tiles of 256 px, numbered in a snake from the lower left; a label in front of them."""
    joints = "".join(
        f'<TileJointInfo FlagJoined="1" Confidence="100" Direction="{way}" Tile1="{a}" Tile2="{b}" '
        'OverlapX="0" OverlapY="0"/>'
        for a, b, way in ((1, 2, "RIGHT"), (4, 3, "RIGHT"), (1, 4, "UP"), (2, 3, "UP"))
    )
    stitching = (
        '<?xml version="1.0"?><EncodeInfo Ver="2"><SlideInfo><LabelInfo/></SlideInfo><SlideStitchInfo>'
        '<ImageInfo AOIScanned="1" AOIIndex="0" NumRows="2" NumCols="2" Width="256" Height="256" Pos-X="0" '
        f'Pos-Y="0">{joints}</ImageInfo></SlideStitchInfo><AoiOrigin><AOI0 OriginX="0" OriginY="0"/></AoiOrigin>'
        "</EncodeInfo>"
    )
    scan = (
        f'<?xml version="1.0"?><Metadata><iScan Magnification="20" ScanRes="{um_per_px}" Z-layers="1" '
        f'UserName="{canary}" Barcode1D="{canary}" ScannerModel="VENTANA DP 200"/></Metadata>'
    )
    label = np.zeros((64, 64, 3), np.uint8)
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        writer.write(label, photometric="rgb", description="Label_Image", metadata=None, extratags=_xml(scan))
        for number, level in enumerate(levels):
            writer.write(
                level,
                photometric="rgb",
                compression="jpeg",
                compressionargs={"level": 100},
                subsampling=(1, 1),
                tile=(256, 256),
                metadata=None,
                description=f"level={number} mag={20 / 2**number:g} quality=100",
                extratags=_xml(stitching) if number == 0 else (),
            )
    return path


def _xml(text: str) -> list[tuple[int, int, int, bytes, bool]]:
    return [(700, 1, len(text), text.encode(), True)]
