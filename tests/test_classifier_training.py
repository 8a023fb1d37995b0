"""From marks to samples to a lesson: what is said of which pixel, and that the same labels teach the same trees."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import shapely

import mvd
from mvd.classifier import FEATURES, classifier_bytes
from mvd.errors import LabelsError, MvdError
from mvd.geometry import Rect
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.phantom.scribbles import scribble
from mvd.report import write_slide
from mvd.settings import Settings
from mvd.training import Samples, learn, read_marks, sample_slide
from mvd.training.marks import BACKGROUND, LEFT_OUT, VESSEL, Mark
from mvd.training.paint import away_from, paint

SPEC = PhantomSpec(11, "typical", height_um=360, width_um=400, vessels_per_mm2=260, outline=False)
WINDOW = Rect(30, 20, 60, 70)


def random_marks(seed: int) -> list[Mark]:
    rng = np.random.default_rng(seed)
    marks = []
    for kind in (BACKGROUND, VESSEL, LEFT_OUT):
        for _ in range(3):
            centre, angles = rng.uniform((10, 20), (100, 100)), np.sort(rng.uniform(0, 2 * np.pi, 7))
            round_it = np.stack([np.cos(angles), np.sin(angles)], axis=1)
            ring = centre + round_it * rng.uniform(4, 25, (7, 1))
            hole = centre + round_it * 2
            areas = ((ring, hole),) if shapely.Polygon(ring, [hole]).is_valid else ((ring,),)
            marks.append(Mark(kind, areas, (rng.uniform(0, 100, (3, 2)), rng.uniform(0, 100, (1, 2)))))
    return marks


@pytest.mark.parametrize("seed", range(4))
def test_a_pixel_belongs_to_what_its_centre_lies_in(seed: int) -> None:
    """Against shapely, pixel by pixel."""
    marks, width = random_marks(seed), 3.0
    said = paint(marks, WINDOW, width)
    rows, cols = np.indices(said.shape)
    centres = shapely.points(cols + WINDOW.col + 0.5, rows + WINDOW.row + 0.5)
    kinds = {kind: np.zeros(said.shape, bool) for kind in (BACKGROUND, VESSEL, LEFT_OUT)}
    for mark in marks:
        for outer, *holes in mark.areas:
            area = shapely.make_valid(shapely.Polygon(outer, holes))
            kinds[mark.kind] |= shapely.contains(area, centres)
        for line in mark.lines:
            shape = shapely.LineString(line) if len(line) > 1 else shapely.Point(line[0])
            kinds[mark.kind] |= shapely.distance(shape, centres) <= width / 2
    both = kinds[VESSEL] & kinds[BACKGROUND] | kinds[LEFT_OUT]
    truth = np.where(both, LEFT_OUT, kinds[VESSEL] * VESSEL + kinds[BACKGROUND] * BACKGROUND)
    assert set(np.unique(truth)) == {0, BACKGROUND, VESSEL, LEFT_OUT}
    # A line's or a dot's own first pixel belongs to it however thin it is.
    assert np.count_nonzero(said != truth) <= 2 * len(marks)
    assert ((said == truth) | (said > 0)).all()


def test_a_thin_dot_is_its_pixel() -> None:
    said = paint([Mark(VESSEL, (), (np.array([[25.9, 40.05]]),))], WINDOW, 0.2)
    assert np.argwhere(said).tolist() == [[10, 5]]


def test_away_from_areas_holes_are_not_away() -> None:
    square = np.array([[40.0, 50], [60, 50], [60, 70], [40, 70]])
    hole = np.array([[45.0, 55], [55, 55], [55, 65], [45, 65]])
    away = away_from([Mark(VESSEL, ((square, hole),))], WINDOW, 3)
    assert not away[60 - 30, 50 - 20], "in the hole"
    assert not away[60 - 30, 62 - 20], "two pixels beside it"
    assert away[60 - 30, 65 - 20]
    assert away[45 - 30, 50 - 20]


def test_marks_outside_a_window_leave_it_alone() -> None:
    far = np.array([[500.0, 500], [600, 500], [600, 600]])
    assert not paint([Mark(VESSEL, ((far,),), (far - 700,))], WINDOW, 4.0).any()


def geojson(path: Path, *features: dict) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def feature(kind: str, coordinates: object, properties: object) -> dict:
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": properties,
    }


SQUARE = [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]


def test_scribbles_of_every_kind_are_read(tmp_path: Path) -> None:
    vessel, rest = {"classification": {"name": "Vessel"}}, {"classification": {"name": " background "}}
    path = geojson(
        tmp_path / "a.geojson",
        feature("Polygon", SQUARE, vessel),
        feature("MultiPolygon", [SQUARE, SQUARE], rest),
        feature("LineString", [[0, 0], [5, 5]], rest),
        feature("MultiLineString", [[[0, 0], [5, 5]], [[1, 1], [2, 2]]], {"classification": "stroma"}),
        feature("Point", [3, 4, 0], {"name": "wall"}),
        feature("MultiPoint", [[3, 4], [5, 6]], {"classification": {"name": "Ignore*"}}),
    )
    marks = read_marks(path, "a.tif").marks
    assert [mark.kind for mark in marks] == [VESSEL, *[BACKGROUND] * 3, VESSEL, LEFT_OUT]
    assert [(len(mark.areas), len(mark.lines)) for mark in marks] == [
        (1, 0),
        (2, 0),
        (0, 1),
        (0, 2),
        (0, 1),
        (0, 2),
    ]
    np.testing.assert_array_equal(marks[4].lines[0], [[3, 4]])


VESSEL_CLASS = {"classification": {"name": "vessel"}}
BROKEN = {
    "no class": (feature("Polygon", SQUARE, {}), "feature 1 has no class"),
    "no properties": (feature("Polygon", SQUARE, None), "feature 1 has no class"),
    "our own tissue": (feature("Polygon", SQUARE, {"classification": {"name": "Tissue"}}), "'Tissue'"),
    "a rejected one": (
        feature("Polygon", SQUARE, {"classification": {"name": "Not counted: ok"}}),
        "says neither",
    ),
    "an empty polygon": (feature("Polygon", [], VESSEL_CLASS), "no polygon, line or point"),
    "nothing of many": (feature("MultiPoint", [], VESSEL_CLASS), "no polygon, line or point"),
    "no geometry": (feature("Polygon", None, VESSEL_CLASS), "no polygon, line or point"),
    "two points": (feature("Polygon", [[[0, 0], [1, 1]]], VESSEL_CLASS), "no polygon, line or point"),
    "a word": (feature("Point", ["a", 1], VESSEL_CLASS), "no polygon, line or point"),
    "nowhere": (feature("Point", [1e300, 1], VESSEL_CLASS), "no polygon, line or point"),
    "a circle": (feature("Circle", [1, 1], VESSEL_CLASS), "no polygon, line or point"),
    "only ignored": (feature("Point", [1, 1], {"classification": {"name": "ignore"}}), "no annotation"),
    "no feature": ({"type": "Point"}, "no GeoJSON feature"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_scribbles_that_say_nothing_are_refused_by_number(tmp_path: Path, what: str) -> None:
    content, words = BROKEN[what]
    with pytest.raises(LabelsError, match=r"^a\.geojson: ") as caught:
        read_marks(geojson(tmp_path / "a.geojson", content), "a.tif")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"type":\n "FeatureCollection",\n', "line 3: is no JSON"),
        (b"\xff\xfe\x00", "is no GeoJSON"),
        (b'{"features": 3}', "no list of features"),
        (b"[" * 100_000, "is no GeoJSON"),
        (b'[{"type": "Feature", "geometry": {"type": "Point", "coordinates": [NaN, 1]}}]', "is no GeoJSON"),
    ],
)
def test_a_file_that_is_no_geojson_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.geojson").write_bytes(content)
    with pytest.raises(LabelsError, match=r"^a\.geojson: .*" + words):
        read_marks(tmp_path / "a.geojson", "a.tif")


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(SPEC)


@pytest.fixture(scope="module")
def slide(phantom, tmp_path_factory) -> Path:
    return write_phantom(phantom, tmp_path_factory.mktemp("slides"), "one")


@pytest.fixture(scope="module")
def scribbles(phantom, slide) -> Path:
    path = slide.with_suffix(".geojson")
    path.write_text(json.dumps(scribble(phantom)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def samples(slide, scribbles) -> Samples:
    return sample_slide(slide, read_marks(scribbles, slide.name), Settings())


def test_samples_lie_where_the_labels_say(samples: Samples) -> None:
    brown = samples.values[:, FEATURES.index("dab 0.5 um")]
    assert brown.min() >= 50
    assert np.median(brown[samples.is_vessel]) > 1.3 * np.median(brown[~samples.is_vessel])
    assert min(samples.is_vessel.sum(), (~samples.is_vessel).sum()) > 100
    assert samples.block.max() == 1, "400 um are two squares"


def test_the_same_labels_teach_the_same_trees(slide, scribbles, samples: Samples) -> None:
    again = sample_slide(slide, read_marks(scribbles, slide.name), Settings())
    one, two = (learn([part], Settings(), workers) for part, workers in ((samples, 1), (again, 2)))
    assert classifier_bytes(one.classifier) == classifier_bytes(two.classifier)
    assert one.scores == two.scores
    assert one.scores[-1].f1 > 0.9
    assert sum(part for _, part in one.importance) == pytest.approx(1)
    assert str(slide.parent) not in json.dumps(one.classifier.facts)
    assert slide.stem not in classifier_bytes(one.classifier).decode("latin-1"), (
        "a slide's name may be a person's"
    )


def test_slides_are_left_out_whole_where_there_are_several(samples: Samples) -> None:
    other = Samples(samples.values, samples.is_vessel, samples.slide + 1, samples.block, samples.mpp)
    lesson = learn([samples, other], Settings())
    assert [score.place for score in lesson.scores] == ["slide 1", "slide 2", "all"]
    assert lesson.scores[-1].vessel == 2 * samples.is_vessel.sum()


def test_labels_in_one_place_are_learnt_but_not_tested(samples: Samples) -> None:
    one_place = Samples(
        samples.values, samples.is_vessel, samples.slide, np.zeros_like(samples.block), samples.mpp
    )
    assert learn([one_place], Settings()).scores == ()


def test_too_few_pixels_are_refused(samples: Samples) -> None:
    few = np.cumsum(~samples.is_vessel) <= 20
    part = Samples(samples.values[few], samples.is_vessel[few], samples.slide[few], samples.block[few], 0.5)
    with pytest.raises(LabelsError, match="only 20 background pixels"):
        learn([part], Settings())


def test_labels_of_another_slide_are_refused(slide: Path, tmp_path: Path) -> None:
    path = geojson(tmp_path / "far.geojson", feature("Point", [90_000, 10], VESSEL_CLASS))
    with pytest.raises(LabelsError, match="no annotation lies on the slide"):
        sample_slide(slide, read_marks(path, slide.name), Settings())


@pytest.fixture(scope="module")
def result_folder(slide: Path, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    result = mvd.analyze(slide, Settings.from_mapping({"report": {"hotspot_pictures": 0}}))
    write_slide(result, folder / "slides" / "one-0", "one-0", "ward/one.tif")
    return folder


def rewritten(folder: Path, change) -> None:
    """Change the rows of vessels.csv, as somebody does who corrects a result."""
    path = folder / "slides" / "one-0" / "vessels.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [change(row) for row in csv.DictReader(stream)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_a_corrected_result_teaches_what_was_counted(slide: Path, result_folder: Path) -> None:
    marks = read_marks(result_folder, slide.name)
    assert marks.rest_is_background
    with (result_folder / "slides" / "one-0" / "vessels.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    counted = sum(row["counted"] == "true" for row in rows)
    assert sum(mark.kind == VESSEL for mark in marks.marks) == counted > 20
    assert sum(mark.kind == BACKGROUND for mark in marks.marks) == sum(
        row["reason"] == "not_dab" for row in rows
    )
    assert len(marks.marks) == len(rows)
    own_folder = read_marks(result_folder / "slides" / "one-0", "another name.tif")
    assert len(own_folder.marks) == len(rows)
    samples = sample_slide(slide, marks, Settings())
    lesson = learn([samples], Settings())
    assert lesson.scores[-1].f1 > 0.9


def test_what_was_rejected_by_hand_is_background(slide: Path, result_folder: Path) -> None:
    rewritten(result_folder, lambda row: row | {"counted": "false", "reason": "by_hand"})
    assert {mark.kind for mark in read_marks(result_folder, slide.name).marks} == {BACKGROUND}
    rewritten(result_folder, lambda row: row | {"reason": "too_small"})
    assert {mark.kind for mark in read_marks(result_folder, slide.name).marks} == {LEFT_OUT}


def test_a_result_of_another_slide_or_a_broken_table_is_refused(result_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match=r"holds no result of two\.tif"):
        read_marks(result_folder, "two.tif")
    with pytest.raises(LabelsError, match="holds no result"):
        read_marks(tmp_path, "one.tif")
    rewritten(result_folder, lambda row: row | {"counted": "maybe"})
    with pytest.raises(LabelsError, match=r"vessels\.csv: cannot be read as a table"):
        read_marks(result_folder, "one.tif")
    rewritten(result_folder, lambda row: row | {"counted": "true", "vessel_id": row["vessel_id"] + "0"})
    with pytest.raises(
        MvdError, match=r"vessels\.geojson: feature \d+ is vessel .* which vessels\.csv has not"
    ):
        read_marks(result_folder, "one.tif")
