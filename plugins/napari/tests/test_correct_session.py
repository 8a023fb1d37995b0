"""A person measures and corrects a slide in a real viewer, with a real mouse; then the viewer is closed, or killed."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hand import Hand, look_at, settle, wait
from napari_mvd.correct_panel import CorrectPanel
from napari_mvd.measure_panel import MeasurePanel
from napari_mvd.seen import results_in
from qtpy.QtCore import Qt

import mvd


@pytest.fixture
def folder(slide_folder, tmp_path):
    result = shutil.copytree(slide_folder.parent.parent, tmp_path / "result")
    return result / "slides" / slide_folder.name


def begin(viewer, folder, reader="AB"):
    panel = CorrectPanel(viewer)
    viewer.window.add_dock_widget(panel)
    panel.choose_folder(folder)
    panel.reader.setText(reader)
    panel.begin()
    wait(panel.begin_button.isEnabled)
    return panel


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def circle(x_um, y_um, radius_um):
    turns = np.linspace(0, 2 * np.pi, 25)
    return list(zip(x_um + radius_um * np.cos(turns), y_um + radius_um * np.sin(turns), strict=True))


def correct(viewer, panel):
    """One of each with mouse and keys; the place of an empty spot to add at is beside the largest vessel."""
    hand, corrections = Hand(viewer), panel.state.corrections
    rows = corrections.vessels.counted.sort_values("filled_area_um2", ascending=False)
    large, gone, other = (rows.iloc[n] for n in (0, 10, 11))
    look_at(viewer, gone.x_um, gone.y_um, 3)
    hand.click(gone.x_um, gone.y_um)
    hand.press(Qt.Key.Key_D)
    assert panel.said.text() == "1 vessel deleted"
    look_at(viewer, other.x_um, other.y_um, 3)
    hand.click(other.x_um, other.y_um)
    hand.press(Qt.Key.Key_N)
    look_at(viewer, large.x_um, large.y_um, 3)
    hand.press(Qt.Key.Key_S)
    hand.drag([(large.x_um - 100, large.y_um), (large.x_um, large.y_um), (large.x_um + 100, large.y_um)])
    assert panel.said.text() == "Vessel split"
    hand.press(Qt.Key.Key_A)
    hand.drag(circle(large.x_um + 60, large.y_um + 60, 8))
    assert panel.said.text() == "Vessel added"
    hand.press(Qt.Key.Key_P)
    hand.click(large.x_um - 60, large.y_um - 60)
    assert panel.said.text() == "Vessel added as a point"
    hand.press(Qt.Key.Key_Z, ctrl=True)
    assert len(corrections.edits) == 4
    hand.press(Qt.Key.Key_Z, ctrl=True, shift=True)
    return [edit.kind for edit in corrections.edits]


def measured(viewer, out):
    """The slide that is open, measured as a person does it; its folder in the result."""
    panel = MeasurePanel(viewer)
    viewer.window.add_dock_widget(panel)
    panel.form.put({"hotspot": {"nulls": 0, "ladder": False}})
    panel.out.setText(str(out))
    panel.go.click()
    wait(lambda: not panel.task.is_running and panel.go.isEnabled(), 600)
    (shown,) = results_in(viewer)
    return shown.folder


def drag_a_hot_spot(viewer, panel):
    """Take the best one along with the mouse, then snap to the exact maximum near there."""
    spot, corrections = panel.hotspots.spots[0], panel.state.corrections
    look_at(viewer, spot.x_um, spot.y_um, 0.5)
    hand = Hand(viewer)
    hand.press(Qt.Key.Key_H)
    hand.drag([(spot.x_um, spot.y_um), (spot.x_um - 20, spot.y_um), (spot.x_um - 60, spot.y_um + 10)])
    moved = panel.hotspots.spots[panel.hotspots.chosen]
    assert moved.by_hand
    assert viewer.layers["vessels: correct here"].visible, "hidden while something moves, and no longer"
    assert not panel.hotspots.moving.visible
    np.testing.assert_allclose((moved.x_um, moved.y_um), (spot.x_um - 60, spot.y_um + 10), atol=2.1)
    away = np.hypot(*(corrections.counted_um - [moved.x_um, moved.y_um]).T)
    assert moved.vessels == (away <= moved.radius_um).sum()
    hand.press(Qt.Key.Key_X)
    assert panel.hotspots.spots[panel.hotspots.chosen].vessels >= moved.vessels


def test_a_slide_is_run_corrected_saved_and_found_the_same(new_viewer, slide_path, tmp_path):
    with new_viewer() as viewer:
        viewer.open(str(slide_path), plugin="napari-mvd")
        folder = measured(viewer, tmp_path / "result")
        panel = begin(viewer, folder)
        assert not viewer.layers["vessels"].visible
        assert viewer.layers["tissue"].visible
        assert correct(viewer, panel) == ["delete", "count", "split", "add", "add"]
        corrections = panel.state.corrections
        assert corrections.edits[3].stains is not None, "the slide was open, so the stains are measured"
        drag_a_hot_spot(viewer, panel)
        numbers, spots = corrections.summary(), panel.hotspots.spots
        table = corrections.vessels.table
        panel.end()
        assert viewer.layers["vessels"].visible
        assert not viewer.layers["vessels: correct here"].visible

    with new_viewer() as viewer:
        viewer.open(str(folder.parent.parent), plugin="napari-mvd")
        wait(lambda: results_in(viewer))
        (shown,) = results_in(viewer)
        assert shown.result.summary["vessels"] == numbers["vessels"], "what is opened is as corrected"
        again = begin(viewer, folder)
        assert again.said.text().startswith("7 corrections")
        assert viewer.layers["overview"].visible, "the slide is not open: its picture stands in"
        assert again.state.corrections.summary() == numbers
        assert again.hotspots.spots == spots
        assert again.state.corrections.vessels.table.equals(table)
    reported_as_corrected(folder, numbers, spots)


def reported_as_corrected(folder, numbers, spots):
    """`mvd report` then has the corrected numbers, beside the automatic ones."""
    command = [Path(sys.executable).with_name("mvd"), "report", folder.parent.parent]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    rows = rows_of(folder.parent.parent / "summary.csv")
    (row,) = [each for each in rows if each["slide_id"] == folder.name]
    assert row["reviewed"] == "true"
    assert row["reader"] == "AB"
    assert int(row["vessels"]) == numbers["vessels"]
    assert int(row["automatic_vessels"]) == numbers["automatic_vessels"]
    counted = [int(each["vessels"]) for each in rows_of(folder / "hotspots.csv")]
    assert counted[: len(spots)] == [each.vessels for each in spots]
    assert sum(each["reason"] == "by_hand" for each in rows_of(folder / "vessels.csv")) >= 5


def test_what_does_not_fit_is_flagged_and_another_slide_is_not_opened(viewer, folder):
    first = mvd.Corrections.open(folder, "AB")
    vessel = int(first.vessels.counted["vessel_id"].iloc[0])
    first.delete(vessel)
    first.add(point_um=(first.counted_um[0] + [40, 40]).tolist())
    path, journal = folder / "corrections.json", folder / "corrections.journal"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["edits"][0]["vessel"]["x_um"] += 7  # as if other settings had found it elsewhere
    path.write_text(json.dumps(content), encoding="utf-8")
    panel = begin(viewer, folder)
    assert panel.numbers.flagged.count() == 1
    assert "is not among those found now" in panel.numbers.flagged.item(0).text()
    assert panel.numbers.warning.isVisible()
    assert panel.state.corrections.summary()["vessels"] == first.summary()["automatic_vessels"] + 1
    panel.end()

    content["basis"]["slide_sha256"] = "0" * 64
    path.write_text(json.dumps(content), encoding="utf-8")
    journal.unlink()
    panel.begin()
    wait(panel.begin_button.isEnabled)
    assert panel.state is None
    assert panel.said.text().startswith("⚠ ")
    assert "is of another slide" in panel.said.text()
    assert json.loads(path.read_text(encoding="utf-8")) == content


def test_a_killed_viewer_loses_nothing(viewer, folder):
    settle()
    here = Path(__file__).parent
    command = [sys.executable, "-W", "ignore", str(here / "keep_correcting.py"), str(folder)]
    with subprocess.Popen(command, cwd=here, stdout=subprocess.PIPE, text=True) as person:
        said = 0
        while said < 3:
            line = person.stdout.readline()
            assert line, "the viewer ended by itself"
            said = int(line)
        person.kill()
    found = mvd.Corrections.open(folder, "AB")
    assert len(found.edits) in (said, said + 1)
    assert found.summary()["vessels"] == found.summary()["automatic_vessels"] - len(found.edits)
