"""The benchmarks run, so that they cannot rot, and their figures are of the right order."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
BENCHMARKS = REPO / "benchmarks"


def quick(name: str, *options: str) -> str:
    """Run a benchmark in its quick form and return what it prints."""
    command = [sys.executable, str(BENCHMARKS / name), "--quick", *options]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def rows(text: str) -> list[list[str]]:
    """Return the cells of every table row."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if "|" in line
    ]


def test_accuracy_puts_mvd_beside_its_peers(tmp_path):
    text = quick("accuracy.py", "--pictures", str(tmp_path))
    scores = {(row[0], row[1], row[2].strip("*")): row[3:] for row in rows(text) if len(row) == 9}
    for method in ("mvd", "first script", "Fiji style", "HistomicsTK style"):
        assert {form for difficulty, form, own in scores if own == method} == {"no JPEG", "JPEG 80"}
    assert float(scores["clean", "no JPEG", "mvd"][2]) > 0.9
    assert float(scores["clean", "no JPEG", "mvd"][2]) > float(scores["clean", "no JPEG", "first script"][2])
    assert (tmp_path / "clean_9000.png").stat().st_size > 10_000


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="speed.py keeps to two processors: Linux only"
)
def test_speed_times_reading_and_the_whole_process():
    _, coarse, fine = quick("speed.py").split("\n### ")
    for part in (coarse, fine):
        seconds = {
            row[0].strip("*"): float(row[1]) for row in rows(part) if len(row) == 7 and row[1][:1].isdigit()
        }
        assert seconds["raw tile decode (simplejpeg)"] < seconds["OpenSlide reading"]
        assert seconds["mvd run, whole process"] > 0
        assert {"tifffile asarray", "mvd reading"} < set(seconds)
    (vessels,) = re.findall(r"(\d+) vessels counted", fine)
    assert int(vessels) > 100
    reduced, averaged = map(int, re.findall(r"counted: (\d+) against (\d+)", fine)[0])
    assert averaged > 50
    assert abs(reduced - averaged) <= max(1, averaged // 100)
    of_mean = float(re.findall(r"least processor time: ([\d.]+) of the mean", fine)[0])
    assert of_mean < 0.95


def test_hotspots_of_the_exact_search_hold_the_most():
    table = [row for row in rows(quick("hotspots.py")) if len(row) == 8 and row[0][0].isdigit()]
    missed = {(row[0], row[1]): [float(cell) for cell in row[3:5]] for row in table}
    assert set(missed) == {(n, by) for n in ("1,000", "10,000") for by in ("exact", "raster", "rim", "50 um")}
    assert all(min(parts) >= 0 for parts in missed.values())
    assert missed["1,000", "exact"] == missed["10,000", "exact"] == [0, 0]
    assert missed["10,000", "raster"] > [0, 0]


def test_a_benchmark_writes_its_own_section_only(tmp_path):
    spec = importlib.util.spec_from_file_location("page", BENCHMARKS / "page.py")
    assert spec is not None
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    results = tmp_path / "RESULTS.md"
    page.write_section("speed", "fast", results)
    page.write_section("accuracy", "right", results)
    page.write_section("speed", "faster", results)
    text = results.read_text(encoding="utf-8")
    assert text.startswith("# Results")
    assert re.findall(r"^(fast\w*|right)$", text, re.M) == ["faster", "right"]


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no groups of processes on this system")
def test_soak_loses_and_doubles_nothing():
    text = quick("soak.py")
    counts = {row[0]: row[1] for row in rows(text) if len(row) == 2}
    assert (counts["slides"], counts["ended by SIGKILL, all processes"]) == ("12", "2")
    assert "**Passed**" in text


def test_robustness_gives_the_shift_of_each_change():
    shifts = {
        row[0]: float(row[1].rstrip("%")) for row in rows(quick("robustness.py")) if row[1].endswith("%")
    }
    assert set(shifts) == {"brightness 90%", "JPEG quality 50"}
    assert all(abs(shift) < 20 for shift in shifts.values())
