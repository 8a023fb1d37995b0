"""Vessels drawn by hand: their pixels, their measures, cutting, joining, stains."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import shapely
from correcting import across, circle, square
from hypothesis import given, settings
from hypothesis import strategies as st

import mvd
from mvd import Corrections
from mvd.corrections.made import Measured
from mvd.corrections.raster import drawn_outline, drawn_polygon, inside
from mvd.errors import CorrectionsError

SHAPE = ("area_um2", "lumen_area_um2", "filled_area_um2", "perimeter_um", "major_axis_um", "minor_axis_um")
SHAPE += ("max_feret_um", "lumen_width_um", "wall_um", "solidity", "eccentricity", "x_um", "y_um")
STAINS = ("mean_dab_od", "max_dab_od", "hematoxylin_od", "residual_od")
SLIDE_PX = (800, 800)


def measured(*rings: list[tuple[float, float]], mpp: float = 0.5) -> dict[str, float]:
    return Measured.of(drawn_polygon([np.array(ring) for ring in rings], mpp, SLIDE_PX)).columns(mpp)


points = st.tuples(st.floats(-5, 45), st.floats(-5, 45))


@settings(deadline=None, max_examples=150)
@given(st.lists(points, min_size=3, max_size=9, unique=True))
def test_a_pixel_belongs_to_a_polygon_that_its_middle_lies_in(ring: list[tuple[float, float]]) -> None:
    polygon = shapely.Polygon(ring)
    mask = inside([np.array(ring)], (40, 40), 0, 0)
    for row in range(0, 40, 3):
        for col in range(0, 40, 3):
            middle = shapely.Point(col + 0.5, row + 0.5)
            if polygon.is_valid and polygon.boundary.distance(middle) > 1e-6:
                assert bool(mask[row, col]) == polygon.contains(middle)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0.0, 30.0), min_size=2, max_size=6), st.floats(1.0, 29.0))
def test_neighbours_share_no_pixel_and_leave_none_out(bends: list[float], end: float) -> None:
    seam = [(x, y) for x, y in zip(bends, np.linspace(0.25, 29.75, len(bends)).tolist(), strict=True)]
    seam = [(end, -1.0), *seam, (end, 31.0)]
    left = inside([np.array([(-1.0, 31.0), (-1.0, -1.0), *seam])], (30, 30), 0, 0)
    right = inside([np.array([*seam, (31.0, 31.0), (31.0, -1.0)])], (30, 30), 0, 0)
    assert (left ^ right).all()


def test_a_disc_and_a_ring_have_the_measures_of_geometry() -> None:
    disc = measured(circle(100, 100, 12))
    assert disc["area_um2"] == pytest.approx(np.pi * 144, rel=0.01)
    assert disc["perimeter_um"] == pytest.approx(2 * np.pi * 12, rel=0.03)
    assert disc["max_feret_um"] == pytest.approx(24, rel=0.03)
    assert disc["lumen_area_um2"] == disc["lumen_width_um"] == 0
    assert (disc["x_um"], disc["y_um"]) == pytest.approx((100, 100), abs=0.05)
    ring = measured(circle(100, 100, 15), circle(100, 100, 10))
    assert ring["area_um2"] == pytest.approx(np.pi * 125, rel=0.02)
    assert ring["lumen_area_um2"] == pytest.approx(np.pi * 100, rel=0.02)
    assert ring["lumen_width_um"] == pytest.approx(20, rel=0.05)
    assert ring["wall_um"] == pytest.approx(5, rel=0.05)


def test_what_was_found_is_measured_again_as_it_was(opened: Corrections) -> None:
    """A vessel's outline gives back its pixels: all columns of size are the same, whole or with wide lumens."""
    table = opened.candidates.table
    for row in range(len(table)):
        again = Measured.of(drawn_outline(opened.candidates.outlines[row], opened.mpp)).columns(opened.mpp)
        for name in SHAPE:
            assert again[name] == pytest.approx(table[name].iloc[row], abs=1e-9), (row, name)


