"""Nothing of a patient, a user or a machine gets from a slide into a result, a message or a terminal.

Every place of every format that can carry a name carries a canary; so do the folders above the slides and the names of
user and home. All that comes out is searched: texts, JSON with its escapes, compressed chunks of pictures, and pixels.
"""

import base64
import io
import json
import os
import re
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import canaries
import cv2
import faulty
import numpy as np
import pytest
from click.testing import CliRunner
from faulty import MPP
from spoiled import stained

sys.path.append(str(Path(__file__).parent / "slide"))

from mvd.cli import cli

MVD = [sys.executable, "-c", "from mvd.cli import main; main()"]
WITH_SIZE = {
    "aperio.svs": canaries.write_svs,
    "plain.tif": canaries.write_tiff,
    "open.ome.tif": canaries.write_ome,
    "digital.dcm": canaries.write_dicom,
    "next.ome.zarr": canaries.write_zarr,
}
PICTURES = {
    "picture.png": lambda path, rgb: path.write_bytes(faulty.with_chunks(rgb, *canaries.png_chunks())),
    "picture.jpg": lambda path, rgb: path.write_bytes(canaries.jpeg_with(_jpeg(rgb), "jpg")),
    "picture.webp": canaries.write_webp,
}
WORD = re.compile(rb"CANARY[-\w]*", re.IGNORECASE)


