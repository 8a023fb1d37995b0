"""OME-Zarr that is no brightfield slide, or broken: refused by name."""

import builtins
import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from written_zarr import PATHS, attributes, change, whole, write, zarr

from mvd.errors import MissingDependency, MvdError, UnreadableSlide, UnsupportedPixels
from mvd.slide import open_slide


@pytest.mark.parametrize(
    ("shape", "dtype", "axes", "named"),
    [
        ((3, 60, 70), np.uint16, "cyx", "uint16 with 3 channels"),
        ((60, 70), np.uint8, "yx", "uint8 with 1 channel "),
        ((4, 60, 70), np.uint8, "cyx", "uint8 with 4 channels"),
        ((3, 60, 70), np.float32, "cyx", "float32"),
        ((3, 5, 60, 70), np.uint8, "czyx", "several planes, Z = 5"),
        ((2, 3, 60, 70), np.uint8, "tcyx", "several planes, T = 2"),
    ],
)
def test_other_pixels_are_refused_by_name(tmp_path: Path, shape, dtype, axes, named) -> None:
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    for name in PATHS:
        group.create_array(name, shape=shape, dtype=dtype)[...] = 7
    group.attrs.update(attributes(axes, 2))
    with pytest.raises(UnsupportedPixels, match=named):
        open_slide(tmp_path / "a.zarr")


@pytest.mark.parametrize(
    ("labels", "colours", "refused"),
    [
        (["DAPI", "FITC", "TRITC"], [], True),
        ([], ["0000FF", "00FF00", "FF0000"], True),
        (["Channel 0", "Channel 1", "Channel 2"], ["FF0000", "00FF00", "0000FF"], False),
        (["Red", "Green", "Blue"], [], False),
        (["", "", ""], ["FFFFFF"] * 3, False),
    ],
)
def test_three_stains_are_no_rgb(tmp_path: Path, picture: np.ndarray, labels, colours, refused) -> None:
    parts = [{"label": label} for label in labels] or [{} for _ in range(3)]
    parts = [p | ({"color": c} if c else {}) for p, c in zip(parts, colours or [None] * 3, strict=True)]
    write(tmp_path / "a.zarr", picture, omero={"channels": parts})
    if not refused:
        open_slide(tmp_path / "a.zarr").close()
        return
    with pytest.raises(UnsupportedPixels, match="fluorescence") as caught:
        open_slide(tmp_path / "a.zarr")
    assert "DAPI" not in str(caught.value), "a label may be any text"


def test_plates_wells_labels_and_bare_groups_are_refused(tmp_path: Path, picture: np.ndarray) -> None:
    plate = zarr.open_group(tmp_path / "plate.zarr", mode="w", zarr_format=3)
    plate.attrs["ome"] = {"version": "0.5", "plate": {"wells": []}}
    well = zarr.open_group(tmp_path / "well.zarr", mode="w", zarr_format=2)
    well.attrs["well"] = {"images": [{"path": "0"}]}
    write(tmp_path / "label.zarr", picture, **{"image-label": {"version": "0.4"}})
    zarr.open_group(tmp_path / "labels.zarr", mode="w", zarr_format=2).attrs["labels"] = ["cells"]
    zarr.open_group(tmp_path / "bare.zarr", mode="w", zarr_format=2)
    zarr.open_array(tmp_path / "array.zarr", mode="w", shape=(10, 10), dtype="u1")
    (tmp_path / "empty.zarr").mkdir()
    named = {"plate": "a OME-Zarr plate|an OME-Zarr plate", "well": "an OME-Zarr well", "label": "OME-Zarr labels",
             "labels": "OME-Zarr labels", "bare": "without OME metadata", "array": "without OME metadata",
             "empty": "cannot be read"}  # fmt: skip
    for name, reason in named.items():
        with pytest.raises(UnreadableSlide, match=reason):
            open_slide(tmp_path / f"{name}.zarr")


def test_of_a_series_the_first_image_is_the_slide(tmp_path: Path, picture: np.ndarray) -> None:
    """bioformats2raw's layout: the slide is 0, label and macro come after it."""
    root = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    root.attrs["bioformats2raw.layout"] = 3
    write(tmp_path / "a.zarr" / "0", picture)
    write(tmp_path / "a.zarr" / "1", 255 - picture)
    with contextlib.closing(open_slide(tmp_path / "a.zarr")) as slide:
        np.testing.assert_array_equal(slide.read(whole(slide)), picture)


@pytest.mark.parametrize("fmt", [2, 3])
@pytest.mark.parametrize(
    "edit",
    [
        lambda ome: ome.update(multiscales=[]),
        lambda ome: ome.update(multiscales="none"),
        lambda ome: ome["multiscales"][0].update(datasets=[]),
        lambda ome: ome["multiscales"][0]["datasets"][0].pop("path"),
        lambda ome: ome["multiscales"][0]["datasets"][0].update(path="../../elsewhere"),
        lambda ome: ome["multiscales"][0].update(axes=[{"name": a} for a in "abcde"]),
        lambda ome: ome["multiscales"][0].update(axes=[{"name": a} for a in "cyx"]),
        lambda ome: ome["multiscales"][0]["datasets"][0]["coordinateTransformations"][0].update(
            scale=["a"] * 5
        ),
    ],
)
def test_broken_metadata_is_an_error_that_says_so(
    tmp_path: Path, picture: np.ndarray, fmt: int, edit
) -> None:
    write(tmp_path / "a.zarr", picture, fmt=fmt)
    change(tmp_path / "a.zarr", fmt, edit)
    with pytest.raises(MvdError, match=r"a\.zarr"):
        open_slide(tmp_path / "a.zarr")


@pytest.mark.parametrize("fmt", [2, 3])
def test_a_huge_declared_size_is_refused_at_once(tmp_path: Path, fmt: int) -> None:
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=fmt)
    for name in PATHS:
        group.create_array(name, shape=(3, 10**6, 10**6), chunks=(3, 512, 512), dtype="u1")
    group.attrs.update(attributes("cyx", fmt))
    with pytest.raises(UnreadableSlide, match="declares 1000000 x 1000000 px"):
        open_slide(tmp_path / "a.zarr")
    group.create_array("0", shape=(3, 10**5, 10**5), chunks=(3, 10**5, 10**5), dtype="u1", overwrite=True)
    with pytest.raises(UnreadableSlide, match="chunks of 100000 x 100000 px are too large"):
        open_slide(tmp_path / "a.zarr")


def test_without_zarr_the_pip_line_is_given(tmp_path: Path, picture: np.ndarray, monkeypatch) -> None:
    write(tmp_path / "a.zarr", picture)
    imported = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "zarr":
            raise ImportError("no zarr")
        return imported(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependency, match=r"a\.zarr: .*pip install 'mvd\[zarr\]'$"):
        open_slide(tmp_path / "a.zarr")
