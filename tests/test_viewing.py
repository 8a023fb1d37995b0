"""What a viewer asks of the core."""

import json
from contextlib import closing

import imagecodecs
import numpy as np
import pytest
import tifffile

import mvd
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.slide import at_mpp
from mvd.viewing.preview import COUNTED

SIDE_UM = 700.0


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    phantom = make_phantom(PhantomSpec(11, "typical", height_um=SIDE_UM, width_um=SIDE_UM, mpp=0.5))
    return write_phantom(phantom, tmp_path_factory.mktemp("viewing"), "slide")


@pytest.fixture(scope="module")
def settings():
    return mvd.Settings.from_mapping({"hotspot": {"nulls": 0, "ladder": False, "field_mm2": 0.15}})


@pytest.fixture(scope="module")
def result(path, settings):
    return mvd.analyze(path, settings)


@pytest.fixture
def slide(path):
    opened = mvd.open_slide(path)
    yield opened
    opened.close()


@pytest.mark.parametrize("changes", [{}, {"min_area_um2": 60.0}, {"min_high_od": 0.4, "low_spreads": 5.0}])
def test_the_preview_finds_what_a_run_finds(slide, path, settings, changes):
    preview = mvd.Preview(slide, mvd.Settings())
    changed = settings.model_copy(update={"vessel": settings.vessel.model_copy(update=changes)})
    assert preview.serves(changed)
    run = mvd.analyze(path, changed)
    looked = preview.look((0, 0, SIDE_UM, SIDE_UM), changed)
    assert (looked.counted, looked.candidates) == (
        int(run.vessels.table["counted"].sum()),
        len(run.vessels.table),
    )
    assert (looked.low_od, looked.high_od) == (run.stain.low_od, run.stain.high_od)
    counted = run.vessels.table.loc[run.vessels.table["counted"], "area_um2"].sum()
    assert (looked.labels == COUNTED).sum() * looked.mpp**2 == pytest.approx(counted, rel=1e-3)


def test_a_preview_of_a_part_is_that_part(slide, settings):
    preview = mvd.Preview(slide, settings)
    whole = preview.look((0, 0, SIDE_UM, SIDE_UM), settings).labels > 0
    part = preview.look((200, 100, 500, 400), settings)
    assert (part.x_um, part.y_um) == (200, 100)
    inner = (slice(120, -120), slice(120, -120))  # 60 um away from the edge, no vessel is cut
    np.testing.assert_array_equal((part.labels > 0)[inner], whole[200:800, 400:1000][inner])


def test_a_preview_has_the_colours_of_a_run(tmp_path):
    phantom = make_phantom(PhantomSpec(11, "typical", height_um=300, width_um=300, mpp=0.5, outline=False))
    path = tmp_path / "profiled.tif"
    profile = imagecodecs.cms_profile("adobergb")
    tifffile.imwrite(path, phantom.rgb, photometric="rgb", tile=(128, 128), iccprofile=profile)
    settings = mvd.Settings.from_mapping(
        {"slide": {"icc": "srgb", "mpp": 0.5}, "hotspot": {"nulls": 0, "ladder": False, "field_mm2": 0.01}}
    )
    run = mvd.analyze(path, settings)
    with closing(mvd.open_slide(path, mpp=0.5)) as slide:
        looked = mvd.Preview(slide, settings).look((0, 0, 300, 300), settings)
    assert (looked.low_od, looked.high_od) == (run.stain.low_od, run.stain.high_od)
    assert looked.candidates == len(run.vessels.table)


def test_what_a_preview_cannot_show_is_said(slide, settings):
    preview = mvd.Preview(slide, settings)
    with pytest.raises(mvd.MvdError, match="in view"):
        preview.look((-50, -50, -10, -10), settings)
    blurred = settings.model_copy(update={"vessel": settings.vessel.model_copy(update={"blur_um": 1.0})})
    assert not preview.serves(blurred)


