import shutil

import numpy as np
import pandas as pd
import pytest
from napari.layers import Layer
from napari_mvd import layers as layers_module
from napari_mvd.layers import DENSITY_NAME, hotspot_layer, result_layers, shown_layers

from mvd import MvdError

NAMES = ["overview", DENSITY_NAME, "tissue", "not counted", "vessels", "hot spots", "Chalkley points"]


def made(tuples):
    return {layer.name: layer for layer in (Layer.create(*parts) for parts in tuples)}


def test_all_layers_lie_in_the_same_um(slide_folder):
    layers = made(result_layers(slide_folder))
    assert list(layers) == NAMES
    assert all(str(unit) == "micrometer" for layer in layers.values() for unit in layer.units)
    overview, tissue = layers["overview"].extent.world, layers["tissue"].extent.world
    np.testing.assert_allclose(overview, tissue, atol=2)
    assert layers["overview"].metadata["mvd_folder"] == str(slide_folder)


def test_a_vessel_is_drawn_where_the_table_says(shown):
    vessels = made(shown_layers(shown))["vessels"]
    table = shown.vessels
    solid = table[table["counted"] & (table["lumen_area_um2"] == 0) & (table["solidity"] > 0.9)]
    assert len(solid) > 3
    for row in solid.itertuples():
        assert vessels.get_value((row.y_um, row.x_um), world=True)[1] == row.vessel_id
        assert f"vessel_id: {row.vessel_id}" in vessels._get_properties((row.y_um, row.x_um), world=True)


def test_many_vessels_are_points(shown, monkeypatch):
    monkeypatch.setattr(layers_module, "MOST_LABELS", 5)
    layers = made(shown_layers(shown))
    table = shown.vessels
    points = layers["vessels"]
    np.testing.assert_allclose(points.data, table.loc[table["counted"], ["y_um", "x_um"]])
    assert list(points.features["vessel_id"]) == list(table.loc[table["counted"], "vessel_id"])
    assert len(layers["not counted"].data) == (~table["counted"]).sum()


def test_the_tissue_is_an_edge_and_the_density_has_its_scale(shown):
    layers = made(shown_layers(shown))
    mask = shown.result.tissue.mask
    rim = np.asarray(layers["tissue"].data) > 0
    assert 0 < rim.sum() < 0.2 * mask.sum()
    assert not (rim & ~mask).any()
    density = layers[DENSITY_NAME]
    per_mm2 = density.data * shown.result.measures.density.tissue_part
    pixel_mm2 = (density.scale**2).prod() ** 0.5 / 1e6
    assert np.nansum(per_mm2) * pixel_mm2 == pytest.approx(shown.result.summary["vessels"], rel=1e-3)


def test_the_chalkley_points_are_those_that_were_counted(shown):
    points = made(shown_layers(shown))["Chalkley points"]
    hits = points.features.groupby("graticule")["on a vessel"].sum()
    assert list(hits) == [count.hits for count in shown.result.measures.chalkley]


def test_a_hot_spot_is_a_circle_round_its_centre():
    table = pd.DataFrame(
        {
            "rank": [1],
            "x_um": [300.0],
            "y_um": [500.0],
            "radius_um": [100.0],
            "vessels": [7],
            "shape": ["circle"],
        }
    )
    shapes = Layer.create(*hotspot_layer(table))
    assert shapes.shape_type == ["ellipse"]
    np.testing.assert_allclose(shapes.data[0].min(axis=0), (400, 200))
    np.testing.assert_allclose(shapes.data[0].max(axis=0), (600, 400))
    assert list(shapes.text.values) == ["1: 7"]


@pytest.mark.parametrize("name", ["candidates.npz", "hotspots.csv", "slide.json", "plain_overview.jpg"])
@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_damaged_folder_is_named_with_what_to_do(slide_folder, tmp_path, name, how):
    damaged = shutil.copytree(slide_folder, tmp_path / "damaged")
    (damaged / name).unlink()
    if how == "empty":
        (damaged / name).touch()
    with pytest.raises(MvdError, match=r"damaged/.*mvd (run|report)"):
        result_layers(damaged)
