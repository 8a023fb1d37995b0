"""Vessels that the edge of the slide or of a region cuts: counted by the rule that the settings name."""

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from click.testing import CliRunner
from drawn import Inside, components_of, drawn, ring, together

import mvd
from mvd.cli import cli
from mvd.found import Damage, Found
from mvd.limits import limit_vessels
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.region import CUT, OUTSIDE, Drawn, Frame, Profiles, Region, Shape, lay_regions, place
from mvd.report.rows import region_rows
from mvd.runs import Components
from mvd.settings import Settings
from mvd.slide.base import SlideInfo
from mvd.stain import Stain, StainMatrix
from mvd.tissue import Tissue
from mvd.vessels import find_vessels

MPP = 0.5
SIDE_PX = 320
STAIN = Stain((240.0, 240.0, 240.0), StainMatrix(np.eye(3), "preset", 0.0), 0.0, 0.0, 0.1, 0.2)
# Rings of 12 px about (row, col), px: cut by each edge of the slide, by two of them, by none, and one that stops
# a pixel short of the edge.
AT_EDGES = {
    "top": (5, 160),
    "left": (160, 5),
    "bottom": (315, 160),
    "right": (160, 315),
    "top and right": (5, 315),
    "none": (100, 100),
    "nearly bottom": (SIDE_PX - 13, 60),
    "nearly right": (60, SIDE_PX - 13),
}
# The same about a region of 60 to 260 px.
LOW_PX, HIGH_PX = 60, 260
REGION = Region.polygon("one", [[LOW_PX, LOW_PX], [HIGH_PX, LOW_PX], [HIGH_PX, HIGH_PX], [LOW_PX, HIGH_PX]])
AT_REGION = {
    "top": (LOW_PX + 4, 160),
    "left": (160, LOW_PX - 4),
    "bottom": (HIGH_PX - 4, 160),
    "right": (160, HIGH_PX + 4),
    "top and right": (LOW_PX + 4, HIGH_PX - 4),
    "inside": (150, 200),
    "inside, at the edge": (HIGH_PX - 12, 100),
    "outside, at the edge": (HIGH_PX + 12, 220),
    "outside": (300, 300),
}


def found_of(shape: Inside, regions: tuple[Region, ...] = ()) -> Found:
    """A slide of 160 um on which a shape is stained."""
    info = SlideInfo(
        Path("one.tif"), (SIDE_PX, SIDE_PX), MPP, "file", None, "test", ((SIDE_PX, SIDE_PX),), (0, 0)
    )
    mask = np.ones((20, 20), bool)
    components: Components = components_of(drawn(shape, (SIDE_PX, SIDE_PX)) * 2)
    tissue = Tissue(mask, ~mask, 8.0, (240.0, 240.0, 240.0), "background")
    laid = lay_regions(Drawn(regions, "", ""), info) if regions else None
    return Found(info, MPP, tissue, STAIN, components, Damage(np.empty((0, 4)), ~mask, 3.0), laid)


def reasons(rule: str, places: dict[str, tuple[int, int]], *regions: Region) -> dict[str, str]:
    """The reason that each of some rings has, by the place where it was drawn."""
    rings = [ring(row + 0.0, col + 0.0, 12, 8) for row, col in places.values()]
    found = found_of(together(*rings), regions)
    settings = Settings.from_mapping({"vessel": {"cut_by_edge": rule}})
    vessels = find_vessels(found.components, found.tissue, found.stain, settings.vessel, MPP)
    limited = limit_vessels(vessels, found.laid and found.laid.union, found, settings).table
    assert len(limited) == len(places)
    away = [
        np.hypot(limited["y_um"] - row * MPP, limited["x_um"] - col * MPP) for row, col in places.values()
    ]
    assert (limited["counted"] == limited["reason"].isin(["ok", "merged", "split"])).all()
    return {
        name: "" if row.counted else row.reason
        for name, each in zip(places, away, strict=True)
        for row in [limited.iloc[int(each.argmin())]]
    }


@pytest.mark.parametrize(
    ("rule", "left_out"),
    [
        ("centroid", set()),
        ("leave_out", {"top", "left", "bottom", "right", "top and right"}),
        ("two_sides", {"bottom", "right", "top and right"}),
    ],
)
def test_what_the_slides_edge_cuts(rule: str, left_out: set[str]) -> None:
    assert reasons(rule, AT_EDGES) == {name: "cut_by_edge" if name in left_out else "" for name in AT_EDGES}


@pytest.mark.parametrize(
    ("rule", "left_out", "outside"),
    [
        ("centroid", set(), {"left", "right"}),
        ("leave_out", {"top", "left", "bottom", "right", "top and right"}, set()),
        ("two_sides", {"bottom", "right", "top and right"}, set()),
    ],
)
def test_what_a_regions_edge_cuts(rule: str, left_out: set[str], outside: set[str]) -> None:
    outside = outside | {"outside, at the edge", "outside"}
    found = reasons(rule, AT_REGION, REGION)
    assert {name for name, reason in found.items() if reason == "cut_by_edge"} == left_out
    assert {name for name, reason in found.items() if reason == "out_of_region"} == outside


def test_the_edge_of_the_slide_is_one_of_a_region_that_hangs_over_it() -> None:
    over = Region.polygon("over", [[-50, -50], [400, -50], [400, 400], [-50, 400]])
    for rule in ("leave_out", "two_sides"):
        assert reasons(rule, AT_EDGES, over) == reasons(rule, AT_EDGES)


