"""What a child process of speed.py does with a slide; prints seconds as JSON.

python benchmarks/speed_tasks.py decode|openslide|stages SLIDE
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

THREADS = 2
SQUARE_PX = 1024


def decode(slide: Path) -> dict[str, float]:
    """Decode the raw tiles of level 0."""
    import simplejpeg
    import tifffile

    with tifffile.TiffFile(slide) as tiff:
        page = tiff.pages[0].aspage()
        places = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    file = os.open(slide, os.O_RDONLY)

    def work(part: list[tuple[int, int]]) -> None:
        for offset, size in part:
            simplejpeg.decode_jpeg(os.pread(file, size, offset), "RGB")

    return _in_threads(work, places)


def openslide(slide: Path) -> dict[str, float]:
    """Read every pixel of level 0 with OpenSlide."""
    from openslide import OpenSlide

    with OpenSlide(slide) as opened:
        width, height = opened.dimensions
    corners = [(x, y) for y in range(0, height, SQUARE_PX) for x in range(0, width, SQUARE_PX)]

    def work(part: list[tuple[int, int]]) -> None:
        with OpenSlide(slide) as own:
            for x, y in part:
                own.read_region((x, y), 0, (min(SQUARE_PX, width - x), min(SQUARE_PX, height - y)))

    return _in_threads(work, corners)


def _in_threads(
    work: Callable[[list[tuple[int, int]]], None], pieces: list[tuple[int, int]]
) -> dict[str, float]:
    """Split the pieces into as many runs as there are threads, one below the other, and time them."""
    size = -(-len(pieces) // THREADS)
    parts = [pieces[start : start + size] for start in range(0, len(pieces), size)]
    with ThreadPoolExecutor(THREADS) as pool:
        start_s, start_cpu_s = time.perf_counter(), time.process_time()
        list(pool.map(work, parts))
        return {"wall_s": time.perf_counter() - start_s, "cpu_s": time.process_time() - start_cpu_s}


def stages(slide: Path) -> dict[str, float]:
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


if __name__ == "__main__":
    task = {"decode": decode, "openslide": openslide, "stages": stages}[sys.argv[1]]
    print(json.dumps(task(Path(sys.argv[2]))))
