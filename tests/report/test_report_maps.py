"""The pictures of the measures: what is drawn where, the same bytes each time, and the density map as numbers."""

import io
import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
import tifffile

from mvd.measures import Place, measure
from mvd.report import write_slide
from mvd.report.chalkley import HIT, draw_chalkley
from mvd.report.density_tiff import density_tiff
from mvd.report.maps import Scale, draw_density, draw_distance
from mvd.result import HOTSPOT_COLUMNS
from mvd.settings import Settings

FEW = {"hotspot": {"field_mm2": 0.02, "nulls": 19}, "report": {"overview_px": 400, "hotspot_px": 400}}


def pixels(png):
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


@pytest.fixture
def measured(make_result):
    result, settings = make_result(), Settings.from_mapping(FEW)
    place = Place(result.vessels, result.tissue, result.vessels.outlines[:2], result.stain, np.empty((0, 4)))
    measures = measure(place, settings)
    pictures = tuple(result.overview for _ in measures.chalkley_spots)
    return replace(
        result, settings=settings, measures=measures, hotspots=measures.hotspots, chalkley_pictures=pictures
    )


@pytest.mark.parametrize("draw", [draw_density, draw_distance])
def test_maps_are_paper_off_the_tissue_and_the_same_each_time(measured, draw):
    png = draw(measured)
    assert draw(measured) == png
    rgb = pixels(png)
    assert (rgb > 235).all(axis=2).mean() > 0.05
    assert len(np.unique(rgb.reshape(-1, 3), axis=0)) > 100


def test_the_bar_has_round_numbers():
    for most in (0.7, 1.0, 3.0, 117.0, 200.0, 5321.0):
        scale = Scale(most, cv2.COLORMAP_VIRIDIS, "")
        assert 2 <= most / scale.step <= 5
    ends = Scale(10.0, cv2.COLORMAP_VIRIDIS, "").paint(np.array([[0, 10, 99, np.nan]], np.float32))[0]
    assert ends[1].tolist() == ends[2].tolist() != ends[0].tolist()
    assert ends[3].tolist() == [250, 250, 250]


def test_chalkley_shows_each_hit(measured):
    count = measured.measures.chalkley[0]
    assert count.hits > 0
    rgb = pixels(draw_chalkley(measured, 0))
    yellow = (np.abs(rgb.astype(int) - HIT) < 12).all(axis=2)[:-30]  # the legend has one too
    parts, _ = cv2.connectedComponents(yellow.astype(np.uint8))
    assert 1 <= parts - 1 <= count.hits + 1


def test_the_tiff_holds_the_density_and_where_it_lies(measured):
    content = density_tiff(measured)
    assert density_tiff(measured) == content
    with tifffile.TiffFile(io.BytesIO(content)) as tiff:
        np.testing.assert_array_equal(tiff.asarray(), measured.measures.density.per_mm2)
        about = tifffile.xml2dict(tiff.ome_metadata)["OME"]["Image"]["Pixels"]
        assert about["PhysicalSizeX"] == measured.measures.density.mpp


def test_all_of_it_is_written_and_removed_again(measured, tmp_path):
    settings = Settings.from_mapping({**FEW, "report": {**FEW["report"], "density_tiff": True}})
    write_slide(replace(measured, settings=settings), tmp_path, "case-1", "case.svs")
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {"density.png", "density.ome.tif", "distance.png", "chalkley_01.png"}
    space = json.loads((tmp_path / "slide.json").read_text())["space"]
    assert space["chalkley"][0]["hits"] == measured.measures.chalkley[0].hits
    assert space["ripley"] is None or 0 < space["ripley"]["p"] <= 1
    lines = (tmp_path / "hotspots.csv").read_text().splitlines()
    cells = [dict(zip([c.name for c in HOTSPOT_COLUMNS], line.split(","), strict=True)) for line in lines[1:]]
    assert {row["field_mm2"] for row in cells} == {
        "0.020",
        "0.740",
        "0.610",
        "0.350",
        "0.196",
        "0.190",
        "0.150",
    }
    assert all(row["chalkley"] and row["shape"] == "circle" for row in cells)
    assert all(bool(row["p"]) == (row["field_mm2"] == "0.020") for row in cells)
    assert all(float(row["p"]) > 0 for row in cells if row["p"])
    write_slide(replace(measured, measures=None, chalkley_pictures=()), tmp_path, "case-1", "case.svs")
    assert (
        not names
        & {"density.png", "density.ome.tif", "distance.png", "chalkley_01.png"}
        & {path.name for path in tmp_path.iterdir()}
    )
