"""What a container allows: read from the files that Linux has for it, of both versions of its control groups."""

import math
import multiprocessing
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from batch_running import Quiet

from mvd.batch import How, processors, run
from mvd.batch.groups import OWN, TOP, group_free_bytes, group_processors, memory_kills
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.settings import Settings
from mvd.slide import find_slides

GB = 10**9


def written(top: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    return top


def second_version(top: Path) -> tuple[Path, Path]:
    """A pod of 4 GB and 3 processors, with this process in a slice of 1.5 processors in it."""
    written(
        top,
        {
            "own": "0::/pod/slice\n",
            "groups/cgroup.procs": "",
            "groups/pod/cpu.max": "300000 100000\n",
            "groups/pod/memory.max": f"{4 * GB}\n",
            "groups/pod/memory.current": f"{3 * GB}\n",
            "groups/pod/memory.stat": f"anon 17\ninactive_file {2 * GB}\nactive_file 5\n",
            "groups/pod/memory.events": "low 0\noom 9\noom_kill 9\n",
            "groups/pod/slice/cpu.max": "150000 100000\n",
            "groups/pod/slice/memory.max": "max\n",
            "groups/pod/slice/memory.current": f"{3 * GB}\n",
            "groups/pod/slice/memory.events": "low 0\nhigh 4\nmax 5\noom 2\noom_kill 3\n",
        },
    )
    return top / "groups", top / "own"


def first_version(top: Path) -> tuple[Path, Path]:
    """A container that sees its groups at the top, but itself where the machine sees it."""
    written(
        top,
        {
            "own": "5:memory:/docker/4f\n4:cpu,cpuacct:/docker/4f\n1:name=systemd:/docker/4f\n0::/\n",
            "groups/memory/memory.limit_in_bytes": f"{4 * GB}\n",
            "groups/memory/memory.usage_in_bytes": f"{3 * GB}\n",
            "groups/memory/memory.stat": f"inactive_file 1\ntotal_inactive_file {2 * GB}\n",
            "groups/memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
            "groups/cpu/cpu.cfs_quota_us": "150000\n",
            "groups/cpu/cpu.cfs_period_us": "100000\n",
        },
    )
    return top / "groups", top / "own"


@pytest.mark.parametrize("version", [first_version, second_version])
def test_a_container_is_read(tmp_path, version):
    groups = version(tmp_path)
    assert group_processors(*groups) == 1.5
    assert group_free_bytes(*groups) == 3 * GB  # what is kept of files is free
    assert memory_kills(*groups) == 3


def test_no_limit_is_none(tmp_path):
    names = {"cpu.max": "max 100000\n", "memory.max": "max\n", "memory.current": "5\n"}
    written(tmp_path / "groups", names)
    written(tmp_path, {"own": "0::/\n", "vmstat": "nr_free_pages 3\noom_kill 8\n"})
    groups = tmp_path / "groups", tmp_path / "own"
    assert group_processors(*groups) == math.inf
    assert group_free_bytes(*groups) == math.inf
    assert memory_kills(*groups, tmp_path / "vmstat") == 8
    nowhere = tmp_path / "none", tmp_path / "none"
    assert (group_processors(*nowhere), group_free_bytes(*nowhere)) == (math.inf, math.inf)
    assert memory_kills(*nowhere, tmp_path / "none") is None


@pytest.mark.parametrize(("quota", "allowed"), [(0.4, 1), (1.0, 1), (math.inf, processors())])
def test_a_quota_of_time_limits_the_processors(monkeypatch, quota, allowed):
    monkeypatch.setattr("mvd.batch.machine.group_processors", lambda: quota)
    assert processors() == allowed


@pytest.fixture
def small_group():
    """A real group of 96 MB, or a skip where none can be made."""
    made = []
    for line in OWN.read_text().splitlines() if OWN.exists() else []:
        _, named, path = line.split(":", 2)
        if named != "memory":
            continue
        folder = TOP / "memory" / path.lstrip("/") / f"mvd-test-{os.getpid()}"
        try:
            folder.mkdir()
            made.append(folder)
            (folder / "memory.limit_in_bytes").write_text(f"{96 * 2**20}")
        except OSError:
            break
    if not made or (made[0] / "memory.limit_in_bytes").read_text().strip() != f"{96 * 2**20}":
        pytest.skip("no group of memory can be made here")
    yield made[0]
    made[0].rmdir()


def test_the_kernel_counts_whom_it_ends(small_group):
    def count() -> int:
        code = "from mvd.batch.groups import memory_kills; print(memory_kills())"
        join = f"echo $$ > {small_group}/cgroup.procs; exec {sys.executable} -c '{code}'"
        answer = subprocess.run(["sh", "-c", join], capture_output=True, text=True, check=True)
        return int(answer.stdout)

    before = count()
    greedy = f"echo $$ > {small_group}/cgroup.procs; exec {sys.executable} -c 'bytearray(2**28)'"
    assert subprocess.run(["sh", "-c", greedy], check=False).returncode == -9
    assert count() == before + 1


class IntoGroup(Quiet):
    """A reporter that puts the process of the first slide into a group."""

    def __init__(self, group):
        self.group = group

    def stage(self, number, stage, done, total):
        if (number, stage, done) == (0, "overview", 0):
            for process in multiprocessing.active_children():
                (self.group / "cgroup.procs").write_text(str(process.pid))


def test_a_slide_that_the_kernel_ends_for_want_of_memory_is_said_to_be_so(small_group, tmp_path, monkeypatch):
    (small_group / "memory.limit_in_bytes").write_text(f"{8 * 2**20}")
    (tmp_path / "own").write_text(f"4:memory:/{small_group.relative_to(TOP / 'memory')}\n")
    monkeypatch.setattr("mvd.batch.crew.memory_kills", partial(memory_kills, own=tmp_path / "own"))
    for seed, name in ((7, "one"), (8, "two")):
        spec = PhantomSpec(seed, "clean", height_um=150, width_um=150, vessels_per_mm2=300, outline=False)
        write_phantom(make_phantom(spec), tmp_path / "slides", name)
    slides = find_slides([tmp_path / "slides"])
    outcome = run(slides, tmp_path / "out", Settings(), IntoGroup(small_group), how=How(apart=True))
    first, second = outcome.slides
    assert (first.error, second.status) == ("out_of_memory", "ok")
    assert "fewer --jobs" in first.message
