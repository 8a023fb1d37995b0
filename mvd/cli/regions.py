"""``--region``: a GeoJSON file, or a folder of them -> the file of each slide.

In a folder, the slide ``ward/case_01.svs`` is meant by ``ward/case_01.geojson``, else by ``case_01.geojson``. What
is wrong with a file is said before anything is written; a slide without one fails, for itself alone.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from mvd.errors import NoRegion, RegionError, SettingsError
from mvd.region import drawn_regions
from mvd.settings import RegionSettings
from mvd.slide import FoundSlide

SUFFIX = ".geojson"


def regions_of(given: Path | None, slides: Sequence[FoundSlide], settings: RegionSettings) -> dict[str, Path]:
    """Find and check the file of regions of every slide.

    Parameters
    ----------
    given : Path, optional
        A file for one slide, or a folder with one for each; None for no regions.
    slides : sequence of FoundSlide
    settings : RegionSettings

    Returns
    -------
    dict
        Slide name -> file; of every slide, and not there where the folder has none.

    Raises
    ------
    SettingsError
        Naming the file and its line or feature, or the slides that one file would serve; or a margin is wanted without
        regions to lay it round.
    """
    if given is None:
        if settings.margin_um:
            raise SettingsError("--region-margin-um lays a margin round drawn regions: give --region too")
        return {}
    if given.is_file() and len(slides) > 1:
        raise SettingsError(
            f"--region {given.name} is one file, and there are {len(slides)} slides; "
            f"give a folder with <slide>{SUFFIX} for each"
        )
    files = {slide.name: given if given.is_file() else _file_of(slide.name, given) for slide in slides}
    users: dict[Path, str] = {}
    for name, path in files.items():
        if users.setdefault(path, name) != name and path.is_file():
            raise SettingsError(
                f"--region: {path.name} fits {users[path]} and {name}; "
                "put the files into folders as the slides are"
            )
        try:
            drawn_regions(path)
        except NoRegion:
            continue
        except RegionError as error:
            raise SettingsError(f"--region: {error}") from None
    return files


def _file_of(name: str, folder: Path) -> Path:
    relative = PurePosixPath(name)
    beside = folder / relative.with_name(f"{relative.stem}{SUFFIX}")
    return beside if beside.is_file() else folder / f"{relative.stem}{SUFFIX}"
