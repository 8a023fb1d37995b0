"""A slide's folder -> the same folder, counted by other rules; whichever of the two is there is whole at any moment."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mvd.batch.lock import PERMITS, STATE
from mvd.report.owned import is_ours
from mvd.result import SlideResult

Changes = Mapping[str, Mapping[str, Any]]


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
    from mvd.corrections.redo import count_corrected
    from mvd.report import write_slide

    result, slide_id, name = count_corrected(folder, changes, workers=workers, progress=progress)
    sha256 = json.loads((folder / "slide.json").read_bytes()).get("sha256", "")
    progress("report", 0, 1)
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    write_slide(result, fresh, slide_id, name, sha256=sha256)
    _take_place(fresh, folder)
    progress("report", 1, 1)
    return result, slide_id, name


def _take_place(fresh: Path, folder: Path) -> None:
    for path in folder.iterdir():  # what people made stays: corrections, and whatever else they put there
        if is_ours(path.name) or path.name.endswith(".part"):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, fresh / path.name, copy_function=_same_file, symlinks=True)
        else:
            _same_file(path, fresh / path.name)
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old)


def _same_file(old: str | Path, new: str | Path) -> None:
    """Have a file in two folders: what somebody adds to it meanwhile is in both."""
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError:  # a file system that cannot
        shutil.copy2(old, new, follow_symlinks=False)


def put_right(slides: Path) -> None:
    """Clear away what a run that was killed left half done, in the folder of all slides; nothing finished is lost."""
    for old in slides.glob(".*.old"):
        folder = slides / old.name[1:].removesuffix(".old")
        if not folder.exists():
            old.rename(folder)
    for left in [*slides.glob(".*.old"), *slides.glob(".*.new")]:
        shutil.rmtree(left, ignore_errors=True)
    shutil.rmtree(slides.parent / STATE / PERMITS, ignore_errors=True)  # its workers stop at the next tile
    for part in [*slides.glob("*/.*.part"), *slides.parent.glob(".*.part")]:
        part.unlink(missing_ok=True)
