"""``mvd doctor``: what is installed, what can be decoded, what the machine has."""

import importlib
import importlib.util
import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from mvd.errors import MvdError

_LIBRARIES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "cv2": "opencv-python-headless",
    "skimage": "scikit-image",
    "tifffile": "tifffile",
    "imagecodecs": "imagecodecs",
    "simplejpeg": "simplejpeg",
    "numba": "numba",
    "pandas": "pandas",
    "pydantic": "pydantic",
    "openslide": "openslide-python",
    "zarr": "zarr",
}
_OPTIONAL = ("openslide", "zarr")
_OURS = "SVS, TIFF, BigTIFF, OME-TIFF, QPTIFF brightfield, PNG, JPEG"
_BY_OPENSLIDE = "DICOM, NDPI, MRXS, SCN, BIF, VMS, VMU, Philips TIFF, Trestle, SVSLIDE, CZI"
_CODECS = {
    "jpeg": "JPEG",
    "jpeg2000": "JPEG2K",
    "lzw": "LZW",
    "deflate": "ZLIB",
    "zstd": "ZSTD",
    "webp": "WEBP",
    "lzma": "LZMA",
    "packbits": "PACKBITS",
    "jpegxl": "JPEGXL",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def doctor(as_json: bool) -> None:
    """Show versions, codecs and what this machine has; put it into a report of a fault.

    \b
    Example:
      mvd doctor
    """
    known = _known()
    if as_json:
        click.echo(json.dumps(known, indent=2))
        return
    for section, values in known.items():
        if isinstance(values, dict):
            click.echo(f"{section}:")
            for name, value in values.items():
                click.echo(f"  {name:<24}{value}")
        else:
            click.echo(f"{section:<26}{values}")


def _known() -> dict[str, Any]:
    from mvd import __version__
    from mvd.compiled import is_compiled

    return {
        "mvd": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "memory": _memory(),
        "compiled": "yes" if is_compiled() else "no: the first run takes a minute or two more",
        "libraries": {package: _library(module, package) for module, package in _LIBRARIES.items()},
        "codecs": _codecs(),
        "formats": _formats(),
    }


def _library(module: str, package: str) -> str:
    """Return the version of a library that really imports, or what is wrong."""
    try:
        importlib.import_module(module)
    except ImportError as error:
        reason = " ".join(str(error).split())
        return "not installed (optional)" if module in _OPTIONAL else f"cannot be imported: {reason}"
    try:
        return version(package)
    except PackageNotFoundError:
        return "installed, version unknown"


def _codecs() -> dict[str, str]:
    try:
        codecs = importlib.import_module("imagecodecs")
    except ImportError:
        return dict.fromkeys(_CODECS, "missing: pip install imagecodecs")
    has = {name: getattr(getattr(codecs, codec, None), "available", False) for name, codec in _CODECS.items()}
    return {name: "yes" if there else "missing: pip install imagecodecs" for name, there in has.items()}


def _formats() -> dict[str, str]:
    """Return which slides can be read here, and the pip line for those that cannot."""
    from mvd.slide.openslide import library

    try:
        by_openslide = f"yes (OpenSlide {library().__library_version__})"
    except MvdError as error:
        by_openslide = f"missing: {error}"
    has_zarr = importlib.util.find_spec("zarr") is not None
    return {
        **dict.fromkeys(_OURS.split(", "), "yes"),
        "WebP": _codecs()["webp"],
        "OME-Zarr": "yes" if has_zarr else "missing: pip install 'mvd[zarr]'",
        **dict.fromkeys(_BY_OPENSLIDE.split(", "), by_openslide),
    }


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"
    except (AttributeError, ValueError, OSError):
        return "unknown"
