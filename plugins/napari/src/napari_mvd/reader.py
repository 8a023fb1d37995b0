"""napari's question whether this plugin can open a path, and the answer."""

from collections.abc import Callable
from pathlib import Path

import mvd
from napari_mvd.drawn import regions_layer
from napari_mvd.layers import LayerTuple, result_layers
from napari_mvd.slide import slide_layer

Reader = Callable[[str | list[str]], list[LayerTuple]]


def result_reader(path: str | list[str]) -> Reader | None:
    """Return the function that reads a result folder, or the folder of one slide in it; None for any other path."""
    if not isinstance(path, str):
        return None
    folder = Path(path)
    if (folder / "slide.json").is_file():
        return _read_slide_folder
    return _read_result if (folder / "run.json").is_file() and (folder / "slides").is_dir() else None


def slide_reader(path: str | list[str]) -> Reader | None:
    """Return the function that reads a slide; None for any other folder or a stack of files."""
    if not isinstance(path, str):
        return None
    return _read_slide if Path(path).is_file() or path.rstrip("/\\").endswith(".zarr") else None


def regions_reader(path: str | list[str]) -> Reader | None:
    """Return the function that reads regions as QuPath exports them; None for any other path."""
    return _read_regions if isinstance(path, str) and Path(path).is_file() else None


def _read_slide_folder(path: str | list[str]) -> list[LayerTuple]:
    return _over_the_slide(result_layers(_one(path)))


def _over_the_slide(layers: list[LayerTuple]) -> list[LayerTuple]:
    """Hide the small picture that stands in for the slide where a slide is open."""
    from napari_mvd.seen import slides_in

    viewer = _current_viewer()
    if viewer is not None and slides_in(viewer):
        layers[0][1]["visible"] = False
    return layers


def _read_result(path: str | list[str]) -> list[LayerTuple]:
    """The first slide; where there are more, the panel beside the picture lets people choose."""
    slides = mvd.slides_of_result(_one(path))
    if len(slides) > 1 and _current_viewer() is not None:
        from napari_mvd.open_panel import panel_of

        panel_of(_current_viewer()).offer(slides)
    return _over_the_slide(result_layers(slides[0].folder))


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
