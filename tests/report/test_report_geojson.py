"""GeoJSON that QuPath opens: level-0 pixels, closed rings, locked annotations, reproducible ids."""

import json
import uuid
from dataclasses import replace

import cv2
import numpy as np
import pytest
import shapely

import mvd
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.report.geojson import geojson
from mvd.result import HOTSPOT_COLUMNS

MPP = 0.25


@pytest.fixture
def features(make_result):
    return json.loads(b"".join(geojson(make_result(), "case-1")))["features"]


def of_class(features, name):
    return [f for f in features if f["properties"]["classification"]["name"].split(":")[0] == name]


def polygons(feature):
    shape = feature["geometry"]
    return [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]


def area(ring):
    return cv2.contourArea(np.array(ring, np.float32).reshape(-1, 1, 2))


def test_every_ring_is_closed_and_has_an_area(features):
    for feature in features:
        for polygon in polygons(feature):
            for ring in polygon:
                assert len(ring) >= 4
                assert ring[0] == ring[-1]
                assert area(ring) > 0


def test_ids_are_different_uuids_and_the_same_each_time(make_result, features):
    ids = [uuid.UUID(feature["id"]) for feature in features]
    assert len(set(ids)) == len(ids) == 1 + 2 + 4
    assert b"".join(geojson(make_result(), "case-1")) == b"".join(geojson(make_result(), "case-1"))
    other = json.loads(b"".join(geojson(make_result(), "case-2")))["features"]
    assert not {f["id"] for f in other} & {str(i) for i in ids}


def test_what_could_not_be_decoded_is_an_annotation_for_each_piece(make_result):
    boxes = ((0.0, 0.0, 64.0, 64.0), (64.0, 0.0, 128.0, 64.0))
    lost = json.loads(b"".join(geojson(replace(make_result(), damage_um=boxes), "case-1")))["features"]
    found = of_class(lost, "Not decoded")
    assert [f["properties"]["isLocked"] for f in found] == [True, True]
    bounds = [shapely.geometry.shape(f["geometry"]).bounds for f in found]
    assert bounds == [tuple(side / MPP for side in box) for box in boxes]


def test_coordinates_begin_where_qupath_begins_the_slide(make_result, features):
    result = make_result()
    moved = replace(result, info=replace(result.info, origin_px=(300, 120)))
    for before, after in zip(
        features, json.loads(b"".join(geojson(moved, "case-1")))["features"], strict=True
    ):
        for old, new in zip(polygons(before), polygons(after), strict=True):
            for ring, shifted in zip(old, new, strict=True):
                np.testing.assert_allclose(np.array(ring) - (300, 120), shifted, atol=1e-9)


def test_a_vessel_lies_where_it_is_in_level_0_pixels(features):
    vessel = of_class(features, "Vessel")[0]
    (outer, lumen), *others = polygons(vessel)
    assert not others
    assert np.mean(outer[:-1], axis=0) == pytest.approx([100 / MPP, 100 / MPP], abs=0.1)
    assert area(outer) == pytest.approx(area(lumen) * 4, rel=0.01)
    assert vessel["properties"]["objectType"] == "detection"
    assert "isLocked" not in vessel["properties"]
    assert vessel["properties"]["measurements"]["area_um2"] == 12.5
    assert vessel["properties"]["measurements"]["hotspot_rank"] == 1


def test_a_vessel_of_two_parts_keeps_the_lumen_in_its_own_part(features):
    merged = of_class(features, "Vessel")[1]
    assert merged["geometry"]["type"] == "MultiPolygon"
    first, second = polygons(merged)
    assert len(first) == 1
    assert len(second) == 2
    assert np.mean(second[1][:-1], axis=0) == pytest.approx([175 / MPP, 110 / MPP], abs=0.1)


def test_what_is_not_counted_says_why_and_has_no_rank(features):
    reasons = [f["properties"]["classification"]["name"] for f in of_class(features, "Not counted")]
    assert reasons == ["Not counted: lumen_too_wide", "Not counted: too_small"]
    assert "hotspot_rank" not in of_class(features, "Not counted")[0]["properties"]["measurements"]


def test_a_vessel_of_one_pixel_is_that_pixel(features):
    (ring,) = polygons(of_class(features, "Not counted")[1])[0]
    assert sorted(map(tuple, ring[:-1])) == [(200, 1400), (200, 1402), (202, 1400), (202, 1402)]


def test_hot_spots_are_locked_circles(features):
    spots = of_class(features, "Hot spot")
    assert [f["properties"]["name"] for f in spots] == ["Hot spot 1", "Hot spot 2"]
    assert all(f["properties"]["isLocked"] and f["properties"]["objectType"] == "annotation" for f in spots)
    (ring,) = polygons(spots[0])[0]
    radii = np.hypot(*(np.array(ring) - [130 / MPP, 105 / MPP]).T)
    assert radii == pytest.approx(79.788 / MPP, abs=0.02)
    measured = spots[0]["properties"]["measurements"]
    assert measured["vessels_per_mm2"] == 100
    assert set(measured) <= {c.name for c in HOTSPOT_COLUMNS}
    assert "vessels_per_mm2_tissue" not in spots[1]["properties"]["measurements"]


def test_tissue_has_its_hole_and_its_smallest_island(features):
    (tissue,) = of_class(features, "Tissue")
    assert tissue["properties"]["isLocked"]
    islands = sorted(polygons(tissue), key=len)
    assert [len(rings) for rings in islands] == [1, 2]
    px_um = 8.0
    whole, hole = (area(ring) * MPP**2 for ring in islands[1])
    assert whole == pytest.approx((46 * px_um) ** 2, rel=0.03)
    assert hole == pytest.approx((6 * px_um) ** 2, rel=0.25)


def test_an_empty_slide_has_only_its_tissue(make_result):
    found = json.loads(b"".join(geojson(make_result(empty=True), "case-1")))["features"]
    assert [f["properties"]["name"] for f in found] == ["Tissue"]


def test_the_area_of_an_outline_is_that_of_its_pixels(tmp_path):
    """On a real result: every geometry is valid, and wall and lumens have the areas of the table."""
    spec = PhantomSpec(5, "hard", height_um=300, width_um=340, vessels_per_mm2=300)
    result = mvd.analyze(write_phantom(make_phantom(spec), tmp_path, "one"), mvd.Settings())
    mpp = result.summary["mpp"]
    vessels = [
        feature
        for feature in json.loads(b"".join(geojson(result, "one")))["features"]
        if feature["properties"]["objectType"] == "detection"
    ]
    assert len(vessels) == len(result.vessels.table) > 20
    for vessel, row in zip(vessels, result.vessels.table.itertuples(), strict=True):
        drawn = shapely.geometry.shape(vessel["geometry"])
        assert drawn.is_valid, shapely.is_valid_reason(drawn)
        assert drawn.area * mpp**2 == pytest.approx(row.area_um2, rel=1e-9)
