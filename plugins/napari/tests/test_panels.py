"""The panels in a viewer that is shown, as a person uses them."""

import shutil
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from napari_mvd import open_panel
from napari_mvd.launch import open_viewer
from napari_mvd.layers import result_layers
from napari_mvd.measure_panel import MeasurePanel
from napari_mvd.open_panel import OpenPanel
from napari_mvd.seen import camera_of, go_to, results_in
from napari_mvd.table_panel import TablePanel
from qtpy.QtCore import QCoreApplication, QEvent, QTimer
from qtpy.QtWidgets import QPushButton

import mvd


@pytest.fixture
def on_slide(viewer, slide_path):
    viewer.open(str(slide_path), plugin="napari-mvd")
    return viewer


def test_an_empty_window_says_how_to_begin_and_a_result_folder_offers_its_slides(
    viewer, result_folder, tmp_path, wait
):
    panel = OpenPanel(viewer)
    assert "Drop a slide" in panel.numbers.text()
    two = shutil.copytree(result_folder, tmp_path / "two")
    (first,) = (two / "slides").iterdir()
    second = shutil.copytree(first, first.with_name("other-01234567"))
    about = (second / "slide.json").read_text(encoding="utf-8")
    (second / "slide.json").write_text(about.replace("control_3.tif", "zz.tif"), encoding="utf-8")
    panel.open_result(two)
    wait(lambda: results_in(viewer))
    assert panel.choice.count() == 2
    assert results_in(viewer)[0].name == "control_3.tif"
    layers = list(viewer.layers)
    panel.choice.setCurrentIndex(1)
    wait(lambda: "zz.tif" in panel.numbers.text())
    assert [shown.folder for shown in results_in(viewer)] == [second]
    assert list(viewer.layers) == layers, "the same layers show the other slide"
    panel.open_result(tmp_path)
    wait(lambda: "holds no finished slide" in panel.said.text())
    assert panel.choice.count() == 2, "what is open stays"


def test_a_result_is_read_while_the_window_lives(viewer, result_folder, wait, monkeypatch):
    alive = threading.Event()

    def slowly(folder):
        assert alive.wait(20), "the window's own clock stood still"
        return result_layers(folder)

    monkeypatch.setattr(open_panel, "result_layers", slowly)
    assert viewer.open(str(result_folder), plugin="napari-mvd") == []
    (panel,) = (each for each in viewer.window.dock_widgets.values() if isinstance(each, OpenPanel))
    assert panel.said.text() == f"Reading {result_folder.name} ..."
    QTimer.singleShot(100, alive.set)
    wait(lambda: results_in(viewer))
    assert panel.said.text() == ""
    assert "Vessels" in panel.numbers.text()


def test_of_two_results_the_one_that_was_chosen_last_is_shown(viewer, result_folder, tmp_path, wait):
    panel = OpenPanel(viewer)
    panel.open_result(tmp_path)  # holds none
    panel.open_result(result_folder)
    wait(lambda: results_in(viewer))
    assert panel.said.text() == ""


def test_a_row_leads_to_its_vessel_and_a_click_to_its_row(viewer, slide_folder, wait):
    table = TablePanel(viewer)
    opening = OpenPanel(viewer)
    opening.open_result(slide_folder)
    wait(lambda: results_in(viewer))
    rows = table._table
    solid = rows[rows["counted"] & (rows["lumen_area_um2"] == 0) & (rows["solidity"] > 0.9)]
    one, other = solid.iloc[0], solid.iloc[-1]
    table.select(int(one["vessel_id"]))
    np.testing.assert_allclose(camera_of(viewer).center[-2:], (one["y_um"], one["x_um"]))
    assert len(viewer.layers["selected vessel"].data) == 1

    table.which.setCurrentText("not counted")
    before = camera_of(viewer).center
    event = SimpleNamespace(type="mouse_press", position=(other["y_um"], other["x_um"]))
    steps = table._pressed(viewer, event)
    next(steps)
    event.type = "mouse_release"
    assert next(steps, None) is None
    (row,) = table.view.selectionModel().selectedRows()
    assert table.model.vessel_id(row.row()) == other["vessel_id"]
    assert camera_of(viewer).center == before, "a click moves nothing"


