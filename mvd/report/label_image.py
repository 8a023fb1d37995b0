"""The vessels as a label image: a tiled OME-TIFF in which each pixel holds the id of the vessel whose wall it is.

Pixels are those of the analysis; the first one is the slide's top left. A pixel belongs to an outline if its centre
lies inside it, so that the image and vessels.geojson say the same. 0 is no vessel; ``vessel_id`` in vessels.csv tells
which are counted. Written tile by tile: a slide's labels may be larger than the memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numba import njit
from numpy.typing import NDArray

from mvd.geometry import Rect
from mvd.report.atomic import write_atomically
from mvd.result import SlideResult

TILE_PX = 512
_SMALLEST_PX = 1024  # no coarser level below this
_ID = "urn:uuid:8a1f2b60-94c5-5b0f-a1de-0b8c34cd34aa"  # always the same: the same result gives the same bytes
_PIECE = 1 << 22

Labels = NDArray[np.uint32]
Points = NDArray[np.float64]
Shape = tuple[int, int]


class LabelImage:
    """The outlines of a slide, ready to be drawn tile by tile at any power of two."""

    def __init__(self, result: SlideResult, rows: Iterable[int] | None = None) -> None:
        """Take the vessels of a result, or only those of some rows of their table."""
        self.mpp = float(result.analysis_mpp)
        level0_mpp = float(result.summary["mpp"])  # type: ignore[arg-type]
        height, width = (max(round(side * level0_mpp / self.mpp), 1) for side in result.info.shape_px)
        self.shape: Shape = (height, width)
        ids = result.vessels.table["vessel_id"].to_numpy(np.int64)
        outlines = result.vessels.outlines
        chosen = range(len(outlines)) if rows is None else [int(row) for row in rows]
        rings = [[ring for polygon in outlines[row].wall for ring in polygon] for row in chosen]
        kept = [at for at, own in enumerate(rings) if own]
        self._ids = [int(ids[chosen[at]]) for at in kept]
        self._rings = [[np.asarray(ring, np.float64) / self.mpp for ring in rings[at]] for at in kept]
        lows = [np.min([ring.min(axis=0) for ring in own], axis=0) for own in self._rings]
        highs = [np.max([ring.max(axis=0) for ring in own], axis=0) for own in self._rings]
        self._boxes = np.hstack([np.reshape(lows, (-1, 2)), np.reshape(highs, (-1, 2))])

    def levels(self) -> list[Shape]:
        """Return the shape of each level; each takes every second pixel of the one before."""
        shapes = [self.shape]
        while max(shapes[-1]) > _SMALLEST_PX:
            height, width = shapes[-1]
            shapes.append(((height + 1) // 2, (width + 1) // 2))
        return shapes

    def tiles(self, level: int) -> Iterator[Labels]:
        """Yield the tiles of a level row by row, (512, 512) uint32."""
        height, width = self.levels()[level]
        for top in range(0, height, TILE_PX):
            for left in range(0, width, TILE_PX):
                yield self.read(Rect(top, left, TILE_PX, TILE_PX), level)

    def read(self, rect: Rect, level: int = 0) -> Labels:
        """Draw a rectangle of pixels of a level, (h, w) uint32; only the vessels in it are looked at."""
        step, top, left = 1 << level, rect.row, rect.col
        tile = np.zeros((rect.height, rect.width), np.uint32)
        low = np.array([left, top]) * step
        high = np.array([rect.col_stop, rect.row_stop]) * step
        near = (self._boxes[:, :2] < high).all(axis=1) & (self._boxes[:, 2:] > low).all(axis=1)
        for row in np.flatnonzero(near).tolist():
            # A pixel of a coarse level is one pixel of the finest: its centre is that one's.
            rings = [(ring - 0.5) / step + 0.5 - [left, top] for ring in self._rings[row]]
            fill_rings(tile, rings, self._ids[row])
        return tile


def fill_rings(tile: Labels, rings: Sequence[Points], label: int) -> None:
    """Write a label where a pixel's centre lies inside an odd number of rings, (n, 2) as (x, y), px of the tile."""
    if rings:
        _fill(tile, *_edges(rings), label)


def write_label_image(result: SlideResult, path: Path) -> str:
    """Write the vessels as a tiled OME-TIFF with coarser levels; see the module.

    Parameters
    ----------
    result : SlideResult
    path : Path
        Written whole or not at all.

    Returns
    -------
    str
        SHA-256 of the file, hex.
    """
    image = LabelImage(result)
    raw = path.with_name(f".{path.name}.raw.part")
    try:
        _write_tiff(image, raw)
        with raw.open("rb") as stream:
            return write_atomically(path, iter(lambda: stream.read(_PIECE), b""))
    finally:
        raw.unlink(missing_ok=True)


def _write_tiff(image: LabelImage, path: Path) -> None:
    levels = image.levels()
    about = {
        "axes": "YX",
        "UUID": _ID,
        "Creator": "mvd",
        "PhysicalSizeX": image.mpp,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": image.mpp,
        "PhysicalSizeYUnit": "µm",
        "Channel": {"Name": ["vessel_id"]},
    }
    how: dict[str, Any] = {
        "dtype": "uint32",
        "tile": (TILE_PX, TILE_PX),
        "compression": "zlib",
        "software": None,
    }
    with tifffile.TiffWriter(path, bigtiff=True, ome=True) as tiff:
        for level, shape in enumerate(levels):
            first: dict[str, Any] = (
                {"subifds": len(levels) - 1, "metadata": about} if level == 0 else {"subfiletype": 1}
            )
            tiff.write(image.tiles(level), shape=shape, photometric="minisblack", **how, **first)


def _edges(rings: Sequence[Points]) -> tuple[Points, Points]:
    """Return where the edges of all rings begin and end, each (n, 2) as (x, y)."""
    starts = np.concatenate(rings)
    ends = np.concatenate([np.roll(ring, -1, axis=0) for ring in rings])
    return starts, ends


@njit(cache=True, nogil=True)
def _fill(tile: Labels, starts: Points, ends: Points, label: int) -> None:
    """Write a label where a pixel's centre lies inside an odd number of rings."""
    height, width = tile.shape
    low = max(int(np.floor(starts[:, 1].min())), 0)
    high = min(int(np.ceil(starts[:, 1].max())) + 1, height)
    crossings = np.empty(len(starts), np.float64)
    for row in range(low, high):
        y, count = row + 0.5, 0
        for edge in range(len(starts)):
            y0, y1 = starts[edge, 1], ends[edge, 1]
            if (y0 <= y) != (y1 <= y):
                along = (y - y0) / (y1 - y0)
                crossings[count] = starts[edge, 0] + along * (ends[edge, 0] - starts[edge, 0])
                count += 1
        found = np.sort(crossings[:count])
        for pair in range(0, count - 1, 2):
            left = max(int(np.ceil(found[pair] - 0.5)), 0)
            right = min(int(np.ceil(found[pair + 1] - 0.5)), width)
            for column in range(left, right):
                tile[row, column] = label
