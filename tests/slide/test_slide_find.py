"""Slides are found in a fixed order, each once, and the results of mvd are not slides."""

import os
import shutil
from contextlib import closing

import numpy as np
import pytest
import simplejpeg
import tifffile

from mvd.errors import MvdError, UnreadableSlide, UnsupportedPixels
from mvd.geometry import Rect
from mvd.slide import find_slides, open_slide

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


def test_content_tells_a_slide_where_the_name_does_not(tmp_path, picture):
    tifffile.imwrite(tmp_path / "export.bak", picture, photometric="rgb", tile=(128, 128))
    (tmp_path / "noname").write_bytes(simplejpeg.encode_jpeg(picture))
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "scan.czi").write_bytes(b"ZISRAWFILE")
    assert names([tmp_path]) == ["export.bak", "noname", "scan.czi"]
    with closing(open_slide(tmp_path / "export.bak")) as slide:
        assert slide.info.vendor == "tiff"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert names([tmp_path]) == []


def test_what_belongs_to_a_slide_is_not_one(slides, tmp_path):
    for suffix in ("mrxs", "vms"):
        shutil.copytree(slides[suffix].parent, tmp_path / suffix)
    assert names([tmp_path]) == ["mrxs/case.mrxs", "vms/case.vms"]
    assert names(sorted((tmp_path / "vms").iterdir())) == ["case.vms"]
    assert names(sorted((tmp_path / "mrxs").iterdir())) == ["case.mrxs"]
    assert names([tmp_path / "mrxs" / "case"]) == ["case.mrxs"]


def test_the_data_of_a_mirax_slide_without_its_file_are_not_passed_by(slides, tmp_path):
    shutil.copytree(slides["mrxs"].with_suffix(""), tmp_path / "case")
    assert names([tmp_path]) == ["case"]
    with pytest.raises(UnreadableSlide, match=r"case: .*copy the file case\.mrxs beside"):
        open_slide(tmp_path / "case")


def test_the_folder_of_a_mirax_slide_opens_it(slides):
    pytest.importorskip("openslide", reason="OpenSlide is not installed")
    with closing(open_slide(slides["mrxs"].with_suffix(""))) as slide:
        assert slide.info.vendor == "mirax"


def test_a_zarr_folder_is_one_slide(tmp_path):
    for folder, mark in (("a.zarr", ".zattrs"), ("b", "zarr.json"), ("deep/c.ome.zarr", ".zgroup")):
        (tmp_path / folder / "0").mkdir(parents=True)
        (tmp_path / folder / mark).write_text("{}")
        (tmp_path / folder / "0" / "0.0.png").write_bytes(b"x")
    assert names([tmp_path]) == ["a.zarr", "b", "deep/c.ome.zarr"]
    assert names([tmp_path / "b"]) == ["b"]


@pytest.mark.parametrize(
    ("name", "content", "vendor"),
    [
        ("a.czi", b"ZISRAWFILE", "Zeiss CZI"),
        ("b", b'<DataObject ObjectType="DPUfsImport">', "Philips iSyntax"),
        ("c.isyntax", b"x", "Philips iSyntax"),
        ("d.vsi", b"II*\x00", "Olympus VSI"),
        ("e.kfb", b"KFB", "KFBIO"),
        ("f.svslide", b"SQLite format 3\x00", "Sakura"),
    ],
)
def test_what_is_not_read_is_refused_by_name(tmp_path, name, content, vendor):
    (tmp_path / name).write_bytes(content)
    assert names([tmp_path]) == [name]
    with pytest.raises(UnreadableSlide, match=f"^{name}: {vendor}"):
        open_slide(tmp_path / name)


def _qptiff(path, kinds, picture):
    with tifffile.TiffWriter(path) as writer:
        for number, kind in enumerate(kinds):
            pixels = picture[:: 2**number, :: 2**number] if kind != "FullResolution" else picture
            xml = (
                '<?xml version="1.0" encoding="utf-16"?><PerkinElmer-QPI-ImageDescription>'
                f"<ImageType>{kind}</ImageType><Objective>20x</Objective><OperatorName>CANARY</OperatorName>"
                "</PerkinElmer-QPI-ImageDescription>"
            )
            writer.write(
                np.ascontiguousarray(pixels),
                photometric="rgb",
                tile=(128, 128),
                description=xml,
                software="PerkinElmer-QPI",
                resolution=(2e4, 2e4),
                resolutionunit="CENTIMETER",
                metadata=None,
            )
    return path


def test_a_brightfield_qptiff_is_read_and_its_label_is_not(tmp_path, picture):
    kinds = ["FullResolution", "ReducedResolution", "ReducedResolution", "Overview", "Label"]
    with closing(open_slide(_qptiff(tmp_path / "a.qptiff", kinds, picture))) as slide:
        info = slide.info
        np.testing.assert_array_equal(slide.read(Rect(0, 0, *info.shape_px)), picture)
    assert info.level_shapes == ((500, 700), (250, 350), (125, 175))
    assert (info.vendor, info.mpp, info.magnification) == ("qptiff", 0.5, 20)
    assert "CANARY" not in repr(info)


def test_a_qptiff_of_channels_or_without_its_scan_is_refused(tmp_path, picture):
    with pytest.raises(UnsupportedPixels, match="fluorescence"):
        open_slide(_qptiff(tmp_path / "a.qptiff", ["FullResolution"] * 3, picture))
    with pytest.raises(UnreadableSlide, match="does not begin with the scan"):
        open_slide(_qptiff(tmp_path / "b.qptiff", ["Thumbnail", "FullResolution"], picture))
