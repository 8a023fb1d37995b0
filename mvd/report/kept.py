"""The plain pictures of a slide on disk and back, so that what is drawn on them can be drawn again.

Input: a result. Output: JPEGs without a mark on them, where they lie, and the same result with the pictures as the
JPEGs give them back: drawn on those, a picture is the same whether the slide was just read or not.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from mvd.errors import UnreadableSlide
from mvd.result import Picture, SlideResult

OVERVIEW_NAME = "plain_overview.jpg"
FIELD_NAME = "plain_{}_{:02d}.jpg"
"""Of a hot spot or a Chalkley count, and its number."""
AUTOMATIC = "automatic"
"""Is in the name of a picture of what was found before a person moved hot spots."""
Places = dict[str, dict[str, float]]
_GOOD = [cv2.IMWRITE_JPEG_QUALITY, 90, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]


def with_kept_pictures(result: SlideResult) -> tuple[SlideResult, dict[str, bytes], Places]:
    """Return the result as it will be read again, the files by name, and where each picture lies, um."""
    fields = {"hotspot": result.hotspot_pictures, "chalkley": result.chalkley_pictures}
    if result.automatic:  # they are the only ones that were taken from the slide itself
        fields[f"{AUTOMATIC}_hotspot"] = result.automatic.hotspot_pictures
        fields[f"{AUTOMATIC}_chalkley"] = result.automatic.chalkley_pictures
    names = [OVERVIEW_NAME]
    names += [FIELD_NAME.format(kind, n + 1) for kind, close in fields.items() for n in range(len(close))]
    pictures = [result.overview, *(picture for close in fields.values() for picture in close)]
    files = {name: _jpeg(picture) for name, picture in zip(names, pictures, strict=True)}
    places: Places = {
        name: {"x_um": picture.x_um, "y_um": picture.y_um, "mpp": picture.mpp}
        for name, picture in zip(names, pictures, strict=True)
    }
    overview, *close = (_placed(files[name], places[name]) for name in names)
    hotspots, chalkleys = len(result.hotspot_pictures), len(result.chalkley_pictures)
    seen = {
        "hotspot_pictures": tuple(close[:hotspots]),
        "chalkley_pictures": tuple(close[hotspots : hotspots + chalkleys]),
    }
    return replace(result, overview=overview, **seen), files, places  # type: ignore[arg-type]


def read_pictures(folder: Path, places: Mapping[str, Mapping[str, float]]) -> dict[str, Picture]:
    """Read the plain pictures of a slide, by name.

    Raises
    ------
    UnreadableSlide
        One of them is missing or damaged.
    """
    pictures = {}
    for name, place in places.items():
        try:
            encoded = (folder / name).read_bytes()
            pictures[name] = _placed(encoded, place)
        except (OSError, cv2.error, KeyError, TypeError):
            raise UnreadableSlide(
                f"{folder.name}/{name}: is missing or damaged; run `mvd run` on the slide again"
            ) from None
    return pictures


def _placed(jpeg: bytes, place: Mapping[str, float]) -> Picture:
    return Picture(_pixels(jpeg), place["x_um"], place["y_um"], place["mpp"], jpeg)


def _jpeg(picture: Picture) -> bytes:
    if picture.jpeg is not None:
        return picture.jpeg
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2BGR), _GOOD)
    return bytes(encoded)


def _pixels(encoded: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(
        cv2.cvtColor(cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    )
