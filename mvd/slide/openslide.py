"""What OpenSlide reads and mvd's own TIFF reader does not: NDPI, MRXS, SCN, BIF, VMS, Philips TIFF, DICOM and others.

Input: a path. Output: an open slide, its pixels on white. Of the properties only those in ``_PROPERTIES`` are ever
asked for; comments, barcodes, patients, labels, macro images and thumbnails stay shut.
"""

import contextlib
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvd.errors import MissingDependency, UnreadableSlide
from mvd.geometry import Rect
from mvd.slide.base import SlideInfo
from mvd.slide.blocks import BlockGrid, BlockSlide, UnreadRectangle
from mvd.slide.calibration import believed_mpp, from_openslide, parse_number
from mvd.slide.levels import level_factor
from mvd.slide.naming import one_line, shown_name
from mvd.slide.pixels import on_white, unsupported

PIP_LINE = "pip install 'mvd[openslide]'"
OLDEST = (4, 0, 1)
"""Versions before it have two known holes, and give wrong pixels at the lower edge of some TIFFs."""
CACHE_BYTES = 32 * 2**20
_PROPERTIES = (
    "openslide.vendor",
    "openslide.mpp-x",
    "openslide.mpp-y",
    "openslide.objective-power",
    "openslide.bounds-x",
    "openslide.bounds-y",
    "tiff.XResolution",
    "tiff.YResolution",
    "tiff.ResolutionUnit",
    "mirax.GENERAL.SLIDE_TYPE",
)
_FLUORESCENCE = "SLIDE_TYPE_FLUORESCENCE"
_FINEST_RESAMPLED = 4
_TILE_PX = 256
_MAX_PX_PER_BYTE = 20_000


def library() -> Any:
    """Return the module ``openslide``.

    Raises
    ------
    MissingDependency
        It is not installed, or older than 4.0.1; the message is the pip line.
    """
    try:
        import openslide
    except (ImportError, OSError) as error:
        raise MissingDependency(f"this format is read by OpenSlide; run {PIP_LINE}") from error
    found = openslide.__library_version__
    if tuple(int(number) for number in re.findall(r"\d+", found)[:3]) < OLDEST:
        raise MissingDependency(
            f"OpenSlide {found} is too old: it has known security holes and may give wrong pixels; run "
            f"{PIP_LINE.replace('install', 'install --upgrade')}"
        )
    return openslide


def detects(path: Path) -> bool:
    """Whether OpenSlide is there and knows the format of a file."""
    try:
        return library().OpenSlide.detect_format(path) is not None
    except MissingDependency:
        return False


def open_with_openslide(path: Path, mpp: float | None, family: str) -> BlockSlide:
    """Open a slide that OpenSlide reads.

    Parameters
    ----------
    path : Path
    mpp : float or None
        The user's pixel size of level 0, um/px; wins over the file's own.
    family : str
        What the file looks like, for a message: ``Hamamatsu NDPI``.

    Raises
    ------
    MissingDependency
        OpenSlide is not installed or too old.
    UnreadableSlide, UnsupportedPixels, UnknownPixelSize
    """
    name = shown_name(path)
    try:
        openslide = library()
    except MissingDependency as error:
        raise MissingDependency(f"{name}: {family}: {error}") from error
    source = _OpenSlideSource(path, family, openslide)
    try:
        with source.opened() as handle:
            known = {key: handle.properties[key] for key in _PROPERTIES if key in handle.properties}
            levels = _levels(handle)
            tiles_px = [_tile_px(handle, number) for number, _, _ in levels]
        if known.get("mirax.GENERAL.SLIDE_TYPE") == _FLUORESCENCE:
            raise unsupported(name, "uint8", 3, f"{family}, fluorescence")
        _check_size(path, levels[0][1], name)
        source.levels = [(number, downsample) for number, _, downsample in levels]
        grids = [BlockGrid(shape, tile) for (_, shape, _), tile in zip(levels, tiles_px, strict=True)]
        return BlockSlide(_info(path, mpp, known, grids), grids, source)
    except BaseException:
        source.close()
        raise


