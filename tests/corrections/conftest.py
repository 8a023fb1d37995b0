"""A small result of two slides, made once, and copies of it to correct."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from correcting import FIELD

from mvd import Corrections
from mvd.cli import cli
from mvd.phantom import PhantomSpec, make_phantom, write_phantom


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two slides."""
    folder = tmp_path_factory.mktemp("phantoms")
    for seed, name in ((7, "one"), (8, "two")):
        spec = PhantomSpec(seed, "typical", height_um=400, width_um=400, vessels_per_mm2=200, outline=False)
        write_phantom(make_phantom(spec), folder, name)
    return folder


@pytest.fixture(scope="session")
def measured(phantoms: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their result folder, which no test changes."""
    out = tmp_path_factory.mktemp("measured") / "out"
    words = ["run", str(phantoms), "--out", str(out), "--quiet", *FIELD]
    answer = CliRunner().invoke(cli, words)
    assert answer.exit_code == 0, answer.output
    return out


@pytest.fixture
def out(measured: Path, tmp_path: Path) -> Path:
    """A copy of the result folder."""
    return Path(shutil.copytree(measured, tmp_path / "out"))


@pytest.fixture
def folder(out: Path) -> Path:
    """The folder of its first slide."""
    return next((out / "slides").glob("one-*"))


@pytest.fixture
def opened(folder: Path) -> Corrections:
    """Its first slide, open for correction."""
    return Corrections.open(folder, "AB")
