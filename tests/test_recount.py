"""Counting again from a folder: the bytes of a run with those rules, no slide read, nothing lost when it cannot be."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mvd.cli import cli
from mvd.errors import UnreadableSlide
from mvd.found import FOUND_NAME, pack_found, unpack_found
from mvd.phantom import PhantomSpec, make_phantom, write_phantom

RULES = ("--vessel-min-area-um2", "45", "--vessel-join-gap-um", "2", "--hotspot-field-mm2", "0.02")


def mvd(*words: object) -> Result:
    result = CliRunner().invoke(cli, [str(word) for word in words], prog_name="mvd")
    assert "Traceback" not in result.output
    return result


@pytest.fixture(scope="module")
def slides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two slides, a file that is none, and a region for one of them."""
    folder = tmp_path_factory.mktemp("slides")
    for seed, name in ((7, "one"), (8, "two")):
        spec = PhantomSpec(seed, "typical", height_um=400, width_um=400, vessels_per_mm2=200, outline=False)
        write_phantom(make_phantom(spec), folder, name)
    (folder / "bad.tif").write_bytes(b"no slide")
    return folder


@pytest.fixture(scope="module")
def measured(slides: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results") / "out"
    assert mvd("run", slides, "--out", out, "--quiet").exit_code == 3
    return out


@pytest.fixture
def out(measured: Path, tmp_path: Path) -> Path:
    """A copy to count again."""
    return Path(shutil.copytree(measured, tmp_path / "out"))


def files(out: Path, *, but: Callable[[Path], bool] = lambda path: False) -> dict[str, bytes]:
    found = {path.relative_to(out).as_posix(): path for path in sorted(out.rglob("*")) if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not but(path)}


def tells_of_the_run(path: Path) -> bool:
    return path.name in ("run.json", "ro-crate-metadata.json")


def test_without_a_change_every_byte_stays(out: Path) -> None:
    before = files(out, but=tells_of_the_run)
    assert mvd("recount", out, "--quiet").exit_code == 3
    assert files(out, but=tells_of_the_run) == before


def test_other_rules_give_what_a_run_with_them_gives(out: Path, slides: Path, tmp_path: Path) -> None:
    assert mvd("recount", out, "--quiet", *RULES).exit_code == 3
    assert mvd("run", slides, "--out", tmp_path / "anew", "--quiet", *RULES).exit_code == 3
    # Pictures of hot spots that have moved come from the overview, which is coarser than the slide.
    seen = {".png", ".jpg", ".json", ".html"}
    again, anew = (files(folder, but=lambda path: path.suffix in seen) for folder in (out, tmp_path / "anew"))
    assert again == anew
    assert any(name.endswith("vessels.csv") for name in anew)
    before, after = (json.loads((folder / "run.json").read_text()) for folder in (out, tmp_path / "anew"))
    assert before["settings_fingerprint"] == after["settings_fingerprint"]


def test_regions_are_kept(slides: Path, tmp_path: Path) -> None:
    ring = [[100, 100], [600, 150], [500, 700], [100, 100]]
    region = tmp_path / "roi.geojson"
    region.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    out = tmp_path / "out"
    assert mvd("run", slides / "one.tif", "--region", region, "--out", out, "--quiet").exit_code == 0
    before = files(out, but=tells_of_the_run)
    assert mvd("recount", out, "--quiet").exit_code == 0
    assert files(out, but=tells_of_the_run) == before


def test_what_decides_the_stain_needs_the_slide(out: Path) -> None:
    before = files(out)
    result = mvd("recount", out, "--vessel-blur-um", "1", "--quiet")
    assert result.exit_code == 2
    assert "vessel.blur_um" in result.output
    assert "mvd run" in result.output
    assert files(out) == before


def test_a_damaged_slide_is_named_and_the_others_are_done(out: Path) -> None:
    one = next((out / "slides").glob("one-*"))
    (one / FOUND_NAME).write_bytes((one / FOUND_NAME).read_bytes()[:-500])
    before = files(one)
    assert mvd("recount", out, "--quiet", *RULES).exit_code == 3
    failed = (out / "failed.csv").read_text()
    assert "one.tif" in failed
    assert FOUND_NAME in failed
    assert files(one) == before
    assert "two.tif,ok" in (out / "summary.csv").read_text()


def test_corrections_stay(out: Path) -> None:
    corrections = next((out / "slides").glob("one-*")) / "corrections.json"
    corrections.write_text('{"by": "hand"}')
    mvd("recount", out, "--quiet", *RULES)
    assert corrections.read_text() == '{"by": "hand"}'


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    result = mvd("recount", tmp_path)
    assert result.exit_code == 1
    assert "no result folder" in result.output


def test_found_is_the_same_after_packing(measured: Path) -> None:
    for path in sorted((measured / "slides").glob(f"*/{FOUND_NAME}")):
        assert pack_found(unpack_found(path)) == path.read_bytes()


@pytest.mark.parametrize("cut", [0, 10, 300, -1])
def test_a_cut_file_is_named(measured: Path, tmp_path: Path, cut: int) -> None:
    whole = next((measured / "slides").glob(f"*/{FOUND_NAME}")).read_bytes()
    (tmp_path / FOUND_NAME).write_bytes(whole[:cut])
    with pytest.raises(UnreadableSlide, match="run `mvd run` on the slide again"):
        unpack_found(tmp_path / FOUND_NAME)
