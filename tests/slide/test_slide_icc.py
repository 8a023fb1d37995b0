"""``slide.icc = "srgb"`` against Pillow's own colour management, on real profiles in every container."""

import contextlib
import io
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

import mvd
from mvd.errors import UnreadableSlide
from mvd.geometry import Rect
from mvd.slide import at_mpp, open_slide
from mvd.slide.icc import IccSlide, in_srgb
from mvd.slide.profile import embedded_profile

ADOBE_RGB = imagecodecs.cms_profile("adobergb")
DISPLAY_P3 = imagecodecs.cms_profile(
    "rgb",
    whitepoint=[0.3127, 0.329, 1.0],
    primaries=[0.68, 0.32, 1, 0.265, 0.69, 1, 0.15, 0.06, 1],
    gamma=2.2,
)
NAMES = ["tiff.tif", "picture.png", "picture.jpg", "picture.webp"]


def write(path: Path, picture: np.ndarray, profile: bytes | None) -> Path:
    """Write a picture with its profile by a library that is not mvd."""
    if path.suffix == ".tif":
        tifffile.imwrite(
            path, picture, photometric="rgb", tile=(128, 128), iccprofile=profile, compression="lzw"
        )
    else:
        lossy = {"quality": 95, "subsampling": 0} if path.suffix == ".jpg" else {"lossless": True}
        extra = {} if path.suffix == ".png" else lossy
        Image.fromarray(picture).save(path, **({"icc_profile": profile} if profile else {}), **extra)
    return path


def by_pillow(rgb: np.ndarray, profile: bytes) -> np.ndarray:
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        "RGB",
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    return np.asarray(ImageCms.applyTransform(Image.fromarray(rgb), transform))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("profile", [ADOBE_RGB, DISPLAY_P3], ids=["adobe-rgb", "display-p3"])
def test_within_one_level_of_pillow(tmp_path: Path, picture: np.ndarray, name: str, profile: bytes) -> None:
    with contextlib.closing(open_slide(write(tmp_path / name, picture, profile))) as slide:
        assert embedded_profile(slide.info) == profile
        whole = Rect(0, 0, *picture.shape[:2])
        plain, shown = slide.read(whole), in_srgb(slide)
        got = shown.read(whole).astype(int)
        assert shown.info.icc == "srgb"
        assert slide.info.icc == "ignored"
    assert np.abs(got - by_pillow(plain, profile)).max() <= 1
    assert np.abs(got - plain).max() > 8, "the profile does something"


@pytest.mark.parametrize("name", NAMES)
def test_without_a_profile_nothing_changes(tmp_path: Path, picture: np.ndarray, name: str) -> None:
    with contextlib.closing(open_slide(write(tmp_path / name, picture, None))) as slide:
        shown = in_srgb(slide)
        assert shown.info.icc == "none"
        rect = Rect(3, 5, 200, 300)
        np.testing.assert_array_equal(shown.read(rect), slide.read(rect))


def test_any_rectangle_is_a_crop_of_the_whole(tmp_path: Path, picture: np.ndarray) -> None:
    with contextlib.closing(open_slide(write(tmp_path / "a.tif", picture, ADOBE_RGB), mpp=0.25)) as slide:
        level = at_mpp(in_srgb(slide), 0.5)
        whole = level.read(Rect(0, 0, *level.shape_px))
        for rect in (Rect(0, 0, 1, 1), Rect(13, 57, 90, 101), Rect(200, 300, 50, 50)):
            np.testing.assert_array_equal(level.read(rect), whole[rect.slices()])
            assert level.scanned(rect).all()


def test_jpeg_profile_in_several_parts(tmp_path: Path, picture: np.ndarray) -> None:
    long = ADOBE_RGB + bytes(150_000)  # more than two segments hold
    path = write(tmp_path / "a.jpg", picture, long)
    with contextlib.closing(open_slide(path)) as slide:
        assert embedded_profile(slide.info) == long
    lost = path.read_bytes()
    second = lost.index(b"ICC_PROFILE\x00\x02")
    path.write_bytes(lost[:second] + b"X" + lost[second + 1 :])
    with contextlib.closing(open_slide(path)) as slide, pytest.raises(UnreadableSlide, match="2 of 3 parts"):
        in_srgb(slide)


