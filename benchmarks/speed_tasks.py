"""What a child process of speed.py does with a slide; prints what it found as JSON.

python benchmarks/speed_tasks.py TASK SLIDE
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

THREADS = 2
SQUARE_PX = 1024
ANALYSIS_MPP = 0.5

Found = dict[str, float]


def decode(slide: Path) -> Found:
    """Decode the raw tiles of level 0."""
    import simplejpeg
    import tifffile

    with tifffile.TiffFile(slide) as tiff:
        page = tiff.pages[0].aspage()
        places = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    file = os.open(slide, os.O_RDONLY)

    def work(part: Sequence[tuple[int, int]]) -> None:
        for offset, size in part:
            simplejpeg.decode_jpeg(os.pread(file, size, offset), "RGB")

    return _in_threads(work, places)


def openslide(slide: Path) -> Found:
    """Read every pixel of level 0 with OpenSlide."""
    from openslide import OpenSlide

    return _by_regions(OpenSlide, slide)


def tiffslide(slide: Path) -> Found:
    """Read every pixel of level 0 with tiffslide."""
    from tiffslide import TiffSlide

    return _by_regions(TiffSlide, slide)


def _by_regions(reader: Any, slide: Path) -> Found:
    """Read by ``read_region``, with a handle for each thread."""
    with reader(slide) as opened:
        width, height = opened.dimensions

    def work(part: Sequence[tuple[int, int]]) -> None:
        with reader(slide) as own:
            for y, x in part:
                own.read_region((x, y), 0, (min(SQUARE_PX, width - x), min(SQUARE_PX, height - y)))

    return _in_threads(work, _corners(height, width))


def asarray(slide: Path) -> Found:
    """Read level 0 whole with tifffile and its own threads."""
    import tifffile

    with tifffile.TiffFile(slide) as tiff:
        return _timed(lambda: tiff.pages[0].asarray(maxworkers=THREADS))


def zarr(slide: Path) -> Found:
    """Read every pixel of level 0 through tifffile's zarr store."""
    import tifffile
    import zarr as library

    with tifffile.TiffFile(slide) as tiff, tiff.series[0].aszarr(level=0) as store:
        pixels = library.open(store, mode="r")

        def work(part: Sequence[tuple[int, int]]) -> None:
            for y, x in part:
                pixels[y : y + SQUARE_PX, x : x + SQUARE_PX]

        return _in_threads(work, _corners(*pixels.shape[:2]))


def reader(slide: Path) -> Found:
    """Read every pixel of level 0 with mvd."""
    from mvd.slide import open_slide

    return _by_level(open_slide(slide), None)


def reduced(slide: Path) -> Found:
    """Read the slide at the pixel size of the analysis with mvd, as ``mvd run`` does."""
    from mvd.slide import open_slide

    return _by_level(open_slide(slide), ANALYSIS_MPP)


def averaged(slide: Path) -> Found:
    """The same by decoding every pixel and averaging blocks."""
    from mvd.slide import open_slide

    return _by_level(FullSize(open_slide(slide)), ANALYSIS_MPP)


class FullSize:
    """A slide that only reads at full size: what is smaller has to be averaged from that."""

    def __init__(self, slide: Any) -> None:
        self.info, self.tile_px, self.close = slide.info, slide.tile_px, slide.close
        self.read, self.scanned, self.damage = slide.read, slide.scanned, slide.damage


def _by_level(slide: Any, mpp: float | None) -> Found:
    from mvd.geometry import Rect
    from mvd.slide import at_mpp
    from mvd.slide.blockmean import block_mean

    level = at_mpp(slide, mpp or slide.info.mpp)
    block_mean(level.read(Rect(0, 0, 2, 2)), 2)  # loads the kernel, if it is needed

    def work(part: Sequence[tuple[int, int]]) -> None:
        for y, x in part:
            level.read(Rect(y, x, SQUARE_PX, SQUARE_PX).clipped(level.shape_px))

    return _in_threads(work, _corners(*level.shape_px))


def _corners(height: int, width: int) -> list[tuple[int, int]]:
    return [(y, x) for y in range(0, height, SQUARE_PX) for x in range(0, width, SQUARE_PX)]


def _in_threads(
    work: Callable[[Sequence[tuple[int, int]]], None], pieces: Sequence[tuple[int, int]]
) -> Found:
    """Split the pieces into as many runs as there are threads, one below the other, and time them."""
    size = -(-len(pieces) // THREADS)
    parts = [pieces[start : start + size] for start in range(0, len(pieces), size)]
    with ThreadPoolExecutor(THREADS) as pool:
        return _timed(lambda: list(pool.map(work, parts)))


def _timed(work: Callable[[], object]) -> Found:
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    work()
    return {"wall_s": time.perf_counter() - start_s, "cpu_s": time.process_time() - start_cpu_s}


def counts(slide: Path) -> Found:
    """Count the vessels on tiles that the decoder reduces, and on the exact mean of all pixels."""
    import mvd
    from mvd.slide import open_slide

    found = {}
    for name, dress in (("reduced", lambda own: own), ("averaged", FullSize)):
        opened = dress(open_slide(slide))
        summary = mvd.analyze(opened, mvd.Settings(), workers=THREADS).summary
        opened.close()
        found[name] = float(summary["vessels"] or 0)
        found[f"{name} area"] = float(summary["vessel_area_fraction"] or 0)
    return found


def bits(slide: Path) -> Found:
    """Say how richly level 0 is coded."""
    import tifffile

    with tifffile.TiffFile(slide) as tiff:
        page = tiff.pages[0].aspage()
        return {"bits_per_px": 8 * sum(page.databytecounts) / (page.imagelength * page.imagewidth)}


def stages(slide: Path) -> Found:
    """Measure the slide in this process and note when each stage ends."""
    start_s = time.perf_counter()
    import mvd
    from mvd.report import write_slide

    analyze = mvd.analyze
    ends = [("import", time.perf_counter())]

    def note(stage: str, done: int, total: int) -> None:
        if done == 0 and stage == "overview":
            ends.append(("open", time.perf_counter()))
        if done == total:
            ends.append((stage, time.perf_counter()))

    result = analyze(slide, mvd.Settings(), workers=THREADS, progress=note)
    ends.append(("pictures", time.perf_counter()))
    with tempfile.TemporaryDirectory() as folder:
        write_slide(result, Path(folder) / "slide", "slide", slide.name)
        ends.append(("report", time.perf_counter()))
    seconds = {"vessels counted": float(result.summary["vessels"] or 0)}
    for name, end_s in ends:
        seconds[name] = end_s - start_s
        start_s = end_s
    return seconds


TASKS: dict[str, Callable[[Path], Found]] = {
    task.__name__: task
    for task in (decode, openslide, tiffslide, asarray, zarr, reader, reduced, averaged, counts, bits, stages)
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](Path(sys.argv[2]))))
