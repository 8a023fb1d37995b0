"""A slide of any size for speed tests: one small phantom, mirrored again and again, written tile by tile as SVS.

Memory does not grow with the slide: only the small phantom and its encoded tiles are held.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from mvd.errors import SettingsError
from mvd.phantom.fields import grain
from mvd.phantom.render import Rgb
from mvd.phantom.spec import Difficulty, PhantomSpec
from mvd.phantom.truth import make_phantom
from mvd.phantom.write import STEP, TILE_PX, encoded, shrunk

BASE_PX = 2048
BORDER_PX = 512
BLANK = 241
LEVELS = 3


def tiled_slide(
    path: Path,
    side_px: int,
    mpp: float = 0.5,
    *,
    seed: int = 1,
    difficulty: Difficulty = "typical",
    quality: int = 80,
    grain_levels: float = 0.0,
) -> Path:
    """Write a square Aperio-like SVS of tissue with vessels and a rim of blank glass of 512 px.

    Parameters
    ----------
    path : Path
        Ends in ``.svs``; overwritten.
    side_px : int
        Side of level 0, at least 4096 px.
    mpp : float
        Pixel size, 0.1 to 1 um/px.
    seed, difficulty
        Of the phantom.
    quality : int
        JPEG quality, 1 to 100.
    grain_levels : float
        Standard deviation of grain laid over level 0, grey levels. Tissue on real slides has more fine texture than
        the phantom, and so more bits a pixel; what a slide costs to decode goes by its bits.

    Returns
    -------
    Path
        ``path``. Levels 1, 1/4 and 1/16; tiles of 256 px, JPEG, YCbCr 4:2:0.
    """
    if side_px < 2 * BASE_PX:
        raise SettingsError(f"side_px is {side_px}; a tiled slide needs {2 * BASE_PX} px or more")
    spec = PhantomSpec(
        seed,
        difficulty,
        height_um=BASE_PX * mpp,
        width_um=BASE_PX * mpp,
        mpp=mpp,
        hotspot_boost=1.5,
        outline=False,
    )
    level = _grained(make_phantom(spec).rgb, seed, grain_levels)
    with tifffile.TiffWriter(path, bigtiff=side_px > 30000) as tiff:
        for k in range(LEVELS):
            side = side_px // STEP**k
            tiff.write(
                _tiles(level, side, BORDER_PX // STEP**k, quality),
                shape=(side, side, 3),
                dtype=np.uint8,
                tile=(TILE_PX, TILE_PX),
                compression="jpeg",
                photometric="rgb",
                subsampling=(2, 2),
                subfiletype=0,
                description=_description(side_px, side, mpp, quality),
                metadata=None,
                software=False,
            )
            level = shrunk(level)
    return path


def _grained(rgb: Rgb, seed: int, levels: float) -> Rgb:
    if levels <= 0:
        return rgb
    laid_over = grain(np.random.default_rng(seed), rgb.shape[:2], 0.5)[..., None] * np.float32(levels)
    return np.asarray(np.clip(np.rint(rgb + laid_over), 0, 255), np.uint8)


def _description(side_px: int, level_px: int, mpp: float, quality: int) -> str:
    size = f"{side_px}x{side_px} ({TILE_PX}x{TILE_PX})"
    shrink = "" if level_px == side_px else f" -> {level_px}x{level_px}"
    facts = f"AppMag = {round(10 / mpp)}|MPP = {mpp:g}"
    return f"Aperio Image Library v0.0.0 synthetic\r\n{size}{shrink} JPEG/RGB Q={quality}|{facts}"


def _tiles(base: Rgb, side_px: int, border_px: int, quality: int) -> Iterator[bytes]:
    """Yield the tiles of a level, row by row; equal ones are encoded once."""
    source = _mirrored(base.shape[0], side_px, border_px)
    done: dict[tuple[bytes, bytes], bytes] = {}
    for row in range(0, source.size, TILE_PX):
        rows = source[row : row + TILE_PX]
        for col in range(0, source.size, TILE_PX):
            cols = source[col : col + TILE_PX]
            key = rows.tobytes(), cols.tobytes()
            if key not in done:
                done[key] = encoded(_cut(base, rows, cols), quality)
            yield done[key]


def _mirrored(base_px: int, side_px: int, border_px: int) -> NDArray[np.int64]:
    """Row (or column) of the phantom that each row of a level shows, up to whole tiles; -1 on blank glass."""
    place = np.arange(-(-side_px // TILE_PX) * TILE_PX) - border_px
    within = place % (2 * base_px)
    source = np.where(within < base_px, within, 2 * base_px - 1 - within)
    return np.where((place >= 0) & (place < side_px - 2 * border_px), source, -1)


def _cut(base: Rgb, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> Rgb:
    tile: Rgb = base[np.ix_(np.maximum(rows, 0), np.maximum(cols, 0))]
    tile[(rows < 0)[:, None] | (cols < 0)] = BLANK
    return tile
