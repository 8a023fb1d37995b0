import json

import numpy as np
import pandas as pd
import pytest
from napari.layers import Layer
from napari_mvd.drawn import regions_layer, regions_of_shapes

import mvd

RING = [[0, 0], [400, 0], [400, 200], [0, 200], [0, 0]]
HOLE = [[100, 50], [200, 50], [200, 150], [100, 150], [100, 50]]


@pytest.fixture
def info(slide_path):
    slide = mvd.open_slide(slide_path)
    yield slide.info
    slide.close()


@pytest.fixture
def geojson(tmp_path):
    feature = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [RING, HOLE]},
        "properties": {"objectType": "annotation", "name": "A", "classification": {"name": "Tumor"}},
    }
    path = tmp_path / "rois.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return path


def test_regions_of_qupath_come_back_as_they_were(geojson, info, tmp_path):
    layer = Layer.create(*regions_layer(geojson, info))
    assert layer.shape_type == ["polygon", "polygon"]
    np.testing.assert_allclose(layer.data[0].max(axis=0), np.array([200, 400]) * info.mpp)
    regions = regions_of_shapes(layer.data, layer.shape_type, layer.features, info)
    again = tmp_path / "again.geojson"
    again.write_bytes(mvd.regions_geojson(regions))
    ((region, polygons),) = mvd.region_rings_um(again, None)
    assert (region.name, region.classification) == ("A", "Tumor")
    assert region.outline.area == 400 * 200 - 100 * 100
    assert len(polygons[0]) == 2


def test_without_a_slide_regions_stay_in_pixels(geojson):
    rings, keywords, _ = regions_layer(geojson, None)
    assert rings[0].max() == 400
    assert "units" not in keywords


def test_an_ellipse_is_a_region_and_a_line_is_none(info):
    box = np.array([[0, 0], [0, 100], [50, 100], [50, 0]], float)
    regions = regions_of_shapes([box, box[:2]], ["ellipse", "line"], pd.DataFrame(), info)
    (region,) = regions
    assert region.outline.area * info.mpp**2 == pytest.approx(np.pi * 50 * 25, rel=0.01)
    with pytest.raises(mvd.MvdError, match="no area"):
        regions_of_shapes([box[:2]], ["line"], pd.DataFrame(), info)
