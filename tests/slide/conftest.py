"""Slides that the tests write: one picture in every dress that a scanner or an export gives it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from every_vendor import SIDE_PX, VENDORS, write_slide

SHAPE_PX = (500, 700)
REAL_SLIDES = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def picture() -> np.ndarray:
    """(500, 700, 3) uint8: smooth colours, noise and a dark square; no two channels are alike."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[: SHAPE_PX[0], : SHAPE_PX[1]] / 100
    waves = np.stack([200 + 40 * np.sin(x), 150 + 60 * np.sin(y + 1), 120 + 80 * np.cos(x + y)], axis=-1)
    waves[40:80, 300:340] = (90, 50, 20)
    return np.clip(waves + rng.normal(0, 2, waves.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def write_tiff(tmp_path: Path, picture: np.ndarray) -> Callable[..., Path]:
    """Write a TIFF with tifffile; keywords are tifffile's, ``pixels`` and ``name`` ours."""

    def write(name: str = "slide.tif", pixels: np.ndarray | None = None, **keywords: Any) -> Path:
        path = tmp_path / name
        keywords = {"photometric": "rgb", "tile": (128, 128), **keywords}
        tifffile.imwrite(path, picture if pixels is None else pixels, **keywords)
        return path

    return write


@pytest.fixture
def write_pages(tmp_path: Path) -> Callable[..., Path]:
    """Write a TIFF of several pages, each an (array, keywords of tifffile) pair."""

    def write(name: str, *pages: tuple[np.ndarray, dict[str, Any]], **keywords: Any) -> Path:
        path = tmp_path / name
        with tifffile.TiffWriter(path, **keywords) as writer:
            for pixels, page_keywords in pages:
                writer.write(pixels, **{"photometric": "rgb", "metadata": None, **page_keywords})
        return path

    return write


@pytest.fixture
def real_slide() -> Callable[[str], Path]:
    """Find a real slide beside the repository, or skip."""

    def find(name: str) -> Path:
        path = REAL_SLIDES / name
        if not path.exists():
            pytest.skip(f"{name} is not on this machine")
        return path

    return find


@pytest.fixture(scope="session")
def square(picture: np.ndarray) -> np.ndarray:
    """(512, 512, 3) of ``picture``: whole tiles of every vendor."""
    return np.ascontiguousarray(np.pad(picture, ((0, 12), (0, 0), (0, 0)), "reflect")[:, :SIDE_PX])


@pytest.fixture(scope="session")
def slides(square: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A slide of each vendor, in a folder of its own, by suffix."""
    return {suffix: write_slide(tmp_path_factory.mktemp(suffix), suffix, square) for suffix in VENDORS}
