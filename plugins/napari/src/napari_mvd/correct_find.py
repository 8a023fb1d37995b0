"""The layers of a viewer -> the slide's folder that they show, and the slide file. Looks, and never opens."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from napari.layers import Image


def slide_folders(layers: Iterable[Any]) -> list[Path]:
    """Return the folders ``slides/<slide_id>`` that layers were read from, each once, in the layers' order."""
    found = dict.fromkeys(folder for layer in layers if (folder := _folder_of(layer)) is not None)
    return list(found)


def slide_files(layers: Iterable[Any], name: str) -> list[Path]:
    """Return the files of slides' layers that are called ``name``, as slide.json has it (perhaps with folders)."""
    wanted = name.replace("\\", "/").rsplit("/", 1)[-1]
    paths = [path_of(layer) for layer in layers]
    return [path for path in dict.fromkeys(paths) if path is not None and path.name == wanted]


def path_of(layer: Any) -> Path | None:
    """Return the file of a slide's layer; None of any other layer, and of the pictures of a result."""
    if not isinstance(layer, Image) or _folder_of(layer) is not None:
        return None
    slide = layer.metadata.get("mvd_slide")
    told = slide.info.path if slide is not None else layer.source.path
    return Path(str(told)) if told else None


def _folder_of(layer: Any) -> Path | None:
    if "mvd_put_by" in layer.metadata:  # hidden, and of no result any more
        return None
    told = layer.metadata.get("mvd_folder") or layer.source.path
    folder = Path(str(told)) if told else None
    return folder if folder is not None and (folder / "slide.json").is_file() else None
