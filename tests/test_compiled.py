"""Whether the kernels are in machine code is told from numba's own files."""

import os
from pathlib import Path

import pytest
from numba.core.caching import FunctionCache

from mvd import compiled
from mvd.vessels import plain


def test_a_new_cache_is_empty_and_numbas_file_is_recognised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))
    assert not compiled.is_compiled()
    kept = FunctionCache(plain.measure_plain.py_func)
    index = Path(kept.cache_path) / kept._impl.filename_base  # where numba will write it
    index.parent.mkdir(parents=True, exist_ok=True)
    Path(f"{index}.py311.nbi").touch()
    assert compiled.is_compiled()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_where_it_cannot_be_seen_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "compiled.py"))
    tmp_path.chmod(0o500)
    assert compiled.is_compiled()