@pytest.mark.parametrize(
    "profile", [b"not a profile" * 30, imagecodecs.cms_profile("gray")], ids=["junk", "grey"]
)
def test_a_profile_that_cannot_be_used_is_named(tmp_path: Path, picture: np.ndarray, profile: bytes) -> None:
    path = write(tmp_path / "a.tif", picture, profile)
    settings = {"slide": {"mpp": 0.5}}
    with pytest.raises(
        UnreadableSlide, match=r'a\.tif: its ICC profile cannot be used .*slide\.icc = "ignore"'
    ):
        mvd.analyze(path, mvd.Settings.from_mapping({"slide": {"mpp": 0.5, "icc": "srgb"}}))
    with contextlib.closing(open_slide(path, mpp=settings["slide"]["mpp"])) as slide:
        np.testing.assert_array_equal(slide.read(Rect(0, 0, 9, 9)), picture[:9, :9])


def test_what_was_not_scanned_stays_white_where_the_profiles_white_does_not() -> None:
    """A profile whose brightest is dim: (255, 255, 255) comes out darker, but not where nothing was scanned."""

    class HalfScanned:
        def __init__(self) -> None:
            self.info = open_slide_info

        def read(self, rect, level=0):
            return np.full((rect.height, rect.width, 3), 255, np.uint8)

        def scanned(self, rect, level=0):
            return np.arange(rect.col, rect.col_stop)[None, :].repeat(rect.height, axis=0) < 8

    open_slide_info = mvd.SlideInfo(Path("half"), (8, 16), 0.5, "user", None, "tiff", ((8, 16),))
    dim = bytearray(imagecodecs.cms_profile("srgb"))
    for name in (b"rXYZ", b"gXYZ", b"bXYZ"):
        entry = dim.index(name)
        at = int.from_bytes(dim[entry + 4 : entry + 8], "big")
        for part in range(at + 8, at + 20, 4):
            value = int.from_bytes(dim[part : part + 4], "big", signed=True) * 3 // 4
            dim[part : part + 4] = value.to_bytes(4, "big", signed=True)
    got = IccSlide(HalfScanned(), bytes(dim)).read(Rect(0, 4, 2, 8))
    assert (got[:, :4] < 250).all()
    assert (got[:, 4:] == 255).all()


def test_the_setting_reaches_the_result_and_its_fingerprint(tmp_path: Path) -> None:
    from mvd.phantom import PhantomSpec, make_phantom
    from mvd.report import write_slide

    field = make_phantom(PhantomSpec(3, "clean", height_um=250, width_um=250, vessels_per_mm2=200)).rgb
    path = write(tmp_path / "a.tif", field, ADOBE_RGB)
    ignored, applied = (
        mvd.Settings.from_mapping({"slide": {"mpp": 0.5, "icc": icc}}) for icc in ("ignore", "srgb")
    )
    assert ignored.fingerprint != applied.fingerprint
    results = [mvd.analyze(path, settings, workers=1) for settings in (ignored, applied)]
    assert results[0].tissue.white_point != results[1].tissue.white_point
    write_slide(results[1], tmp_path / "out", "a", "a.tif")
    assert '"icc": "srgb"' in (tmp_path / "out" / "slide.json").read_text(encoding="utf-8")


def test_real_profiles_through_openslide(real_slide) -> None:
    pytest.importorskip("openslide", reason="openslide is an extra")
    with contextlib.closing(open_slide(real_slide("formats/CMU-1-Small-Region.svs"))) as slide:
        from mvd.slide.openslide import library

        with library().OpenSlide(slide.info.path) as reference:
            theirs = reference.color_profile
        ours = embedded_profile(slide.info)
        assert (ours is None) == (theirs is None)
        if ours is not None:
            assert ours == theirs.tobytes()
