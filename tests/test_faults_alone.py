"""Faults that need a run of their own: what declares too much costs little, and no rights are no crash."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from faulty import write_tiff
from spoiled import rows, stained
from test_faults import HUGE

from mvd.cli import cli

# The peak of the process itself: what the system counts for a child begins with what its parent had.
MEASURED = """
import re, sys
from pathlib import Path
from click.testing import CliRunner
from mvd.cli import cli
result = CliRunner().invoke(cli, sys.argv[1:])
print(result.exit_code, re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak so simply")
def test_what_declares_too_much_takes_neither_memory_nor_time(tmp_path):
    for fault in HUGE:
        fault.make(tmp_path / fault.name)
    words = ["run", str(tmp_path), "--out", str(tmp_path / "out"), "--quiet"]
    run = subprocess.run([sys.executable, "-c", MEASURED, *words], capture_output=True, text=True, check=True)
    exit_code, peak_kb = run.stdout.split()
    assert (exit_code, run.stderr) == ("3", "")
    assert int(peak_kb) < 500 * 1024
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    seconds = {slide["slide"]: slide["seconds"] for slide in record["slides"]}
    opened = {
        "bomb.tif",
        "sub_loop.ome.tif",
    }  # these are analysed, and the first of them waits for the engine; 2 s is what a quiet machine takes
    assert {name: taken for name, taken in seconds.items() if name not in opened and taken > 20} == {}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_slide_without_rights(tmp_path):
    write_tiff(tmp_path / "secret.tif", stained())
    (tmp_path / "secret.tif").chmod(0)
    CliRunner().invoke(cli, ["run", str(tmp_path), "--out", str(tmp_path / "out")])
    assert "Permission denied" in rows(tmp_path / "out" / "failed.csv")[0]["what_to_do"]
