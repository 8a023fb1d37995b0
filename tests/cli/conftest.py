"""Tiny slides and a way to call ``mvd`` in this process."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mvd.cli import cli
from mvd.phantom import PhantomSpec, make_phantom, write_phantom


@pytest.fixture(scope="session")
def slides(tmp_path_factory) -> Path:
    """A folder with ``one.tif`` and ``ward/two.tif``, 0.2 mm on a side."""
    folder = tmp_path_factory.mktemp("slides")
    for seed, name in ((7, "one"), (8, "ward/two")):
        spec = PhantomSpec(seed, "clean", height_um=200, width_um=200, vessels_per_mm2=200, outline=False)
        where = folder / name
        write_phantom(make_phantom(spec), where.parent, where.name)
    return folder


@pytest.fixture
def mvd(monkeypatch) -> Callable[..., Result]:
    """Call ``mvd`` with words; a traceback is a failure of the test."""
    monkeypatch.setenv("COLUMNS", "120")

    def call(*words: object) -> Result:
        result = CliRunner().invoke(cli, [str(word) for word in words], prog_name="mvd")
        assert "Traceback" not in result.output
        assert isinstance(result.exception, SystemExit | None)
        return result

    return call
