"""The pictures of plugins/napari/README.md, made from sample_images: `xvfb-run -a -s "-screen 0 1600x1000x24"` runs it.

Set QT_SCALE_FACTOR=1.25 to see how the panels look at 125 %. Pictures of a viewer without a screen are black.
"""

import os
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
    viewer.close()


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
