"""OME-Zarr: versions, codecs, axes, pixel size, missing and damaged chunks."""

import contextlib
import math
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from written_zarr import CODECS_2, CODECS_3, change, whole, write

import mvd
from mvd.errors import UnknownPixelSize, UnreadableSlide
from mvd.geometry import Rect
from mvd.slide import open_slide


@pytest.mark.parametrize(("fmt", "codec"), [(2, c) for c in CODECS_2] + [(3, c) for c in CODECS_3])
def test_golden_pixels_of_every_codec(tmp_path: Path, picture: np.ndarray, fmt: int, codec: str) -> None:
    write(tmp_path / "a.zarr", picture, fmt=fmt, codec=codec)
    with contextlib.closing(open_slide(tmp_path / "a.zarr")) as slide:
        assert slide.info.level_shapes == ((500, 700), (125, 175))
        assert (slide.info.mpp, slide.info.mpp_source, slide.info.vendor) == (0.25, "ome-zarr", "ome-zarr")
        np.testing.assert_array_equal(slide.read(whole(slide)), picture)
        np.testing.assert_array_equal(slide.read(whole(slide, 1), 1), picture[::4, ::4])
        assert slide.scanned(whole(slide)).all()
        assert slide.damage() == ()


@pytest.mark.parametrize("fmt", [2, 3])
@pytest.mark.parametrize("axes", ["cyx", "yxc", "czyx", "tyxc", "yzxc", "xyc"])
def test_any_order_of_axes(tmp_path: Path, picture: np.ndarray, fmt: int, axes: str) -> None:
    write(tmp_path / "a.ome.zarr", picture, fmt=fmt, axes=axes)
    with contextlib.closing(open_slide(tmp_path / "a.ome.zarr")) as slide:
        np.testing.assert_array_equal(slide.read(whole(slide)), picture)
        rect = Rect(77, 101, 300, 333)
        np.testing.assert_array_equal(slide.read(rect), picture[rect.slices()])
        with pytest.raises(ValueError, match="not inside"):
            slide.read(Rect(0, 0, 501, 10))


def test_shards_and_dots_for_slashes(tmp_path: Path, picture: np.ndarray) -> None:
    write(
        tmp_path / "a.zarr",
        picture,
        fmt=3,
        axes="cyx",
        array={"chunks": (1, 25, 25), "shards": (3, 100, 100)},
    )
    dots = {"name": "v2", "separator": "."}
    write(tmp_path / "b.zarr", picture, array={"chunk_key_encoding": dots})
    for name in ("a.zarr", "b.zarr"):
        with contextlib.closing(open_slide(tmp_path / name)) as slide:
            np.testing.assert_array_equal(slide.read(whole(slide)), picture)


@pytest.mark.parametrize(
    ("unit", "mpp", "found"),
    [
        ("micrometer", 0.5, 0.5),
        ("micrometre", 0.5, 0.5),
        ("nanometer", 500.0, 0.5),
        ("millimeter", 0.0005, 0.5),
        (None, 0.5, None),
        ("pixel", 0.5, None),
    ],
)
def test_pixel_size_in_the_axes_unit(tmp_path: Path, picture: np.ndarray, unit, mpp, found) -> None:
    write(tmp_path / "a.zarr", picture, unit=unit, mpp=mpp)
    with contextlib.closing(open_slide(tmp_path / "a.zarr")) as slide:
        assert slide.info.mpp == (found if found is None else pytest.approx(found))
        assert slide.info.mpp_source == ("none" if found is None else "ome-zarr")
    with contextlib.closing(open_slide(tmp_path / "a.zarr", mpp=0.4)) as slide:
        assert (slide.info.mpp, slide.info.mpp_source) == (0.4, "user")


@pytest.mark.parametrize(
    ("unit", "mpp"), [("parsec", 0.5), ("micrometer", 72.0), ("millimeter", 0.5), ("micrometer", 0)]
)
def test_an_absurd_pixel_size_is_refused(tmp_path: Path, picture: np.ndarray, unit: str, mpp: float) -> None:
    write(tmp_path / "a.zarr", picture, unit=unit, mpp=mpp)
    with pytest.raises(UnknownPixelSize, match="ome-zarr says scale"):
        open_slide(tmp_path / "a.zarr")


