"""OME-TIFF: the first image of the file with its SubIFDs; pixel size and objective from the OME-XML.

Nothing else of the XML is read: not the names, not the experimenter, not the other images.
"""

import math
from collections.abc import Sequence
from xml.etree import ElementTree

from tifffile import TiffPage

from mvd.errors import UnreadableSlide
from mvd.slide.calibration import Claim, from_lengths, parse_number
from mvd.slide.pixels import unsupported
from mvd.slide.pyramid import Layout, descending, reduced_pages, sub_pages


def layout(pages: Sequence[TiffPage], file_bytes: int, name: str) -> Layout:
    """Return the pyramid, the stated pixel size and the objective power.

    Raises
    ------
    UnsupportedPixels
        For several channels, focal planes or time points.
    UnreadableSlide
        For OME-XML that is no XML.
    """
    try:
        root = ElementTree.fromstring(pages[0].description)
    except ElementTree.ParseError as error:
        raise UnreadableSlide(
            f"{name}: its OME-XML cannot be read ({error}); export the slide again"
        ) from None
    pixels = root.find("{*}Image/{*}Pixels")
    if pixels is None:
        raise UnreadableSlide(f"{name}: its OME-XML describes no image; export the slide again")
    _check_one_plane(pixels, name)
    levels = descending(pages[0], [*sub_pages(pages[0], file_bytes), *reduced_pages(pages)])
    claim = _claim(pixels)
    return Layout("ome-tiff", levels, [claim] if claim else [], _magnification(root))


def _check_one_plane(pixels: ElementTree.Element, name: str) -> None:
    channels = len(pixels.findall("{*}Channel"))
    samples = sum(int(c.get("SamplesPerPixel", "1")) for c in pixels.findall("{*}Channel")) or 1
    planes = {axis: pixels.get(f"Size{axis}", "1") for axis in "ZT"}
    if channels > 1 or any(size != "1" for size in planes.values()):
        size = ", ".join(f"{axis} = {value}" for axis, value in {"C": samples, **planes}.items())
        raise unsupported(
            name, pixels.get("Type", "unknown"), samples, f"OME image of separate channels, {size}"
        )


def _claim(pixels: ElementTree.Element) -> Claim | None:
    x, y = pixels.get("PhysicalSizeX"), pixels.get("PhysicalSizeY")
    units = pixels.get("PhysicalSizeXUnit", "µm"), pixels.get("PhysicalSizeYUnit", "µm")
    return from_lengths("ome", "PhysicalSize", (x, y), units)


def _magnification(root: ElementTree.Element) -> float | None:
    objective = root.find("{*}Instrument/{*}Objective")
    power = math.nan if objective is None else parse_number(objective.get("NominalMagnification", ""))
    return power if 0 < power < math.inf else None
