"""A row a fault: one bad slide never stops the others, never yields a number, and is named with what to do.

All the bad slides lie in one folder with two good ones; ``mvd run`` goes over it once, and each row looks at what
became of its slide.
"""

import csv
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import faulty
import imagecodecs
import numpy as np
import pytest
import simplejpeg
import tifffile
from click.testing import CliRunner
from faulty import MPP, write_tiff
from spoiled import (
    REAL_SLIDES,
    SIDE_PX,
    Fault,
    broken,
    content,
    cut,
    fold,
    ome,
    on_white,
    pen_marks,
    plain,
    real,
    rows,
    stained,
    svs,
    tag,
    then,
    tiff,
)

from mvd.cli import cli

TEXT_COLUMNS = {"slide_id", "slide", "status", "error", "settings_fingerprint", "mvd_version"}
ADVICE = re.compile(r"\b(copy|convert|export|check|give|run|pass|look|scan|resample)\b")


PER_CM = {"resolutionunit": "CENTIMETER"}
PIXEL_SIZE = [
    Fault("no_tag.tif", tiff(resolution=None, resolutionunit=None), "no_mpp", "pass --mpp"),
    Fault("dpi_72.tif", tiff(resolution=(72, 72), resolutionunit="INCH"), "no_mpp", "pass --mpp"),
    Fault("nought_over_nought.tif", then(tiff(), tag(282, 0, 0), tag(283, 0, 0)), "no_mpp", "pass --mpp"),
    Fault("no_unit.tif", tiff(resolutionunit="NONE"), "no_mpp", "pass --mpp"),
    Fault("per_um_not_cm.tif", tiff(resolution=(2, 2), **PER_CM), "no_mpp", "tiff says 2 x 2 px per cm"),
    Fault("not_square.tif", tiff(resolution=(20_000, 19_000), **PER_CM), "no_mpp", "not square"),
    Fault("no_mpp.svs", svs("Left = 1"), "no_mpp", "pass --mpp"),
    Fault("two_commas.svs", svs("MPP = 0,5,0"), "no_mpp", "aperio says MPP = no number"),
    Fault("nan.svs", svs("MPP = nan"), "no_mpp", "aperio says MPP = no number"),
    Fault("negative.svs", svs("MPP = -0.5"), "no_mpp", r"aperio says MPP = -0\.5"),
    Fault("twice.svs", svs("MPP = 0.5|MPP = 0.25"), "no_mpp", "contradicts itself"),
    Fault(
        "against_tag.svs",
        svs(resolution=(40_000, 40_000), **PER_CM),
        "no_mpp",
        r"contradicts itself: aperio says MPP = 0\.5 um .*tiff says 40000 x 40000 px per cm",
    ),
    Fault("cm_for_um.ome.tif", ome(MPP, "cm"), "no_mpp", r"ome says PhysicalSize = 0\.5 cm"),
    Fault("parsec.ome.tif", ome(MPP, "pc"), "no_mpp", "unknown unit"),
    Fault(
        "against_tag.ome.tif",
        ome(resolution=(19_000, 19_000), **PER_CM),
        "no_mpp",
        r"contradicts itself: ome says PhysicalSize = 0\.5 .*tiff says 19000 x 19000 px per cm",
    ),
    Fault("decimal_comma.svs", svs("MPP = 0,5"), "ok"),
    Fault("coarse.tif", tiff(resolution=(5_000, 5_000), **PER_CM), "too_coarse", "--allow-coarse"),
]

CUTS = [1, 8, 100, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, -1]
CUT_OFF = [
    Fault(f"cut_{number}.{kind}", then(make, cut(keep)), "unreadable", "copy|export|check|no slide")
    for kind, make in {
        "svs": svs(),
        "ome.tif": ome(),
        "png": content(lambda: imagecodecs.png_encode(stained())),
        "jpg": content(lambda: simplejpeg.encode_jpeg(stained())),
    }.items()
    for number, keep in enumerate(CUTS)
]

