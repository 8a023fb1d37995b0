"""napari's question whether this plugin can open a path, and the answer."""

from collections.abc import Callable
from pathlib import Path

from napari_mvd.layers import LayerTuple, result_layers

Reader = Callable[[str | list[str]], list[LayerTuple]]


def result_reader(path: str | list[str]) -> Reader | None:
    """Return the function that reads ``path``; None when it is no folder with a ``slide.json``."""
    if isinstance(path, str) and (Path(path) / "slide.json").is_file():
        return read_result
    return None


def read_result(path: str | list[str]) -> list[LayerTuple]:
    """Read one slide's folder of a result into layers, see ``result_layers``."""
    return result_layers(Path(path if isinstance(path, str) else path[0]))
