"""One measured sample slide, and a viewer that really draws; where none can, the tests say why and skip."""

import ctypes
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import tifffile

import mvd

REPO = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def slide_path() -> Path:
    """A small sample slide with vessels."""
    return REPO / "sample_images" / "control_3.tif"


@pytest.fixture(scope="session")
def result_folder(slide_path, tmp_path_factory) -> Path:
    """The result of a real run of that slide."""
    out = tmp_path_factory.mktemp("result") / "result"
    settings = mvd.Settings.from_mapping({"hotspot": {"nulls": 0}}, "test")
    mvd.save_result(mvd.analyze(slide_path, settings), out)
    return out


@pytest.fixture(scope="session")
def slide_folder(result_folder) -> Path:
    """The folder of that slide in the result."""
    (folder,) = (result_folder / "slides").iterdir()
    return folder


@pytest.fixture(scope="session")
def shown(slide_folder) -> mvd.Shown:
    """That result, read."""
    return mvd.read_shown(slide_folder)


@pytest.fixture(scope="session")
def large_slide(tmp_path_factory) -> Path:
    """40000 x 30000 px in one level, nearly all of it never scanned: a small file that no viewer may read whole."""
    path = tmp_path_factory.mktemp("large") / "large.tif"
    tile = np.full((256, 256, 3), (150, 90, 60), np.uint8)
    tile[:128] = (220, 200, 230)
    rows, columns = -(-30000 // 256), -(-40000 // 256)
    tiles = (tile if (row + column) % 16 == 0 else None for row in range(rows) for column in range(columns))
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(
            tiles,
            shape=(30000, 40000, 3),
            dtype=np.uint8,
            tile=(256, 256),
            photometric="rgb",
            compression="zlib",
            resolution=(40000, 40000),
            resolutionunit="CENTIMETER",
        )
    return path


def why_nothing_is_drawn() -> str | None:
    """Say what keeps Qt from drawing here; None when nothing does."""
    if not sys.platform.startswith("linux"):
        return None
    if not os.environ.get("DISPLAY"):
        return "no screen: run the tests under `xvfb-run -a` (`make test` does)"
    try:
        from PyQt6.QtCore import QLibraryInfo

        plugins = QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)
        for library in ("libGL.so.1", "libEGL.so.1", f"{plugins}/platforms/libqxcb.so"):
            ctypes.CDLL(library)
    except (ImportError, OSError) as error:
        return f"{error}; `make test` installs or names the system libraries"
    return None


def needs_a_screen() -> None:
    """Skip the test where nothing is drawn. On CI that is an error."""
    reason = why_nothing_is_drawn()
    if reason:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


@pytest.fixture
def qapp(monkeypatch):
    """Qt without a viewer, for widgets that need none."""
    needs_a_screen()
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb" if sys.platform.startswith("linux") else "")
    from napari.qt import get_qapp

    return get_qapp()


def until(ready, seconds: float = 300.0) -> None:
    """Let Qt work until something is so."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "it did not come"
        QApplication.processEvents()
        time.sleep(0.01)


@pytest.fixture
def wait():
    """``wait(ready)`` lets Qt work until ``ready()``."""
    return until


@pytest.fixture
def new_viewer(tmp_path, monkeypatch):
    """``with new_viewer() as viewer`` shows a viewer with default preferences, and closes it."""
    needs_a_screen()
    monkeypatch.setenv("NAPARI_CONFIG", str(tmp_path / "settings.yaml"))
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb" if sys.platform.startswith("linux") else "")
    import napari

    @contextmanager
    def shown():
        viewer = napari.Viewer(show=True)
        yield viewer
        viewer.close()

    return shown


@pytest.fixture
def viewer(new_viewer):
    """A shown viewer with default preferences."""
    with new_viewer() as shown:
        yield shown
