"""The phantoms tell the truth: what the table and the labels say is what was rendered and written."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from scipy import ndimage

from mvd.errors import SettingsError
from mvd.geometry import circle_radius_um
from mvd.phantom import LOOKS, Phantom, PhantomSpec, make_phantom, score, tiled_slide, write_phantom
from mvd.phantom.raster import rasterise
from mvd.phantom.render import DAB, HEMATOXYLIN, Layers, beer_lambert
from mvd.phantom.shapes import broken_ring, pigment, ring, side_by_side, sprout, tube, undersized
from mvd.phantom.truth import best_field
from mvd.phantom.write import cohort_specs

SMALL = PhantomSpec(5, "typical", height_um=500, width_um=700, vessels_per_mm2=200)


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return make_phantom(SMALL)


@pytest.fixture(scope="module", params=list(LOOKS))
def any_phantom(request: pytest.FixtureRequest) -> Phantom:
    return make_phantom(replace(SMALL, difficulty=request.param, seed=8))


def as_found(truth: pd.DataFrame) -> pd.DataFrame:
    return truth[["x_um", "y_um"]].assign(counted=truth["countable"])


def test_same_spec_gives_same_bytes(phantom: Phantom) -> None:
    again, other = make_phantom(SMALL), make_phantom(replace(SMALL, seed=6))
    assert np.array_equal(again.rgb, phantom.rgb)
    assert np.array_equal(again.labels, phantom.labels)
    pd.testing.assert_frame_equal(again.vessels, phantom.vessels)
    assert not np.array_equal(other.rgb, phantom.rgb)


def test_known_od_renders_to_known_rgb() -> None:
    one = np.full((1, 1), 0.5, np.float32)
    layers = Layers(one, one * 2, np.full((1, 1, 3), 0.1, np.float32))
    white = np.array([240.0, 238.0, 236.0])
    light = beer_lambert(layers, np.array([HEMATOXYLIN, DAB]), white)[0, 0]
    expected = [
        i0 * 10 ** -(0.5 * h + 1.0 * d + 0.1) for i0, h, d in zip(white, HEMATOXYLIN, DAB, strict=True)
    ]
    assert light == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("diameter_um", "wall_um"), [(10.0, 2.0), (20.0, 3.0), (30.0, 1.5)])
@pytest.mark.parametrize("mpp", [0.25, 0.5])
def test_ring_areas_are_the_analytic_ones(diameter_um: float, wall_um: float, mpp: float) -> None:
    raster = rasterise(ring(np.random.default_rng(1), diameter_um, wall_um, 1.0, roughness=1e-9), mpp)
    lumen_um2 = np.pi * (diameter_um / 2 - wall_um) ** 2
    assert raster.lumen.sum() * mpp**2 == pytest.approx(lumen_um2, rel=0.03)
    assert raster.outer.sum() * mpp**2 == pytest.approx(np.pi * diameter_um**2 / 4, rel=0.03)
    assert raster.wall + raster.lumen == pytest.approx(raster.outer, abs=0.005)  # 8-bit coverage


def test_labels_agree_with_the_table(any_phantom: Phantom) -> None:
    table, mpp = any_phantom.vessels, any_phantom.mpp
    assert set(np.unique(any_phantom.labels)) == {0, *table["vessel_id"]}
    area_px = np.bincount(any_phantom.labels.ravel())[1:]
    assert table["filled_area_um2"].to_numpy() == pytest.approx(area_px * mpp**2)
    centres = ndimage.center_of_mass(any_phantom.labels > 0, any_phantom.labels, table["vessel_id"])
    assert table[["y_um", "x_um"]].to_numpy() == pytest.approx((np.array(centres) + 0.5) * mpp)
    assert (table["lumen_area_um2"] < table["filled_area_um2"]).all()


def test_reasons_agree_with_the_rules(any_phantom: Phantom) -> None:
    table = any_phantom.vessels
    assert (table["countable"] == (table["reason"] == "ok")).all()
    assert table.loc[table["reason"] == "too_small", "filled_area_um2"].max() < 14
    assert any_phantom.countable["filled_area_um2"].min() > 18
    assert any_phantom.countable["wall_od"].min() >= 0.2


def test_only_deliberate_pairs_come_close(any_phantom: Phantom) -> None:
    labels, mpp = any_phantom.labels, any_phantom.mpp
    kinds = any_phantom.vessels.set_index("vessel_id")["kind"]
    pairs = {"touching_ring", "neighbour_ring"}
    reach = int(3.0 / mpp)
    for number, window in enumerate(ndimage.find_objects(labels), start=1):
        around = tuple(slice(max(s.start - reach, 0), s.stop + reach) for s in window)
        near = ndimage.distance_transform_edt(labels[around] != number) <= reach
        others = set(np.unique(labels[around][near])) - {0, number}
        assert all(kinds[number] in pairs and kinds[k] == kinds[number] for k in others)


def test_touching_rings_touch_and_keep_two_lumens() -> None:
    rng = np.random.default_rng(3)
    for _ in range(10):
        rings = side_by_side(ring(rng, 14, 2.5, 1.0), ring(rng, 12, 2.5, 1.0), -0.8, "touching_ring")
        rasters = [rasterise(shape, 0.5) for shape in rings]
        canvas = np.zeros((2, 120, 120), np.float32)
        lumens = np.zeros((120, 120), np.float32)
        for k, raster in enumerate(rasters):
            canvas[k][raster.window(60, 40)] = raster.outer
            lumens[raster.window(60, 40)] += raster.lumen
        assert ndimage.label((canvas > 0).any(axis=0))[1] == 1
        assert ndimage.label(lumens > 0.5)[1] == 2


def test_a_single_ring_never_shows_two_lumens() -> None:
    rng = np.random.default_rng(7)
    for _ in range(150):
        diameter_um, wall_um, roughness = rng.uniform(6, 30), rng.uniform(1.6, 3.8), rng.uniform(0.03, 0.09)
        lumen = rasterise(ring(rng, diameter_um, wall_um, 1.0, rng.uniform(1, 2), roughness), 0.25).lumen
        assert ndimage.label(lumen > 0.5, np.ones((3, 3)))[1] == 1


def test_shapes_keep_to_their_sizes() -> None:
    rng = np.random.default_rng(4)
    for _ in range(40):
        broken = rasterise(broken_ring(rng, rng.uniform(9, 28), 2.5, 1.0), 0.25)
        assert broken.wall.sum() > 0.5 * (broken.outer - broken.lumen).sum()
        assert broken.wall.sum() < 0.995 * (broken.outer - broken.lumen).sum()
        assert rasterise(sprout(rng, 1.0), 0.25).outer.sum() * 0.25**2 > 20
        assert rasterise(undersized(rng), 0.25).outer.sum() * 0.25**2 < 11
        assert rasterise(tube(rng, 40, 1.0, lumen=True), 0.25).lumen.sum() > 0
        assert pigment(rng).reason == "not_dab"


def test_countable_walls_are_browner_than_their_surroundings(any_phantom: Phantom) -> None:
    """A careful reader could see each: the blue light lost in its outline beats that just outside."""
    od = -np.log10(np.maximum(any_phantom.rgb.astype(np.float32), 1) / 240)
    brown = od @ np.linalg.inv(np.array([HEMATOXYLIN, DAB, (0.711, 0.423, 0.562)]))[:, 1]
    for row in any_phantom.countable.itertuples():
        y, x = int(row.y_um / any_phantom.mpp), int(row.x_um / any_phantom.mpp)
        window = slice(max(y - 160, 0), y + 160), slice(max(x - 160, 0), x + 160)
        own = any_phantom.labels[window] == row.vessel_id
        away = ndimage.distance_transform_edt(~own)
        outside = brown[window][(away > 4) & (away < 14) & (any_phantom.labels[window] == 0)]
        assert np.percentile(brown[window][own], 90) > np.median(outside) + 0.08, row


def test_hard_is_worse_than_clean() -> None:
    specs = [replace(SMALL, difficulty=d) for d in ("clean", "hard")]
    clean, hard = (make_phantom(spec).vessels for spec in specs)
    assert (hard["reason"] == "not_dab").sum() > (clean["reason"] == "not_dab").sum()
    assert hard.loc[hard["countable"], "wall_od"].median() < clean.loc[clean["countable"], "wall_od"].median()


def test_no_vessel_when_none_is_asked_for() -> None:
    empty = make_phantom(replace(SMALL, vessels_per_mm2=0.0))
    assert len(empty.countable) == 0
    assert empty.hotspot is None
    assert empty.tissue_area_mm2 > 0.1
    assert score(as_found(empty.vessels), empty).f1 == 1.0


def test_best_field_is_the_brute_force_one() -> None:
    rng = np.random.default_rng(2)
    radius = circle_radius_um(0.74)
    for size in (1, 2, 9, 40):
        points = rng.uniform(0, 2500, (size, 2))
        best = best_field(points, 0.74)
        assert best is not None
        centres = [*points, *(c for a, b in combinations(points, 2) for c in circles_through(a, b, radius))]
        most = max(int((np.hypot(*(points - c).T) <= radius + 1e-6).sum()) for c in centres)
        assert best.vessels == most
        assert (np.hypot(*(points - [best.x_um, best.y_um]).T) <= radius).sum() == most


def circles_through(a: np.ndarray, b: np.ndarray, radius: float) -> list[np.ndarray]:
    half = (b - a) / 2
    length = float(np.hypot(*half))
    if length > radius:
        return []
    up = np.array([-half[1], half[0]]) / length * (radius**2 - length**2) ** 0.5
    return [a + half + up, a + half - up]


def test_planted_hotspot_is_where_it_was_put() -> None:
    spec = PhantomSpec(
        3, "clean", 1600, 2400, mpp=1.0, hotspot_centre_um=(1700.0, 800.0), hotspot_boost=8, outline=False
    )
    best = make_phantom(spec).hotspot
    assert best is not None
    assert np.hypot(best.x_um - 1700, best.y_um - 800) < 250


def test_truth_scores_one_and_errors_score_less(phantom: Phantom) -> None:
    found = as_found(phantom.vessels)
    perfect = score(found, phantom)
    n = len(phantom.countable)
    assert (perfect.precision, perfect.recall, perfect.f1, perfect.count_error) == (1, 1, 1, 0)
    counted = found[found["counted"]]
    twice = score(pd.concat([counted, counted.iloc[:2]]), phantom)
    assert (twice.matched, twice.found) == (n, n + 2)
    assert twice.precision == pytest.approx(n / (n + 2))
    missed = score(counted.iloc[3:], phantom)
    assert missed.recall == pytest.approx((n - 3) / n)
    assert missed.precision == 1
    assert missed.count_error == pytest.approx(-3 / n)
    nowhere = score(counted.iloc[:4].assign(x_um=-50.0), phantom)
    assert (nowhere.matched, nowhere.precision, nowhere.recall, nowhere.f1) == (0, 0, 0, 0)
    assert score(counted.iloc[:0], phantom).recall == 0


def test_written_tiff_reads_back(phantom: Phantom, tmp_path: Path) -> None:
    path = write_phantom(phantom, tmp_path, "slide", quality=92)
    with tifffile.TiffFile(path) as tiff:
        first, second = tiff.pages[0], tiff.pages[1]
        back = first.asarray().astype(int)
        assert first.tags["ResolutionUnit"].value == 3
        per_cm = first.tags["XResolution"].value
        assert 1e4 * per_cm[1] / per_cm[0] == pytest.approx(phantom.mpp)
        assert second.shape == (back.shape[0] // 4, back.shape[1] // 4, 3)
        assert not {"Software", "DateTime", "HostComputer", "Artist"} & {t.name for t in first.tags}
    assert np.abs(back - phantom.rgb).mean() < 3.5
    assert np.abs((back - phantom.rgb).mean(axis=(0, 1))).max() < 1
    truth = pd.read_csv(tmp_path / "truth" / "slide_truth.csv")
    assert len(truth) == len(phantom.vessels)
    assert np.array_equal(np.load(tmp_path / "truth" / "slide_labels.npz")["labels"], phantom.labels)
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["slide.tif"]


def test_written_files_are_the_same_each_time(phantom: Phantom, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_phantom(phantom, tmp_path / name, "slide")
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert len(files) == 4
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)


def test_tiled_slide_is_an_svs_that_openslide_reads(tmp_path: Path) -> None:
    openslide = pytest.importorskip("openslide", reason="needs openslide-python and openslide-bin")
    path = tiled_slide(tmp_path / "big.svs", 4096, difficulty="clean")
    with openslide.OpenSlide(path) as slide:
        assert slide.properties["openslide.vendor"] == "aperio"
        assert float(slide.properties["openslide.mpp-x"]) == 0.5
        assert slide.level_dimensions == ((4096, 4096), (1024, 1024), (256, 256))
        fine = np.asarray(slide.read_region((1024, 1024), 0, (512, 512)))[..., :3]
        coarse = np.asarray(slide.read_region((1024, 1024), 1, (128, 128)))[..., :3]
        rim = np.asarray(slide.read_region((0, 0), 0, (256, 256)))[..., :3]
    with tifffile.TiffFile(path) as tiff:
        assert tiff.is_svs
        whole = tiff.pages[0].asarray()
    assert np.abs(whole[1024:1536, 1024:1536].astype(int) - fine).max() <= 4
    mean = fine.reshape(128, 4, 128, 4, 3).mean(axis=(1, 3))
    assert np.abs(mean - coarse).mean() < 8
    assert rim.min() > 235


def test_cohort_has_two_groups_and_one_slide_without_vessels() -> None:
    specs = cohort_specs()
    assert {stem.split("_")[0] for stem in specs} == {"control", "treated"}
    assert sum(spec.density_per_mm2 == 0 for spec in specs.values()) == 1
    assert len({spec.seed for spec in specs.values()}) == len(specs)


@pytest.mark.parametrize(
    "wrong",
    [
        {"difficulty": "easy"},
        {"mpp": 5.0},
        {"seed": -1},
        {"vessels_per_mm2": -3.0},
        {"width_um": float("nan")},
    ],
)
def test_impossible_specs_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        PhantomSpec(**{"seed": 1, **wrong})  # type: ignore[arg-type]
