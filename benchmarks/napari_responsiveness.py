"""How quickly the napari plugin answers: a hot spot that is dragged, the live preview, the first view of a large slide.

    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/napari_responsiveness.py [--quick] [--write]

A real window on a virtual screen, drawn by the processor, moved by real mouse events of Qt. The vessels of a sample
slide are laid side by side until there are 100,000 of them, and then found, counted and corrected as those of any
slide. A step of the mouse is from its event to the end of everything that it made the window do, drawing too; *answer*
is the part without drawing, after which the count is known and stands in the layer.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from page import machine, markdown_table, write_section

os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")
SLIDE = Path(__file__).resolve().parents[1] / "sample_images" / "control_1.tif"
DRAG_MS, PREVIEW_MS, FIRST_VIEW_MS = 20, 150, 2000
"""What is aimed at."""
LARGE_PX = (80_000, 100_000)
STEPS, WARM = 120, 3
OVERVIEW_UM = 8.0
"""Pixel size of a large slide's tissue; a small one's is finer."""
LEFT_OUT = 0.3
"""This part of the vessels, by chance: else all tiles would be alike, and every hot spot there as often as they are."""
Times = tuple[float, float]
"""Of the clock and of the thread's own processor, ms."""


def main() -> None:
    """Measure, print, and write the section if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few vessels, a small slide")
    parser.add_argument("--write", action="store_true", help="into RESULTS.md")
    options = parser.parse_args()
    vessels, shape_px = (400, (3_000, 4_000)) if options.quick else (100_000, LARGE_PX)
    rows: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory(prefix="mvd_napari_") as name:
        os.environ["NAPARI_CONFIG"] = str(Path(name) / "settings.yaml")
        for measured in (
            lambda: first_view(Path(name), shape_px),
            preview,
            lambda: drag(Path(name), vessels),
        ):
            for row in measured():
                rows.append(row)
                print(*row, sep=" | ", flush=True)
    text = told(rows)
    print(text)
    if options.write:
        write_section("napari_responsiveness", text)


def told(rows: list[tuple[object, ...]]) -> str:
    """Return the section of RESULTS.md."""
    table = markdown_table(
        ["what", "times", "median, ms", "worst, ms", "own processor time, median, ms", "aimed at, ms"], rows
    )
    words = "A window of 1240 x 780 px on a virtual screen, drawn by the processor (no graphics card)."
    return f"## Responsiveness of the napari plugin\n\n{machine()} {words}\n\n{table}\n"


class Watch:
    """Reads the clock, and the processor time of this thread, since it was made; ms."""

    def __init__(self) -> None:
        self._clock, self._own = time.perf_counter(), time.thread_time()

    def read(self) -> Times:
        """Return both."""
        return 1000 * (time.perf_counter() - self._clock), 1000 * (time.thread_time() - self._own)


def row_of(what: str, times: Sequence[Times], aim_ms: int) -> tuple[object, ...]:
    """Return a row of the table."""
    clock, own = zip(*times, strict=True)
    middle, worst, work = statistics.median(clock), max(clock), statistics.median(own)
    return what, len(times), f"{middle:.1f}", f"{worst:.1f}", f"{work:.1f}", aim_ms


@contextmanager
def window() -> Iterator:
    """Show a viewer, and close it."""
    import napari

    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(1240, 780)
    settle()
    yield viewer
    viewer.close()


def settle(ready: Callable[[], bool] = lambda: False, seconds: float = 0.5) -> None:
    """Let Qt work for a while, or until something is so."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while not ready() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.002)


def first_view(folder: Path, shape_px: tuple[int, int]) -> Iterator[tuple[object, ...]]:
    """A slide with levels of a quarter each: from the call to what is drawn."""
    path = folder / "large.tif"
    write_large(path, shape_px)
    spent = []
    for _ in range(3):
        with window() as viewer:
            watch = Watch()
            viewer.open(str(path), plugin="napari-mvd")
            viewer.screenshot(flash=False)
            spent.append(watch.read())
    megapixels = f"{shape_px[1] // 1000}k x {shape_px[0] // 1000}k px"
    yield row_of(f"first view of a slide of {megapixels}", spent, FIRST_VIEW_MS)


