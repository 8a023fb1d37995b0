"""The files that a slide's folder holds -> which of them are ours to remove; all others are people's.

Knows names only: a process that hands out slides, or one in which nothing else works any more, can do without the rest.
"""

import re
from pathlib import Path

_OURS = re.compile(
    r"slide\.json|(vessels|hotspots|regions)\.csv|candidates\.npz|vessels\.geojson"
    r"|(overview|density|distance|(hotspot|chalkley)_\d\d+)\.png|(density|labels)\.ome\.tif"
    r"|plain_(overview|[a-z_]+_\d\d+)\.jpg"
)


def is_ours(name: str) -> bool:
    """Whether a file of this name in a slide's folder is one that ``write_slide`` writes."""
    return bool(_OURS.fullmatch(name))


def remove_slide(folder: Path) -> None:
    """Remove what ``write_slide`` wrote, ``slide.json`` first, and the folder if nothing else is in it."""
    (folder / "slide.json").unlink(missing_ok=True)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if is_ours(path.name):
            path.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
