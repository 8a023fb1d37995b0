"""``mvd info``, ``mvd phantom`` and ``mvd doctor``."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from mvd import __version__
from mvd.slide import open_slide


def test_info_tells_size_and_where_the_pixel_size_came_from(mvd, slides):
    words = mvd("info", slides / "one.tif").output
    assert "400 x 400 px, 0.20 x 0.20 mm" in words
    assert "0.5 um/px (from: tiff)" in words
    known = json.loads(mvd("info", slides / "one.tif", "--json").output)
    assert (known["width_px"], known["mpp"], known["mpp_source"]) == (400, pytest.approx(0.5), "tiff")
    assert str(slides) not in json.dumps(known)
    assert json.loads(mvd("info", slides / "one.tif", "--mpp", "0.3", "--json").output)["mpp"] == 0.3


def test_info_of_what_is_no_slide_is_one_line(mvd, tmp_path):
    (tmp_path / "a.svs").write_text("hello")
    result = mvd("info", tmp_path / "a.svs")
    assert result.exit_code == 1
    assert result.stderr.startswith("mvd: error: a.svs")
    assert result.stderr.count("\n") == 1


def test_info_says_when_the_pixel_size_is_unknown(mvd, tmp_path):
    cv2 = pytest.importorskip("cv2")
    cv2.imwrite(str(tmp_path / "a.png"), np.full((20, 30, 3), 200, np.uint8))
    assert "unknown: pass --mpp" in mvd("info", tmp_path / "a.png").output


def test_phantom_writes_a_slide_that_can_be_read(mvd, tmp_path):
    words = ["--seed", "3", "--difficulty", "hard", "--size-um", "200", "150", "--mpp", "0.4"]
    result = mvd("phantom", "--out", tmp_path, *words)
    assert result.exit_code == 0
    slide = open_slide(result.output.strip())
    assert slide.info.shape_px == (375, 500)
    assert slide.info.mpp == pytest.approx(0.4)
    slide.close()


def test_phantom_out_of_range_exits_2(mvd, tmp_path):
    result = mvd("phantom", "--out", tmp_path, "--mpp", "9")
    assert result.exit_code == 2
    assert result.stderr.startswith("mvd: error: phantom mpp")


def test_doctor_names_versions_codecs_and_machine(mvd):
    known = json.loads(mvd("doctor", "--json").output)
    assert known["mvd"] == __version__
    assert known["libraries"]["numpy"] == np.__version__
    assert set(known["codecs"]) >= {"jpeg", "jpeg2000", "lzw", "deflate", "zstd"}
    assert set(known["codecs"].values()) == {"yes"}
    assert known["cores"] >= 1
    assert known["formats"]["SVS"] == "yes"
    assert known["formats"]["NDPI"].startswith(
        ("yes (OpenSlide 4.", "missing: this format is read by OpenSlide")
    )
    words = mvd("doctor").output
    assert "jpeg2000" in words
    assert "memory" in words


def test_open_without_napari_names_the_pip_command(tmp_path):
    import subprocess
    import sys

    import click

    import mvd as package

    packages = tmp_path / "packages"
    packages.mkdir()
    for home in (package.__file__, click.__file__):  # these two are here, and nothing else
        folder = Path(home).parent
        (packages / folder.name).symlink_to(folder, target_is_directory=True)
    code = f"import sys; sys.path.insert(0, {str(packages)!r}); from mvd.cli import main; main()"
    answer = subprocess.run(
        [sys.executable, "-S", "-c", code, "open", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert re.search("napari.* a Qt binding is not installed", answer.stderr)
    assert 'pip install napari-mvd "napari[pyqt6]"' in answer.stderr
    assert answer.stderr.count("\n") == 1
