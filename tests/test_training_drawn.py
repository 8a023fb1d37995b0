"""Scribbles in um, as a viewer has them -> the classifier that `mvd train` makes of their file; and its preview."""

import json
from pathlib import Path

import numpy as np
import pytest

import mvd
from mvd.classifier import classifier_bytes
from mvd.errors import LabelsError
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.phantom.scribbles import scribble
from mvd.training import learn, read_marks, sample_slide

SPEC = PhantomSpec(11, "typical", height_um=360, width_um=400, vessels_per_mm2=260, outline=False)


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[mvd.Scribble], np.ndarray]:
    """A slide, scribbles on it, and where its vessels are."""
    folder = tmp_path_factory.mktemp("scribbled")
    phantom = make_phantom(SPEC)
    write_phantom(phantom, folder, "slide")
    drawn = []
    for feature in scribble(phantom)["features"]:
        kind = feature["properties"]["classification"]["name"]
        points = np.array(feature["geometry"]["coordinates"], float) * phantom.mpp
        if feature["geometry"]["type"] == "LineString":
            drawn.append(mvd.Scribble(kind, points))
        else:
            drawn += [mvd.Scribble(kind, point[None]) for point in points]
    return next(folder.glob("slide*.tif")), drawn, phantom.labels > 0


def test_what_is_drawn_teaches_what_its_file_teaches(slide, tmp_path):  # type: ignore[no-untyped-def]
    path, drawn, truth = slide
    trainer = mvd.Trainer(path)
    lesson = trainer.learn(drawn)
    labels = trainer.save(tmp_path / "model.npz", lesson, drawn)
    settings = mvd.Settings()
    again = learn([sample_slide(path, read_marks(labels, path.name), settings)], settings, 1)
    assert (tmp_path / "model.npz").read_bytes() == classifier_bytes(again.classifier)

    found = trainer.walls(lesson.classifier, (100, 80, 300, 250))
    trainer.close()
    assert (found.left_um, found.top_um) == (100, 80)
    assert found.mask.shape == (340, 400)
    here = truth[160:500, 200:600]
    assert found.mask[here].sum() > 0.9 * found.mask.sum()
    assert found.mask.sum() > 0.3 * here.sum()


def test_one_kind_alone_or_too_large_a_view_is_refused_in_a_line(slide):  # type: ignore[no-untyped-def]
    path, drawn, _ = slide
    trainer = mvd.Trainer(path)
    with pytest.raises(LabelsError, match="no scribble on background"):
        trainer.learn([each for each in drawn if each.kind == "vessel"])
    lesson = trainer.learn(drawn)
    with pytest.raises(LabelsError, match="nothing of the slide"):
        trainer.walls(lesson.classifier, (-50, -50, -10, -10))
    trainer.close()


def test_an_area_and_a_dot_are_written_as_such(slide, tmp_path):  # type: ignore[no-untyped-def]
    from mvd.training.drawn import geojson_of

    path, *_ = slide
    ring = np.array([(1.0, 1.0), (5.0, 1.0), (5.0, 4.0)])
    drawn = [mvd.Scribble("vessel", ring, is_area=True), mvd.Scribble("background", ring[:1])]
    opened = mvd.open_slide(path)
    told = json.loads(geojson_of(drawn, opened.info))
    opened.close()
    kinds = [feature["geometry"]["type"] for feature in told["features"]]
    assert kinds == ["Polygon", "Point"]
    corners = np.array(told["features"][0]["geometry"]["coordinates"][0])
    np.testing.assert_allclose(corners, np.array([*ring, ring[0]]) / opened.info.mpp)
