"""Classes and margins made of drawn regions: areas known from geometry, and what they do with awkward regions."""

import math
from pathlib import Path

import numpy as np
import pytest
import shapely

from mvd.errors import RegionError
from mvd.region import Region, Zone, drawn_regions, lay_regions, looked_at, zones
from mvd.settings import RegionSettings
from mvd.slide.base import SlideInfo

MPP = 0.5
INFO = SlideInfo(Path("one.svs"), (8000, 10000), MPP, "aperio", 20.0, "aperio", ((8000, 10000),))
"""5000 um wide, 4000 um high."""


def square(left: float, top: float, side: float, classification: str = "Tumor", name: str = "") -> Region:
    """A square by its um."""
    ring = np.array(shapely.box(left, top, left + side, top + side).exterior.coords) / MPP
    return Region.polygon(name, ring, classification=classification)


def disc(radius_um: float) -> Region:
    ring = shapely.Point(2500, 2000).buffer(radius_um, quad_segs=400).exterior.coords
    return Region.polygon("T", np.array(ring) / MPP, classification="Tumor")


def made(*regions: Region, margin_um: float = 0.0, margin_class: str = "Tumor") -> tuple[Zone, ...]:
    settings = RegionSettings(margin_um=margin_um, margin_class=margin_class)
    return zones(lay_regions(drawn_regions(regions), INFO), settings)


def areas(found: tuple[Zone, ...]) -> dict[str, float]:
    """Area of the only zone of each kind, um2."""
    return {zone.kind: zone.shape.outline.area for zone in found if zone.kind != "drawn"}


@pytest.mark.parametrize("width", [50.0, 200.0, 500.0])
def test_the_margin_of_a_circle_is_two_rings(width):
    radius = 800.0
    found = areas(made(disc(radius), margin_um=width))
    assert found["margin_inside"] == pytest.approx(math.pi * (radius**2 - (radius - width) ** 2), rel=2e-4)
    assert found["margin_outside"] == pytest.approx(math.pi * ((radius + width) ** 2 - radius**2), rel=2e-4)
    assert found["core"] == pytest.approx(math.pi * (radius - width) ** 2, rel=2e-4)
    assert found["margin"] == pytest.approx(found["margin_inside"] + found["margin_outside"])


@pytest.mark.parametrize("width", [50.0, 200.0])
def test_the_margin_of_a_square_is_square_inside_and_round_at_the_corners_outside(width):
    side = 1000.0
    found = areas(made(square(2000, 1500, side), margin_um=width))
    assert found["core"] == pytest.approx((side - 2 * width) ** 2)
    assert found["margin_inside"] == pytest.approx(side**2 - (side - 2 * width) ** 2)
    assert found["margin_outside"] == pytest.approx(4 * side * width + math.pi * width**2, rel=2e-4)


def test_a_tumour_narrower_than_its_margin_has_no_core():
    found = made(square(2000, 1500, 300), margin_um=150.5)
    (core,) = (zone for zone in found if zone.kind == "core")
    assert core.shape.outline.is_empty
    assert core.shape.polygons_um == []
    assert areas(found)["margin_inside"] == pytest.approx(300**2)


def test_the_edge_of_the_slide_is_no_border():
    """A tumour that fills the left half of the slide has one border: the straight line down its middle."""
    half = Region.polygon("T", np.array(shapely.box(-20, -20, 5000, 8020).exterior.coords), (), "Tumor")
    found = areas(made(half, margin_um=300))
    assert found["margin_inside"] == pytest.approx(300 * 4000)
    assert found["margin_outside"] == pytest.approx(300 * 4000)
    assert found["core"] == pytest.approx((2500 - 300) * 4000)


def test_a_tumour_that_fills_the_slide_has_no_margin():
    whole = Region.polygon("T", np.array(shapely.box(0, 0, 10000, 8000).exterior.coords), (), "Tumor")
    found = areas(made(whole, margin_um=300))
    assert found["margin"] == found["margin_inside"] == found["margin_outside"] == 0
    assert found["core"] == pytest.approx(5000 * 4000)


def test_a_hole_in_the_tumour_has_a_border_too():
    outer, hole = (np.array(shapely.box(*box).exterior.coords) / MPP for box in HOLED)
    found = areas(made(Region.polygon("T", outer, [hole], "Tumor"), margin_um=100))
    assert found["core"] == pytest.approx(1300**2 - (500**2 + 4 * 500 * 100 + math.pi * 100**2), rel=2e-4)
    assert found["margin_outside"] == pytest.approx(
        4 * 1500 * 100 + math.pi * 100**2 + 500**2 - 300**2, rel=2e-4
    )


HOLED = ((1500, 1500, 3000, 3000), (2000, 2000, 2500, 2500))


def test_regions_of_a_class_are_one_and_what_two_cover_is_in_it_once():
    found = made(
        square(1000, 1000, 400), square(1200, 1000, 400), square(3000, 1000, 100), square(0, 0, 50, "Stroma")
    )
    classes = {zone.classification: zone for zone in found if zone.kind == "class"}
    assert list(classes) == ["Tumor", "Stroma"]
    assert classes["Tumor"].shape.outline.area == pytest.approx(600 * 400 + 100**2)
    assert classes["Tumor"].shape.name == "(class Tumor)"
    assert classes["Stroma"].shape.outline.area == pytest.approx(50**2)


def test_regions_that_abut_have_no_border_between_them():
    two = areas(made(square(1000, 1000, 400), square(1400, 1000, 400), margin_um=50))
    assert two["core"] == pytest.approx(700 * 300)
    assert two["margin_outside"] == pytest.approx(2400 * 50 + math.pi * 50**2, rel=2e-4)


def test_regions_without_a_class_make_none():
    assert [zone.kind for zone in made(square(1000, 1000, 400, ""))] == ["drawn"]


def test_the_class_of_the_margin_is_found_whatever_its_case_or_else_by_name():
    by_class = made(square(1000, 1000, 400), margin_um=50, margin_class="tumor")
    by_name = made(square(1000, 1000, 400, "", "Tumor"), margin_um=50)
    for found in (by_class, by_name):
        assert found[-4].shape.name == "(margin of Tumor, 50 um)"
    assert areas(by_class)["margin"] == areas(by_name)["margin"]


def test_a_margin_of_nothing_is_refused_with_what_there_is():
    with pytest.raises(RegionError, match=r"no region of class 'Tumor'.*there are: Necrosis, Stroma"):
        made(square(0, 0, 50, "Stroma"), square(100, 0, 50, "", "Necrosis"), margin_um=50)


def test_vessels_are_looked_for_in_the_margin_and_not_beyond_the_slide():
    laid = lay_regions(drawn_regions([square(0, 0, 1000), square(3000, 3000, 100, "Stroma")]), INFO)
    assert looked_at(laid, RegionSettings()) is laid.union
    wide = looked_at(laid, RegionSettings(margin_um=200)).outline
    corner = 2 * 1000 * 200 + math.pi * 200**2 / 4
    assert wide.area == pytest.approx(1000**2 + corner + 100**2, rel=2e-4)
    assert wide.bounds == pytest.approx((0, 0, 3100, 3100))
