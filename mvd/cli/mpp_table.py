"""``--mpp-table``: a CSV of slide and um/px -> the pixel size of each slide found.

A slide is meant by its relative path, its file name or its name without suffix, tried in that order. A line that is
wrong or fits several slides is an error that names it; a line for a slide that is not there is a warning.
"""

import csv
import math
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from mvd.errors import SettingsError
from mvd.settings import Settings
from mvd.slide import FoundSlide
from mvd.slide.calibration import parse_number

COLUMNS = ("slide", "mpp")


def read_mpp_table(path: Path, slides: Sequence[FoundSlide]) -> tuple[dict[str, float], list[str]]:
    """Read a table of pixel sizes.

    Parameters
    ----------
    path : Path
        CSV, UTF-8, with the columns ``slide`` and ``mpp``; others are left alone.
    slides : sequence of FoundSlide

    Returns
    -------
    sizes : dict
        Slide name -> um/px, for the slides that the table names.
    unused : list of str
        One line of warning for each line of the table that names no slide.

    Raises
    ------
    SettingsError
        Naming the file and the line.
    """
    sizes: dict[str, float] = {}
    unused: list[str] = []
    for line, called, mpp in _lines(path):
        meant = _meant(called, slides)
        if len(meant) > 1:
            names = ", ".join(sorted(meant))
            raise SettingsError(f"{path}, line {line}: {called!r} fits {names}; write the relative path")
        if not meant:
            unused.append(f"{path.name}, line {line}: there is no slide {called!r}; the line is not used")
        for name in meant:
            if sizes.setdefault(name, mpp) != mpp:
                raise SettingsError(
                    f"{path}, line {line}: {name} was given {sizes[name]:g} um/px above; keep one"
                )
    return sizes, unused


def _lines(path: Path) -> list[tuple[int, str, float]]:
    """Read (line number, slide, um/px) of every line that is not blank."""
    found = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream, strict=True)
            if not set(COLUMNS) <= set(rows.fieldnames or ()):
                raise SettingsError(f"{path}, line 1: the header must be `slide,mpp`, with a comma between")
            for row in rows:
                called = (row["slide"] or "").strip()
                found.append((rows.line_num, called, _mpp(path, rows.line_num, called, row)))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{path}: is no UTF-8 CSV ({error}); save it as CSV UTF-8") from None
    return found


def _mpp(path: Path, line: int, called: str, row: dict[str | None, object]) -> float:
    if not called or None in row:
        raise SettingsError(f"{path}, line {line}: needs a slide and a pixel size such as `case_01.svs,0.25`")
    mpp = parse_number(str(row["mpp"]))
    if math.isnan(mpp):
        raise SettingsError(f"{path}, line {line}: {row['mpp']!r} is no pixel size; write um/px such as 0.25")
    return Settings.from_mapping({"slide": {"mpp": mpp}}, f"{path}, line {line}").slide.mpp or mpp


def _meant(called: str, slides: Sequence[FoundSlide]) -> set[str]:
    """Return the names of the slides that a table calls so."""
    called = called.replace("\\", "/").removeprefix("./")
    paths = {slide.name: PurePosixPath(slide.name) for slide in slides}
    for fits in (
        lambda path: str(path) == called,
        lambda path: path.name == called,
        lambda path: path.stem == called,
    ):
        meant = {name for name, path in paths.items() if fits(path)}
        if meant:
            return meant
    return set()