def vessels_at_random(seed: int, count: int) -> list[shapely.Polygon]:
    """Lines, blots and arcs between 20 and 80 um of a plane of 100 um, in every direction."""
    random = np.random.default_rng(seed)
    shapes = []
    for middle in random.uniform(30, 70, (count, 2)):
        steps = random.normal(0, 4, (int(random.integers(2, 5)), 2)).cumsum(axis=0).clip(-8, 8)
        shapes.append(shapely.LineString(middle + steps).buffer(random.uniform(0.3, 3), quad_segs=2))
    return shapes


def places_of(shapes: list[shapely.Polygon], area: shapely.Geometry, rule: str) -> np.ndarray:
    rings = [(shapely.get_coordinates(each.exterior)[:-1],) for each in shapes]
    middles = np.array([shapely.get_coordinates(each.convex_hull.centroid)[0] for each in shapes])
    reach = np.array([np.hypot(*(ring[0] - xy).T).max() for ring, xy in zip(rings, middles, strict=True)])
    frame = Frame(rule, 100.0, 100.0, MPP)  # type: ignore[arg-type]
    return place(Profiles(middles, reach, rings.__getitem__), Shape("", area), frame)


@pytest.mark.parametrize("seed", range(3))
def test_two_sides_count_every_vessel_in_one_of_the_frames_that_share_a_plane(seed: int) -> None:
    """Also those that run round a corner, which edges without the lines that go on from them count twice."""
    shapes = vessels_at_random(seed, 300)
    sides = [10.0, 38.0, 45.0, 52.0, 90.0]
    frames = [
        shapely.box(left, top, right, bottom)
        for left, right in itertools.pairwise(sides)
        for top, bottom in itertools.pairwise(sides)
    ]
    placed = np.array([places_of(shapes, frame, "two_sides") for frame in frames])
    assert ((placed != OUTSIDE).sum(axis=0) > 2).sum() > 20, "some lie on corners"
    np.testing.assert_array_equal(((placed != OUTSIDE) & (placed != CUT)).sum(axis=0), 1)


@pytest.mark.parametrize("rule", ["leave_out", "two_sides"])
def test_what_no_edge_cuts_is_inside_or_outside_whatever_its_shape(rule: str) -> None:
    shapes = vessels_at_random(7, 300)
    area = shapely.Point(50, 50).buffer(17).difference(shapely.Point(46, 52).buffer(5))
    placed = places_of(shapes, area, rule)
    for shape, found in zip(shapes, placed, strict=True):
        if not shape.crosses(area.boundary) and not area.boundary.intersects(shape):
            assert found == (0 if area.contains(shape) else OUTSIDE)
        elif rule == "leave_out":
            assert found == CUT


def test_of_two_parts_of_a_region_each_has_its_own_edges() -> None:
    left, right = shapely.box(10, 10, 40, 40), shapely.box(60, 10, 90, 40)
    bridge, tail = shapely.box(35, 20, 65, 22), shapely.box(35, 30, 45, 32)
    placed = places_of([bridge, tail], shapely.union_all([left, right]), "two_sides")
    assert placed.tolist() == [0, CUT]


def test_a_region_that_another_one_adjoins_has_its_own_edge() -> None:
    """The regions together have no edge between them."""
    pair = [
        Region.polygon(name, [[x, 0], [x + 300, 0], [x + 300, 600], [x, 600]])
        for name, x in (("a", 0), ("b", 300))
    ]
    spec = PhantomSpec(5, "typical", height_um=300, width_um=300, vessels_per_mm2=400, outline=False)
    pixels = make_phantom(spec).rgb
    counts = {}
    for rule in ("centroid", "leave_out", "two_sides"):
        settings = Settings.from_mapping(
            {"slide": {"mpp": 0.5}, "vessel": {"cut_by_edge": rule}, "hotspot": {"field_mm2": 0.01}}
        )
        result = mvd.analyze(pixels, settings, region=pair, workers=2)
        counts[rule] = [row["vessels"] for row in region_rows(result, "one-1")]
    for rule in ("centroid", "two_sides"):
        a, b, both = counts[rule]
        assert a + b == both
    a, b, both = counts["leave_out"]
    assert a + b < both <= counts["two_sides"][2] <= counts["centroid"][2]


def test_counting_again_by_another_rule_gives_the_bytes_of_a_run(tmp_path: Path) -> None:
    spec = PhantomSpec(9, "typical", height_um=300, width_um=300, vessels_per_mm2=300, outline=False)
    slide = write_phantom(make_phantom(spec), tmp_path, "one")
    roi = tmp_path / "roi.geojson"
    corners = [[100, 0], [500, 90], [420, 600], [100, 600], [100, 0]]
    roi.write_text(json.dumps({"type": "Polygon", "coordinates": [corners]}))
    rule = ("--vessel-cut-by-edge", "two_sides")

    def run(*words: object) -> None:
        assert CliRunner().invoke(cli, [str(word) for word in (*words, "--quiet")]).exit_code == 0

    run("run", slide, "--region", roi, "--out", tmp_path / "first")
    run("recount", tmp_path / "first", *rule)
    run("run", slide, "--region", roi, "--out", tmp_path / "anew", *rule)
    tables = [
        {path.name: path.read_bytes() for path in sorted((tmp_path / name).rglob("*.csv"))}
        for name in ("first", "anew")
    ]
    assert tables[0] == tables[1]
    rows = list(csv.DictReader(tables[0]["vessels.csv"].decode().splitlines()))
    assert {row["counted"] for row in rows if row["reason"] == "cut_by_edge"} == {"false"}
