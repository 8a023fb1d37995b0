"""napari's question whether this plugin can open a path, and the answer."""

from collections.abc import Callable
from pathlib import Path

from napari_mvd.layers import LayerTuple, result_layers
from napari_mvd.slide import slide_layer

Reader = Callable[[str | list[str]], list[LayerTuple]]


def result_reader(path: str | list[str]) -> Reader | None:
    """Return the function that reads the folder of one slide in a result; None for any other path."""
    return _read_result if isinstance(path, str) and (Path(path) / "slide.json").is_file() else None


def slide_reader(path: str | list[str]) -> Reader | None:
    """Return the function that reads a slide file; None for a folder or a stack of files."""
    return _read_slide if isinstance(path, str) and Path(path).is_file() else None


def _read_result(path: str | list[str]) -> list[LayerTuple]:
    return result_layers(_one(path))


def _read_slide(path: str | list[str]) -> list[LayerTuple]:
    return [slide_layer(_one(path))]


def _one(path: str | list[str]) -> Path:
    return Path(path if isinstance(path, str) else path[0])
