"""A second reader in a real viewer: sees slides alone, clicks with a real mouse, and gets files for `mvd agree`."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from hand import Hand, settle, wait
from napari_mvd.second_reader_panel import SecondReaderPanel
from napari_mvd.seen import camera_of, results_in
from qtpy.QtCore import Qt


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_reader_counts_blinded_and_mvd_agree_takes_it(viewer, slide_path, slide_folder, tmp_path):
    result = shutil.copytree(slide_folder.parent.parent, tmp_path / "result")
    panel = SecondReaderPanel(viewer)
    viewer.window.add_dock_widget(panel)
    panel.result.setText(str(result))
    panel.slides.setText(str(slide_path.parent))
    panel.reader.setText("CD")
    panel.seed.setText("7")

    viewer.open(str(result / "slides" / slide_folder.name), plugin="napari-mvd")
    wait(lambda: results_in(viewer))
    panel.begin()
    assert panel.session is None
    assert "close its layers first" in panel.said.text()
    viewer.layers.clear()

    panel.begin()
    assert [layer.name for layer in viewer.layers] == ["slide", "count inside", "vessels: click here"]
    assert not any("control" in layer.name for layer in viewer.layers)
    settle()
    fields, hand = panel.session.fields, Hand(viewer)
    first = fields[0]
    assert (
        0.8 * min(viewer.canvas.size)
        < 2 * first.radius_um * camera_of(viewer).zoom
        <= min(viewer.canvas.size)
    )
    for dx in (0, 30, -50):
        hand.click(first.x_um + dx, first.y_um)
    hand.click(first.x_um + 1.04 * first.radius_um, first.y_um)
    assert "<b>3</b> vessels" in panel.counted.text()
    assert "1 outside do not count" in panel.counted.text()
    np.testing.assert_allclose(panel.session.points(0)[1], (first.x_um + 30, first.y_um), atol=3)

    hand.press(Qt.Key.Key_F)
    assert panel.view.number == 1
    while panel.session.next is not None:
        panel.finish()
    assert "mvd_as_CD.csv" in panel.said.text()
    folder = result / "second_reader"
    read = {row["field"]: int(row["vessels"]) for row in rows_of(folder / "CD.csv")}
    assert read == {field.field: 3 if field is first else 0 for field in fields}
    assert len(rows_of(folder / "CD_points.csv")) == 3
    command = [Path(sys.executable).with_name("mvd"), "agree", folder / "CD.csv", folder / "mvd_as_CD.csv"]
    answer = subprocess.run(
        [*command, "--measure", "vessels_per_mm2"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
