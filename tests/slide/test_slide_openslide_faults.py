"""Vendors' slides with something wrong, and machines without OpenSlide: told by name, never as a plausible picture."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import mirax_slides
import numpy as np
import pytest
import vendor_slides
from click.testing import CliRunner
from every_vendor import CANARY, FLAT, JPEG_LOSS, MPP, off, whole

from mvd.cli import cli
from mvd.errors import MissingDependency, MvdError, UnreadableSlide, UnsupportedPixels
from mvd.geometry import Rect
from mvd.slide import blocks, open_slide

pytest.importorskip("openslide", reason="OpenSlide is not installed")


@pytest.fixture
def damaged(tmp_path, square):
    """A MIRAX slide whose image in row 2, column 3 of level 0 is no JPEG any more."""
    path = mirax_slides.write_mirax(tmp_path / "case.mrxs", square, MPP, CANARY)
    pixels = path.with_suffix("") / "Data0000.dat"
    content = bytearray(pixels.read_bytes())
    starts = [at for at in range(len(content)) if content[at : at + 4] == b"\xff\xd8\xff\xe0"]
    at = starts[2 * 8 + 3 - 1]  # one image is missing before it
    content[at : at + 40] = bytes(40)
    pixels.write_bytes(content)
    return path


def test_one_bad_tile_is_white_and_told_and_the_rest_is_right(damaged, square):
    bad = Rect(128, 192, 64, 64)
    with closing(open_slide(damaged)) as slide, ThreadPoolExecutor(2) as pool:
        assert slide.damage() == ()
        got, again = pool.map(slide.read, [whole(slide)] * 2)
        scanned = slide.scanned(whole(slide))
        assert slide.damage() == (bad,)
        assert slide.damage(1) == ()
    np.testing.assert_array_equal(got, again)
    assert (got[bad.slices()] == 255).all()
    assert not scanned[bad.slices()].any()
    assert off(got[scanned], square[scanned]) <= JPEG_LOSS


def test_more_damage_than_is_worth_looking_for_fails_the_slide(damaged, monkeypatch):
    monkeypatch.setattr(blocks, "MOST_DAMAGED_TILES", 0)
    with (
        closing(open_slide(damaged)) as slide,
        pytest.raises(UnreadableSlide, match=r"case\.mrxs: more than"),
    ):
        slide.read(whole(slide))


@pytest.mark.parametrize(
    ("suffix", "part", "named"),
    [
        ("mrxs", "case", "copy that folder beside the file"),
        ("mrxs", "case/Index.dat", "3DHISTECH MIRAX"),
        ("vms", "case(1,0).jpg", "Hamamatsu VMS"),
    ],
)
def test_a_slide_without_one_of_its_files_is_refused_by_name(tmp_path, square, suffix, part, named):
    path = FLAT[suffix](tmp_path / f"case.{suffix}", square, MPP, CANARY)
    (tmp_path / part).rename(tmp_path / "elsewhere")
    with pytest.raises(UnreadableSlide) as caught:
        open_slide(path)
    message = str(caught.value)
    assert named in message
    assert message.startswith(path.name)
    assert "copy" in message
    assert str(tmp_path) not in message


@pytest.mark.parametrize("suffix", ["scn", "mrxs"])
def test_fluorescence_is_refused_by_name(tmp_path, square, suffix):
    if suffix == "scn":
        path = vendor_slides.write_scn(tmp_path / "a.scn", [square], MPP, CANARY, "fluorescence")
    else:
        path = mirax_slides.write_mirax(tmp_path / "a.mrxs", square, MPP, CANARY, "FLUORESCENCE")
    with pytest.raises(UnsupportedPixels, match="fluorescence"):
        open_slide(path)


def test_without_openslide_the_pip_line_is_named(slides, monkeypatch):
    monkeypatch.setitem(sys.modules, "openslide", None)
    for suffix, path in slides.items():
        with pytest.raises(MissingDependency, match=r"pip install 'mvd\[openslide\]'") as caught:
            open_slide(path)
        assert str(caught.value).startswith(f"case.{suffix}: ")
    with pytest.raises(UnreadableSlide, match="no slide"):
        open_slide(__file__)


def test_an_openslide_with_known_holes_is_refused_by_name(slides, monkeypatch):
    monkeypatch.setattr("openslide.__library_version__", "4.0.0")
    with pytest.raises(MissingDependency, match=r"4\.0\.0 is too old.*pip install --upgrade"):
        open_slide(slides["ndpi"])
    assert "too old" in json.loads(CliRunner().invoke(cli, ["doctor", "--json"]).stdout)["formats"]["NDPI"]


def test_a_size_that_the_files_cannot_hold_is_refused(tmp_path, square):
    path = mirax_slides.write_mirax(tmp_path / "a.mrxs", square, MPP, CANARY)
    ini = path.with_suffix("") / "Slidedat.ini"
    ini.write_text(ini.read_text().replace("IMAGENUMBER_X = 8", "IMAGENUMBER_X = 30000000"))
    with pytest.raises(UnreadableSlide, match=r"cannot hold|does not read"):
        open_slide(path)


def test_random_damage_never_escapes_as_another_error(slides, tmp_path):
    """Patched bytes: a refusal or a picture, nothing else, never a crash and never the canary in a message."""
    rng = np.random.default_rng(11)
    refusals = []
    for suffix in ("ndpi", "bif", "tiff"):
        content = slides[suffix].read_bytes()
        path = tmp_path / f"case.{suffix}"
        for _ in range(15):
            damaged = bytearray(content)
            for at in rng.integers(0, len(content), 40):
                damaged[at] = rng.integers(0, 256)
            path.write_bytes(damaged)
            try:
                with closing(open_slide(path)) as slide:
                    slide.read(whole(slide))
            except MvdError as error:
                refusals.append(str(error))
    assert refusals
    assert not [words for words in refusals if CANARY in words or str(tmp_path) in words]
