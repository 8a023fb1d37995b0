import shutil

import numpy as np
import pandas as pd
import pytest
from napari.layers import Layer
from napari_mvd.layers import hotspot_layer, result_layers, vessel_layer

from mvd import MvdError


def layers_of(folder):
    return {layer.name: layer for layer in (Layer.create(*parts) for parts in result_layers(folder))}


def test_all_layers_lie_in_the_same_um(slide_folder):
    layers = layers_of(slide_folder)
    assert list(layers) == ["hot spots", "vessels"]
    assert all(str(unit) == "micrometer" for layer in layers.values() for unit in layer.units)


def test_a_vessel_lies_where_the_table_says(slide_folder):
    table = pd.read_csv(slide_folder / "vessels.csv")
    points = layers_of(slide_folder)["vessels"]
    assert len(table) > 0
    np.testing.assert_allclose(points.data[:, 0], table["y_um"])
    np.testing.assert_allclose(points.data[:, 1], table["x_um"])
    assert list(points.features["vessel_id"]) == list(table["vessel_id"])


def test_a_hot_spot_is_a_circle_round_its_centre():
    table = pd.DataFrame(
        {
            "rank": [1, 1],
            "field_mm2": [0.0314, 0.01],
            "x_um": [300.0, 310.0],
            "y_um": [500.0, 510.0],
            "radius_um": [100.0, 56.0],
            "vessels": [7, 3],
        }
    )
    shapes = Layer.create(*hotspot_layer(table))
    assert shapes.shape_type == ["ellipse"]
    np.testing.assert_allclose(shapes.data[0].min(axis=0), (400, 200))
    np.testing.assert_allclose(shapes.data[0].max(axis=0), (600, 400))
    assert list(shapes.text.values) == ["1: 7"]


def test_vessels_that_are_not_counted_have_another_colour():
    table = pd.DataFrame(
        {
            "x_um": [1.0, 2.0],
            "y_um": [3.0, 4.0],
            "counted": [True, False],
            "filled_area_um2": [4.0, 400 * np.pi],
        }
    )
    points = Layer.create(*vessel_layer(table))
    assert not np.array_equal(points.border_color[0], points.border_color[1])
    np.testing.assert_allclose(points.size, [10, 40])


def test_a_slide_without_vessels_opens(slide_folder, tmp_path):
    empty = shutil.copytree(slide_folder, tmp_path / "empty")
    for name in ("vessels.csv", "hotspots.csv"):
        header = (empty / name).read_text(encoding="utf-8").splitlines()[0]
        (empty / name).write_text(header + "\n", encoding="utf-8")
    layers = layers_of(empty)
    assert len(layers["vessels"].data) == 0
    assert len(layers["hot spots"].data) == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("vessels.csv", None),
        ("hotspots.csv", "rank,vessels\n1,7\n"),
        ("vessels.csv", ""),
        ("vessels.csv", "x_um\n1\n"),
    ],
)
def test_a_damaged_folder_is_named_with_what_to_do(slide_folder, tmp_path, name, content):
    damaged = shutil.copytree(slide_folder, tmp_path / "damaged")
    if content is None:
        (damaged / name).unlink()
    else:
        (damaged / name).write_text(content, encoding="utf-8")
    with pytest.raises(MvdError, match=r"damaged: .*mvd run"):
        result_layers(damaged)