PIXELS = [
    Fault("16_bit.tif", tiff(lambda: stained().astype(np.uint16) * 257), "unsupported_pixels", "uint16"),
    Fault("float.tif", tiff(lambda: stained() / np.float32(255)), "unsupported_pixels", "float32 with 3"),
    Fault("grey.tif", tiff(lambda: stained()[..., 0], photometric="minisblack"), "unsupported_pixels", "1 ch"),
    Fault(
        "cmyk.tif",
        tiff(lambda: np.dstack([255 - stained(), stained()[..., :1] * 0]), photometric="separated"),
        "unsupported_pixels",
        "uint8 with 4 channels .SEPARATED",
    ),
    Fault("grey.jpg", content(lambda: simplejpeg.encode_jpeg(stained()[..., :1].copy(), colorspace="GRAY")),
          "unsupported_pixels", "1 channel"),
    Fault("16_bit.png", content(lambda: imagecodecs.png_encode(stained().astype(np.uint16))),
          "unsupported_pixels", "uint16"),
    Fault("grey.png", content(lambda: imagecodecs.png_encode(stained()[..., 0].copy())),
          "unsupported_pixels", "1 channel"),
    Fault(
        "channels.ome.tif",
        lambda path: tifffile.imwrite(
            path, np.zeros((3, 64, 64), np.uint8), photometric="minisblack", metadata={"axes": "CYX"}
        ),
        "unsupported_pixels",
        "uint8 with 3 channels",
    ),
    Fault("fluorescence.ndpi", real("fluorescence.ndpi"), "unsupported_pixels", "fluorescence"),
]  # fmt: skip

SMALL = {"tile": (32, 32)}
DAMAGE = [
    Fault("tile.svs", then(svs(**SMALL), broken(84)), "damaged"),
    Fault("tile.ome.tif", then(ome(**SMALL), broken(84)), "damaged"),
    Fault("tile_jpeg.tif", then(tiff(compression="jpeg", **SMALL), broken(84, zeros=True)), "damaged"),
    Fault("tile_deflate.tif", then(tiff(compression="deflate", **SMALL), broken(84)), "damaged"),
    Fault("tile_zstd.tif", then(tiff(compression="zstd", **SMALL), broken(84)), "damaged"),
    Fault("tiles.svs", then(svs(**SMALL), broken(83, 84, 85)), "unreadable", "copy"),
    Fault("tiles.ome.tif", then(ome(**SMALL), broken(83, 84, 85)), "unreadable", "copy"),
    Fault("all_tiles.svs", then(svs(), broken(*range(16))), "unreadable", "cannot be decoded"),
]

BOMB = {"compression": "deflate"}
HUGE = [
    Fault("huge.png", content(lambda: faulty.png(200_000, 200_000)), "unreadable", "200000 x 200000"),
    Fault("less_huge.png", content(lambda: faulty.png(19_000, 19_000)), "unreadable", "cannot hold"),
    Fault("huge.jpg", content(lambda: faulty.huge_jpeg(65_000)), "unreadable", "65000 x 65000"),
    Fault("less_huge.jpg", content(lambda: faulty.huge_jpeg(19_000)), "unreadable", "cannot hold"),
    Fault("huge.tif", then(tiff(**BOMB), tag(256, 200_000), tag(257, 200_000)), "unreadable", "cannot hold"),
    Fault("huge_big.btf", then(tiff(bigtiff=True, **BOMB), tag(256, 2**31), tag(257, 2**31)), "unreadable",
          "cannot hold"),
    Fault("huge_tile.tif", then(tiff(**BOMB), tag(322, 2**16 - 16), tag(323, 2**16 - 16)), "unreadable", "tiles"),
    Fault("huge_strip.tif", then(tiff(tile=None, rowsperstrip=SIDE_PX, **BOMB), tag(256, 60_000), tag(257, 60_000)),
          "unreadable", "tiles"),
    Fault("huge_list.tif", then(tiff(**BOMB), lambda path: faulty.patch_count(path, 324, 2**32 - 1)), "unreadable",
          "copy|export"),
    Fault("huge_list_big.btf", then(tiff(bigtiff=True, **BOMB), lambda path: faulty.patch_count(path, 324, 2**60)),
          "unreadable", "copy|export"),
    Fault("huge_text.svs", then(svs(), lambda path: faulty.patch_count(path, 270, 2**32 - 1)), "unreadable",
          "copy|export"),
    Fault("bomb.tif", then(tiff(**BOMB), lambda path: faulty.replace_tile(path, 5, faulty.zip_bomb())),
          "unreadable", "copy|export"),
    Fault("laughs.ome.tif", then(ome(), lambda path: faulty.describe(path, faulty.BILLION_LAUGHS)),
          "unreadable", "OME-XML"),
    Fault("page_loop.svs", then(svs(), faulty.loop_of_pages), "unreadable", "copy|export"),
    Fault("sub_loop.ome.tif", then(lambda path: faulty.write_with_sub_page(path, stained()), faulty.loop_of_sub_pages),
          "ok"),
]  # fmt: skip


