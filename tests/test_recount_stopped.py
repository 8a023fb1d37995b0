"""A recount that is stopped: said, refused as a result, gone on with to the same bytes, or taken back."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mvd.cli import cli
from mvd.phantom import PhantomSpec, make_phantom, write_phantom

RULES = ("--vessel-min-area-um2", "45")
CSV = ("summary.csv", "hotspots.csv", "slides/*/vessels.csv", "slides/*/hotspots.csv", "slides/*/slide.json")


def mvd(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words], prog_name="mvd")


def tables(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for name in CSV for path in sorted(out.glob(name))}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result folder of three slides."""
    slides, out = tmp_path_factory.mktemp("slides"), tmp_path_factory.mktemp("results") / "out"
    for seed in (7, 8, 9):
        spec = PhantomSpec(seed, "clean", height_um=200, width_um=200, vessels_per_mm2=300, outline=False)
        write_phantom(make_phantom(spec), slides, f"s{seed}")
    assert mvd("run", slides, "--out", out, "--quiet", "--hotspot-field-mm2", "0.01").exit_code == 0
    return out


@pytest.fixture
def stopped(measured: Path, tmp_path: Path) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A copy of it, and a recount of the copy that SIGTERM reached when one slide was done."""
    out = Path(shutil.copytree(measured, tmp_path / "out"))
    command = [sys.executable, "-m", "mvd", "recount", str(out), *RULES]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=120)
    assert first.startswith("[1/3]"), first + stderr
    return out, subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def test_it_is_said_and_no_table_is_touched(
    stopped: tuple[Path, subprocess.CompletedProcess[str]], measured: Path
) -> None:
    out, process = stopped
    assert process.returncode == 4
    assert "of 3 slides" in process.stderr
    assert "still those of before" in process.stderr
    assert (out / "summary.csv").read_bytes() == (measured / "summary.csv").read_bytes()
    assert tables(out) != tables(measured)  # else this test stopped nothing
    for command in (("report", out), ("methods", out), ("merge", out, "--out", out.with_name("merged"))):
        refused = mvd(*command)
        assert refused.exit_code == 1
        assert "stopped" in refused.output
        assert "mvd recount" in refused.output


def test_the_same_recount_goes_on_and_one_without_settings_goes_back(
    stopped: tuple[Path, subprocess.CompletedProcess[str]], measured: Path, tmp_path: Path
) -> None:
    out, _ = stopped
    back = Path(shutil.copytree(out, tmp_path / "back"))
    at_once = Path(shutil.copytree(measured, tmp_path / "at_once"))
    assert mvd("recount", at_once, "--quiet", *RULES).exit_code == 0
    assert mvd("recount", out, "--quiet", *RULES).exit_code == 0
    assert tables(out) == tables(at_once) != tables(measured)
    assert mvd("recount", back, "--quiet").exit_code == 0
    assert tables(back) == tables(measured)
    assert json.loads((back / "run.json").read_text())["state"] == "finished"


def test_other_rules_leave_nothing_of_those_that_were_stopped(
    stopped: tuple[Path, subprocess.CompletedProcess[str]], measured: Path, tmp_path: Path
) -> None:
    out, _ = stopped
    at_once = Path(shutil.copytree(measured, tmp_path / "at_once"))
    for folder in (out, at_once):
        assert mvd("recount", folder, "--quiet", "--vessel-join-gap-um", "2").exit_code == 0
    assert tables(out) == tables(at_once)


def test_a_shard_stays_one(measured: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(measured, tmp_path / "out"))
    record = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps(record | {"shard": [2, 3]}))
    assert mvd("recount", out, "--quiet", *RULES).exit_code == 0
    assert json.loads((out / "run.json").read_text())["shard"] == [2, 3]
