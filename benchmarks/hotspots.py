"""Exact hot spots beside the two ways that others search: how many vessels they miss, and how long each takes.

    python benchmarks/hotspots.py [--quick] [--seeds N] [--write]

Clustered vessels (a Thomas process) in tissue of irregular outline. Every method chooses its own disjoint circles one
after the other; what is compared is the number of vessels that truly lie in the circles it chose. Only the first
circle is certain to be the best there is: a lesser first choice can leave more for the next, so "of 10" may fall
below 0.

exact    mvd: all centres in the plane
raster   the scheme of QuPath's findHotspots: counts on a raster of at most 1536 px on the long side, disc
         filter, greedy maxima, centres only where the whole circle is tissue (the region eroded by the radius)
rim      the same raster without the erosion, to tell the two losses apart
50 um    every centre on a grid of 50 um, counted exactly
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from page import machine, markdown_table, write_section
from scipy.signal import oaconvolve
from scipy.spatial import cKDTree

from mvd.geometry import circle_radius_um
from mvd.hotspots import find_hotspots
from mvd.settings import HotspotSettings
from mvd.tissue import Tissue

Points = NDArray[np.float64]

RASTER_PX = 1536
GRID_UM = 50.0
MPP = 8.0
SIDE_MM = {1_000: 6.0, 10_000: 12.0, 100_000: 25.0}
SETTINGS = HotspotSettings()
RADIUS_UM = round(circle_radius_um(SETTINGS.field_mm2), 3)


@dataclass(frozen=True)
class Chosen:
    """What one method found on one pattern: vessels truly in each of its circles, and its time."""

    vessels: list[int]
    seconds: float


def irregular_tissue(side_mm: float, rng: np.random.Generator) -> Tissue:
    """Return tissue with clefts and bays: smooth noise under a dome."""
    shape = (int(side_mm * 1000 * 0.7 / MPP), int(side_mm * 1000 / MPP))
    noise = rng.normal(size=shape).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 700 / MPP)
    rows, cols = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    mask = noise / noise.std() + 3 * (0.8 - rows**2 - cols**2) > 0
    return Tissue(mask, ~mask, MPP, (240.0, 240.0, 240.0), "background")


def thomas_process(n: int, tissue: Tissue, rng: np.random.Generator) -> Points:
    """Return n vessels in the tissue: parents anywhere in it, about 40 children each, sigma 250 um."""
    rows, cols = np.nonzero(tissue.mask)
    chosen = rng.integers(0, len(rows), max(n // 40, 5))
    parents = (np.stack([cols[chosen], rows[chosen]], axis=1) + 0.5) * MPP
    vessels = np.empty((0, 2))
    while len(vessels) < n:
        tried = np.round(parents[rng.integers(0, len(parents), n)] + rng.normal(0, 250, (n, 2)), 3)
        col, row = np.floor(tried / MPP).astype(int).T
        on_slide = (row >= 0) & (row < tissue.mask.shape[0]) & (col >= 0) & (col < tissue.mask.shape[1])
        on_tissue = on_slide.copy()
        on_tissue[on_slide] = tissue.mask[row[on_slide], col[on_slide]]
        vessels = np.concatenate([vessels, tried[on_tissue]])
    return vessels[:n]


def exact(vessels: Points, tissue: Tissue) -> Points:
    """Centres by mvd."""
    hotspots = find_hotspots(vessels, SETTINGS, tissue)
    return np.array([(spot.x_um, spot.y_um) for spot in hotspots])


def raster(vessels: Points, tissue: Tissue, *, eroded: bool = True) -> Points:
    """Centres by counting on a raster."""
    height_um, width_um = np.array(tissue.mask.shape) * tissue.mpp
    pixel_um = max(height_um, width_um) / RASTER_PX
    shape = int(np.ceil(height_um / pixel_um)), int(np.ceil(width_um / pixel_um))
    edges = [np.arange(size + 1) * pixel_um for size in shape]
    counts, _, _ = np.histogram2d(vessels[:, 1], vessels[:, 0], bins=edges)
    reach = int(RADIUS_UM / pixel_um)
    rows, cols = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = (np.hypot(rows, cols) * pixel_um <= RADIUS_UM).astype(float)
    density = np.rint(oaconvolve(counts, disc, mode="same"))
    if eroded:
        mask = cv2.resize(tissue.mask.astype(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST)
        framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        depth_px = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
        density[depth_px * pixel_um < RADIUS_UM] = 0
    y, x = ((np.arange(size) + 0.5) * pixel_um for size in shape)
    return greedy(density, x, y)


def grid(vessels: Points, tissue: Tissue) -> Points:
    """Centres on a grid of 50 um."""
    low, high = vessels.min(axis=0) - RADIUS_UM, vessels.max(axis=0) + RADIUS_UM
    x, y = (np.arange(low[axis], high[axis] + GRID_UM, GRID_UM) for axis in (0, 1))
    centres = np.stack(np.meshgrid(x, y), axis=-1)
    counts = cKDTree(vessels).query_ball_point(centres, RADIUS_UM, return_length=True)
    return greedy(counts.astype(float), x, y)


def greedy(density: Points, x_um: Points, y_um: Points) -> Points:
    """Take the best pixel, clear two radii round it, and so on. ``density`` is used up."""
    centres = []
    while len(centres) < SETTINGS.count and density.max() > 0:
        row, col = np.unravel_index(np.argmax(density), density.shape)
        centres.append((x_um[col], y_um[row]))
        density[np.hypot(y_um[:, None] - y_um[row], x_um[None, :] - x_um[col]) < 2 * RADIUS_UM] = 0
    return np.array(centres).reshape(-1, 2)


METHODS: dict[str, Callable[[Points, Tissue], Points]] = {
    "exact": exact,
    "raster": raster,
    "rim": lambda vessels, tissue: raster(vessels, tissue, eroded=False),
    "50 um": grid,
}


def choose(method: Callable[[Points, Tissue], Points], vessels: Points, tissue: Tissue) -> Chosen:
    """Run one method and count what is in its circles."""
    start = time.process_time()
    centres = method(vessels, tissue)
    seconds = time.process_time() - start
    held = [int(np.count_nonzero(np.hypot(*(vessels - centre).T) <= RADIUS_UM)) for centre in centres]
    return Chosen(held, seconds)


def undercount_percent(chosen: list[Chosen], exact_ones: list[Chosen], ranks: int) -> float:
    """Vessels missed in the first ``ranks`` circles, per cent of the exact ones, over all patterns."""
    held = sum(sum(one.vessels[:ranks]) for one in chosen)
    best = sum(sum(one.vessels[:ranks]) for one in exact_ones)
    return 100 * (1 - held / best)


def table_rows(n: int, seeds: int) -> list[tuple[str, ...]]:
    """Run all methods on ``seeds`` patterns of n vessels; a row of the table for each method."""
    found: dict[str, list[Chosen]] = {name: [] for name in METHODS}
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        tissue = irregular_tissue(SIDE_MM[n], rng)
        vessels = thomas_process(n, tissue, rng)
        for name, method in METHODS.items():
            found[name].append(choose(method, vessels, tissue))
    rows = []
    for name, chosen in found.items():
        first = np.mean([sum(one.vessels[:1]) for one in chosen])
        worst = max(
            100 * (1 - sum(a.vessels[:1]) / b.vessels[0]) for a, b in zip(chosen, found["exact"], strict=True)
        )
        missed = [undercount_percent(chosen, found["exact"], ranks) for ranks in (1, 3, SETTINGS.count)]
        ms = 1000 * np.median([one.seconds for one in chosen])
        figures = (f"{first:.1f}", *(f"{part:.2f}" for part in (missed[0], worst, *missed[1:])), f"{ms:.0f}")
        rows.append((f"{n:,}", name, *figures))
    return rows


def told(rows: list[tuple[str, ...]], seeds: int, first_call_s: float) -> str:
    """Return the section of RESULTS.md."""
    head = ["vessels", "method", "first holds", "missed, %", "worst, %", "of 3, %", "of 10, %", "ms"]
    return f"""## Hot spots

