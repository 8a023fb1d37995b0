"""A slide's folder -> its result by other rules of counting. The slide itself is not read, and need not be there.

What is stained was stored by ``mvd run``; joining, splitting, the rules, hot spots and everything after them are done
anew. What decides which pixels are stained cannot be changed here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mvd.count import HandWork, Progress, count
from mvd.errors import SettingsError, UnreadableSlide
from mvd.found import FOUND_NAME, Found, unpack_found
from mvd.geometry import Rect
from mvd.hotspots import Hotspot
from mvd.report.kept import AUTOMATIC, OVERVIEW_NAME, read_pictures
from mvd.result import Picture, SlideResult
from mvd.settings import Settings, is_rule

MARGIN = 1.05
"""A hot-spot picture shows so many times its circle."""


def changed_settings(
    values: Mapping[str, Mapping[str, Any]], changes: Mapping[str, Mapping[str, Any]]
) -> Settings:
    """Return settings, section -> name -> value, some of them changed; ``SettingsError`` if one is out of range."""
    merged = {section: dict(given) for section, given in values.items()}
    for section, given in changes.items():
        merged.setdefault(section, {}).update(given)
    return Settings.from_mapping(merged, "changed settings")


def changed_rules(
    values: Mapping[str, Mapping[str, Any]], changes: Mapping[str, Mapping[str, Any]], source: str
) -> Settings:
    """Return settings with some rules of counting changed.

    Parameters
    ----------
    values, changes : mapping
        Section -> name -> value.
    source : str
        The file that ``values`` are from, for messages.

    Raises
    ------
    SettingsError
        For a change that needs the slide itself, or a value out of range.
    """
    before, after = Settings.from_mapping(values, source), changed_settings(values, changes)
    for section, _ in after:
        old, new = (getattr(which, section).model_dump() for which in (before, after))
        for name in new:
            if old[name] != new[name] and not is_rule(section, name):
                raise SettingsError(
                    f"{section}.{name} decides what is stained and needs the slide: use `mvd run` to change it"
                )
    return after


@dataclass(frozen=True)
class Stored:
    """A finished slide, ready to be counted again.

    Attributes
    ----------
    folder : Path
        ``slides/<slide_id>``.
    about : mapping
        Content of its ``slide.json``.
    settings : Settings
        Those of ``about``, with the changes.
    found : Found
    pictures : mapping
        Name -> picture.
    """

    folder: Path
    about: Mapping[str, Any]
    settings: Settings
    found: Found
    pictures: Mapping[str, Picture]

    def count(
        self, *, by_hand: HandWork | None = None, workers: int = 1, progress: Progress = lambda *_: None
    ) -> SlideResult:
        """Count its vessels; see ``mvd.count.count``."""
        overview = self.pictures[OVERVIEW_NAME]
        close = {name: picture for name, picture in self.pictures.items() if name != OVERVIEW_NAME}
        of_the_slide = {name: picture for name, picture in close.items() if AUTOMATIC in name}
        close = of_the_slide or close  # the others are parts of these and the overview

        def fields(hotspots: tuple[Hotspot, ...], kind: str) -> tuple[Picture, ...]:
            shown = hotspots[: self.settings.report.hotspot_pictures]
            own = [picture for name, picture in close.items() if kind in name]
            others = [picture for name, picture in close.items() if kind not in name]
            return tuple(_picture_of(hotspot, (own, others), overview) for hotspot in shown)

        result = count(
            self.found,
            self.settings,
            overview,
            fields,
            by_hand=by_hand,
            workers=workers,
            progress=progress,
        )
        return replace(result, candidates=(self.folder / FOUND_NAME).read_bytes())


def open_stored(folder: Path, changes: Mapping[str, Mapping[str, Any]] | None = None) -> Stored:
    """Read what ``mvd run`` stored of a slide.

    Parameters
    ----------
    folder : Path
        ``slides/<slide_id>`` of a result folder.
    changes : mapping, optional
        Section -> name -> value; what is not in it stays as it was.

    Raises
    ------
    UnreadableSlide
        A file of the folder is missing or damaged.
    SettingsError
        As ``changed_rules``.
    """
    about = _about(folder)
    settings = changed_rules(about["settings"], changes or {}, f"{about['slide_id']}/slide.json")
    pictures = read_pictures(folder, about["pictures"])
    return Stored(folder, about, settings, unpack_found(folder / FOUND_NAME), pictures)


def recount_slide(
    folder: Path,
    changes: Mapping[str, Mapping[str, Any]],
    *,
    workers: int = 1,
    progress: Progress,
) -> tuple[SlideResult, str, str]:
    """Count the vessels of a finished slide again, without what a person corrected.

    Parameters
    ----------
    folder, changes
        As in ``open_stored``, and its errors.
    workers : int
        Threads. Never changes a result.
    progress : callable
        As in ``analyze``.

    Returns
    -------
    (SlideResult, str, str)
        The result, the slide's id and its name.
    """
    stored = open_stored(folder, changes)
    result = stored.count(workers=workers, progress=progress)
    return result, stored.about["slide_id"], stored.about["slide"]


def _about(folder: Path) -> dict[str, Any]:
    try:
        about = json.loads((folder / "slide.json").read_bytes())
        missing = {"slide_id", "slide", "settings", "pictures"} - set(about)
    except (OSError, ValueError, TypeError):
        about, missing = {}, {"slide.json"}
    if missing:
        raise UnreadableSlide(
            f"{folder.name}/slide.json: is missing, damaged or of an older version; run `mvd run` on the slide again"
        )
    return dict(about)


def _picture_of(hotspot: Hotspot, stored: Sequence[Sequence[Picture]], overview: Picture) -> Picture:
    """Return the stored picture that shows all of a hot spot most in its middle; else a part of the overview.

    The first of ``stored`` that has such a picture decides: those of its own kind, then the others.
    """
    half_um = MARGIN * hotspot.radius_um
    centre = np.array([hotspot.x_um, hotspot.y_um])
    for close in stored:
        shown = [picture for picture in close if _shows(picture, hotspot, overview)]
        if shown:
            return min(shown, key=lambda picture: float(np.hypot(*(_middle(picture) - centre))))
    side_px = round(2 * half_um / overview.mpp)
    left, top = np.round((centre - half_um) / overview.mpp).astype(int)
    rect = Rect(int(top), int(left), side_px, side_px).clipped(overview.rgb.shape[:2])
    return Picture(
        overview.rgb[rect.slices()], rect.col * overview.mpp, rect.row * overview.mpp, overview.mpp
    )


def _shows(picture: Picture, hotspot: Hotspot, overview: Picture) -> bool:
    """Whether a picture holds the circle, or all of it that lies on the slide, and is not much wider than it."""
    height_um, width_um = (side * overview.mpp for side in overview.rgb.shape[:2])
    low = np.maximum([hotspot.x_um - hotspot.radius_um, hotspot.y_um - hotspot.radius_um], 0)
    high = np.minimum(
        [hotspot.x_um + hotspot.radius_um, hotspot.y_um + hotspot.radius_um], [width_um, height_um]
    )
    corner = np.array([picture.x_um, picture.y_um])
    size = np.array(picture.rgb.shape[1::-1]) * picture.mpp
    slack = 2 * overview.mpp
    inside = (corner <= low + slack).all() and (corner + size >= high - slack).all()
    return bool(inside and size.max() <= 3 * hotspot.radius_um)


def _middle(picture: Picture) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    height, width = picture.rgb.shape[:2]
    return np.array([picture.x_um + width * picture.mpp / 2, picture.y_um + height * picture.mpp / 2])
