"""A slide measured by a classifier: the same vessels however it is cut, right ones, and no path in the result."""

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import mvd
from mvd.classifier import classifier_bytes
from mvd.errors import SettingsError
from mvd.geometry import Rect
from mvd.overview import read_overview
from mvd.phantom import PhantomSpec, make_phantom, score, write_phantom
from mvd.phantom.scribbles import scribble
from mvd.report import write_slide
from mvd.segment import SKIRT, WALL, candidate_mask, make_segmenter, smooth_dab
from mvd.slide import at_mpp
from mvd.training import learn, read_marks, sample_slide
from mvd.walls import make_wall_finder

WHOLE = 100_000


def spec(seed: int) -> PhantomSpec:
    return PhantomSpec(seed, "typical", height_um=420, width_um=400, vessels_per_mm2=260, outline=False)


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> mvd.Settings:
    """Those of a classifier that was trained on another phantom."""
    folder = tmp_path_factory.mktemp("trained on")
    phantom = make_phantom(spec(41))
    slide = write_phantom(phantom, folder, "other")
    (folder / "other.geojson").write_text(json.dumps(scribble(phantom)), encoding="utf-8")
    marks = read_marks(folder / "other.geojson", slide.name)
    lesson = learn([sample_slide(slide, marks, mvd.Settings())], mvd.Settings())
    (folder / "model.npz").write_bytes(classifier_bytes(lesson.classifier))
    values = {"method": "classifier", "classifier": str(folder / "model.npz")}
    small = {"overview_px": 200, "hotspot_pictures": 0}
    return mvd.Settings.from_mapping({"vessel": values, "report": small, "hotspot": {"field_mm2": 0.05}})


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(spec(42))


@pytest.fixture(scope="module")
def slide(phantom, tmp_path_factory) -> Path:
    return write_phantom(phantom, tmp_path_factory.mktemp("slides"), "one")


@pytest.fixture(scope="module")
def result(slide: Path, settings: mvd.Settings):
    return mvd.analyze(slide, settings, tile_px=WHOLE, workers=1)


@pytest.mark.parametrize(("tile_px", "workers"), [(128, 1), (128, 2), (333, 2), (1024, 1)])
def test_the_vessels_are_the_same_to_the_last_bit(slide, settings, result, tile_px, workers) -> None:
    again = mvd.analyze(slide, settings, tile_px=tile_px, workers=workers)
    pd.testing.assert_frame_equal(again.vessels.table, result.vessels.table, check_exact=True)
    for one, two in zip(again.vessels.outlines, result.vessels.outlines, strict=True):
        for ring, twin in zip(one.outer + one.lumens, two.outer + two.lumens, strict=True):
            np.testing.assert_array_equal(ring, twin)


def test_the_vessels_are_those_of_the_phantom(slide, phantom, result) -> None:
    found = score(result.vessels.table, phantom)
    assert found.truth > 20
    assert found.f1 > 0.9
    by_threshold = mvd.analyze(slide)
    assert not by_threshold.vessels.table.equals(result.vessels.table), "it is another method"


def test_the_result_names_the_classifier_and_no_folder(slide, settings, result, tmp_path) -> None:
    write_slide(result, tmp_path / "one", "one-0", "one.tif")
    known = json.loads((tmp_path / "one" / "slide.json").read_text(encoding="utf-8"))
    name = known["settings"]["vessel"]["classifier"]
    assert name.startswith("model.npz@sha256:")
    assert known["settings_fingerprint"] == settings.fingerprint
    folder = str(Path(settings.vessel.classifier).parent)
    assert len(folder) > 5
    for path in (tmp_path / "one").iterdir():
        assert folder.encode() not in path.read_bytes()


def test_a_tile_with_its_halo_finds_what_the_whole_finds(slide, settings) -> None:
    with_slide = mvd.open_slide(slide)
    level = at_mpp(with_slide, 0.5)
    overview = read_overview(with_slide, level, settings)
    from mvd.fit import fit_stain

    stain = fit_stain(level, overview.picture.rgb, overview.tissue, settings)
    segmenter = make_segmenter(stain, settings.vessel, level.mpp)
    walls = make_wall_finder(stain, segmenter, settings.vessel, level.mpp)

    def find(rect: Rect) -> np.ndarray:
        rgb = level.read(rect)
        return walls.find(rgb, smooth_dab(rgb, segmenter.luts, segmenter.filters), rect)

    whole = Rect(0, 0, *level.shape_px)
    mask = find(whole)
    assert set(np.unique(mask)) == {0, SKIRT, WALL}
    by_threshold = candidate_mask(smooth_dab(level.read(whole), segmenter.luts, segmenter.filters), segmenter)
    assert ((mask > 0) <= (by_threshold > 0)).all(), "only what is stained"
    assert ((mask == WALL) <= (by_threshold == WALL)).all()
    assert (mask > 0).sum() < (by_threshold > 0).sum()
    for core in (Rect(0, 0, 77, 140), Rect(301, 215, 64, 50), Rect(700, 600, 140, 200)):
        halo = core.grown(walls.reach_px).clipped(level.shape_px)
        np.testing.assert_array_equal(mask[core.slices()], find(halo)[core.slices(halo)])
    with_slide.close()


def test_tissue_without_dab_has_no_vessel(settings, tmp_path) -> None:
    empty = make_phantom(PhantomSpec(5, "typical", height_um=300, width_um=300, vessels_per_mm2=0))
    found = mvd.analyze(write_phantom(empty, tmp_path, "none"), settings)
    assert found.summary["vessels"] == 0
    assert found.summary["status"] == "empty"


def test_what_the_classifier_is_nowhere_sure_of_is_no_candidate(slide, settings, result) -> None:
    """Nothing reaches a wall probability of 1, so all is skirt."""
    sure = settings.vessel.model_copy(update={"wall_probability": 1.0})
    none = mvd.analyze(slide, settings.model_copy(update={"vessel": sure}))
    doubtful = settings.vessel.model_copy(update={"wall_probability": 0.9})
    fewer = mvd.analyze(slide, settings.model_copy(update={"vessel": doubtful}))
    assert len(none.vessels.table) < len(fewer.vessels.table) <= len(result.vessels.table)


def test_pixels_of_another_size_are_refused(settings, phantom, tmp_path) -> None:
    path = tmp_path / "coarse.png"
    cv2.imwrite(str(path), phantom.rgb[::2, ::2, ::-1])
    values = settings.model_dump() | {"slide": {"mpp": 1.0}}
    coarse = mvd.Settings.from_mapping(values)
    with pytest.raises(SettingsError, match=r"trained at 0\.5 um/px and this slide is analysed at 1"):
        mvd.analyze(path, coarse)
