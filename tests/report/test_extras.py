"""Pages, Parquet and PDF that were asked for once: kept up to date, never lost without a word, never out of date."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from measured import Quiet

from mvd.batch import How, rebuild, recount, run
from mvd.cli import cli
from mvd.errors import MissingDependency
from mvd.report.page.place import PARQUET, Extras, extras_in
from mvd.settings import Settings
from mvd.slide import find_slides

pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
BEFORE = "was of before and is removed"


@pytest.fixture
def out(measured, tmp_path):
    """A copy of the result folder."""
    return Path(shutil.copytree(measured, tmp_path / "out"))


def files(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and ".mvd" not in path.parts
    }


def report(out: Path, *flags: str):
    return CliRunner().invoke(cli, ["report", str(out), *flags], prog_name="mvd")


def correct(out: Path) -> str:
    """Change a result: a slide is gone from the tables' point of view. Returns its id."""
    folder = next(path.parent for path in sorted(out.glob("slides/*/hotspot_01.png")))
    (folder / "slide.json").unlink()
    return folder.name


def test_one_after_another_they_add_up_and_stay(out, chromium):
    for flag, wanted in (
        ("--split", Extras(split=True)),
        ("--parquet", Extras(split=True, parquet=True)),
        ("--pdf", Extras(split=True, parquet=True, pdf=True)),
    ):
        answer = report(out, flag)
        assert answer.exit_code == 3, answer.output  # a slide had failed
        assert extras_in(out) == wanted
    before = files(out)
    for flags in ((), ("--split", "--pdf", "--parquet")):
        assert report(out, *flags).exit_code == 3
        assert files(out) == before
    assert report(out, "--no-split", "--no-parquet", "--no-pdf").exit_code == 3
    assert extras_in(out) == Extras()


def test_what_is_kept_is_of_now(out, chromium):
    rebuild(out, split=True, parquet=True, pdf=True)
    before = files(out)
    changed = correct(out)
    outcome = rebuild(out)
    assert outcome.notes == ()
    now = files(out)
    assert extras_in(out) == Extras(True, True, True)
    for name in ("report.pdf", "summary.parquet", "vessels.parquet", f"report/{changed}.html"):
        assert now[name] != before[name], name


def test_what_is_deleted_is_asked_for_no_more(out):
    rebuild(out, split=True, parquet=True)
    shutil.rmtree(out / "report")
    for name in PARQUET:
        (out / name).unlink(missing_ok=True)
    rebuild(out)
    assert extras_in(out) == Extras()


def test_a_recount_keeps_pages_and_parquet_and_says_that_the_pdf_is_gone(out):
    rebuild(out, split=True, parquet=True)
    (out / "report.pdf").write_bytes(b"%PDF of before")
    before = files(out)
    outcome = recount(out, {"vessel": {"min_area_um2": 60.0}}, Quiet())
    assert extras_in(out) == Extras(split=True, parquet=True)
    assert files(out)["vessels.parquet"] != before["vessels.parquet"]
    (note,) = outcome.notes
    assert BEFORE in note
    assert "mvd report DIR --pdf" in note


def test_a_run_keeps_them_too(out, measured):
    rebuild(out, split=True, parquet=True)
    (out / "report.pdf").write_bytes(b"%PDF of before")
    found = find_slides([measured.parent / "slides"])
    outcome = run(found, out, Settings(), Quiet(), how=How())
    assert {slide.resumed for slide in outcome.slides if slide.status != "failed"} == {"before"}
    assert extras_in(out) == Extras(split=True, parquet=True)
    assert [BEFORE in note for note in outcome.notes] == [True]


def test_what_cannot_be_written_again_goes_with_a_word(out, monkeypatch):
    rebuild(out, parquet=True)
    (out / "report.pdf").write_bytes(b"%PDF of before")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    monkeypatch.setenv("PATH", str(out))
    answer = report(out)
    assert answer.exit_code == 3, answer.output
    assert extras_in(out) == Extras()
    assert "pip install 'mvd[parquet]'" in answer.stderr
    assert "report.pdf was of before and is removed: --pdf prints with Chromium" in answer.stderr


def test_asked_for_and_impossible_touches_nothing(out, monkeypatch):
    monkeypatch.setenv("PATH", str(out))
    before = files(out)
    with pytest.raises(MissingDependency, match="Chromium"):
        rebuild(out, pdf=True, split=True)
    assert files(out) == before
