"""A path -> an open slide, by what the file begins with; the suffix tells only what the content cannot.

The readers, and with them their decoders, are imported only here and only when needed.
"""

from pathlib import Path

from mvd.errors import UnreadableSlide
from mvd.slide import signature
from mvd.slide.base import Slide
from mvd.slide.naming import one_line, shown_name

_CONVERT = "convert the slide to a pyramidal TIFF or OME-TIFF"
_BY_OPENSLIDE = (signature.VMS, "Sakura SVSLIDE", "Zeiss CZI")


def open_slide(path: str | Path, mpp: float | None = None) -> Slide:
    """Open a slide: TIFF, BigTIFF, OME-TIFF, SVS, QPTIFF, OME-Zarr, PNG, JPEG, WebP, and through OpenSlide the others.

    Parameters
    ----------
    path : str or Path
        A file, or a folder that is one slide: OME-Zarr, a DICOM series, the data of a MIRAX slide.
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
    MissingDependency
        NDPI, MRXS, SCN, BIF, VMS, Philips TIFF, DICOM and the like, without OpenSlide.
    """
    path = Path(path)
    if path.is_dir():
        return _open_folder(path, mpp)
    head = _head(path)
    family = signature.family_of(head, path)
    if family == signature.TIFF:
        from mvd.slide.tiff import open_tiff

        return open_tiff(path, mpp)
    if family in signature.PICTURES:
        return _open_picture(path, mpp, str(family))
    return _open_other(path, mpp, family, head)


def _open_picture(path: Path, mpp: float | None, family: str) -> Slide:
    from mvd.slide import raster

    readers = {
        signature.PNG: raster.open_png,
        signature.JPEG: raster.open_jpeg,
        signature.WEBP: getattr(raster, "open_webp", None),
    }
    reader = readers[family]
    if reader is None:
        raise UnreadableSlide(f"{shown_name(path)}: {family} is not read by this version; {_CONVERT}")
    return reader(path, mpp)


def _open_other(path: Path, mpp: float | None, family: str | None, head: bytes) -> Slide:
    """Open what is left to OpenSlide, or refuse it by name."""
    from mvd.slide import openslide

    if family == signature.DICOM:
        _check_dicom(path)
        return openslide.open_with_openslide(path, mpp, "DICOM whole slide")
    if family == signature.MIRAX:
        _check_mirax(path)
        return openslide.open_with_openslide(path, mpp, family)
    if family in _BY_OPENSLIDE or (family != "Olympus VSI" and openslide.detects(path)):
        return openslide.open_with_openslide(path, mpp, family or "slide")
    if family:
        raise UnreadableSlide(f"{shown_name(path)}: {family} is not read by this version; {_CONVERT}")
    raise UnreadableSlide(
        f"{shown_name(path)}: no slide: TIFF and SVS begin with 'II' or 'MM', PNG with "
        f"'89 50 4e 47', JPEG with 'ff d8 ff', this with '{head[:4].hex(' ')}'; check the file, or {_CONVERT}"
    )


def _check_dicom(path: Path) -> None:
    from mvd.slide.dicom import check_readable, read_header
    from mvd.slide.dicom_frames import check_series

    try:
        header = read_header(path)
    except (ValueError, OSError) as error:
        raise UnreadableSlide(
            f"{shown_name(path)}: its DICOM header cannot be read ({one_line(error)}); copy the file again"
        ) from error
    check_readable(path, header)
    try:
        check_series(path, header.series)
    except (ValueError, OSError) as error:
        raise UnreadableSlide(
            f"{shown_name(path)}: its DICOM frames are damaged ({one_line(error)}); copy the slide again"
        ) from error


def _check_mirax(path: Path) -> None:
    if not (path.with_suffix("") / "Slidedat.ini").is_file():
        raise UnreadableSlide(
            f"{shown_name(path)}: 3DHISTECH MIRAX without its folder {shown_name(path.with_suffix(''))} that holds "
            "Slidedat.ini; copy that folder beside the file"
        )


def _open_folder(path: Path, mpp: float | None) -> Slide:
    """Open the one slide that a folder is."""
    from mvd.slide.companions import is_mirax_folder, is_zarr, kind_of, mirax_file, slide_files

    name = shown_name(path)
    if is_zarr(path):
        from mvd.slide.zarr import open_zarr

        return open_zarr(path, mpp)
    if is_mirax_folder(path):
        main = mirax_file(path)
        if main is None:
            raise UnreadableSlide(
                f"{name}: the data of a MIRAX slide; copy the file {name}.mrxs beside the folder"
            )
        return open_slide(main, mpp)
    slides = slide_files([file for file in sorted(path.iterdir()) if not file.name.startswith(".")])
    if len(slides) == 1 and kind_of(slides[0]) == signature.DICOM:
        return open_slide(slides[0], mpp)
    raise UnreadableSlide(f"{name}: is a folder, not a slide; give the slide file in it")


def _head(path: Path) -> bytes:
    """Return the first bytes of a file; what cannot be a slide at all is refused."""
    name = shown_name(path)
    try:
        head = signature.head_of(path)
    except OSError as error:
        raise UnreadableSlide(
            f"{name}: cannot be opened ({error.strerror}); check the path and its rights"
        ) from None
    if not head:
        raise UnreadableSlide(f"{name}: the file is empty; copy it again")
    return head
