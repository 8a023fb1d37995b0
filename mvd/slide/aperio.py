"""Aperio SVS: page 0 is the slide, page 1 a thumbnail, further tiled pages levels; label and macro stay shut.

Of the description only ``MPP`` and ``AppMag`` are read; user names, dates and barcodes in it never leave this
module.
"""

import math
from collections.abc import Iterator, Sequence

from tifffile import TiffPage

from mvd.slide.calibration import from_lengths, parse_number
from mvd.slide.pyramid import Layout, descending


def layout(pages: Sequence[TiffPage]) -> Layout:
    """Return the pyramid, the stated pixel size and the objective power."""
    fields = list(_fields(pages[0].description))
    stated = dict.fromkeys(value for name, value in fields if name == "MPP")
    claims = [from_lengths("aperio", "MPP", (value, value)) for value in stated]
    magnification = parse_number(next((value for name, value in fields if name == "AppMag"), ""))
    levels = descending(pages[0], (page for page in pages[1:] if page.is_tiled and not _is_attachment(page)))
    power = magnification if 0 < magnification < math.inf else None
    return Layout("aperio", levels, [claim for claim in claims if claim], power)


def _fields(description: str) -> Iterator[tuple[str, str]]:
    """Yield the ``name = value`` pairs, one of a line."""
    for part in description.split("|")[1:]:
        name, equals, value = part.partition("=")
        if equals:
            yield name.strip(), value.strip().partition("\n")[0].strip()


def _is_attachment(page: TiffPage) -> bool:
    """Whether the page names itself a label or macro image."""
    lines = page.description.splitlines()
    return len(lines) > 1 and lines[1].lower().startswith(("label", "macro"))
