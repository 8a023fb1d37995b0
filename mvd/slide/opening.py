"""A path -> an open slide, by what the file begins with; the suffix only tells some refused vendors.

The readers, and with them their decoders, are imported only here and only when needed.
"""

from pathlib import Path

from mvd.errors import UnreadableSlide
from mvd.slide.base import Slide
from mvd.slide.naming import shown_name

_TIFF_SIGNATURES = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_JPEG_SIGNATURE = b"\xff\xd8\xff"
_REFUSED_SUFFIXES = {
    ".mrxs": "3DHISTECH MIRAX",
    ".vms": "Hamamatsu VMS",
    ".vmu": "Hamamatsu VMU",
    ".czi": "Zeiss CZI",
    ".vsi": "Olympus VSI",
    ".isyntax": "Philips iSyntax",
    ".dcm": "DICOM",
}
_CONVERT = "convert the slide to a pyramidal TIFF or OME-TIFF"


def open_slide(path: str | Path, mpp: float | None = None) -> Slide:
    """Open a slide: tiled or pyramidal TIFF, BigTIFF, OME-TIFF, Aperio SVS, PNG or JPEG.

    Parameters
    ----------
    path : str or Path
    mpp : float or None
        Pixel size of level 0, um/px, 0.05 to 5; wins over everything the file says.

    Returns
    -------
    Slide
        ``info.mpp`` is None where the file states no pixel size; that is not an error here.

    Raises
    ------
    UnreadableSlide
        Not a slide, cut off, or of a format that this version does not read.
    UnsupportedPixels
        Not 8-bit RGB brightfield.
    UnknownPixelSize
        The stated pixel size is absurd or contradictory, and ``mpp`` was not given.
    """
    path = Path(path)
    head = _head(path)
    vendor = _REFUSED_SUFFIXES.get(path.suffix.lower()) or ("DICOM" if head[128:132] == b"DICM" else None)
    if vendor:
        raise UnreadableSlide(f"{shown_name(path)}: {vendor} is not read by this version; {_CONVERT}")
    if head.startswith(_TIFF_SIGNATURES):
        from mvd.slide.tiff import open_tiff

        return open_tiff(path, mpp)
    if head.startswith(_PNG_SIGNATURE):
        from mvd.slide.raster import open_png

        return open_png(path, mpp)
    if head.startswith(_JPEG_SIGNATURE):
        from mvd.slide.raster import open_jpeg

        return open_jpeg(path, mpp)
    raise UnreadableSlide(
        f"{shown_name(path)}: no slide: TIFF and SVS begin with 'II' or 'MM', PNG with "
        f"'89 50 4e 47', JPEG with 'ff d8 ff', this with '{head[:4].hex(' ')}'; check the file, or {_CONVERT}"
    )


def _head(path: Path) -> bytes:
    """Return the first bytes of a file; what cannot be a slide at all is refused."""
    name = shown_name(path)
    if path.is_dir():
        raise UnreadableSlide(f"{name}: is a folder, not a slide; give the slide file in it")
    try:
        with path.open("rb") as stream:
            head = stream.read(132)
    except OSError as error:
        raise UnreadableSlide(
            f"{name}: cannot be opened ({error.strerror}); check the path and its rights"
        ) from None
    if not head:
        raise UnreadableSlide(f"{name}: the file is empty; copy it again")
    return head
