"""PerkinElmer and Akoya QPTIFF: the brightfield scan and its reductions; each page says in XML what it is.

Of the XML only the kind of the page and the objective are read. Fluorescence, a page for each channel, is refused.
"""

import re
from collections.abc import Sequence

from tifffile import TiffPage

from mvd.errors import UnreadableSlide
from mvd.slide.calibration import parse_number
from mvd.slide.pixels import unsupported
from mvd.slide.pyramid import Layout, descending

_KIND = re.compile(r"<ImageType>\s*(\w+)\s*</ImageType>")
_OBJECTIVE = re.compile(r"<Objective>\s*([\d.]+)\s*[xX]\s*</Objective>")


def layout(pages: Sequence[TiffPage], name: str) -> Layout:
    """Return the pyramid and the objective power; the pixel size stands in the TIFF tags.

    Raises
    ------
    UnsupportedPixels
        For several channels.
    UnreadableSlide
        For a file whose first page is not the scan.
    """
    kinds = [_kind(page) for page in pages]
    if kinds[0] != "FullResolution":
        raise UnreadableSlide(
            f"{name}: QPTIFF that does not begin with the scan; export the slide as OME-TIFF"
        )
    if kinds.count("FullResolution") > 1:
        channels = kinds.count("FullResolution")
        raise unsupported(name, str(pages[0].dtype), channels, "QPTIFF of separate channels, fluorescence")
    reduced = (page for page, kind in zip(pages, kinds, strict=True) if kind == "ReducedResolution")
    objective = _OBJECTIVE.search(pages[0].description)
    power = parse_number(objective[1]) if objective else 0.0
    return Layout("qptiff", descending(pages[0], reduced), [], power if power > 0 else None)


def _kind(page: TiffPage) -> str:
    found = _KIND.search(page.description)
    return found[1] if found else ""
