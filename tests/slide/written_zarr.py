"""OME-Zarr images as zarr itself writes them, of any version, codec and order of axes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mvd
from mvd.geometry import Rect

zarr = pytest.importorskip("zarr", minversion="3", reason="zarr is an extra")
numcodecs = pytest.importorskip("numcodecs", reason="zarr brings it")

CODECS_2 = {
    "none": None,
    "blosc": numcodecs.Blosc(cname="lz4", shuffle=numcodecs.Blosc.BITSHUFFLE),
    "zlib": numcodecs.Zlib(3),
    "zstd": numcodecs.Zstd(3),
    "lz4": numcodecs.LZ4(),
    "bz2": numcodecs.BZ2(1),
}
CODECS_3 = {
    "none": None,
    "blosc": zarr.codecs.BloscCodec(cname="zstd"),
    "gzip": zarr.codecs.GzipCodec(level=2),
    "zstd": zarr.codecs.ZstdCodec(level=3, checksum=True),
}
PATHS = ("0", "1")


def arranged(rgb: np.ndarray, axes: str) -> np.ndarray:
    """Bring (h, w, 3) into the order of ``axes``; t and z have one plane."""
    there = [axis for axis in axes if axis in "yxc"]
    moved = rgb.transpose(["yxc".index(axis) for axis in there])
    return moved.reshape([1 if axis in "tz" else ("yxc".index(axis) and rgb.shape["yxc".index(axis)]) or rgb.shape[0]
                          for axis in axes])  # fmt: skip


def attributes(
    axes: str, fmt: int, *, unit: str | None = "micrometer", mpp: float = 0.25, **extra: Any
) -> dict:
    types = {"t": "time", "c": "channel"}
    named: list[dict[str, str]] = [{"name": axis, "type": types.get(axis, "space")} for axis in axes]
    for axis in named:
        if axis["type"] == "space" and unit is not None:
            axis["unit"] = unit
    scale = [[mpp * 4**level if axis in "yx" else 1.0 for axis in axes] for level in range(len(PATHS))]
    datasets = [
        {"path": path, "coordinateTransformations": [{"type": "scale", "scale": scale[level]}]}
        for level, path in enumerate(PATHS)
    ]
    ome = {"multiscales": [{"version": f"0.{fmt + 2}", "axes": named, "datasets": datasets}], **extra}
    return {"ome": {"version": "0.5", **ome}} if fmt == 3 else ome


def write(
    path: Path, rgb: np.ndarray, *, fmt: int = 2, axes: str = "tczyx", codec: Any = "blosc", **options: Any
):
    """Write an OME-Zarr of two levels; options are those of ``attributes`` and, in ``array``, of zarr."""
    array_options = {"chunks": tuple({"y": 128, "x": 160}.get(a, 3 if axes == "yxc" else 1) for a in axes)}
    array_options |= options.pop("array", {})
    codecs = CODECS_2 if fmt == 2 else CODECS_3
    group = zarr.open_group(path, mode="w", zarr_format=fmt)
    for name, pixels in zip(PATHS, (rgb, rgb[::4, ::4]), strict=True):
        values = arranged(pixels, axes)
        own = {k: tuple(map(min, v, values.shape)) if k == "chunks" else v for k, v in array_options.items()}
        made = group.create_array(
            name, shape=values.shape, dtype=values.dtype, compressors=codecs[codec], fill_value=0, **own
        )
        made[...] = values
    group.attrs.update(attributes(axes, fmt, **options))
    return group


def whole(slide: mvd.Slide, level: int = 0) -> Rect:
    return Rect(0, 0, *slide.info.level_shapes[level])


def change(path: Path, fmt: int, edit: Any) -> None:
    """Edit the OME attributes in the file itself."""
    file = path / ("zarr.json" if fmt == 3 else ".zattrs")
    about = json.loads(file.read_text(encoding="utf-8"))
    edit(about["attributes"]["ome"] if fmt == 3 else about)
    file.write_text(json.dumps(about), encoding="utf-8")
