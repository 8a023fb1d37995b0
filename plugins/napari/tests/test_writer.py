import json

import npe2
import numpy as np
import pytest
from napari.layers import Layer, Points
from napari_mvd.layers import result_layers

import mvd


def saved(path, layers):
    """Save as napari does: through the manifest."""
    npe2.PluginManager.instance().discover()
    data = [layer.as_layer_data_tuple() for layer in layers]
    return npe2.write(str(path), data, plugin_name="napari-mvd")


@pytest.mark.parametrize("name", ["vessels.geojson", "vessels.csv"])
def test_a_layer_of_a_result_is_saved_as_mvd_run_writes_it(slide_folder, tmp_path, name):
    layers = [Layer.create(*parts) for parts in result_layers(slide_folder)]
    for chosen in (layers[4:5], layers):
        assert saved(tmp_path / name, chosen) == [str(tmp_path / name)]
        assert (tmp_path / name).read_bytes() == (slide_folder / name).read_bytes()


def test_what_is_no_result_is_refused_in_one_line(tmp_path):
    with pytest.raises(mvd.MvdError, match="choose a layer of a result"):
        saved(tmp_path / "a.csv", [Points([[1, 2]])])


def test_what_is_drawn_on_a_slide_is_saved_in_its_pixels_and_comes_back(viewer, slide_path, tmp_path):
    (slide,) = viewer.open(str(slide_path), plugin="napari-mvd")
    mpp = float(slide.scale[0])
    assert mpp != 1
    box_um = np.array([[100, 200], [100, 500], [300, 500], [300, 200]], float)
    drawn = viewer.add_shapes([box_um], shape_type="polygon", name="mine")
    path = tmp_path / "mine.geojson"
    assert drawn.save(str(path), plugin="napari-mvd") == [str(path)]
    (feature,) = json.loads(path.read_text(encoding="utf-8"))["features"]
    (ring,) = feature["geometry"]["coordinates"]
    assert feature["properties"]["objectType"] == "annotation"
    np.testing.assert_allclose(sorted(map(tuple, ring[:-1])), sorted(map(tuple, box_um[:, ::-1] / mpp)))
    (again,) = viewer.open(str(path), plugin="napari-mvd")
    np.testing.assert_allclose(sorted(map(tuple, again.data[0])), sorted(map(tuple, box_um)))
