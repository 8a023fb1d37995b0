"""Aperio SVS: page 0 is the slide, page 1 a thumbnail, further tiled pages levels; label and macro stay shut.

Of the description only ``MPP`` and ``AppMag`` are read; user names, dates and barcodes in it never leave this
module.
"""

from collections.abc import Sequence

from tifffile import TiffPage

from mvd.slide.calibration import Claim, parse_number
from mvd.slide.pyramid import Layout, descending


def layout(pages: Sequence[TiffPage]) -> Layout:
    """Return the pyramid, the stated pixel size and the objective power."""
    fields = _fields(pages[0].description)
    claims = []
    if "MPP" in fields:
        mpp = parse_number(fields["MPP"])
        claims.append(Claim("aperio", mpp, mpp, f"MPP = {fields['MPP'][:40]}"))
    magnification = parse_number(fields.get("AppMag", ""))
    levels = descending(pages[0], (page for page in pages[1:] if page.is_tiled and not _is_attachment(page)))
    return Layout("aperio", levels, claims, magnification if magnification > 0 else None)


def _fields(description: str) -> dict[str, str]:
    """Return ``name = value`` pairs; the first of a name holds."""
    fields: dict[str, str] = {}
    for part in description.split("|")[1:]:
        name, equals, value = part.partition("=")
        if equals:
            fields.setdefault(name.strip(), value.strip())
    return fields


def _is_attachment(page: TiffPage) -> bool:
    """Whether the page names itself a label or macro image."""
    lines = page.description.splitlines()
    return len(lines) > 1 and lines[1].lower().startswith(("label", "macro"))
