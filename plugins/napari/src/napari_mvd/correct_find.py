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
    """Return the files of image layers that are called ``name``, as slide.json has it (perhaps with folders)."""
    wanted = name.replace("\\", "/").rsplit("/", 1)[-1]
    paths = [
        Path(str(layer.source.path)) for layer in layers if isinstance(layer, Image) and layer.source.path
    ]
    return [path for path in dict.fromkeys(paths) if path.name == wanted]


def _folder_of(layer: Any) -> Path | None:
    told = layer.metadata.get("mvd_folder") or layer.source.path
    folder = Path(str(told)) if told else None
    return folder if folder is not None and (folder / "slide.json").is_file() else None
