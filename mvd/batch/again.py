"""A slide's folder -> the same folder, counted by other rules; whichever of the two is there is whole at any moment."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mvd.result import SlideResult

Changes = Mapping[str, Mapping[str, Any]]
BY_HAND = "corrections.json"


def count_again(
    folder: Path, changes: Changes, *, workers: int, progress: Callable[[str, int, int], None]
) -> tuple[SlideResult, str, str]:
    """Count a slide again from what was found stained, and put its new files in the place of the old ones.

    Parameters
    ----------
    folder : Path
        ``slides/<slide_id>``.
    changes : mapping
        Section -> name -> value.
    workers : int
        Threads.
    progress : callable

    Returns
    -------
    (SlideResult, str, str)
        The result, the slide's id and its name.

    Raises
    ------
    MvdError
        As ``recount_slide``; the folder is then as it was.
    OSError
        When the disk is full.
    """
    from mvd.recount import recount_slide
    from mvd.report import write_slide

    result, slide_id, name = recount_slide(folder, changes, workers=workers, progress=progress)
    sha256 = json.loads((folder / "slide.json").read_bytes()).get("sha256", "")
    progress("report", 0, 1)
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    write_slide(result, fresh, slide_id, name, sha256=sha256)
    _take_place(fresh, folder)
    progress("report", 1, 1)
    return result, slide_id, name


def _take_place(fresh: Path, folder: Path) -> None:
    if (folder / BY_HAND).exists():
        shutil.copy2(folder / BY_HAND, fresh / BY_HAND)
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old)


def put_right(slides: Path) -> None:
    """Clear away what a run that was killed left half done, in the folder of all slides; nothing finished is lost."""
    for old in slides.glob(".*.old"):
        folder = slides / old.name[1:].removesuffix(".old")
        if not folder.exists():
            old.rename(folder)
    for left in [*slides.glob(".*.old"), *slides.glob(".*.new")]:
        shutil.rmtree(left, ignore_errors=True)
    for part in [*slides.glob("*/.*.part"), *slides.parent.glob(".*.part")]:
        part.unlink(missing_ok=True)
