"""DICOM whole slides made by pydicom from one picture, in each way that labs have them."""

from collections.abc import Sequence
from pathlib import Path

import imagecodecs
import numpy as np
import simplejpeg
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    UID,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    generate_uid,
)

WHOLE_SLIDE = UID("1.2.840.10008.5.1.4.1.1.77.1.6")
Picture = np.ndarray

CODINGS = {
    "raw": (ExplicitVRLittleEndian, "RGB"),
    "jpeg": (JPEGBaseline8Bit, "YBR_FULL_422"),
    "jpeg-rgb": (JPEGBaseline8Bit, "RGB"),
    "j2k-rgb": (JPEG2000Lossless, "RGB"),
    "j2k-rct": (JPEG2000Lossless, "YBR_RCT"),
    "j2k-ict": (JPEG2000, "YBR_ICT"),
}


def encoded(tile: Picture, coding: str) -> bytes:
    """Encode a tile without loss where the coding can, else near to it."""
    if coding == "raw":
        return tile.tobytes()
    if coding == "jpeg":
        return simplejpeg.encode_jpeg(np.ascontiguousarray(tile), quality=100, colorsubsampling="422")
    if coding == "jpeg-rgb":
        return imagecodecs.jpeg8_encode(tile, level=100, colorspace="RGB", outcolorspace="RGB")
    is_lossless = coding != "j2k-ict"
    return imagecodecs.jpeg2k_encode(
        tile,
        level=None if is_lossless else 60,
        codecformat="j2k",
        reversible=is_lossless,
        mct=coding != "j2k-rgb",
    )


def tiles_of(picture: Picture, side: int) -> list[tuple[int, int, Picture]]:
    """Cut into (row, col, tile), tiles at the edge filled up with white."""
    height, width = picture.shape[:2]
    padded = np.full((-(-height // side) * side, -(-width // side) * side, 3), 255, np.uint8)
    padded[:height, :width] = picture
    return [
        (row, col, padded[row : row + side, col : col + side])
        for row in range(0, height, side)
        for col in range(0, width, side)
    ]


def write_level(
    path: Path,
    picture: Picture,
    series: str,
    *,
    um_per_px: float = 0.5,
    side: int = 64,
    coding: str = "raw",
    kind: str = "VOLUME",
    skip: Sequence[int] | None = None,
    canary: str = "CANARY",
    **elements: object,
) -> Path:
    """Write a level, TILED_FULL, or TILED_SPARSE without the tiles numbered in ``skip`` (from 0) if given."""
    syntax, photometric = CODINGS[coding]
    tiles = [tile for number, tile in enumerate(tiles_of(picture, side)) if number not in (skip or ())]
    frames = [encoded(tile, coding) for _, _, tile in tiles]
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = WHOLE_SLIDE, generate_uid()
    meta.TransferSyntaxUID = syntax
    ds = Dataset()
    ds.file_meta = meta
    ds.SOPClassUID, ds.SOPInstanceUID = WHOLE_SLIDE, meta.MediaStorageSOPInstanceUID
    ds.PatientName, ds.PatientID, ds.AccessionNumber = f"{canary}^Name", canary, canary[:16]
    ds.BarcodeValue = canary
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.Modality = generate_uid(), series, "SM"
    ds.ImageType = ["ORIGINAL" if kind == "VOLUME" else "DERIVED", "PRIMARY", kind, "NONE"]
    ds.Rows = ds.Columns = side
    ds.TotalPixelMatrixRows, ds.TotalPixelMatrixColumns = picture.shape[:2]
    ds.NumberOfFrames, ds.SamplesPerPixel, ds.PhotometricInterpretation = len(frames), 3, photometric
    ds.PlanarConfiguration, ds.BitsAllocated, ds.BitsStored, ds.HighBit = 0, 8, 8, 7
    ds.PixelRepresentation, ds.NumberOfOpticalPaths, ds.TotalPixelMatrixFocalPlanes = 0, 1, 1
    ds.DimensionOrganizationType = "TILED_FULL" if skip is None else "TILED_SPARSE"
    measures, shared = Dataset(), Dataset()
    measures.PixelSpacing = [um_per_px / 1000] * 2
    shared.PixelMeasuresSequence = [measures]
    ds.SharedFunctionalGroupsSequence = [shared]
    if skip is not None:
        ds.PerFrameFunctionalGroupsSequence = [_position(row, col) for row, col, _ in tiles]
    for name, value in elements.items():
        setattr(ds, name, value)
    if coding == "raw":
        ds.PixelData = b"".join(frames).ljust((sum(map(len, frames)) + 1) // 2 * 2, b"\0")
    else:
        ds.PixelData = encapsulate(frames, has_bot=True)
        ds["PixelData"].is_undefined_length = True
    ds["PixelData"].VR = "OB"
    ds.save_as(path, enforce_file_format=True)
    return path


def _position(row: int, col: int) -> Dataset:
    place, groups = Dataset(), Dataset()
    place.ColumnPositionInTotalImagePixelMatrix = col + 1
    place.RowPositionInTotalImagePixelMatrix = row + 1
    place.XOffsetInSlideCoordinateSystem = place.YOffsetInSlideCoordinateSystem = 0.0
    place.ZOffsetInSlideCoordinateSystem = 0.0
    groups.PlanePositionSlideSequence = [place]
    return groups


def new_series() -> str:
    """Return a fresh identifier of a series."""
    return str(generate_uid())
