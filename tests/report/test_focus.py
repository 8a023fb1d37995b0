"""Focus: blurred pictures are told from sharp ones, synthetic and real, and their slide is on the list."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from measured import REPO, record_of

from mvd.report.exports import write_exports
from mvd.report.focus import OUT_OF_FOCUS, sharpness
from mvd.report.page.folder import read_cohort
from mvd.report.page.look import reasons_to_look
from mvd.result import Picture

REAL = REPO.parent / "shared" / "data" / "cd34_glioma"


def picture(rgb: np.ndarray, mpp: float = 0.5, blur_um: float = 0.0) -> Picture:
    if blur_um:
        rgb = cv2.GaussianBlur(rgb, (0, 0), blur_um / mpp)
    return Picture(np.ascontiguousarray(rgb), 0.0, 0.0, mpp)


def agrees(rgb: np.ndarray) -> None:
    sharp = sharpness(picture(rgb))
    assert sharp > 1.5 * OUT_OF_FOCUS
    assert sharp > sharpness(picture(rgb, blur_um=1.0)) > OUT_OF_FOCUS
    for blur_um in (2.0, 4.0):
        assert sharpness(picture(rgb, blur_um=blur_um)) < OUT_OF_FOCUS


def test_synthetic_slides_in_and_out_of_focus(measured):
    paths = [path for path in measured.glob("slides/*/plain_hotspot_01.jpg")]
    assert len(paths) >= 4
    for path in paths:
        agrees(cv2.imread(str(path))[..., ::-1])


def test_real_fields_in_and_out_of_focus():
    paths = sorted(REAL.glob("*.png"))[:4]
    if not paths:
        pytest.skip("the real fields are not here")
    for path in paths:
        agrees(cv2.imread(str(path))[:1200, :1200, ::-1])


def test_a_finer_picture_of_the_same_says_the_same(measured):
    rgb = cv2.imread(str(next(measured.glob("slides/*/plain_hotspot_01.jpg"))))[..., ::-1]
    blurred = picture(rgb, blur_um=2.0)
    finer = picture(cv2.resize(blurred.rgb, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), 0.25)
    assert sharpness(finer) == pytest.approx(sharpness(blurred), abs=0.01)


def test_what_cannot_be_told_is_not_said():
    glass = np.full((400, 400, 3), 240, np.uint8)
    noise = np.random.default_rng(1).integers(0, 255, (400, 400, 3), np.uint8)
    assert sharpness(picture(glass)) is None
    assert sharpness(picture(noise, mpp=2.0)) is None
    assert sharpness(picture(noise[:20])) is None
    assert sharpness(picture(noise)) > 0.9


def test_a_slide_out_of_focus_is_on_the_list_and_the_list_is_by_urgency(measured, tmp_path):
    out = Path(shutil.copytree(measured, tmp_path / "out"))
    folder = next(path.parent for path in sorted(out.glob("slides/*/hotspot_01.png")))
    about = json.loads((folder / "slide.json").read_text())
    assert all(ratio > OUT_OF_FOCUS for ratio in about["sharpness"] if ratio is not None)
    about["sharpness"] = [0.31, 0.08, None, 0.1]
    (folder / "slide.json").write_text(json.dumps(about))
    odd = reasons_to_look(read_cohort(out, record_of(out)))
    (reason,) = (reason for reason in odd[folder.name] if reason.short == "out of focus")
    assert "hot spots 2, 4 blurred" in reason.words
    first = [reasons[0].short for reasons in odd.values()]
    assert first[:3] == ["failed", "no vessel", "out of focus"]
    assert set(first[3:]) <= {"p > 0.05", "no_background", "small for a hot spot"}
    write_exports(out, record_of(out))
    assert "out of focus" in (out / "mvd_mqc.tsv").read_text(encoding="utf-8")
