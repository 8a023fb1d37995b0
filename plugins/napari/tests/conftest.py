"""One measured sample slide, and a viewer that really draws; where none can, the tests say why and skip."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def slide_path() -> Path:
    """A small sample slide with vessels."""
    return REPO / "sample_images" / "control_3.tif"


@pytest.fixture(scope="session")
def slide_folder(slide_path, tmp_path_factory) -> Path:
    """The folder of that slide in the result of a real run."""
    out = tmp_path_factory.mktemp("result")
    command = [Path(sys.executable).with_name("mvd"), "run", slide_path, "--out", out, "--quiet"]
    subprocess.run(command, check=True)
    (folder,) = (out / "slides").iterdir()
    return folder


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


@pytest.fixture
def viewer(tmp_path, monkeypatch):
    """A shown viewer with default preferences. On CI it is an error that there is none."""
    reason = why_nothing_is_drawn()
    if reason:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    monkeypatch.setenv("NAPARI_CONFIG", str(tmp_path / "settings.yaml"))
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb" if sys.platform.startswith("linux") else "")
    import napari

    shown = napari.Viewer(show=True)
    yield shown
    shown.close()