def test_a_saved_result_is_that_of_a_run_and_reads_back(result, path, tmp_path, mvd_run):
    folder = mvd.save_result(result, tmp_path / "saved")
    run = mvd_run(path, tmp_path / "run", result.settings)
    assert folder.name == run.name
    for name in ("vessels.csv", "hotspots.csv", "vessels.geojson", "slide.json"):
        assert (folder / name).read_bytes() == (run / name).read_bytes(), name
    for name in ("summary.csv", "hotspots.csv"):
        assert (tmp_path / "saved" / name).read_bytes() == (tmp_path / "run" / name).read_bytes(), name
    assert (tmp_path / "saved" / "report.html").is_file()

    shown = mvd.read_shown(folder)
    assert b"".join(shown.geojson()) == (folder / "vessels.geojson").read_bytes()
    assert b"".join(shown.csv()) == (folder / "vessels.csv").read_bytes()
    assert shown.result.settings == result.settings
    (stored,) = mvd.slides_of_result(tmp_path / "saved")
    assert (stored.name, stored.vessels) == (path.name, result.summary["vessels"])
    mvd.save_result(result, tmp_path / "saved")  # its own folder is replaced

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("Dear pathologist", encoding="utf-8")
    with pytest.raises(mvd.MvdError, match="new or empty folder"):
        mvd.save_result(result, tmp_path / "mine")
    assert [each.name for each in (tmp_path / "mine").iterdir()] == ["letter.txt"]


@pytest.fixture
def mvd_run():
    from mvd.batch import run
    from mvd.batch.save import _Silent
    from mvd.slide import FoundSlide

    def do(path, out, settings):
        run([FoundSlide(path, path.name)], out, settings, _Silent())
        (folder,) = (out / "slides").iterdir()
        return folder

    return do


def test_regions_in_um_lie_where_qupath_has_them(slide):
    from dataclasses import replace

    info = replace(slide.info, origin_px=(30, 10))
    region = mvd.region_um(
        "A", [(100, 50), (200, 50), (200, 150)], info, "Tumor", [[(190, 60), (195, 60), (195, 65)]]
    )
    written = json.loads(mvd.regions_geojson([region]))
    (feature,) = written["features"]
    assert [170, 90] in feature["geometry"]["coordinates"][0]
    assert feature["properties"]["classification"] == {"name": "Tumor"}
    ((_, polygons),) = mvd.region_rings_um([region], info)
    assert polygons[0][0].min(axis=0).tolist() == [100, 50]
    assert len(polygons[0]) == 2
    with pytest.raises(mvd.MvdError, match="three points"):
        mvd.region_um("A", [(0, 0), (1, 1)], info)


def test_levels_for_a_viewer_are_the_slide_at_whole_factors(slide):
    levels = mvd.view_levels(slide)
    assert levels[0].shape_px == slide.info.shape_px
    for level in levels:
        assert level.mpp == slide.info.mpp * level.level0_factor
        rect = mvd.Rect(0, 0, *level.shape_px)
        own = at_mpp(slide, level.mpp, allow_coarse=True)
        np.testing.assert_array_equal(level.read(rect), own.read(rect))


def test_every_setting_is_a_field_of_the_form():
    fields = mvd.form_fields()
    assert {(f.section, f.name) for f in fields} == {
        (section, name) for section, model in mvd.Settings() for name in type(model).model_fields
    }
    known = {f"{f.section}.{f.name}": f for f in fields}
    assert known["vessel.min_area_um2"].unit == "um2"
    assert (known["slide.mpp"].optional, known["slide.mpp"].low, known["slide.mpp"].high) == (True, 0.05, 5)
    assert known["vessel.cut_by_edge"].choices == ("centroid", "leave_out", "two_sides")
    assert known["stain.white_point"].kind == "numbers"
    assert known["vessel.classifier"].kind == "text"
    assert set(mvd.section_titles()) == {f.section for f in fields}