CONTENT = [
    Fault("white.tif", tiff(lambda: plain(242, 242, 242)), "no_tissue", "look at the slide"),
    Fault("pure_white.tif", tiff(lambda: plain(255, 255, 255, spread=0)), "no_tissue", "look at the slide"),
    Fault("black.tif", tiff(lambda: plain(0, 0, 0, spread=0)), "no_tissue", "look at the slide"),
    Fault("brown.tif", tiff(lambda: plain(120, 80, 40)), "empty"),
    Fault("brown_on_white.tif", tiff(lambda: on_white(plain(120, 80, 40))), "empty"),
    Fault("no_vessel.tif", tiff(lambda: stained(0)), "empty"),
    Fault("pen.tif", tiff(pen_marks), "empty"),
    Fault("fold.tif", tiff(fold), "empty"),
    Fault("out_of_focus.tif", tiff(lambda: cv2.GaussianBlur(stained(0), (0, 0), 6)), "empty"),
    Fault("transparent.tif", tiff(lambda: np.dstack([stained(), np.zeros((SIDE_PX, SIDE_PX, 1), np.uint8)]),
                                  extrasamples=["unassalpha"]), "no_tissue", "look at the slide"),
]  # fmt: skip

EVIL = [
    Fault(name, content(lambda: b"not a slide"), "unreadable", "no slide")
    for name in (
        "=cmd|'calc'!A0.svs",
        "<script>alert(1)<.svs",
        '"><img onerror=alert(1) src=x>.svs',
        "new\nline.svs",
        "-dash.svs",
        "@at,comma\ttab.svs",
        "\U0001f9ea \u00e9moji.svs",
    )
]
NO_SLIDES = [
    Fault("empty.svs", content(lambda: b""), "unreadable", "empty"),
    Fault("text.svs", content(lambda: b"hello, world\n"), "unreadable", "no slide"),
    Fault("zeros.tif", content(lambda: bytes(10_000)), "unreadable", "no slide"),
    Fault("html.png", content(lambda: b"<html><body>404</body></html>"), "unreadable", "no slide"),
    Fault(
        "pipe.svs", os.mkfifo if hasattr(os, "mkfifo") else lambda _: None, "unreadable", "no file|not a file"
    ),
    Fault("zero.svs", lambda path: path.symlink_to("/dev/zero"), "unreadable", "no file|not a file"),
    Fault("dangling.svs", lambda path: path.symlink_to("nowhere.svs"), "unreadable", "No such file"),
    Fault("itself.svs", lambda path: path.symlink_to("itself.svs"), "unreadable", "check the path"),
]

FAULTS = [*PIXEL_SIZE, *CUT_OFF, *DAMAGE, *PIXELS, *HUGE, *CONTENT, *EVIL, *NO_SLIDES]


MEASURED_ALL_THE_SAME = ("ok", "empty", "damaged")


