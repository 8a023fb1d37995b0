"""The pictures of plugins/napari/README.md, made from sample_images: `xvfb-run -a -s "-screen 0 1600x1000x24"` runs it.

Set QT_SCALE_FACTOR=1.25 to see how the panels look at 125 %. Pictures of a viewer without a screen are black.
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")
REPO = Path(__file__).resolve().parents[2]
WAIT_S = 120.0


def main(out: Path, result: Path | None, theme: str) -> None:
    """Write the pictures into ``out``; ``result`` is a result folder of sample_images, made here if there is none."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_CONFIG"] = str(Path(folder) / "settings.yaml")
        result = result or measured(Path(folder))
        from napari.settings import get_settings

        get_settings().appearance.theme = theme
        shots(out, result)


def measured(folder: Path) -> Path:
    """Measure one sample slide."""
    import mvd

    path = REPO / "sample_images" / "control_1.tif"
    mvd.save_result(mvd.analyze(path), folder / "result")
    return folder / "result"


def shots(out: Path, result: Path) -> None:
    """Take them one after the other, in one viewer."""
    from napari_mvd.launch import open_viewer
    from napari_mvd.seen import show_whole

    out.mkdir(parents=True, exist_ok=True)
    viewer = open_viewer(None)
    window = viewer.window._qt_window
    window.resize(1240, 780)
    take(viewer, out / "begin.jpg")
    viewer.open(str(REPO / "sample_images" / "control_1.tif"), plugin="napari-mvd")
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
    for layer in viewer.layers:
        layer.visible = "mvd_slide" in layer.metadata
    measure.parent().raise_()
    measure.live.setChecked(True)
    until(lambda: any(layer.metadata.get("mvd_preview") for layer in viewer.layers))
    take(viewer, out / "preview.jpg")
    measure.live.setChecked(False)
    for layer in viewer.layers:
        layer.visible = layer.name in (
            viewer.layers[0].name,
            "density",
            "Chalkley points",
            "hot spots",
            "tissue",
        )
    show_whole(viewer, viewer.layers[0])
    opened.parent().raise_()
    take(viewer, out / "density.jpg")
    by_hand(viewer, out, next((result / "slides").iterdir()))
    blinded(viewer, out, result)
    viewer.close()


def panel_of(viewer, name: str):
    """Show a panel in front of the others."""
    dock, panel = viewer.window.add_plugin_dock_widget("napari-mvd", name, tabify=True)
    settle()
    dock.raise_()
    return panel


def by_hand(viewer, out: Path, folder: Path) -> None:
    """Take correcting, in a copy of the result's folder, and training."""
    from napari_mvd.seen import go_to

    for layer in viewer.layers:
        layer.visible = "mvd_slide" in layer.metadata
    correct = panel_of(viewer, "Correct by hand")
    with tempfile.TemporaryDirectory() as copies:
        copy = Path(shutil.copytree(folder.parent.parent, Path(copies) / "result")) / "slides" / folder.name
        correct.choose_folder(copy)
        correct.reader.setText("AB")
        correct.begin()
        until(lambda: correct.state is not None)
        spot, counted = correct.hotspots.spots[0], correct.state.corrections.vessels.counted
        near = (counted["x_um"] - spot.x_um) ** 2 + (counted["y_um"] - spot.y_um) ** 2
        first, second, third = (counted.loc[row] for row in near.sort_values().index[:3])
        for vessel, does in ((first, "delete"), (second, "leave_out"), (third, "told_of_selected")):
            correct.state.choose(vessel.x_um, vessel.y_um, 8.0)
            getattr(correct.state, does)()
        go_to(viewer, spot.x_um, spot.y_um, 2.0)
        settle()
        take(viewer, out / "correct.jpg")
        train(viewer, out, correct.state.corrections)
        correct.end()


def train(viewer, out: Path, corrections) -> None:
    """Scribble along some walls and beside them, learn, and take what is found."""
    train = panel_of(viewer, "Train a classifier")
    for layer in viewer.layers:
        layer.visible = "mvd_slide" in layer.metadata
    rows = [row for row, counted in enumerate(corrections.vessels.table["counted"]) if counted][:12]
    walls = [corrections.vessels.outlines[row].outer[0] for row in rows]
    for kind, grown in (("background", 1.9), ("vessel", 1.0)):
        train.draw(kind)
        for wall in walls:
            middle = wall.mean(axis=0)
            train.scribbles.add((middle + (wall - middle) * grown)[:, ::-1], shape_type="path")
    train.learn()
    until(lambda: train.found is not None)
    take(viewer, out / "train.jpg")


def blinded(viewer, out: Path, result: Path) -> None:
    """Take the second reader, who gets a window of his own in truth: a result that was open would sway him."""
    from napari_mvd.result_view import put_by

    for layer in viewer.layers:
        put_by(layer)
    reading = panel_of(viewer, "Second reader (blinded)")
    with tempfile.TemporaryDirectory() as copies:
        copy = shutil.copytree(result, Path(copies) / "result")
        reading.result.setText(str(copy))
        reading.slides.setText(str(REPO / "sample_images"))
        reading.reader.setText("CD")
        reading.seed.setText("7")
        reading.begin()
        field = reading.session.fields[0]
        for across, down in ((-60, 20), (15, -70), (80, 45)):
            reading.view.marks.add([[field.y_um + down, field.x_um + across]])
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
    given = sys.argv[2:]
    main(
        Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images",
        Path(given[0]) if given else None,
        given[1] if len(given) > 1 else "dark",
    )