def test_the_scale_of_the_whole_counts_too(tmp_path: Path, picture: np.ndarray) -> None:
    write(tmp_path / "a.zarr", picture, axes="cyx", mpp=1.0)
    whole_scale = {"coordinateTransformations": [{"type": "scale", "scale": [1.0, 0.3, 0.3]}]}
    change(tmp_path / "a.zarr", 2, lambda ome: ome["multiscales"][0].update(whole_scale))
    with contextlib.closing(open_slide(tmp_path / "a.zarr")) as slide:
        assert slide.info.mpp == pytest.approx(0.3)


def test_axes_of_older_versions(tmp_path: Path, picture: np.ndarray) -> None:
    write(tmp_path / "a.zarr", picture)
    for axes in (["t", "c", "z", "y", "x"], None):
        change(tmp_path / "a.zarr", 2, lambda ome, axes=axes: ome["multiscales"][0].update(axes=axes))
        with contextlib.closing(open_slide(tmp_path / "a.zarr")) as slide:
            np.testing.assert_array_equal(slide.read(whole(slide)), picture)
            assert slide.info.mpp is None


def chunk_files(path: Path) -> list[Path]:
    return sorted(f for f in path.rglob("*") if f.is_file() and not f.name.startswith((".z", "zarr.json")))


@pytest.mark.parametrize("fmt", [2, 3])
@pytest.mark.parametrize("axes", ["tczyx", "yxc"])
def test_a_missing_chunk_was_not_scanned(tmp_path: Path, picture: np.ndarray, fmt: int, axes: str) -> None:
    """By zarr's rule it is the fill value, 0, which is black; a white chunk that is there stays scanned."""
    rgb = picture.copy()
    rgb[:128, 160:320] = 255
    write(tmp_path / "a.zarr", rgb, fmt=fmt, axes=axes)
    chunks = chunk_files(tmp_path / "a.zarr" / "0")
    places = {
        tuple(re.findall(r"\d+", f.relative_to(tmp_path / "a.zarr" / "0").as_posix())): f for f in chunks
    }
    places[
        ("1", "1", "0") if axes == "yxc" else ("0", "2", "0", "1", "1")
    ].unlink()  # of one channel, if apart
    with contextlib.closing(open_slide(tmp_path / "a.zarr")) as slide:
        expected = np.ones((500, 700), bool)
        expected[128:256, 160:320] = False
        np.testing.assert_array_equal(slide.scanned(whole(slide)), expected)
        rgb[~expected] = 255
        np.testing.assert_array_equal(slide.read(whole(slide)), rgb)
        assert slide.damage() == ()


def test_a_missing_chunk_of_a_shard_was_not_scanned(tmp_path: Path, picture: np.ndarray) -> None:
    rgb = picture.copy()
    rgb[100:150, 200:250] = 0  # all fill value: zarr leaves such a chunk out
    write(tmp_path / "a.zarr", rgb, fmt=3, axes="cyx", array={"chunks": (3, 50, 50), "shards": (3, 100, 100)})
    with contextlib.closing(open_slide(tmp_path / "a.zarr")) as slide:
        scanned = slide.scanned(whole(slide))
        assert (~scanned).sum() == 2500
        assert not scanned[100:150, 200:250].any()
        assert (slide.read(Rect(100, 200, 50, 50)) == 255).all()


