"""The pictures of plugins/napari/README.md, made from sample_images: `xvfb-run -a -s "-screen 0 1600x1000x24"` runs it.

Set QT_SCALE_FACTOR=1.25 to see how the panels look at 125 %. Pictures of a viewer without a screen are black.
"""

import argparse
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")
SLIDE = Path(__file__).resolve().parents[2] / "sample_images" / "control_1.tif"
WAIT_S = 300.0
SIZE = (1320, 820)


def main() -> None:
    """Write the pictures; a result folder of sample_images can be given, else one is made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", default=Path(__file__).parent / "images")
    parser.add_argument("--result", type=Path, help="result folder of sample_images/control_1.tif")
    parser.add_argument("--theme", default="dark", help="dark or light")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_CONFIG"] = str(Path(folder) / "settings.yaml")
        result = Path(shutil.copytree(given.result or measured(Path(folder)), Path(folder) / "copy"))
        from napari.settings import get_settings

        get_settings().appearance.theme = given.theme
        for shots in (looking, correcting, training, blinded):
            shots(given.out, result)


def measured(folder: Path) -> Path:
    """Measure one sample slide."""
    import mvd

    mvd.save_result(mvd.analyze(SLIDE), folder / "result")
    return folder / "result"


@contextmanager
def window(*, with_slide: bool = True):
    """Show a window of its own: what was open for one picture must not stand in the lists of the next."""
    from napari_mvd.launch import open_viewer

    viewer = open_viewer(SLIDE if with_slide else None)
    viewer.window._qt_window.resize(*SIZE)
    settle()
    yield viewer
    viewer.close()


def looking(out: Path, result: Path) -> None:
    """Take the panels that `mvd open` begins with."""
    from napari_mvd.layers import DENSITY_NAME
    from napari_mvd.seen import show_whole

    with window(with_slide=False) as viewer:
        take(viewer, out / "begin.jpg")
        viewer.open(str(SLIDE), plugin="napari-mvd")
        docks = {name.partition(" (")[0]: widget for name, widget in viewer.window.dock_widgets.items()}
        opened, measure, table = (docks[name] for name in ("Slides and results", "Measure", "Vessel table"))
        show_whole(viewer, viewer.layers[0])
        opened.open_result(result)
        until(lambda: "vessels" in viewer.layers)
        take(viewer, out / "result.jpg")
        table.parent().raise_()
        ids = table._table.loc[table._table["counted"], "vessel_id"]
        table.select(int(ids.iloc[len(ids) // 2]))
        take(viewer, out / "table.jpg")
        show_only(viewer)
        measure.parent().raise_()
        measure.live.setChecked(True)
        until(lambda: any(layer.metadata.get("mvd_preview") for layer in viewer.layers))
        take(viewer, out / "preview.jpg")
        measure.live.setChecked(False)
        show_only(viewer, DENSITY_NAME, "Chalkley points", "hot spots", "tissue")
        show_whole(viewer, viewer.layers[0])
        opened.parent().raise_()
        take(viewer, out / "density.jpg")


def show_only(viewer, *names: str) -> None:
    """Show the slide, and some layers by name."""
    for layer in viewer.layers:
        layer.visible = "mvd_slide" in layer.metadata or layer.name in names


def panel_of(viewer, name: str):
    """Show a panel in front of the others."""
    dock, panel = viewer.window.add_plugin_dock_widget("napari-mvd", name, tabify=True)
    settle()
    dock.raise_()
    return panel


def correcting(out: Path, result: Path) -> None:
    """Take correcting: three vessels near the best hot spot, one deleted, one left out, one selected."""
    from napari_mvd.seen import go_to

    with window() as viewer:
        correct = panel_of(viewer, "Correct by hand")
        correct.choose_folder(next((result / "slides").iterdir()))
        correct.reader.setText("AB")
        correct.begin()
        until(lambda: correct.state is not None)
        state, spot = correct.state, correct.hotspots.spots[0]
        first, second, third = nearest(state.corrections, spot.x_um, spot.y_um)[:3]
        table = state.corrections.vessels.table
        for row, does in ((first, state.delete), (second, state.leave_out), (third, lambda: None)):
            state.choose(table["x_um"].iloc[row], table["y_um"].iloc[row], 8.0)
            does()
        go_to(viewer, spot.x_um, spot.y_um, 2.0)
        settle()
        take(viewer, out / "correct.jpg")
        correct.end()


def nearest(corrections, x_um: float, y_um: float) -> list[int]:
    """Rows of the counted vessels, the nearest to a place first."""
    counted = corrections.vessels.counted
    away = (counted["x_um"] - x_um) ** 2 + (counted["y_um"] - y_um) ** 2
    return [int(row) for row in away.sort_values().index]


def training(out: Path, result: Path) -> None:
    """Scribble along some walls and beside them, learn, and take what is found."""
    from napari_mvd.seen import go_to

    import mvd

    corrections = mvd.Corrections.open(next((result / "slides").iterdir()), "AB")
    spot = corrections.hotspots()[0]
    small = corrections.vessels.table["filled_area_um2"] < 300
    rows = [row for row in nearest(corrections, spot.x_um, spot.y_um) if small.iloc[row]][:9]
    walls = [corrections.vessels.outlines[row].outer[0] for row in rows]
    with window() as viewer:
        train = panel_of(viewer, "Train a classifier")
        for kind, grown in (("background", 1.9), ("vessel", 1.0)):
            train.draw(kind)
            for wall in walls:
                middle = wall.mean(axis=0)
                train.scribbles.add((middle + (wall - middle) * grown)[:, ::-1], shape_type="path")
        go_to(viewer, spot.x_um, spot.y_um, 2.5)
        settle()
        train.learn()
        until(lambda: train.found is not None)
        take(viewer, out / "train.jpg")


def blinded(out: Path, result: Path) -> None:
    """Take the second reader."""
    with window(with_slide=False) as viewer:
        reading = panel_of(viewer, "Second reader (blinded)")
        reading.result.setText(str(result))
        reading.slides.setText(str(SLIDE.parent))
        reading.reader.setText("CD")
        reading.seed.setText("7")
        reading.begin()
        field = reading.session.fields[0]
        for across, down in ((-60, 20), (15, -70), (80, 45)):
            reading.view.marks.add([[field.y_um + down, field.x_um + across]])
        reading.view.marks.selected_data = set()
        for line, shown in ((reading.result, "results"), (reading.slides, "slides")):
            line.setText(shown)
        take(viewer, out / "second_reader.jpg")


def take(viewer, path: Path) -> None:
    """Save what is on the screen, the panels too."""
    import cv2
    import numpy as np

    settle()
    picture = viewer.screenshot(canvas_only=False, flash=False)
    bgr = np.ascontiguousarray(picture[..., 2::-1])
    cv2.imwrite(str(path), bgr, [cv2.IMWRITE_JPEG_QUALITY, 75])


def until(ready) -> None:
    """Let the window work until something is there."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + WAIT_S
    while not ready() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.02)
    settle()


def settle() -> None:
    """Let the window draw what it has to draw."""
    from qtpy.QtWidgets import QApplication

    for _ in range(25):
        QApplication.processEvents()
        time.sleep(0.02)


if __name__ == "__main__":
    main()