def test_a_slide_that_is_opened_last_lies_below_its_result(viewer, slide_path, slide_folder, wait):
    panel = OpenPanel(viewer)
    panel.open_result(slide_folder)
    wait(lambda: results_in(viewer))
    assert viewer.layers["overview"].visible
    panel.open_slide(slide_path)
    wait(lambda: "mvd_slide" in viewer.layers[0].metadata)
    assert not viewer.layers["overview"].visible


def test_a_closed_panel_is_asked_nothing_more(viewer, slide_folder, wait):
    for kind in (OpenPanel, TablePanel, MeasurePanel):
        gone = []
        panel = kind(viewer)
        panel.destroyed.connect(lambda *_, gone=gone: gone.append(1))
        panel.deleteLater()
        # Qt keeps this event for the end of its own loop, which a test never comes to.
        QCoreApplication.sendPostedEvents(panel, QEvent.Type.DeferredDelete)
        wait(lambda gone=gone: gone)
    viewer.open(str(slide_folder), plugin="napari-mvd")
    go_to(viewer, 600, 600)
    wait(lambda: results_in(viewer))


def test_the_table_sorts_by_a_column(viewer, slide_folder, wait):
    table = TablePanel(viewer)
    opening = OpenPanel(viewer)
    opening.open_result(slide_folder)
    wait(lambda: results_in(viewer))
    column = list(table._table.columns).index("area_um2")
    table.view.sortByColumn(column, table.view.horizontalHeader().sortIndicatorOrder().DescendingOrder)
    largest = table._table.loc[table._table["area_um2"].idxmax(), "vessel_id"]
    assert table.model.vessel_id(0) == largest


def test_what_is_in_view_is_measured_shown_and_saved(on_slide, wait, tmp_path):
    panel = MeasurePanel(on_slide)
    panel.form.put({"hotspot": {"nulls": 0, "ladder": False}})
    panel.where.setCurrentIndex(1)
    panel.out.setText(str(tmp_path / "out"))
    go_to(on_slide, 600, 600, 1.0)
    panel.start()
    wait(lambda: not panel.task.is_running and panel.go.isEnabled())
    (shown,) = results_in(on_slide)
    assert shown.result.drawn.regions[0].name == "View"
    assert (tmp_path / "out" / "report.html").is_file()
    assert mvd.slides_of_result(tmp_path / "out")[0].vessels == shown.result.summary["vessels"] > 0
    assert "Saved to out" in panel.said.text()


def test_a_run_can_be_stopped(on_slide, wait):
    panel = MeasurePanel(on_slide)
    panel.start()
    panel.stop.click()
    wait(lambda: not panel.task.is_running and panel.go.isEnabled())
    assert panel.said.text() == "Stopped."
    assert not results_in(on_slide)


def test_the_preview_follows_the_form(on_slide, wait):
    panel = MeasurePanel(on_slide)
    go_to(on_slide, 600, 600, 1.5)
    panel.live.setChecked(True)
    wait(lambda: "preview" in on_slide.layers)
    counted = int(panel.said.text().split()[2])
    assert counted > 0
    panel.form.put({"vessel": {"min_area_um2": 1e6}})
    wait(lambda: panel.said.text().startswith("In view: 0 counted"))
    panel.form.put({"vessel": {"min_area_um2": 20.0, "min_low_od": 1.9}})
    wait(lambda: "min_high_od" in panel.said.text())
    panel.live.setChecked(False)
    assert not on_slide.layers["preview"].visible


def test_without_a_slide_the_panel_says_so(viewer):
    panel = MeasurePanel(viewer)
    panel.start()
    assert "Open a slide first" in panel.said.text()


def test_the_sample_is_made_while_the_window_lives(viewer, wait):
    panel = OpenPanel(viewer)
    (button,) = (each for each in panel.findChildren(QPushButton) if each.text() == "Sample")
    button.click()
    assert not viewer.layers
    wait(lambda: len(viewer.layers) == 6)
    assert [layer.visible for layer in viewer.layers] == [True] + [False] * 5
    assert "A slide is open" in panel.numbers.text()


def test_mvd_open_shows_the_panels_and_the_result(viewer, result_folder, wait):
    own = open_viewer(result_folder)
    try:
        assert {name.partition(" (")[0] for name in own.window.dock_widgets} >= {
            "Slides and results",
            "Measure",
            "Vessel table",
        }
        wait(lambda: results_in(own))
    finally:
        own.close()