def _jpeg(rgb: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def _spoiled(folder: Path, rgb: np.ndarray) -> None:
    """Slides that fail, with a canary where the reason for it lies."""
    faulty.write_svs(folder / "bad_mpp.svs", rgb, "MPP = CANARY-mpp|User = CANARY-user")
    faulty.write_ome(folder / "bad_unit.ome.tif", rgb, unit="CANARY")
    faulty.write_ome(folder / "bad_size.ome.tif", rgb, size="CANARY-size")
    canaries.write_svs(folder / "cut.svs", rgb)
    faulty.cut(folder / "cut.svs", 0.7)
    canaries.write_dicom(folder / "cut.dcm", rgb)
    faulty.cut(folder / "cut.dcm", 0.7)
    (folder / "label_of_it.dcm").unlink()
    (folder / "note.svs").write_text("CANARY-note")
    faulty.write_ome(folder / "bad_xml.ome.tif", rgb)
    faulty.describe(folder / "bad_xml.ome.tif", "<OME><CANARY-tag></OME>")


@pytest.fixture(scope="module")
def ward(tmp_path_factory) -> Path:
    """A folder under a patient's name, with a slide of each format and some that fail."""
    ward = tmp_path_factory.mktemp("CANARY-folder") / "CANARY-ward"
    (ward / "slides").mkdir(parents=True)
    for name, write in {**WITH_SIZE, **PICTURES}.items():
        write(ward / "slides" / name, stained())
    (ward / "spoiled").mkdir()
    _spoiled(ward / "spoiled", stained())
    (ward / "sizes.csv").write_text("slide,mpp\n" + "".join(f"{name},{MPP}\n" for name in PICTURES))
    (ward / "CANARY.toml").write_text("[report]\nhotspot_pictures = 2\n")
    return ward


@pytest.fixture(scope="module")
def said(ward) -> subprocess.CompletedProcess:
    """``mvd run`` in that folder, by a user and on a machine with names."""
    names = dict.fromkeys(
        ("HOME", "USER", "LOGNAME", "USERNAME", "HOSTNAME", "COMPUTERNAME"), "CANARY-environment"
    )
    kept = {name: os.environ[name] for name in ("NUMBA_CACHE_DIR",) if name in os.environ}
    words = [
        "run",
        str(ward / "slides"),
        str(ward / "spoiled"),
        "--out",
        "out",
        "--mpp-table",
        str(ward / "sizes.csv"),
    ]
    words += ["--config", str(ward / "CANARY.toml"), "--workers", "1"]
    environment = {**os.environ, **names, **kept}
    return subprocess.run([*MVD, *words], cwd=ward, env=environment, capture_output=True, check=False)


def test_slides_are_measured_and_the_spoiled_ones_named(ward, said):
    assert said.returncode == 3, said.stderr.decode()
    record = json.loads((ward / "out" / "run.json").read_text())["slides"]
    status = {slide["slide"]: slide["status"] for slide in record}
    assert {name: status.get(name) for name in (*WITH_SIZE, *PICTURES)} == dict.fromkeys(
        (*WITH_SIZE, *PICTURES), "ok"
    )
    assert sum(state == "failed" for state in status.values()) == 7
    assert len(status) == len(WITH_SIZE) + len(PICTURES) + 7


def test_the_canaries_are_in_the_slides(ward):
    """Each place that is meant to carry one does, or the test below would prove nothing."""
    found = set()
    for path in (ward / "slides").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found |= set(WORD.findall(content)) | set(WORD.findall(_inflated_texts(content)))
    assert len(found) >= 130, len(found)
    for kind in (b"svs", b"tif", b"ome", b"dcm", b"png", b"jpg", b"webp", b"zarr"):
        assert any(word.startswith(b"CANARY-" + kind) for word in found), kind


def _inflated_texts(png: bytes) -> bytes:
    """Return the compressed texts of a PNG."""
    texts = []
    for match in re.finditer(rb"zTXt[^\x00]+\x00\x00", png):
        texts.append(zlib.decompressobj().decompress(png[match.end() :]))
    return b"\n".join(texts)


def _readings(content: bytes) -> list[bytes]:
    """Return a file as it lies there and as its escapes, compressed chunks and embedded pictures read."""
    readings = [content, _inflated_texts(content), content.replace(b"\x00", b"")]
    if content.startswith(b"{"):
        readings.append(json.dumps(json.loads(content), ensure_ascii=False).encode())
    if content.startswith(b"PK\x03\x04"):  # a workbook, or arrays
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            readings += [parts.read(name) for name in parts.namelist()]
    for match in re.finditer(rb"base64,([A-Za-z0-9+/=]+)", content):
        readings += _readings(base64.b64decode(match[1]))
    return readings


def test_no_canary_in_anything_that_is_written_or_said(ward, said):
    written = {path: path.read_bytes() for path in (ward / "out").rglob("*") if path.is_file()}
    assert len(written) > 60
    assert {path.suffix for path in written} >= {".csv", ".json", ".geojson", ".png", ".xlsx", ".tsv"}
    for path, content in written.items():
        leaks = {word for reading in _readings(content) for word in WORD.findall(reading)}
        # The name of the settings file is the user's own word, as that of a slide is.
        names_command = path.name in ("run.json", "ro-crate-metadata.json")
        assert leaks <= ({b"CANARY"} if names_command else set()), path.name
        assert not WORD.search(str(path.relative_to(ward)).encode())
    assert b"CANARY" not in said.stdout + said.stderr
    assert str(ward.parent).encode() not in b"".join(written.values()) + said.stdout + said.stderr


def test_no_pixel_of_a_label_is_in_any_picture(ward, said):
    assert said.returncode == 3
    pictures = [path for path in (ward / "out").rglob("*") if path.suffix in (".png", ".jpg")]
    assert len(pictures) >= 16
    for path in pictures:
        rgb = cv2.imread(str(path))[..., ::-1].astype(int)
        assert (np.abs(rgb - canaries.LABEL_RGB).max(axis=-1) > 40).all(), path.name


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_info_tells_nothing_either(ward, as_json):
    for path in sorted([*(ward / "slides").iterdir(), *(ward / "spoiled").iterdir()]):
        words = ["info", str(path), *(["--json"] if as_json else [])]
        result = CliRunner().invoke(cli, words, prog_name="mvd")
        assert isinstance(result.exception, SystemExit | None)
        assert "CANARY" not in result.output, path.name
        assert "Traceback" not in result.output


def test_dry_run_and_events_tell_nothing_either(ward):
    for words in (["--dry-run"], ["--json", "--quiet", "--dry-run"]):
        folders = [str(ward / "slides"), str(ward / "spoiled")]
        result = CliRunner().invoke(cli, ["run", *folders, "--out", "out", *words], prog_name="mvd")
        assert result.exit_code == 0
        assert "CANARY" not in result.output


@pytest.mark.parametrize("name", [*WITH_SIZE, *PICTURES])
def test_what_stands_beside_the_pixels_changes_none(ward, name):
    """Orientation, gamma, chromaticity, significant bits and all the rest are for viewers."""
    from contextlib import closing

    from mvd.geometry import Rect
    from mvd.slide import open_slide

    with closing(open_slide(ward / "slides" / name, MPP)) as slide:
        height, width = slide.info.shape_px
        rgb = slide.read(Rect(0, 0, height, width)).astype(int)
    lossy = name in ("aperio.svs", "digital.dcm", "picture.jpg")
    assert np.abs(rgb - stained()).mean() <= (4 if lossy else 0)
