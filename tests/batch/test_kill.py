"""The command line, killed with all its processes at three points of its time; benchmarks/kills.py does it at 20."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = Path(__file__).resolve().parents[2] / "benchmarks" / "kills.py"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signals on this system")
def test_the_same_command_gives_the_same_bytes():
    answer = subprocess.run(
        [sys.executable, str(KILLS), "--quick"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    rows = [line.split("|")[1:-1] for line in answer.stdout.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == 3
    assert (
        rows[0][1].strip() == "yes"
    )  # the last one may have ended before its kill on a machine that is less busy now
    assert [cells[3].strip() for cells in rows] == ["0"] * 3
