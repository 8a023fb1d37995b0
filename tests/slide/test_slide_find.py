"""Slides are found in a fixed order, each once, and the results of mvd are not slides."""

import os

import pytest

from mvd.errors import MvdError
from mvd.slide import find_slides

FOUND = ["a.TIF", "b.svs", "case.mrxs", "sub/a.tif", "sub/deep/c.ome.tiff", "zoom.zarr"]


@pytest.fixture
def folder(tmp_path):
    """A folder with slides at two depths, a note, hidden files and a result of mvd."""
    slides = ["b.svs", "a.TIF", "sub/a.tif", "sub/deep/c.ome.tiff", "case.mrxs"]
    hidden = [".hidden.svs", "._a.TIF", ".cache/x.png", "zoom.zarr/0.tif", "notes.txt"]
    results = ["out/run.json", "out/slides/s1/overview.png", "old/slide.json", "old/density.png"]
    for name in slides + hidden + results:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def names(paths):
    return [slide.name for slide in find_slides(paths)]


def test_sorted_relative_visible_and_no_results(folder):
    assert names([folder]) == FOUND


def test_a_run_into_the_folder_of_the_slides_hides_none_of_them(folder):
    (folder / "run.json").write_text("{}")
    assert names([folder])[:2] == ["a.TIF", "b.svs"]


def test_given_files_are_always_taken(folder, monkeypatch):
    (folder / "-slide.svs").write_bytes(b"x")
    monkeypatch.chdir(folder)
    assert names([".hidden.svs", "notes.txt", "-slide.svs"]) == [".hidden.svs", "notes.txt", "-slide.svs"]


def test_each_once(folder):
    (folder / "link.svs").symlink_to(folder / "b.svs")
    assert names([folder / "b.svs", folder, folder / "sub"]).count("b.svs") == 1
    assert "link.svs" not in names([folder / "b.svs", folder])


def test_symlink_loops_end(folder):
    (folder / "sub" / "loop").symlink_to(folder, target_is_directory=True)
    assert names([folder]) == FOUND


def test_a_linked_folder_is_searched(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "far.svs").write_bytes(b"x")
    (folder / "linked").symlink_to(other, target_is_directory=True)
    assert "linked/far.svs" in names([folder])


def test_two_slides_never_share_a_name(tmp_path):
    for name in ("p/A/x.svs", "p/B/x.svs", "q/A/x.svs", "p/A/y.svs"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = names([tmp_path / "p/A", tmp_path / "p/B", tmp_path / "q/A"])
    assert found == ["p/A/x.svs", "y.svs", "B/x.svs", "q/A/x.svs"]


def test_odd_names(tmp_path):
    odd = ["ü.svs", "🙂.svs", "line\nend.svs", "=cmd.svs", "-x.svs"]
    for name in odd:
        (tmp_path / name).write_bytes(b"x")
    assert sorted(names([tmp_path])) == sorted(odd)


def test_what_does_not_exist_is_named(tmp_path):
    with pytest.raises(MvdError, match="no such file or folder"):
        find_slides([tmp_path / "nowhere"])


def test_a_folder_without_slides(tmp_path):
    assert find_slides([tmp_path]) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_cannot_be_listed_is_named(tmp_path):
    (tmp_path / "locked").mkdir(mode=0)
    with pytest.raises(MvdError, match="cannot be listed"):
        find_slides([tmp_path])
