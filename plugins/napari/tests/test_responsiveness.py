"""The benchmark of the plugin runs, so that it cannot rot: a hot spot is dragged, and counted after each step."""

import subprocess
import sys

from conftest import REPO, needs_a_screen


def test_the_benchmark_drags_with_exact_counts_and_tells_its_figures():
    needs_a_screen()
    command = [sys.executable, "-W", "ignore", REPO / "benchmarks" / "napari_responsiveness.py", "--quick"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPO)
    assert answer.returncode == 0, answer.stderr
    for what in ("first view of a slide", "live preview, 1024 x 1024 px", "dragged hot spot", "window drawn"):
        assert what in answer.stdout
