"""What is measured many at once is what is measured one by one; the outlines of a phantom are its pixels."""

import numpy as np
import pytest
import shapely

import mvd
from mvd.found import FOUND_NAME, unpack_found
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.vessels import Vessels, find_vessels
from mvd.vessels import find as find_module

SETTINGS = mvd.Settings()


@pytest.fixture(scope="module", params=["clean", "hard"])
def found(request, tmp_path_factory):
    """What is stained on a phantom of half a millimetre."""
    spec = PhantomSpec(7, request.param, height_um=560, width_um=640, vessels_per_mm2=260)
    folder = tmp_path_factory.mktemp("plain")
    path = write_phantom(make_phantom(spec), folder, "one")
    packed = folder / FOUND_NAME
    packed.write_bytes(mvd.analyze(path, SETTINGS).candidates)
    return unpack_found(packed)


def vessels_of(found, workers: int = 1) -> Vessels:
    return find_vessels(
        found.components, found.tissue, found.stain, SETTINGS.vessel, found.analysis_mpp, workers=workers
    )


def same(one: Vessels, other: Vessels) -> None:
    assert one.table.equals(other.table)
    for mine, theirs in zip(one.outlines, other.outlines, strict=True):
        for rings, twins in zip(
            (mine.outer, mine.lumens, *mine.wall), (theirs.outer, theirs.lumens, *theirs.wall), strict=True
        ):
            for ring, twin in zip(rings, twins, strict=True):
                np.testing.assert_array_equal(ring, twin)


def test_both_ways_give_the_same(found, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = vessels_of(found)
    plain = []
    inner = find_module.measure_plain
    monkeypatch.setattr(find_module, "measure_plain", lambda *args: plain.append(out := inner(*args)) or out)
    vessels_of(found)
    assert sum(done.sum() for done, *_ in plain) > len(quick.table) / 3, "few went the quick way"
    monkeypatch.setattr(find_module, "circle_px2", lambda *_: 0.0)  # every lumen may be too wide
    plain.clear()
    slow = vessels_of(found)
    assert not any(done.any() for done, *_ in plain)
    same(quick, slow)


def test_chunks_and_threads_change_nothing(found, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = vessels_of(found)
    monkeypatch.setattr(find_module, "_PLAIN_CHUNK", 5)
    monkeypatch.setattr(find_module, "_CHUNK", 2)
    same(whole, vessels_of(found, workers=3))


def area(rings) -> float:
    return sum(shapely.Polygon(ring).area for ring in rings)


def test_every_outline_is_valid_and_has_the_area_of_its_pixels(found) -> None:
    vessels = vessels_of(found)
    assert len(vessels.table) > 50
    for row, outline in zip(vessels.table.itertuples(), vessels.outlines, strict=True):
        wall = shapely.MultiPolygon([(rings[0], rings[1:]) for rings in outline.wall])
        assert shapely.is_valid(wall), shapely.is_valid_reason(wall)
        assert wall.area == pytest.approx(row.area_um2, rel=1e-12)
        assert all(shapely.LinearRing(ring).is_simple for ring in outline.outer + outline.lumens)
        # Specks of wall that float in a lumen lie within its ring.
        specks = len(outline.wall) - len(outline.outer)
        assert area(outline.lumens) == pytest.approx(row.lumen_area_um2, rel=1e-12) or (
            specks > 0 and row.lumen_area_um2 < area(outline.lumens) < row.filled_area_um2
        )
        assert area(outline.outer) == pytest.approx(row.filled_area_um2, rel=1e-12)
