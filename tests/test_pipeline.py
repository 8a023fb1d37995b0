"""A slide from file to tables: the same bytes however it is cut, done and shuffled, and no table against another."""

import random
from math import hypot
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import mvd
from mvd import scan as scan_module
from mvd.batch import How, run, slide_id
from mvd.errors import Cancelled, NoTissue
from mvd.phantom import Phantom, PhantomSpec, make_phantom, write_phantom
from mvd.report import write_cohort, write_slide
from mvd.report.rows import hotspot_rows, summary_row
from mvd.result import SUMMARY_COLUMNS, SlideResult
from mvd.slide import find_slides

SPEC = PhantomSpec(31, "typical", height_um=700, width_um=620, vessels_per_mm2=260, outline=False)
SETTINGS = mvd.Settings.from_mapping(
    {"hotspot": {"field_mm2": 0.05}, "report": {"overview_px": 200, "hotspot_pictures": 0}}
)
WHOLE = 100_000
NAME = "one.tif"
ID = slide_id(NAME)
TILINGS = [(tile_px, workers) for tile_px in (128, 333, 1024, WHOLE) for workers in (1, 2)]


class Quiet:
    """A reporter that says nothing."""

    def slide_started(self, number, name):
        pass

    def stage(self, number, stage, done, total):
        pass

    def slide_done(self, outcome):
        pass


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return make_phantom(SPEC)