def test_a_cut_vessel_loses_nothing(opened: Corrections) -> None:
    counted = opened.vessels.counted
    vessel_id = int(counted.loc[counted["lumen_area_um2"].idxmax(), "vessel_id"])
    before = opened.vessels.table.iloc[vessel_id - 1]
    opened.split(vessel_id, across(opened, vessel_id))
    pieces = opened.vessels.table[opened.vessels.table["by_hand"] == "split"].query("counted")
    assert len(pieces) == 2
    for name in ("area_um2", "lumen_area_um2", "filled_area_um2"):
        assert pieces[name].sum() == pytest.approx(before[name])
    assert (pieces["y_um"] < before.y_um).tolist() == [True, False]
    assert opened.summary()["vessels"] == len(counted) + 1


def test_merged_parts_have_the_area_and_the_stain_of_all(opened: Corrections) -> None:
    ids = opened.vessels.counted["vessel_id"].tolist()[:3]
    parts = opened.vessels.table.iloc[[i - 1 for i in ids]]
    opened.merge(ids)
    merged = opened.vessels.table.iloc[-1]
    assert merged.area_um2 == pytest.approx(parts["area_um2"].sum())
    mean = (parts["area_um2"] * parts["mean_dab_od"]).sum() / parts["area_um2"].sum()
    assert merged.mean_dab_od == pytest.approx(mean)
    assert merged.max_dab_od == parts["max_dab_od"].max()
    assert merged.parts == parts["parts"].sum()
    assert opened.summary()["vessels"] == int(opened.automatic.table["counted"].sum()) - 2


def test_stains_by_hand_are_those_that_mvd_measures(opened: Corrections, phantoms: Path) -> None:
    """Outlined just as it was found, a vessel has the stains it had: but for skirts, which outlines leave out."""
    counted = opened.vessels.counted
    alone = counted[(counted["reason"] == "ok") & (counted["lumen_area_um2"] == 0)]["vessel_id"].tolist()[:4]
    assert len(alone) > 2
    before = opened.vessels.table
    with closing(mvd.open_slide(next(phantoms.glob("one*.tif")))) as slide:
        opened.measure_on(slide)
        for vessel_id in alone:
            opened.outline(vessel_id, opened.vessels.outlines[vessel_id - 1].outer)
    for vessel_id in alone:
        for name in STAINS:
            now = opened.vessels.table[name].iloc[vessel_id - 1]
            assert now == pytest.approx(before[name].iloc[vessel_id - 1], abs=1e-9)


def test_another_slide_measures_nothing(opened: Corrections, tmp_path: Path) -> None:
    from mvd.phantom import PhantomSpec, make_phantom, write_phantom

    spec = PhantomSpec(3, "typical", height_um=300, width_um=400, vessels_per_mm2=50, outline=False)
    write_phantom(make_phantom(spec), tmp_path, "other")
    with (
        closing(mvd.open_slide(next(tmp_path.glob("other*.tif")))) as slide,
        pytest.raises(CorrectionsError, match="another size"),
    ):
        opened.measure_on(slide)


def test_a_point_has_a_place_and_no_size(opened: Corrections) -> None:
    before = opened.summary()["vessels"]
    opened.add(point_um=(33.3333, 44))
    row = opened.vessels.table.iloc[-1]
    assert (row.x_um, row.y_um, row.counted, row.by_hand) == (33.333, 44.0, True, "added")
    assert np.isnan(row.area_um2)
    assert np.isnan(row.mean_dab_od)
    assert opened.summary()["vessels"] == before + 1


BAD = {
    "two corners": ([[(1, 1), (9, 9)]], "at least 3"),
    "beyond the slide": ([square(-50, -50, 20)], "on the slide"),
    "far too large": ([[(0, 0), (2500, 0), (2500, 20)]], "more than 2000"),
    "smaller than a pixel": ([square(100.0, 100.0, 0.1)], "no pixel"),
    "all lumen": ([square(100, 100, 20), square(100, 100, 30)], "nothing of the wall"),
    "no number": ([[(1, 1), (9, float("nan")), (4, 4)]], "finite"),
    "no points": ([["a", "b", "c"]], "pairs of numbers"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_a_vessel_is_refused(opened: Corrections, case: str) -> None:
    polygon, complaint = BAD[case]
    with pytest.raises(CorrectionsError, match=complaint) as refused:
        opened.add(polygon)
    assert "\n" not in str(refused.value)
    assert not opened.edits
    assert not list(opened.folder.glob("corrections.*"))
