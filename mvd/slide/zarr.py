"""OME-Zarr 0.4 (Zarr 2) and 0.5 (Zarr 3) in a folder: RGB of any axis order, one chunk a tile.

A chunk that is not there was not scanned: white, whatever the array's fill value. One that cannot be decoded is tried
again with the store opened anew; then it is white and told as damage. Nothing is read beside the first image.
"""

import os
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvd.errors import MissingDependency, MvdError, UnreadableSlide
from mvd.geometry import Rect
from mvd.slide.base import SlideInfo
from mvd.slide.blocks import BlockGrid, BlockSlide, UnreadRectangle
from mvd.slide.calibration import believed_mpp
from mvd.slide.levels import level_factor
from mvd.slide.multiscales import (
    SOURCE,
    Multiscale,
    check_colours,
    multiscale,
    ome_attributes,
    refuse_collections,
)
from mvd.slide.naming import one_line, shown_name
from mvd.slide.pixels import unsupported

PIP_LINE = "pip install 'mvd[zarr]'"
_NOT_SCANNED = 255
_MAX_PX_PER_BYTE = 20_000
_MAX_CHUNK_PX = 64_000_000


def library(name: str) -> Any:
    """Return the module ``zarr``; ``MissingDependency``, the pip line, where there is none or one older than 3."""
    try:
        import zarr
    except ImportError as error:
        raise MissingDependency(f"{name}: OME-Zarr needs zarr 3; run {PIP_LINE}") from error
    if int(zarr.__version__.split(".")[0]) < 3:
        raise MissingDependency(
            f"{name}: zarr {zarr.__version__} is too old; run {PIP_LINE.replace('install', 'install --upgrade')}"
        )
    return zarr


def open_zarr(path: Path, mpp: float | None) -> BlockSlide:
    """Open an OME-Zarr image.

    Parameters
    ----------
    path : Path
        The folder of the image. Of a series of images, as bioformats2raw writes them, the first is taken.
    mpp : float or None
        The user's pixel size of level 0, um/px; wins over the file's own.

    Raises
    ------
    MissingDependency, UnreadableSlide, UnsupportedPixels, UnknownPixelSize
        Plates, wells and labels are ``UnreadableSlide``.
    """
    name = shown_name(path)
    library(name)
    try:
        return _open(path, mpp, name)
    except MvdError:
        raise
    except Exception as error:  # zarr and its codecs have errors of their own for damaged metadata
        raise UnreadableSlide(
            f"{name}: the Zarr metadata cannot be read ({one_line(type(error).__name__)}); copy or export it again"
        ) from error


def _open(path: Path, mpp: float | None, name: str) -> BlockSlide:
    image, ome = _image(path, name)
    levels = multiscale(ome, name)
    source = _ZarrSource(path, image, levels)
    base = source.arrays[0]
    _check_pixels(base, levels.axes, name)
    check_colours(ome, name)
    source.keep_reductions()
    grids = [_grid(array, levels.axes, name) for array in source.arrays]
    _check_size(path / image / levels.paths[0], grids[0].shape_px, name)
    size = believed_mpp(name, levels.claims, mpp)
    shapes = tuple(grid.shape_px for grid in grids)
    info = SlideInfo(path, shapes[0], size.mpp, size.source, None, SOURCE, shapes, mpp_notes=size.notes)
    return BlockSlide(info, grids, source)


def _image(path: Path, name: str) -> tuple[str, Any]:
    """Return the group of the first image, relative to ``path``, and its OME attributes."""
    zarr = library(name)
    root = zarr.open(path, mode="r")
    if not isinstance(root, zarr.Group):
        raise UnreadableSlide(
            f"{name}: a Zarr array without OME metadata; export it as OME-Zarr, or as OME-TIFF"
        )
    ome = ome_attributes(root.attrs.asdict())
    refuse_collections(ome, name)
    if "multiscales" in ome:
        return "", ome
    if "bioformats2raw.layout" in ome and "0" in root and isinstance(root["0"], zarr.Group):
        first = ome_attributes(root["0"].attrs.asdict())
        refuse_collections(first, name)
        return "0", first
    raise UnreadableSlide(
        f"{name}: a Zarr group without OME metadata (multiscales); give the folder of the image in it"
    )


def _check_pixels(array: Any, axes: tuple[str, ...], name: str) -> None:
    if array.ndim != len(axes):
        raise UnreadableSlide(
            f"{name}: {len(axes)} axes are named for an array of {array.ndim}; export the slide again"
        )
    sizes = dict(zip(axes, array.shape, strict=True))
    channels = sizes.get("c", 1)
    if array.dtype != np.uint8 or channels != 3:
        raise unsupported(name, str(array.dtype), channels, "OME-Zarr")
    if sizes.get("t", 1) != 1 or sizes.get("z", 1) != 1:
        planes = ", ".join(f"{axis.upper()} = {sizes[axis]}" for axis in "zt" if axis in sizes)
        raise unsupported(name, str(array.dtype), channels, f"OME-Zarr of several planes, {planes}")