class _OpenSlideSource:
    """Rectangles from handles of OpenSlide, one for each thread that reads at the same time.

    A handle that failed once gives blank pixels ever after: it is never used again.
    """

    def __init__(self, path: Path, family: str, openslide: Any) -> None:
        self.levels: list[tuple[int, float]] = []
        self._path, self._family, self._openslide = path, family, openslide
        self._cache = openslide.OpenSlideCache(CACHE_BYTES)
        self._idle: list[Any] = []

    @contextlib.contextmanager
    def opened(self) -> Any:
        """Lend a handle; take it back unless it failed."""
        handle = self._take()
        try:
            yield handle
        except BaseException:
            handle.close()
            raise
        self._idle.append(handle)

    def rectangle(self, rect: Rect, level: int) -> NDArray[np.uint8]:
        """Return ``rect`` as (h, w, 4) uint8: colour on white, then 0 where not scanned."""
        number, downsample = self.levels[level]
        corner = round(rect.col * downsample), round(rect.row * downsample)
        try:
            with self.opened() as handle:
                region = handle.read_region(corner, number, (rect.width, rect.height))
        except self._openslide.OpenSlideError as error:
            raise UnreadRectangle(self._reason(error)) from error
        return _on_white(np.asarray(region))

    def close(self) -> None:
        """Close the handles."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Any:
        try:
            return self._idle.pop()
        except IndexError:
            pass
        name = shown_name(self._path)
        try:
            handle = self._openslide.OpenSlide(self._path)
        except (self._openslide.OpenSlideError, OSError) as error:
            raise UnreadableSlide(
                f"{name}: {self._family} that OpenSlide {self._openslide.__library_version__} does not read "
                f"({self._reason(error)}); copy the slide again with all its files, or convert it to OME-TIFF"
            ) from error
        handle.set_cache(self._cache)
        return handle

    def _reason(self, error: BaseException) -> str:
        """Return OpenSlide's own words without the folders that the slide lies in."""
        words = str(error)
        for folder in (self._path.parent, self._path.parent.resolve()):
            words = words.replace(f"{folder}/", "").replace(str(folder), "")
        return one_line(words)


def _on_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay what OpenSlide gives on white; the fourth channel stays.

    It holds premultiplied colours, which its Python binding has divided by alpha and rounded down: rounding up the
    product gives back exactly what was there.
    """
    alpha = rgba[..., 3:].astype(np.uint32)
    if alpha.min(initial=255) == 255:
        return rgba
    premultiplied = ((rgba[..., :3] * alpha + 254) // 255).astype(np.uint8)
    colour = on_white(np.concatenate([premultiplied, rgba[..., 3:]], axis=-1), premultiplied=True)
    return np.concatenate([colour, rgba[..., 3:]], axis=-1)


def _levels(handle: Any) -> list[tuple[int, tuple[int, int], float]]:
    """Return number, (height, width) and downsampling of each level that is a whole-number reduction of level 0.

    Where OpenSlide's own factor is not exactly that number, it resamples; such a level serves from 4 times on, where
    that moves the picture by an eighth of a pixel at most.
    """
    shapes = [(height, width) for width, height in handle.level_dimensions]
    taken: dict[int, tuple[int, tuple[int, int], float]] = {}
    for number, (shape, downsample) in enumerate(zip(shapes, handle.level_downsamples, strict=True)):
        factor = level_factor(shape, shapes[0])
        is_exact = downsample == factor
        if factor is not None and (is_exact or (factor >= _FINEST_RESAMPLED and round(downsample) == factor)):
            taken.setdefault(factor, (number, shape, downsample))
    return [taken[factor] for factor in sorted(taken)]


def _tile_px(handle: Any, number: int) -> tuple[int, int]:
    keys = (f"openslide.level[{number}].tile-{side}" for side in ("height", "width"))
    height, width = (parse_number(handle.properties.get(key, "")) for key in keys)
    return (int(height), int(width)) if height >= 1 and width >= 1 else (_TILE_PX, _TILE_PX)


def _check_size(path: Path, shape_px: tuple[int, int], name: str) -> None:
    """Refuse a size that the file, or all files beside it where the slide is several, cannot hold."""
    height, width = shape_px
    if min(shape_px) >= 1 and height * width <= _MAX_PX_PER_BYTE * path.stat().st_size:
        return
    folders = (path.parent, path.with_suffix(""))
    found = (file for folder in folders if folder.is_dir() for file in folder.iterdir() if file.is_file())
    file_bytes = sum(file.stat().st_size for file in found)
    if min(shape_px) < 1 or height * width > _MAX_PX_PER_BYTE * file_bytes:
        raise UnreadableSlide(
            f"{name}: declares {width} x {height} px in {file_bytes} bytes, which cannot hold them; copy the "
            "slide again with all its files"
        )


def _info(path: Path, mpp: float | None, known: dict[str, str], grids: list[BlockGrid]) -> SlideInfo:
    size = believed_mpp(shown_name(path), from_openslide(known), mpp)
    power = parse_number(known.get("openslide.objective-power", ""))
    bounds = (parse_number(known.get(f"openslide.bounds-{axis}", "0")) for axis in "xy")
    x, y = (int(start) if math.isfinite(start) else 0 for start in bounds)
    shapes = tuple(grid.shape_px for grid in grids)
    return SlideInfo(
        path=path,
        shape_px=shapes[0],
        mpp=size.mpp,
        mpp_source=size.source,
        magnification=power if 0 < power < math.inf else None,
        vendor=known.get("openslide.vendor", "openslide"),
        level_shapes=shapes,
        origin_px=(x, y),
        mpp_notes=size.notes,
    )
