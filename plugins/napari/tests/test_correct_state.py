"""What keys and clicks do to a slide, without a viewer; and what is drawn of it."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from napari.layers import Points, Vectors
from napari_mvd.correct_boxes import numbers_told
from napari_mvd.correct_find import slide_folders
from napari_mvd.correct_layers import (
    BY_HAND_COLOUR,
    DELETED_COLOUR,
    SELECTED_COLOUR,
    outlines_of,
    points_of,
    rgba,
    rows_in,
)
from napari_mvd.correct_state import Correcting

import mvd


@pytest.fixture
def folder(slide_folder, tmp_path):
    result = shutil.copytree(slide_folder.parent.parent, tmp_path / "result")
    return result / "slides" / slide_folder.name


@pytest.fixture
def state(folder):
    return Correcting(mvd.Corrections.open(folder, "AB"))


def counted(state):
    return state.corrections.vessels.counted.sort_values("filled_area_um2", ascending=False)


def ring(x_um, y_um, half_um):
    return [(x_um - half_um, y_um - half_um), (x_um + half_um, y_um - half_um), (x_um, y_um + half_um)]


def test_a_click_selects_the_vessel_that_it_hits_and_says_what_it_is(state):
    row = counted(state).iloc[0]
    state.choose(row.x_um, row.y_um, 8.0)
    assert state.selected == [row.vessel_id]
    assert state.said == f"Vessel {row.vessel_id}: counted, {row.area_um2:.0f} um2"
    other = counted(state).iloc[1]
    state.choose(other.x_um, other.y_um, 8.0, more=True)
    assert state.selected == [row.vessel_id, other.vessel_id]
    state.choose(-500, -500, 8.0)
    assert state.selected == []


def test_each_tool_changes_the_count_and_undo_takes_it_back(state):
    first = state.corrections.summary()["vessels"]
    ids = counted(state)["vessel_id"].tolist()
    large = counted(state).iloc[0]

    def after(select, do):
        state.selected = select
        do()
        assert not state.failed, state.said
        return state.corrections.summary()["vessels"] - first

    line = [(large.x_um - 300, large.y_um), (large.x_um + 300, large.y_um)]
    assert after(ids[5:7], state.delete) == -2
    assert after(ids[5:6], state.count) == -1
    assert after(ids[7:8], state.leave_out) == -2
    assert after([], lambda: state.add(ring(large.x_um + 90, large.y_um, 6))) == -1
    assert after([], lambda: state.add_point(large.x_um + 130, large.y_um)) == 0
    assert after(ids[8:10], state.merge) == -1
    assert after([], lambda: state.split(line)) >= 0
    while state.corrections.can_undo:
        state.undo()
    assert state.corrections.summary()["vessels"] == first
    while state.corrections.can_redo:
        state.redo()
        assert state.said.startswith("Made again: ")
    assert len(state.corrections.edits) == 8


@pytest.mark.parametrize(
    ("select", "do", "why"),
    [
        (0, lambda state: state.delete(), "Select a vessel first"),
        (1, lambda state: state.merge(), "two vessels or more"),
        (2, lambda state: state.outline(ring(50, 50, 5)), "the one vessel to outline"),
        (1, lambda state: state.split([(0, 0), (1, 1)]), "does not cut"),
        (0, lambda state: state.add(ring(-90, -90, 5)), "no pixel of the slide"),
        (0, lambda state: state.undo(), "nothing to undo"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_and_changes_nothing(state, select, do, why):
    state.selected = counted(state)["vessel_id"].tolist()[:select]
    do(state)
    assert state.failed
    assert why in state.said
    assert "\n" not in state.said
    assert state.corrections.edits == ()


def test_the_colours_tell_what_was_done(state):
    ids = counted(state)["vessel_id"].tolist()
    state.selected = ids[:1]
    state.delete()
    state.selected = ids[1:2]
    state.leave_out()
    state.count()
    look = points_of(state.corrections)
    points = Points(**look)
    np.testing.assert_allclose(points.border_color[ids[0] - 1], rgba(DELETED_COLOUR), atol=0.01)
    np.testing.assert_allclose(points.border_color[ids[1] - 1], rgba(BY_HAND_COLOUR), atol=0.01)
    assert look["symbol"][ids[0] - 1] == "x"


def test_parts_of_a_merged_vessel_are_no_longer_shown(state):
    ids = counted(state)["vessel_id"].tolist()[3:5]
    state.selected = list(ids)
    state.merge()
    shown = points_of(state.corrections)["shown"]
    assert not shown[[each - 1 for each in ids]].any()
    assert shown[-1]


def test_an_outline_closes_and_goes_round_its_vessel(state):
    row = int(counted(state).index[0])
    segments, colours = outlines_of(state.corrections, np.array([row]), [row + 1])
    Vectors(segments, edge_color=colours)
    ways = segments[:, 1].sum(axis=0)
    np.testing.assert_allclose(ways, 0, atol=1e-6)
    np.testing.assert_allclose(colours, np.tile(rgba(SELECTED_COLOUR), (len(colours), 1)))
    table = state.corrections.vessels.table
    low, high = segments[:, 0].min(axis=0), segments[:, 0].max(axis=0)
    assert (low < table.loc[row, ["y_um", "x_um"]]).all()
    assert (high > table.loc[row, ["y_um", "x_um"]]).all()


def test_an_outline_seen_from_afar_has_fewer_corners_and_goes_the_same_way(state):
    rows = np.flatnonzero(state.corrections.vessels.table["counted"])[:20]
    fine, _ = outlines_of(state.corrections, rows, [])
    coarse, colours = outlines_of(state.corrections, rows, [], 3.0)
    assert len(coarse) == len(colours) < len(fine) / 2
    np.testing.assert_allclose(coarse[:, 1].sum(axis=0), 0, atol=1e-6)
    start, way = coarse[None, :, 0], coarse[None, :, 1]
    along = ((fine[:, None, 0] - start) * way).sum(-1) / (way**2).sum(-1)
    nearest = start + np.clip(along, 0, 1)[..., None] * way
    away = np.hypot(*np.moveaxis(fine[:, None, 0] - nearest, -1, 0)).min(axis=1)
    assert away.max() < 3.0, "no corner that is left out lies farther from the outline than that"


def test_only_vessels_in_view_are_outlined(state):
    row = counted(state).iloc[0]
    box = (row.x_um - 1, row.y_um - 1, row.x_um + 1, row.y_um + 1)
    assert rows_in(state.corrections, box).tolist() == [row.vessel_id - 1]


def test_the_numbers_stand_beside_those_of_mvd():
    summary = {"vessels": 7, "automatic_vessels": 9, "mvd_tissue_per_mm2": 3.25}
    told = numbers_told({**summary, "automatic_mvd_tissue_per_mm2": None})
    assert told == "Vessels <b>7</b> (mvd: 9)<br>MVD <b>3.2/mm2</b> (mvd: none)"


def test_a_folder_is_found_by_what_a_layer_says_or_was_read_from(folder):
    def layer(metadata=None, path=None):
        return SimpleNamespace(metadata=metadata or {}, source=SimpleNamespace(path=path))

    layers = [
        layer(),
        layer(path=str(folder.parent)),
        layer({"mvd_folder": str(folder)}),
        layer(path=str(folder)),
    ]
    assert slide_folders(layers) == [folder]