def _grid(array: Any, axes: tuple[str, ...], name: str) -> BlockGrid:
    sides = [axes.index("y"), axes.index("x")]
    height, width = (int(array.shape[side]) for side in sides)
    chunk_px = (min(int(array.chunks[sides[0]]), height), min(int(array.chunks[sides[1]]), width))
    if min(height, width) < 1:
        raise UnreadableSlide(f"{name}: declares {width} x {height} px; export it again")
    if chunk_px[0] * chunk_px[1] > _MAX_CHUNK_PX:
        raise UnreadableSlide(
            f"{name}: chunks of {chunk_px[1]} x {chunk_px[0]} px are too large to decode at once; "
            "write it again with chunks of 256 to 2048 px"
        )
    return BlockGrid((height, width), chunk_px)


def _check_size(folder: Path, shape_px: tuple[int, int], name: str) -> None:
    """Refuse a size that the files of level 0 cannot hold; stops counting as soon as they can."""
    needed, found = shape_px[0] * shape_px[1] / _MAX_PX_PER_BYTE, 0
    for top, _, files in os.walk(folder):
        for file in files:
            found += os.path.getsize(os.path.join(top, file))
            if found >= needed:
                return
    raise UnreadableSlide(
        f"{name}: declares {shape_px[1]} x {shape_px[0]} px in {found} bytes, which cannot hold them; "
        "copy the whole folder again"
    )


class _ZarrSource:
    """Rectangles of the levels, to several threads at once."""

    def __init__(self, path: Path, image: str, levels: Multiscale) -> None:
        self._path, self._image = path, image
        self._axes, self._paths = levels.axes, levels.paths
        self._lock = Lock()
        self.arrays = self._opened()

    def keep_reductions(self) -> None:
        """Leave out the levels that are no whole-number reductions of the first, or of other pixels."""
        shapes = [tuple(array.shape[self._axes.index(side)] for side in "yx") for array in self.arrays]
        kept: dict[int, str] = {}
        for path, shape, array in zip(self._paths, shapes, self.arrays, strict=True):
            factor = level_factor((shape[0], shape[1]), (shapes[0][0], shapes[0][1]))
            if factor and array.dtype == np.uint8 and array.size == 3 * shape[0] * shape[1]:
                kept.setdefault(factor, path)
        by_path = dict(zip(self._paths, self.arrays, strict=True))
        self._paths = tuple(kept[factor] for factor in sorted(kept))
        self.arrays = [by_path[path] for path in self._paths]

    def rectangle(self, rect: Rect, level: int) -> NDArray[np.uint8]:
        """Return ``rect`` as (h, w, 4) uint8: colour on white, then 0 where not scanned."""
        arrays = self.arrays
        try:
            rgb = self._pixels(arrays[level], rect)
            return np.dstack([rgb, self._scanned(arrays[level], rect, rgb)])
        except MemoryError:
            raise
        except Exception as error:  # each codec has errors of its own
            with self._lock:
                if arrays is self.arrays:
                    self.arrays = self._reopened()
            raise UnreadRectangle(one_line(type(error).__name__)) from error

    def close(self) -> None:
        """Nothing is held open between two readings."""

    def _opened(self) -> list[Any]:
        zarr = library(shown_name(self._path))
        folder = self._path / self._image
        return [_filled(zarr.open_array(folder / path, mode="r"), _NOT_SCANNED) for path in self._paths]

    def _reopened(self) -> list[Any]:
        try:
            return self._opened()
        except Exception as error:
            raise UnreadableSlide(
                f"{shown_name(self._path)}: cannot be opened again ({type(error).__name__}); "
                "check the disk or network"
            ) from error

    def _pixels(self, array: Any, rect: Rect) -> NDArray[np.uint8]:
        """Read ``rect`` as (h, w, 3) uint8, whatever the order of the axes."""
        rows, cols = rect.slices()
        place = {"y": rows, "x": cols, "c": slice(None)}
        part = np.asarray(array[tuple(place.get(axis, 0) for axis in self._axes)])
        left = [axis for axis in self._axes if axis in place]
        return np.ascontiguousarray(part.transpose([left.index(axis) for axis in "yxc"]))

    def _scanned(self, array: Any, rect: Rect, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return 255 where every chunk is there, 0 elsewhere.

        Where a chunk is missing, a channel is the fill value throughout; only there the pixels are read with
        another fill value, which tells a missing chunk from a white one.
        """
        mask = np.full(rgb.shape[:2], 255, np.uint8)
        if not (rgb == _NOT_SCANNED).any():
            return mask
        grid = BlockGrid(
            (rect.row_stop, rect.col_stop),
            (array.chunks[self._axes.index("y")], array.chunks[self._axes.index("x")]),
        )
        for tile in grid.tiles_in(rect):
            here = tile.slices(rect)
            if (rgb[here] == _NOT_SCANNED).all(axis=(0, 1)).any():
                other = self._pixels(_filled(array, 0), tile)
                missing = (other != rgb[here]).any(axis=2)
                mask[here][missing] = 0
                rgb[here][missing] = _NOT_SCANNED
        return mask


def _filled(array: Any, value: int) -> Any:
    """Return the same array with another fill value."""
    about = {**array.metadata.to_dict(), "fill_value": value}
    return type(array).from_dict(array.store_path, about)