def write_large(path: Path, shape_px: tuple[int, int]) -> None:
    """Write a pyramid; most tiles of the finest level were never scanned, so that the file stays small."""
    import tifffile

    rng = np.random.default_rng(1)
    tile = np.full((256, 256, 3), (220, 200, 230), np.uint8) - rng.integers(0, 40, (256, 256, 3), np.uint8)
    factors = [4**level for level in range(4)]
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        for number, factor in enumerate(factors):
            height, width = (-(-side // factor) for side in shape_px)
            rows, columns = -(-height // 256), -(-width // 256)
            every = 1 if factor > 4 else 16
            tiff.write(
                (tile if (r + c) % every == 0 else None for r in range(rows) for c in range(columns)),
                shape=(height, width, 3),
                dtype=np.uint8,
                tile=(256, 256),
                photometric="rgb",
                compression="zlib",
                subfiletype=1 if number else 0,
                resolution=(40000 / factor, 40000 / factor),
                resolutionunit="CENTIMETER",
            )


def preview() -> Iterator[tuple[object, ...]]:
    """The live preview of 1024 x 1024 px of the slide, when a setting changes."""
    import mvd

    slide = mvd.open_slide(SLIDE)
    settings = mvd.Settings()
    looks = mvd.Preview(slide, settings)
    box = (300.0, 300.0, 300.0 + 1024 * 0.5, 300.0 + 1024 * 0.5)
    spent = []
    for step in range(22):
        changed = mvd.Settings.from_mapping({"vessel": {"low_spreads": 2 + step / 50}}, "benchmark")
        watch = Watch()
        looked = looks.look(box, changed)
        spent.append(watch.read())
    slide.close()
    shape = " x ".join(map(str, looked.labels.shape))
    yield row_of(f"live preview, {shape} px, {looked.candidates} candidates", spent[2:], PREVIEW_MS)


def drag(folder: Path, vessels: int) -> Iterator[tuple[object, ...]]:
    """Drag a hot spot with the mouse, and let it go."""
    from napari_mvd.correct_panel import CorrectPanel
    from napari_mvd.seen import camera_of

    corrections = many(folder, vessels)
    with window() as viewer:
        panel = CorrectPanel(viewer)
        viewer.window.add_dock_widget(panel)
        panel.show_slide(corrections)
        settle(lambda: not panel.hotspots.searching, 600)
        spot = panel.hotspots.spots[0]
        camera_of(viewer).center, camera_of(viewer).zoom = (0, spot.y_um, spot.x_um), 0.3
        viewer.layers.selection.active = panel.hotspots.layer
        settle()
        counted = len(corrections.counted_um)
        answers, steps = zip(*moves(viewer, panel.hotspots, spot), strict=True)
        yield row_of(f"step of a dragged hot spot, {counted:,} vessels: answer", answers, DRAG_MS)
        yield row_of("the same, with the window drawn", steps, DRAG_MS)


def moves(viewer, hotspots, spot) -> Iterator[tuple[Times, Times]]:
    """Press, move in small steps, let go: the times of each step, without drawing and with it."""
    from qtpy.QtCore import QEvent, QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    picture = viewer.window._qt_viewer.canvas.native
    middle = QPointF(picture.width() / 2, picture.height() / 2)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    plain = Qt.KeyboardModifier.NoModifier

    def send(kind, point, button, buttons) -> None:
        everywhere = QPointF(picture.mapToGlobal(point.toPoint()))
        QApplication.sendEvent(picture, QMouseEvent(kind, point, everywhere, button, buttons, plain))

    send(QEvent.Type.MouseMove, middle, none, none)
    send(QEvent.Type.MouseButtonPress, middle, left, left)
    settle()
    for step in range(STEPS + WARM):
        watch = Watch()
        send(QEvent.Type.MouseMove, middle + QPointF(1.0 * step, 40 * np.sin(step / 9)), none, left)
        answered = watch.read()
        QApplication.processEvents()
        if step >= WARM:
            yield answered, watch.read()
        check_count(hotspots, spot)
    send(QEvent.Type.MouseButtonRelease, middle, left, none)
    settle()


def check_count(hotspots, spot) -> None:
    """The number beside the circle is that of the vessels in it, counted one by one."""
    y_um, x_um = np.asarray(hotspots.moving.translate)[-2:]
    away = np.hypot(*(hotspots.state.corrections.counted_um - np.round([x_um, y_um], 3)).T)
    label = hotspots.moving.features["label"].iloc[0]
    if label != f"{np.count_nonzero(away <= spot.radius_um)} vessels":
        raise SystemExit(f"{label}: not what the circle holds")


def many(folder: Path, vessels: int):
    """A slide's result whose components are laid side by side until so many are counted, open for correction."""
    import mvd
    from mvd.corrections.session import Corrections
    from mvd.recount import open_stored

    settings = mvd.Settings.from_mapping({"hotspot": {"nulls": 0, "ladder": False}}, "benchmark")
    result = mvd.analyze(SLIDE, settings)
    mvd.save_result(result, folder / "result")
    (place,) = (folder / "result" / "slides").iterdir()
    stored = open_stored(place)
    side = int(np.ceil(np.sqrt(vessels / result.summary["vessels"] / (1 - LEFT_OUT))))
    return Corrections(replace(stored, found=tiled(stored.found, side)), place, "AB", 2)


def tiled(found, side: int):
    """What was found on a slide, ``side`` times across and down."""
    rng = np.random.default_rng(5)
    rows, cols = (-(-edge // 16) * 16 for edge in analysed_px(found))
    places = [(row * rows, col * cols) for row in range(side) for col in range(side)]
    parts, count = found.components, len(places)
    runs = np.concatenate([parts.runs + np.array([row, col, col, 0], np.int32) for row, col in places])
    boxes = np.concatenate([parts.boxes + np.array([row, col, row, col], np.int32) for row, col in places])
    each = np.tile(np.diff(parts.first), count)
    sums = {
        name: np.tile(getattr(parts, name), count)
        for name in ("area_px", "od_sum", "hematoxylin_sum", "residual_sum", "od_max")
    }
    first = np.concatenate([[0], np.cumsum(each)])
    tissue, every = found.tissue, round(OVERVIEW_UM / found.tissue.mpp)
    shape = tuple(round(edge * found.analysis_mpp / OVERVIEW_UM) for edge in (rows, cols))
    coarse = {name: fitted(getattr(tissue, name)[::every, ::every], shape) for name in ("mask", "bare")}
    masks = {name: np.tile(mask, (side, side)) for name, mask in coarse.items()}
    components = replace(parts, runs=runs, boxes=boxes, first=first, **sums)
    return replace(
        found,
        components=components.select(rng.random(len(boxes)) > LEFT_OUT),
        tissue=replace(tissue, mpp=tissue.mpp * every, **masks),
        info=replace(found.info, shape_px=tuple(edge * side for edge in found.info.shape_px)),
        damage=replace(found.damage, unseen=np.zeros_like(masks["mask"])),
    )


def analysed_px(found) -> tuple[int, int]:
    """Rows and columns of the analysis level."""
    from mvd.corrections.slide import analysis_shape_px

    return analysis_shape_px(found)


def fitted(mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A mask cut, or padded, to a shape."""
    padded = np.zeros(shape, mask.dtype)
    rows, cols = (min(a, b) for a, b in zip(mask.shape, shape, strict=True))
    padded[:rows, :cols] = mask[:rows, :cols]
    return padded


if __name__ == "__main__":
    main()