@pytest.mark.parametrize(
    ("fmt", "codec"), [(2, "blosc"), (2, "zlib"), (2, "none"), (3, "zstd"), (3, "gzip"), (3, "none")]
)
def test_a_damaged_chunk_is_white_and_told_and_the_others_read(
    tmp_path: Path, picture: np.ndarray, fmt: int, codec: str
) -> None:
    write(tmp_path / "a.zarr", picture, fmt=fmt, axes="yxc", codec=codec)
    separator = (
        "c/1/2/0" if fmt == 3 else ("1/2/0" if (tmp_path / "a.zarr" / "0" / "1").is_dir() else "1.2.0")
    )
    file = tmp_path / "a.zarr" / "0" / separator
    content = file.read_bytes()
    file.write_bytes(content[:40] if codec == "none" else b"\xff" * 40 + content[40:100])
    with contextlib.closing(open_slide(tmp_path / "a.zarr")) as slide:
        got = slide.read(whole(slide))
        assert slide.damage() == (Rect(128, 320, 128, 160),)
        expected = picture.copy()
        expected[128:256, 320:480] = 255
        np.testing.assert_array_equal(got, expected)
        assert not slide.scanned(Rect(128, 320, 128, 160)).any()


def test_a_failure_that_passes_is_tried_again_with_the_store_opened_anew(
    tmp_path: Path, picture: np.ndarray
) -> None:
    write(tmp_path / "a.zarr", picture, axes="yxc", codec="zlib")
    files = chunk_files(tmp_path / "a.zarr" / "0")
    contents = {file: file.read_bytes() for file in files}
    with contextlib.closing(open_slide(tmp_path / "a.zarr")) as slide:
        source = slide._source
        reopened = source._opened

        def repaired() -> list[Any]:
            for file, content in contents.items():
                file.write_bytes(content)
            return reopened()

        source._opened = repaired
        for file in files:
            file.write_bytes(b"broken")
        np.testing.assert_array_equal(slide.read(whole(slide)), picture)
        assert slide.damage() == ()


def test_a_store_that_has_gone_fails_the_slide(tmp_path: Path, picture: np.ndarray) -> None:
    import shutil

    write(tmp_path / "a.zarr", picture, axes="yxc")
    with contextlib.closing(open_slide(tmp_path / "a.zarr")) as slide:
        for file in chunk_files(tmp_path / "a.zarr" / "0"):
            file.write_bytes(b"broken")
        (tmp_path / "a.zarr" / "0").rename(tmp_path / "away")
        shutil.copytree(tmp_path / "away", tmp_path / "a.zarr" / "0")
        for mark in (tmp_path / "a.zarr" / "0").glob(".z*"):
            mark.unlink()
        with pytest.raises(UnreadableSlide, match="cannot be opened again"):
            slide.read(whole(slide))


def test_from_several_threads(tmp_path: Path, picture: np.ndarray) -> None:
    write(tmp_path / "a.zarr", picture)
    rects = [Rect(r, c, 100, 140) for r in range(0, 400, 50) for c in range(0, 560, 70)]
    with contextlib.closing(open_slide(tmp_path / "a.zarr")) as slide, ThreadPoolExecutor(4) as pool:
        for rect, rgb in zip(rects, pool.map(slide.read, rects), strict=True):
            np.testing.assert_array_equal(rgb, picture[rect.slices()])


def test_the_measures_are_those_of_a_tiff_of_the_same_pixels(tmp_path: Path) -> None:
    import tifffile

    from mvd.phantom import PhantomSpec, make_phantom

    field = make_phantom(PhantomSpec(3, "clean", height_um=300, width_um=300, vessels_per_mm2=200)).rgb
    field = np.ascontiguousarray(field[: len(field) // 4 * 4, : field.shape[1] // 4 * 4])
    write(tmp_path / "a.zarr", field, fmt=3, axes="cyx", mpp=0.5)
    tifffile.imwrite(tmp_path / "a.tif", field, photometric="rgb", tile=(128, 128))
    zarr_result = mvd.analyze(tmp_path / "a.zarr", workers=2)
    tiff_result = mvd.analyze(tmp_path / "a.tif", mvd.Settings(slide={"mpp": 0.5}), workers=1)
    assert zarr_result.vessels.table.equals(tiff_result.vessels.table)
    assert zarr_result.summary["vessels"] > 2
    assert math.isclose(zarr_result.analysis_mpp, 0.5)
