"""TIFF and BigTIFF, tiled or in strips, one level or a pyramid: the file's tables -> an open slide.

Input: a path whose content begins like a TIFF. Aperio and OME files go to their own modules for the layout.
Label, macro and thumbnail images are never read; vendors whose files only look like plain TIFF go to OpenSlide.
"""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

from tifffile import TiffFile, TiffPage

from mvd.errors import MvdError, UnreadableSlide
from mvd.slide import aperio, ome, qptiff
from mvd.slide.base import Slide, SlideInfo
from mvd.slide.calibration import UM_PER_CM, UM_PER_INCH, Claim, believed_mpp, from_resolution, um_per_unit
from mvd.slide.chain import check_chain
from mvd.slide.naming import one_line, shown_name
from mvd.slide.pixels import unsupported
from mvd.slide.pyramid import Layout, descending, reduced_pages, shape_of, sub_pages
from mvd.slide.segments import tile_grid
from mvd.slide.tiled import TiledSlide

_BY_OPENSLIDE = {
    "is_ndpi": "Hamamatsu NDPI",
    "is_scn": "Leica SCN",
    "is_bif": "Ventana BIF",
    "is_philips": "Philips TIFF",
}
_TRESTLE_SOFTWARE = "MedScan"
_NDPI_FLUORESCENCE_TAG = 65434
_SCN_FLUORESCENCE = re.compile(r"<illuminationSource>\s*fluorescence")
_UNIT_UM = {2: (UM_PER_INCH, "inch"), 3: (UM_PER_CM, "cm")}

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what matters is raised, not printed


def open_tiff(path: Path, mpp: float | None) -> Slide:
    """Open a TIFF, OME-TIFF, SVS or QPTIFF, or a vendor's own TIFF through OpenSlide.

    Parameters
    ----------
    path : Path
    mpp : float or None
        The user's pixel size of level 0, um/px; wins over the file's own.

    Raises
    ------
    UnreadableSlide, UnsupportedPixels, UnknownPixelSize, MissingDependency
    """
    name = shown_name(path)
    try:
        slide = _open(path, mpp, name)
    except MvdError:
        raise
    except Exception as error:  # damaged tables fail anywhere in the parser
        raise UnreadableSlide(
            f"{name}: the TIFF tables cannot be read ({one_line(error)}); copy or export the file again"
        ) from error
    if isinstance(slide, str):
        from mvd.slide.openslide import open_with_openslide

        return open_with_openslide(path, mpp, slide)
    return slide


def _open(path: Path, mpp: float | None, name: str) -> TiledSlide | str:
    """Open the slide, or return the vendor's name where OpenSlide is to read it."""
    file_bytes = path.stat().st_size
    with TiffFile(path) as tiff:
        vendor = _openslide_vendor(tiff, tiff.pages.first, name)
        if vendor:
            return vendor
        with path.open("rb") as stream:
            check_chain(stream, file_bytes)
        pages = [page.aspage() for page in tiff.pages]
        layout = _layout(tiff, pages, file_bytes, name)
        grids = [tile_grid(page, file_bytes, name) for page in layout.pages]
        claims = [*layout.claims, *_resolution_claim(pages[0])]
    size = believed_mpp(name, claims, mpp)
    shapes = tuple(grid.shape_px for grid in grids)
    info = SlideInfo(
        path,
        shapes[0],
        size.mpp,
        size.source,
        layout.magnification,
        layout.vendor,
        shapes,
        mpp_notes=size.notes,
    )
    return TiledSlide(info, grids)


def _openslide_vendor(tiff: TiffFile, first: TiffPage, name: str) -> str | None:
    """Return the vendor whose file OpenSlide is to read, None for one of ours; fluorescence is refused."""
    vendor = next((word for flag, word in _BY_OPENSLIDE.items() if getattr(tiff, flag)), None)
    is_fluorescence = (vendor == "Hamamatsu NDPI" and _NDPI_FLUORESCENCE_TAG in first.tags) or (
        vendor == "Leica SCN" and _SCN_FLUORESCENCE.search(first.description)
    )
    if is_fluorescence:
        raise unsupported(name, str(first.dtype), first.samplesperpixel, f"{vendor}, fluorescence")
    return "Trestle TIFF" if vendor is None and first.software.startswith(_TRESTLE_SOFTWARE) else vendor


def _layout(tiff: TiffFile, pages: Sequence[TiffPage], file_bytes: int, name: str) -> Layout:
    if tiff.is_svs:
        return aperio.layout(pages)
    if tiff.is_ome:
        return ome.layout(pages, file_bytes, name)
    if tiff.is_qpi:
        return qptiff.layout(pages, name)
    alike = 1 + sum(shape_of(page) == shape_of(pages[0]) and not page.is_reduced for page in pages[1:])
    if alike > 1:
        raise unsupported(
            name, str(pages[0].dtype), pages[0].samplesperpixel * alike, f"a stack of {alike} pages"
        )
    levels = descending(pages[0], [*sub_pages(pages[0], file_bytes), *reduced_pages(pages)])
    return Layout("tiff", levels, [], None)


def _resolution_claim(page: TiffPage) -> list[Claim]:
    """Read XResolution, YResolution and their unit, which ImageJ keeps in its own description."""
    x, y = (_ratio(page, code) for code in (282, 283))
    unit_tag = page.tags.get(296)
    unit_um, unit_name = _UNIT_UM.get(int(unit_tag.value) if unit_tag else 2, (None, "none"))
    imagej_unit = re.search(r"^unit=(.*)$", page.description, re.MULTILINE) if page.is_imagej else None
    if imagej_unit:
        unit_name = imagej_unit[1].strip()
        unit_um = um_per_unit(unit_name)
    claim = from_resolution((x, y), unit_um, unit_name)
    return [claim] if claim else []


def _ratio(page: TiffPage, code: int) -> float | None:
    tag = page.tags.get(code)
    numerator, denominator = tag.value if tag else (0, 0)
    return numerator / denominator if denominator else None
