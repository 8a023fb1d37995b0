"""The label image: the pixels of each label are those inside its outline, as shapely sees it, at every level."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
import tifffile

from mvd import analyze
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.report import write_slide
from mvd.report.label_image import LabelImage, write_label_image
from mvd.settings import Settings


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """A phantom of 1.2 x 0.7 mm: more than one tile and more than one level."""
    folder = tmp_path_factory.mktemp("labels")
    spec = PhantomSpec(4, "clean", height_um=700, width_um=1200, vessels_per_mm2=150, outline=False)
    settings = Settings.from_mapping({"report": {"labels": True}, "hotspot": {"nulls": 0}})
    return analyze(write_phantom(make_phantom(spec), folder, "slide"), settings)


@pytest.fixture(scope="module")
def written(result, tmp_path_factory):
    """The folder of the slide."""
    folder = tmp_path_factory.mktemp("written") / "slide"
    hashes = write_slide(result, folder, "slide-1", "slide.tif")
    assert "labels.ome.tif" in hashes
    return folder


def inside(outline, mpp: float, shape: tuple[int, int]) -> np.ndarray:
    """Pixels whose centre lies in the wall, by shapely."""
    walls = shapely.union_all([shapely.Polygon(rings[0], rings[1:]) for rings in outline.wall])
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    left, top, right, bottom = np.array(walls.bounds) / mpp
    near = (columns + 1 >= left) & (columns <= right + 1) & (rows + 1 >= top) & (rows <= bottom + 1)
    found = np.zeros(shape, bool)
    found[near] = shapely.contains_xy(walls, (columns[near] + 0.5) * mpp, (rows[near] + 0.5) * mpp)
    return found


def test_labels_are_the_pixels_inside_the_outlines(result, written):
    labels = tifffile.imread(written / "labels.ome.tif")
    assert labels.dtype == np.uint32
    assert labels.shape == (1400, 2400)
    table = result.vessels.table
    assert set(np.unique(labels)) == {0, *table["vessel_id"]}
    areas = np.bincount(labels.ravel(), minlength=len(table) + 1)[table["vessel_id"]] * result.analysis_mpp**2
    assert np.allclose(areas, table["area_um2"], rtol=0.05, atol=2)
    for row in range(0, len(table), 7):
        own = inside(result.vessels.outlines[row], result.analysis_mpp, labels.shape)
        differ = np.count_nonzero((labels == table["vessel_id"].iloc[row]) ^ own)
        assert differ <= 0.01 * own.sum() + 1  # corners that lie on a centre


def test_it_is_tiled_with_levels_that_take_every_second_pixel_and_a_size(result, written):
    with tifffile.TiffFile(written / "labels.ome.tif") as tiff:
        assert tiff.is_ome
        assert tiff.pages[0].is_tiled
        levels = [level.asarray() for level in tiff.series[0].levels]
        assert f'PhysicalSizeX="{result.analysis_mpp}"' in tiff.ome_metadata
    assert [level.shape for level in levels] == [(1400, 2400), (700, 1200), (350, 600)]
    for number, level in enumerate(levels):
        assert np.array_equal(level, levels[0][:: 2**number, :: 2**number])


def test_it_is_read_as_zarr_piece_by_piece(written):
    zarr = pytest.importorskip("zarr")
    path = written / "labels.ome.tif"
    with tifffile.imread(path, aszarr=True) as store:
        group = zarr.open(store, mode="r")
        assert np.array_equal(group["0"][500:700, 900:1400], tifffile.imread(path)[500:700, 900:1400])
        assert group["2"].shape == (350, 600)


def test_the_same_result_gives_the_same_bytes(result, written, tmp_path):
    write_label_image(result, tmp_path / "again.ome.tif")
    assert (tmp_path / "again.ome.tif").read_bytes() == (written / "labels.ome.tif").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again.ome.tif"]


def test_only_on_request(result, tmp_path):
    plain = Settings.from_mapping({"hotspot": {"nulls": 0}})
    assert "labels.ome.tif" not in write_slide(replace(result, settings=plain), tmp_path / "a", "a", "a.tif")


def test_a_slide_without_vessels_has_an_empty_image(make_result, tmp_path):
    write_label_image(make_result(empty=True), tmp_path / "none.ome.tif")
    labels = tifffile.imread(tmp_path / "none.ome.tif")
    assert labels.shape == (800, 800)
    assert not labels.any()


def test_holes_and_islands_of_a_wall(make_result):
    (tile, *_) = LabelImage(make_result()).tiles(0)
    assert tile[200, 200 + 18] == 1  # wall, 9 um right of the centre
    assert tile[200, 200] == 0  # lumen
    assert tile[220, 300] == tile[220, 350 + 13] == 2
