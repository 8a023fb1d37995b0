"""A job in parts on several machines, and the parts put together."""

import json
import shutil

import pytest
from click.testing import CliRunner

from mvd.cli import cli
from mvd.phantom import PhantomSpec, make_phantom, write_phantom


@pytest.fixture(scope="module")
def slides(tmp_path_factory):
    """Three slides of 0.15 mm on a side, and one that is none."""
    folder = tmp_path_factory.mktemp("slides")
    for seed, name in ((7, "one"), (8, "two"), (9, "zoo")):
        spec = PhantomSpec(seed, "clean", height_um=150, width_um=150, vessels_per_mm2=300, outline=False)
        write_phantom(make_phantom(spec), folder, name)
    (folder / "pear.tif").write_bytes(b"no slide")
    return folder


def tree(out):
    kinds = ("*.csv", "slide.json", "*.geojson", "*.png", "*.npz", "plain_*.jpg")
    return {str(path.relative_to(out)): path.read_bytes() for kind in kinds for path in out.rglob(kind)}


@pytest.fixture(scope="module")
def parts(slides, tmp_path_factory):
    """The whole job, and its two shards."""

    def mvd(*words):
        return CliRunner().invoke(cli, [str(word) for word in words])

    top = tmp_path_factory.mktemp("parts")
    assert mvd("run", slides, "--out", top / "whole", "--quiet").exit_code == 3
    codes = [
        mvd("run", slides, "--out", top / f"part_{i}", "--quiet", "--shard", f"{i}/2").exit_code
        for i in (1, 2)
    ]
    assert sorted(codes) == [0, 3]
    return top


def test_the_parts_make_the_whole_to_the_byte(mvd, parts, tmp_path):
    answer = mvd("merge", parts / "part_2", parts / "part_1", "--out", tmp_path / "out")
    assert answer.exit_code == 3  # a slide had failed
    assert len(tree(parts / "whole")) > 20
    assert tree(tmp_path / "out") == tree(parts / "whole")
    slides = [
        json.loads((where / "run.json").read_text())["slides"]
        for where in (parts / "whole", tmp_path / "out")
    ]
    assert [s["slide_id"] for s in slides[0]] == [s["slide_id"] for s in slides[1]]
    assert [s["sha256"] for s in slides[0]] == [s["sha256"] for s in slides[1]]


def test_what_cannot_be_merged_is_said_and_nothing_is_written(mvd, slides, parts, tmp_path):
    out = tmp_path / "out"

    def refused(*folders):
        answer = mvd("merge", *folders, "--out", out)
        assert answer.exit_code == 1
        assert not out.exists()
        (line,) = answer.stderr.splitlines()
        return line

    assert "leave one of them out" in refused(parts / "part_1", parts / "whole")
    assert "is no result folder" in refused(parts / "part_1", slides)
    assert mvd("run", slides / "one.tif", "--out", tmp_path / "o", "--vessel-min-area-um2", 50).exit_code == 0
    assert "other settings" in refused(parts / "part_2", tmp_path / "o")
    torn = shutil.copytree(parts / "part_2", tmp_path / "torn")
    next(torn.rglob("vessels.csv")).unlink()
    assert "missing or altered" in refused(parts / "part_1", torn)
    (torn / "run.json").write_text(
        json.dumps({**json.loads((torn / "run.json").read_text()), "state": "running"})
    )
    assert "did not end" in refused(torn)
    assert mvd("merge", parts / "part_1", "--out", parts / "whole").exit_code == 1


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/0"])
def test_a_shard_that_is_none_is_a_usage_error(mvd, slides, tmp_path, shard):
    answer = mvd("run", slides, "--out", tmp_path / "out", "--shard", shard)
    assert answer.exit_code == 2
    assert "--shard 1/10" in answer.stderr
    assert mvd("run", slides, "--out", tmp_path / "out", "--shard", "9/9").exit_code == 1