@pytest.fixture(scope="module")
def path(phantom: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1400 x 1240 px, a pyramidal JPEG TIFF."""
    return write_phantom(phantom, tmp_path_factory.mktemp("slides"), "one")


@pytest.fixture(scope="module")
def result(path: Path) -> SlideResult:
    return mvd.analyze(path, SETTINGS, tile_px=WHOLE, workers=1)


def tables(result: SlideResult, out: Path) -> dict[str, bytes]:
    """All CSV files of a run of one slide, written by the report."""
    write_slide(result, out / "slides" / ID, ID, NAME)
    write_cohort(out, [summary_row(result, ID, NAME)], hotspot_rows(result, ID), [])
    return csv_files(out)


def csv_files(out: Path) -> dict[str, bytes]:
    return {file.relative_to(out).as_posix(): file.read_bytes() for file in out.rglob("*.csv")}


@pytest.fixture(scope="module")
def whole_tables(result: SlideResult, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return tables(result, tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize(("tile_px", "workers"), TILINGS)
def test_tables_are_the_same_bytes_for_every_tile_size_and_number_of_workers(
    path: Path, whole_tables: dict[str, bytes], tmp_path: Path, tile_px: int, workers: int
) -> None:
    again = tables(mvd.analyze(path, SETTINGS, tile_px=tile_px, workers=workers), tmp_path)
    assert len(whole_tables) == 4
    assert again == whole_tables


@pytest.mark.parametrize("seed", [0, 1])
def test_tables_are_the_same_bytes_for_every_order_of_tiles(
    path: Path, whole_tables: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    in_order = scan_module.tiles_over

    def shuffled(*arguments):
        tiles = in_order(*arguments)
        random.Random(seed).shuffle(tiles)
        assert len(tiles) > 50
        assert tiles != in_order(*arguments)
        return tiles

    monkeypatch.setattr(scan_module, "tiles_over", shuffled)
    assert tables(mvd.analyze(path, SETTINGS, tile_px=128, workers=2), tmp_path) == whole_tables


def test_a_batch_writes_the_same_bytes_too(
    path: Path, whole_tables: dict[str, bytes], tmp_path: Path
) -> None:
    outcome = run(find_slides([path]), tmp_path, SETTINGS, Quiet(), how=How(jobs=1, workers=2, tile_px=333))
    assert outcome.exit_code == 0
    found = csv_files(tmp_path)
    assert found.pop("data_dictionary.csv", None), "a batch explains its columns too"
    assert found == whole_tables


@pytest.mark.parametrize("tile_px", [128, 333, 1024])
def test_vessels_really_lie_across_the_borders(result: SlideResult, tile_px: int) -> None:
    """Else the tests above would prove nothing."""
    tile_um = tile_px * result.analysis_mpp
    across = 0
    for outline, counted in zip(result.vessels.outlines, result.vessels.table["counted"], strict=True):
        points = np.concatenate(outline.outer)
        across += bool(counted and (points.min(axis=0) // tile_um != points.max(axis=0) // tile_um).any())
    assert across >= {128: 25, 333: 10, 1024: 3}[tile_px]


def test_all_of_the_result_is_the_same_run_to_run(path: Path, result: SlideResult) -> None:
    again = mvd.analyze(path, SETTINGS, tile_px=256, workers=2)
    assert again.summary == result.summary
    pd.testing.assert_frame_equal(again.vessels.table, result.vessels.table, check_exact=True)
    assert again.hotspots == result.hotspots
    np.testing.assert_array_equal(again.stain.matrix.vectors, result.stain.matrix.vectors)
    np.testing.assert_array_equal(again.tissue.mask, result.tissue.mask)
    for one, two in zip(again.vessels.outlines, result.vessels.outlines, strict=True):
        for ring, twin in zip(one.outer + one.lumens, two.outer + two.lumens, strict=True):
            np.testing.assert_array_equal(ring, twin)


def test_the_summary_follows_from_the_tables(whole_tables: dict[str, bytes], tmp_path: Path) -> None:
    read = {}
    for name, content in whole_tables.items():
        (tmp_path / "table.csv").write_bytes(content)
        read[Path(name).name if "slides" in name else f"all {name}"] = pd.read_csv(tmp_path / "table.csv")
    summary, vessels, spots = read["all summary.csv"].iloc[0], read["vessels.csv"], read["hotspots.csv"]
    assert read["all summary.csv"].columns.tolist() == [column.name for column in SUMMARY_COLUMNS]
    counted = vessels[vessels["counted"]]
    area_mm2 = summary["tissue_area_mm2"]
    assert summary["status"] == "ok"
    assert summary["candidates"] == len(vessels)
    assert summary["vessels"] == len(counted) > 50
    assert summary["mvd_tissue_per_mm2"] == pytest.approx(len(counted) / area_mm2, rel=1e-4)
    for column, name in (("filled_area_um2", "vessel"), ("lumen_area_um2", "lumen")):
        fraction = counted[column].sum() / 1e6 / area_mm2
        assert summary[f"{name}_area_fraction"] == pytest.approx(fraction, rel=1e-3)
    for column, name in (("area_um2", "vessel_area_um2"), ("perimeter_um",) * 2, ("solidity",) * 2):
        assert summary[f"mean_{name}"] == pytest.approx(counted[column].mean(), abs=1e-3)
    pd.testing.assert_frame_equal(spots, read["all hotspots.csv"])
    ladder, spots = spots, spots[spots["field_mm2"] == summary["hotspot_field_mm2"]]
    assert list(ladder["field_mm2"].unique()) == [0.05, 0.74, 0.61, 0.35, 0.196, 0.19, 0.15]
    assert summary["hotspot_max_vessels"] == spots["vessels"].iloc[0] == spots["vessels"].max()
    assert summary["hotspot_mean3_per_mm2"] == pytest.approx(spots["vessels_per_mm2"][:3].mean(), abs=2e-3)


def test_printed_circles_hold_what_they_say(whole_tables: dict[str, bytes], tmp_path: Path) -> None:
    for name in ("vessels", "hotspots"):
        (tmp_path / name).write_bytes(whole_tables[f"slides/{ID}/{name}.csv"])
    vessels, spots = pd.read_csv(tmp_path / "vessels"), pd.read_csv(tmp_path / "hotspots")
    counted = vessels[vessels["counted"]]
    assert len(spots) >= 3
    for spot in spots.itertuples():
        inside = [
            hypot(x - spot.x_um, y - spot.y_um) <= spot.radius_um
            for x, y in zip(counted["x_um"], counted["y_um"], strict=True)
        ]
        assert sum(inside) == spot.vessels
        if spot.field_mm2 == spots["field_mm2"].iloc[0]:
            assert set(counted.loc[inside, "hotspot_rank"].dropna()) <= set(range(1, spot.rank + 1))
    assert vessels.loc[~vessels["counted"], "hotspot_rank"].isna().all()
    assert (counted["hotspot_rank"] == 1).sum() == spots["vessels"].iloc[0]


def test_vessels_lie_on_the_slide_and_make_sense(result: SlideResult) -> None:
    table = result.vessels.table
    height_um, width_um = (side * SPEC.mpp for side in SPEC.shape_px)
    assert table["x_um"].between(0, width_um).all()
    assert table["y_um"].between(0, height_um).all()
    assert table["filled_area_um2"].to_numpy() == pytest.approx(table["area_um2"] + table["lumen_area_um2"])
    assert (table["minor_axis_um"] <= table["major_axis_um"] + 1e-9).all()
    assert (table["mean_dab_od"] <= table["max_dab_od"] + 1e-3).all()
    assert (table["max_dab_od"] >= result.stain.high_od - 1e-3).all(), "hysteresis"
    assert table["solidity"].between(0, 1).all()
    assert not table.drop(columns="reason").isna().any(axis=None)


def test_progress_is_told_from_start_to_end(path: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    mvd.analyze(path, SETTINGS, tile_px=512, workers=2, progress=lambda *told: heard.append(told))
    stages = list(dict.fromkeys(stage for stage, _, _ in heard))
    assert stages == ["overview", "fit", "tiles", "vessels", "hotspots"]
    for stage in stages:
        done = [(so_far, total) for name, so_far, total in heard if name == stage]
        assert done == sorted(done), "never backwards"
        assert done[-1][0] == done[-1][1] > 0
        assert len({total for _, total in done}) == 1
    assert ("tiles", 9, 9) in heard


@pytest.mark.parametrize("stage", ["overview", "fit", "tiles", "vessels", "hotspots"])
def test_cancelling_stops_at_once(path: Path, stage: str) -> None:
    heard = []

    def stop(name: str, done: int, total: int) -> None:
        heard.append(name)
        if name == stage:
            raise Cancelled("stopped by the test")

    with pytest.raises(Cancelled, match="stopped by the test"):
        mvd.analyze(path, SETTINGS, tile_px=128, workers=2, progress=stop)
    assert heard.count(stage) == 1
    assert heard[-1] == stage


def test_an_open_slide_stays_open_and_a_path_does_the_same(path: Path, result: SlideResult) -> None:
    slide = mvd.open_slide(path)
    try:
        found = mvd.analyze(slide, SETTINGS)
        assert found.summary == result.summary
        assert slide.read(mvd.Rect(0, 0, 10, 10)).shape == (10, 10, 3)
    finally:
        slide.close()


def test_tissue_without_a_vessel_is_empty(tmp_path: Path) -> None:
    spec = PhantomSpec(5, "typical", height_um=500, width_um=500, vessels_per_mm2=0)
    path = write_phantom(make_phantom(spec), tmp_path, "none")
    found = mvd.analyze(path)
    assert found.summary["status"] == "empty"
    assert found.summary["mvd_tissue_per_mm2"] == 0
    assert found.summary["vessels"] == found.summary["hotspot_max_vessels"] == 0
    assert found.summary["tissue_area_mm2"] > 0.05
    assert found.hotspots == ()


def test_blank_glass_has_no_tissue(tmp_path: Path) -> None:
    picture = tmp_path / "glass.png"
    rng = np.random.default_rng(0)
    cv2.imwrite(str(picture), np.clip(rng.normal(243, 0.8, (600, 700, 3)), 0, 255).astype(np.uint8))
    with pytest.raises(NoTissue, match="no tissue"):
        mvd.analyze(picture, mvd.Settings.from_mapping({"slide": {"mpp": 0.5}}))


def test_a_finer_scan_gives_the_same_vessels(phantom: Phantom, tmp_path: Path) -> None:
    """The same picture at twice the pixels is read back by an exact block mean, and nothing changes."""
    part = phantom.rgb[:700, :600]
    double = np.repeat(np.repeat(part, 2, axis=0), 2, axis=1)
    fine, coarse = tmp_path / "fine.png", tmp_path / "coarse.png"
    for file, rgb in ((fine, double), (coarse, part)):
        cv2.imwrite(str(file), rgb[..., ::-1])
    sizes = {fine: 0.25, coarse: 0.5}
    one, two = (
        mvd.analyze(file, mvd.Settings.from_mapping({"slide": {"mpp": mpp}})) for file, mpp in sizes.items()
    )
    assert one.analysis_mpp == two.analysis_mpp == 0.5
    pd.testing.assert_frame_equal(one.vessels.table, two.vessels.table)
    assert one.summary["mvd_tissue_per_mm2"] == two.summary["mvd_tissue_per_mm2"]
