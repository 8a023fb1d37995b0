"""``mvd open``: a slide or a result in napari, with the plugin beside it."""

import importlib
from importlib.util import find_spec
from pathlib import Path

import click

PIP = 'pip install napari-mvd "napari[pyqt6]"'
CHECKOUT = 'pip install ./plugins/napari "napari[pyqt6]"'
_BINDINGS = ("PyQt6", "PySide6", "PyQt5", "PySide2")


@click.command()
@click.argument(
    "path", metavar="[SLIDE_OR_RESULT]", required=False, type=click.Path(exists=True, path_type=Path)
)
def open_in_napari(path: Path | None) -> int:
    """Look at a slide, at a result folder or at the folder of one slide in it, in napari.

    Without an argument napari opens empty, and says how to begin. Needs napari, a Qt binding and the plugin.

    \b
    Examples:
      mvd open slide.svs
      mvd open results
    """
    from mvd.errors import MissingDependency

    missing = [name for name in ("napari", "napari_mvd") if find_spec(name) is None]
    if not any(find_spec(name) for name in _BINDINGS):
        missing.append("a Qt binding")
    if missing:
        names = " and ".join(name.replace("_", "-") for name in missing)
        raise MissingDependency(f"{names} is not installed: {PIP} (in a checkout of mvd: {CHECKOUT})")
    importlib.import_module("napari_mvd.launch").launch(path)
    return 0