{machine()}

Field {SETTINGS.field_mm2} mm2, {SETTINGS.count} hot spots, {seeds} patterns of clustered vessels each. "Missed" are the
vessels of the exact circles that a method's own circles do not hold: of the first (all patterns, and the worst), the
first 3, and all 10, where a lesser first choice may leave more for the next. Processor time, the median; the first
call, in which kernels are compiled or read from the cache, took {first_call_s:.2f} s more.

{markdown_table(head, rows)}

- **exact**: mvd, all centres in the plane.
- **raster**: QuPath's scheme, written again here: at most {RASTER_PX} px, centres only where all of a circle is tissue.
- **rim**: the same raster, centres anywhere: what the raster alone costs.
- **50 um**: every centre on a grid of {GRID_UM:.0f} um, counted exactly.
"""


def main() -> None:
    """Print the table, or write it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one pattern each, no 100,000 vessels")
    parser.add_argument("--seeds", type=int, default=5, help="patterns of each size")
    parser.add_argument("--write", action="store_true", help="into RESULTS.md")
    args = parser.parse_args()
    seeds = 1 if args.quick else args.seeds
    warm_up = np.random.default_rng(0)
    start = time.process_time()
    exact(warm_up.random((100, 2)) * 3000, irregular_tissue(3.0, warm_up))
    first_call_s = time.process_time() - start
    rows = [row for n in ((1_000, 10_000) if args.quick else SIDE_MM) for row in table_rows(n, seeds)]
    text = told(rows, seeds, first_call_s)
    print(text)
    if args.write:
        write_section("hotspots", text)


if __name__ == "__main__":
    main()
