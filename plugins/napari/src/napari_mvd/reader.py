"""napari's question whether this plugin can open a path, and the answer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mvd
from napari_mvd.drawn import regions_layer
from napari_mvd.layers import LayerTuple, result_layers
from napari_mvd.slide import slide_layer

Reader = Callable[[str | list[str]], list[LayerTuple]]
NO_LAYER_YET: Any = [(None,)]
"""How napari is told that a path is read, and that there is nothing to show."""


def result_reader(path: str | list[str]) -> Reader | None:
    """Return the function that reads a result folder, or the folder of one slide in it; None for any other path."""
    if not isinstance(path, str):
        return None
    folder = Path(path)
    is_result = (folder / "run.json").is_file() and (folder / "slides").is_dir()
    return _read_result if is_result or (folder / "slide.json").is_file() else None


def slide_reader(path: str | list[str]) -> Reader | None:
    """Return the function that reads a slide; None for any other folder or a stack of files."""
    if not isinstance(path, str):
        return None
    return _read_slide if Path(path).is_file() or path.rstrip("/\\").endswith(".zarr") else None


def regions_reader(path: str | list[str]) -> Reader | None:
    """Return the function that reads regions as QuPath exports them; None for any other path."""
    return _read_regions if isinstance(path, str) and Path(path).is_file() else None


def _read_result(path: str | list[str]) -> list[LayerTuple]:
    """The first slide; in a window, the panel reads it in a thread and shows it then: many vessels take seconds."""
    viewer = _current_viewer()
    if viewer is None:
        return result_layers(mvd.slides_of_result(_one(path))[0].folder)
    from napari_mvd.open_panel import panel_of

    panel_of(viewer).open_result(_one(path))
    return NO_LAYER_YET


def _read_slide(path: str | list[str]) -> list[LayerTuple]:
    layer = slide_layer(_one(path))
    if _current_viewer() is not None:
        from napari_mvd.refresh import refresh_what_is_filled

        refresh_what_is_filled()
    return [layer]


def _read_regions(path: str | list[str]) -> list[LayerTuple]:
    from napari_mvd.seen import slides_in

    viewer = _current_viewer()
    slides = slides_in(viewer) if viewer is not None else []
    return [regions_layer(_one(path), slides[0].info if slides else None)]


def _current_viewer():  # type: ignore[no-untyped-def]
    import napari

    return napari.current_viewer()


def _one(path: str | list[str]) -> Path:
    return Path(path if isinstance(path, str) else path[0])
