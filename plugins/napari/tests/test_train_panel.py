"""Scribbles on a slide in a real viewer -> a classifier that is seen at once and can be kept."""

import numpy as np
from hand import Hand, look_at, settle, wait
from napari.layers import Shapes
from napari_mvd.train_panel import TrainPanel
from napari_mvd.train_scribbles import scribble_look, scribbles_of

import mvd


def test_shapes_become_lines_and_areas_in_um():
    layer = Shapes(None, **scribble_look())
    layer.add(np.array([[1.0, 2], [3, 4], [5, 5]]), shape_type="path")
    layer.feature_defaults = {"class": "background"}
    layer.add(np.array([[0.0, 0], [0, 20], [10, 20], [10, 0]]), shape_type="ellipse")
    line, round_one = scribbles_of(layer)
    assert (line.kind, line.is_area) == ("vessel", False)
    np.testing.assert_array_equal(line.xy_um, [[2, 1], [4, 3], [5, 5]])
    assert (round_one.kind, round_one.is_area) == ("background", True)
    np.testing.assert_allclose(((round_one.xy_um - [10, 5]) ** 2 / [100, 25]).sum(axis=1), 1)


def test_a_classifier_is_learnt_from_what_is_drawn_and_shown(viewer, slide_path, slide_folder, tmp_path):
    (slide,) = viewer.open(str(slide_path), plugin="napari-mvd")
    panel = TrainPanel(viewer)
    viewer.window.add_dock_widget(panel)
    panel.learn()
    assert "draw on it first" in panel.said.text()
    corrections = mvd.Corrections.open(slide_folder, "AB")
    table = corrections.vessels.table
    rows = np.flatnonzero(table["counted"])[:8]
    walls = [corrections.vessels.outlines[int(row)].outer[0] for row in rows]
    row = table.iloc[rows[0]]
    look_at(viewer, row.x_um, row.y_um, 3)
    panel.draw("background")
    away = [(row.x_um + 40 + step, row.y_um + 40) for step in range(0, 60, 6)]
    Hand(viewer).drag(away)
    assert list(panel.scribbles.features["class"]) == ["background"]
    for wall in walls:  # just outside a wall it is stained a little, and no vessel
        middle = wall.mean(axis=0)
        panel.scribbles.add((middle + (wall - middle) * 1.9)[:, ::-1], shape_type="path")
    panel.draw("vessel")
    for wall in walls:
        panel.scribbles.add(wall[:, ::-1], shape_type="path")
    assert panel.scribbles.features["class"].tolist() == ["background"] * 9 + ["vessel"] * 8
    panel.learn()
    wait(lambda: not panel.busy, 900)
    wait(lambda: panel.found is not None or "⚠" in panel.said.text(), 200)
    assert "Learnt from" in panel.score.text(), panel.said.text()
    found = panel.found
    np.testing.assert_allclose(found.scale, corrections.mpp)
    place = np.floor(np.array(found.world_to_data((row.y_um, row.x_um)))).astype(int)
    around = found.data[tuple(slice(p - 20, p + 20) for p in place)]
    assert around.any(), "the vessel in the middle of the view is found"
    assert found.data.mean() < 0.2
    assert slide in viewer.layers

    panel.save_to(tmp_path / "model.npz")
    assert (tmp_path / "model.geojson").is_file()
    settings = mvd.Settings.from_mapping(
        {"vessel": {"method": "classifier", "classifier": str(tmp_path / "model.npz")}}, "test"
    )
    assert settings.vessel.classifier
    settle()
