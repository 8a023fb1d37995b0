"""Regions: read from what QuPath writes, laid on a slide, and their exact part of every pixel."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from mvd.errors import NoRegion, RegionError
from mvd.geometry import Rect
from mvd.region import FULL, Region, boxes_um, coverage, drawn_regions, lay_regions, touched
from mvd.slide.base import SlideInfo

SQUARE = [[10, 10], [110, 10], [110, 60], [10, 60], [10, 10]]
HOLE = [[20, 20], [20, 30], [30, 30], [30, 20], [20, 20]]
FAR = [[500, 500], [600, 500], [600, 600], [500, 500]]
POLYGON = {"type": "Polygon", "coordinates": [SQUARE, HOLE]}
MULTI = {"type": "MultiPolygon", "coordinates": [[SQUARE], [FAR]]}
LINE = {"type": "LineString", "coordinates": SQUARE}
INFO = SlideInfo(Path("one.svs"), (800, 1000), 0.5, "aperio", 20.0, "aperio", ((800, 1000),))


def feature(geometry: object = POLYGON, name: str | None = None, **properties: object) -> dict[str, object]:
    named = {"name": name} if name is not None else {}
    return {
        "type": "Feature",
        "id": "7d6f",
        "geometry": geometry,
        "properties": {"objectType": "annotation", **named, **properties},
    }


@pytest.fixture
def write(tmp_path):
    def put(content: object) -> Path:
        path = tmp_path / "rois.geojson"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return put


FORMS = {
    "collection": {"type": "FeatureCollection", "features": [feature()]},
    "feature": feature(),
    "array": [feature()],
    "geometry": POLYGON,
    "geometries": {"type": "GeometryCollection", "geometries": [POLYGON]},
    "collection in a feature": feature({"type": "GeometryCollection", "geometries": [POLYGON]}),
    "with heights": feature(
        {"type": "Polygon", "coordinates": [[[*p, 3] for p in SQUARE], [[*p, 3] for p in HOLE]]}
    ),
    "not closed": feature({"type": "Polygon", "coordinates": [SQUARE[:-1], HOLE[:-1]]}),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_geojson_is_the_same_area(write, form):
    drawn = drawn_regions(write(FORMS[form]))
    (region,) = drawn.regions
    assert region.name == "Region 1"
    assert region.outline.area == 100 * 50 - 100
    assert drawn.file_name == "rois.geojson"
    assert len(drawn.sha256) == 64


def test_a_byte_order_mark_is_no_fault(write):
    assert drawn_regions(write(b"\xef\xbb\xbf" + json.dumps(POLYGON).encode())).regions


def test_names_come_from_the_annotation_then_its_class_and_none_is_there_twice(write):
    content = [
        feature(name="Core"),
        feature(classification={"name": "Tumor", "color": [200, 0, 0]}),
        feature(name="  "),
        feature(name="Core"),
        feature(name="(all)"),
        feature(name="a\nb\x1b[31m"),
    ]
    names = [region.name for region in drawn_regions(write(content)).regions]
    assert names == ["Core", "Tumor", "Region 3", "Core (2)", "(all) (2)", "a b [31m"]


def test_what_a_program_found_is_no_region(write):
    content = [feature(objectType="detection"), feature(MULTI, "Tumour"), feature(LINE, objectType="cell")]
    (region,) = drawn_regions(write(content)).regions
    assert (region.name, region.outline.area) == ("Tumour", 5000 + 5000)


def test_a_self_crossing_outline_is_taken_apart(write):
    bow_tie = {"type": "Polygon", "coordinates": [[[0, 0], [100, 100], [100, 0], [0, 100], [0, 0]]]}
    (region,) = drawn_regions(write(bow_tie)).regions
    assert region.outline.is_valid
    assert region.outline.area == pytest.approx(5000)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"type": "Polygon",\n "coordinates": [[[1, 2],]]}', ["line 2", "JSON"]),
        (b"", ["line 1", "JSON"]),
        (b'{"type":\n\n"\xff"}', ["line 3", "UTF-8"]),
        (b"[" * 100_000, ["GeoJSON"]),
        (b'{"type": "Polygon", "coordinates": [[[NaN, 0], [1, 1], [0, 1]]]}', ["NaN"]),
        ({"type": "FeatureCollection"}, ["list of features"]),
        ([], ["no region"]),
        ([feature(objectType="detection")], ["no region"]),
        ([feature(), 7], ["feature 2"]),
        ([feature(LINE, "Cut")], ["feature 1 ('Cut')", "LineString", "not an area"]),
        ([feature(), feature({"type": "Point", "coordinates": [1, 2]})], ["feature 2", "Point"]),
        ([feature(None, "Empty")], ["feature 1 ('Empty')", "no geometry"]),
        ([feature({"type": "Polygon", "coordinates": []})], ["feature 1", "ring"]),
        ([feature({"type": "Polygon", "coordinates": [[[1, 2], [3, 4]]]})], ["feature 1", "three"]),
        ([feature({"type": "Polygon", "coordinates": [[[1, 2], [3, "4"], [5, 6]]]})], ["feature 1"]),
        ([feature({"type": "Polygon", "coordinates": [[[0, 0], [1e308, 1], [0, 1]]]})], ["feature 1"]),
        ([feature({"type": "Polygon", "coordinates": "SQUARE"})], ["feature 1"]),
        ([feature({"type": "MultiPolygon", "coordinates": SQUARE})], ["feature 1"]),
        ([feature({"type": "Polygon", "coordinates": [[[0, 0], [5, 5], [9, 9]]]})], ["no area"]),
        ([feature({"type": "MultiPolygon", "coordinates": []})], ["no area"]),
        ({"svg": True}, ["feature 1"]),
        (b"3", ["feature 1"]),
    ],
)
def test_what_is_no_region_is_named_in_one_line(write, content, words):
    with pytest.raises(RegionError) as caught:
        drawn_regions(write(content))
    message = str(caught.value)
    assert "\n" not in message
    for word in ["rois.geojson: ", *words]:
        assert word in message


def test_a_missing_file_has_its_own_code(tmp_path):
    with pytest.raises(NoRegion, match=r"rois\.geojson: there is no such file"):
        drawn_regions(tmp_path / "rois.geojson")
    assert NoRegion.code == "no_region"


def test_a_program_gives_rings(write):
    drawn = drawn_regions([Region.polygon("a", SQUARE, [HOLE]), Region("b", shapely.box(0, 0, 5, 5))])
    assert [region.outline.area for region in drawn.regions] == [4900, 25]
    assert drawn.sha256 != drawn_regions([Region.polygon("a", SQUARE)]).sha256
    with pytest.raises(RegionError, match="region 'flat' has no area"):
        drawn_regions([Region.polygon("flat", [[0, 0], [1, 1], [2, 2]])])


def test_regions_lie_in_um_from_the_slides_corner_and_end_at_its_edge():
    drawn = drawn_regions([Region.polygon("a", SQUARE), Region("b", shapely.box(90, 40, 3000, 3000))])
    laid = lay_regions(drawn, INFO)
    assert shapely.equals(laid.shapes[0].outline, shapely.box(5, 5, 55, 30))
    assert shapely.equals(laid.shapes[1].outline, shapely.box(45, 20, 500, 400))
    assert laid.union.outline.area == pytest.approx(50 * 25 + 455 * 380 - 10 * 10)
    moved = lay_regions(drawn, replace(INFO, origin_px=(200, 100)))
    assert shapely.equals(moved.shapes[0].outline, shapely.box(105, 55, 155, 80))


@pytest.mark.parametrize("corner", [(1000, 0), (0, 800), (-300, -300)])
def test_a_region_beside_the_slide_is_named(corner):
    box = shapely.box(*corner, corner[0] + 200, corner[1] + 200)
    with pytest.raises(RegionError, match="region 'lost' lies outside the slide"):
        lay_regions(drawn_regions([Region.polygon("in", SQUARE), Region("lost", box)]), INFO)


def test_points_on_the_edge_are_inside_and_those_in_a_hole_are_not():
    shape = lay_regions(drawn_regions([Region.polygon("a", SQUARE, [HOLE])]), INFO).union
    xy_um = np.array([[5.0, 5.0], [30.0, 30.0], [12.5, 12.5], [4.999, 10.0], [40.0, 20.0]])
    assert shape.holds(xy_um).tolist() == [True, True, False, False, True]
    assert shape.holds(np.empty((0, 2))).tolist() == []


def star(rng: np.random.Generator) -> shapely.Geometry:
    """A spiky outline, partly beside the grid, every second with a round hole."""
    angles = np.sort(rng.random(rng.integers(3, 40))) * 2 * np.pi
    radii, centre = rng.uniform(100, 900, len(angles)), rng.uniform(-200, 1800, 2)
    ring = centre + radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    shape = shapely.make_valid(shapely.Polygon(ring))
    return shape - shapely.Point(centre).buffer(90) if rng.random() < 0.5 else shape


def test_the_part_of_every_pixel_is_exact():
    cols, rows = np.meshgrid(np.arange(101) * 16.0, np.arange(75) * 16.0)
    pixels = shapely.box(cols, rows, cols + 16, rows + 16)
    shapes = [star(np.random.default_rng(seed)) for seed in range(20)]
    shapes += [shapely.box(0, 0, 1616, 1200), shapely.box(-5, -5, 9999, 16), shapely.box(8, 8, 12, 15)]
    for shape in shapes:
        parts = shapely.area(shapely.intersection(pixels, shape)) / 256 * FULL
        assert np.abs(coverage(shape, (75, 101), 16.0) - parts).max() <= 0.501


@pytest.mark.parametrize("offset_um", [0.0, 1.0, 3.999, 4.0, 4.001, 7.3])
@pytest.mark.parametrize("turned", [0, 0.3])
def test_the_area_of_a_square_millimetre_is_right_wherever_it_lies(offset_um, turned):
    square = shapely.affinity.rotate(shapely.box(0, 0, 1000, 1000), turned, use_radians=True)
    moved = shapely.affinity.translate(square, 900 + offset_um, 900 + offset_um / 2)
    area_mm2 = coverage(moved, (400, 400), 8.0).sum() / FULL * 64e-6
    assert area_mm2 == pytest.approx(1, rel=1e-4)


def test_nothing_on_the_grid_is_nothing():
    assert not coverage(shapely.box(5000, 5000, 6000, 6000), (10, 10), 8.0).any()
    assert not coverage(shapely.Polygon(), (10, 10), 8.0).any()


def test_what_damage_touches():
    (box,) = boxes_um([Rect(20, 10, 40, 80)], 0.5)
    assert box.tolist() == [5, 10, 45, 30]
    assert boxes_um([], 0.5).shape == (0, 4)
    ring = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], np.float32)
    for shift, reach_um, expected in [
        ((10, 15), 0, True),
        ((1, 12), 0, True),
        ((0, 12), 0.5, False),
        ((0, 12), 1, True),
        ((46, 31), 1.3, False),
        ((46, 31), 1.5, True),
    ]:
        moved = ring + np.array(shift, np.float32)
        assert touched([moved + 500, moved], box[None], reach_um) == expected, (shift, reach_um)
    assert touched([ring * 100 - 100], box[None], 0)
    assert touched([np.array([[20.0, 20.0]])], box[None], 0)
    assert not touched([np.array([[20.0, 40.0], [20.0, 41.0]])], box[None], 2)