@dataclass(frozen=True)
class Run:
    """A run over the folder, read from what it wrote."""

    out: Path
    exit_code: int
    stderr: str
    stdout: str
    summary: dict[str, dict[str, str]]
    failed: dict[str, dict[str, str]]
    record: dict[str, dict[str, object]]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """``mvd run`` over all faults, with a good slide before and one after them."""
    folder = tmp_path_factory.mktemp("faults") / "in"
    (folder / "a folder.svs").mkdir(parents=True)
    for fault in FAULTS:
        fault.make(folder / fault.name)
    for name in ("!good.tif", "~good.tif", "a folder.svs/!good.tif"):
        write_tiff(folder / name, stained(), compression="jpeg")
    (folder / "loop").symlink_to(folder)
    out = folder.parent / "out"
    result = CliRunner().invoke(
        cli, ["run", str(folder), "--out", str(out), "--workers", "1"], prog_name="mvd"
    )
    assert isinstance(result.exception, SystemExit | None), result.exc_info
    assert result.exit_code == 3, result.stderr
    return Run(
        out,
        result.exit_code,
        result.stderr,
        result.stdout,
        {row["slide"]: row for row in rows(out / "summary.csv")},
        {row["slide"]: row for row in rows(out / "failed.csv")},
        {slide["slide"]: slide for slide in json.loads((out / "run.json").read_text())["slides"]},
    )


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: ascii(fault.name))
def test_fault(run, fault):
    if fault.name == "fluorescence.ndpi" and not (REAL_SLIDES / fault.name).exists():
        pytest.skip("fluorescence.ndpi is not on this machine")
    row = run.summary[fault.name]
    if fault.error in MEASURED_ALL_THE_SAME:
        assert row["status"] == fault.error.replace("damaged", "ok"), run.failed.get(fault.name)
        assert (row["vessels"] == "0") == (fault.error == "empty")
        assert float(row["mpp"]) == MPP
        lost = float(row["invalid_area_fraction"] or 0)
        assert 0.005 < lost < 0.01 if fault.error == "damaged" else lost == 0
        return
    failed = run.failed[fault.name]
    assert (row["status"], row["error"], failed["error"]) == ("failed", fault.error, fault.error), failed
    assert {name for name, cell in row.items() if cell} <= TEXT_COLUMNS
    assert re.search(fault.word, failed["what_to_do"]), failed["what_to_do"]
    assert ADVICE.search(failed["what_to_do"]), failed["what_to_do"]
    assert failed["what_to_do"].count("\n") == 0
    assert not (run.out / "slides" / row["slide_id"]).exists()
    # 2 s on a quiet machine; a decoder that is led astray takes minutes.
    assert run.record[fault.name]["seconds"] < 20


def test_the_good_ones_are_done_and_all_is_told(run):
    assert run.exit_code == 3
    good = [run.summary[name] for name in ("!good.tif", "~good.tif", "a folder.svs/!good.tif")]
    assert {row["status"] for row in good} == {"ok"}
    assert len({row["slide_id"] for row in good}) == 3
    numbers = [{name: row[name] for name in row if name not in ("slide", "slide_id")} for row in good]
    assert numbers[0] == numbers[1] == numbers[2]
    bad = [fault.name for fault in FAULTS if fault.error not in MEASURED_ALL_THE_SAME]
    assert set(run.failed) == {name for name in bad if name in run.summary}
    assert len(run.failed) >= len(bad) - 1  # the real slide may not be there
    assert len(run.record) == len(run.summary)


def test_no_traceback_and_no_path_anywhere(run):
    said = run.stderr + run.stdout
    assert "Traceback" not in said
    assert len([line for line in run.stderr.splitlines() if "FAILED" in line]) == len(run.failed)
    assert not (run.out / "mvd-error.log").exists()
    written = [path.read_bytes() for path in run.out.rglob("*") if path.suffix in (".csv", ".json", ".html")]
    assert not any(str(run.out.parent).encode() in text or b"Traceback" in text for text in written)


def test_names_are_inert_in_every_table(run):
    """A spreadsheet sees no formula, a page no tag."""
    for name in ("summary.csv", "failed.csv"):
        with (run.out / name).open(newline="", encoding="utf-8") as stream:
            cells = [cell for row in csv.reader(stream) for cell in row]
        assert not any(cell[:1] in tuple("=@\t\r") for cell in cells)
        assert not any(re.match(r"[-+](?![\d.])", cell) for cell in cells)
    for path in [*run.out.rglob("*.html"), *run.out.rglob("*.geojson")]:
        text = path.read_text(encoding="utf-8")
        assert "<script>alert" not in text
        assert "<img onerror" not in text
