"""The pixel size that a file states is believed only where it can be."""

import contextlib
import json
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
import simplejpeg
import tifffile

from mvd.errors import UnknownPixelSize
from mvd.slide import open_slide


def info(path, mpp=None):
    with contextlib.closing(open_slide(path, mpp)) as slide:
        return slide.info


def aperio(mpp_text="MPP = 0.2500"):
    return f"Aperio Image Library v12\r\n700x500 (128x128) JPEG/RGB Q=70|AppMag = 40|{mpp_text}|User = canary"


@pytest.mark.parametrize(
    ("resolution", "unit", "mpp"),
    [
        ((40_000, 40_000), "CENTIMETER", 0.25),
        ((50_800, 50_800), "INCH", 0.5),
        ((20_000, 20_100), "CENTIMETER", pytest.approx(0.49875, abs=1e-5)),
    ],
)
def test_tiff_tags(write_tiff, resolution, unit, mpp):
    found = info(write_tiff(resolution=resolution, resolutionunit=unit))
    assert (found.mpp, found.mpp_source) == (mpp, "tiff")


@pytest.mark.parametrize(
    ("resolution", "unit"),
    [
        ((72, 72), "INCH"),
        ((96, 96), "INCH"),
        ((150, 150), "INCH"),
        ((300, 300), "INCH"),
        ((28.35, 28.35), "CENTIMETER"),
        ((1, 1), "NONE"),
        ((0, 0), "CENTIMETER"),
        ((40_000, 40_000), "NONE"),
    ],
)
def test_a_display_resolution_or_none_is_no_pixel_size(write_tiff, resolution, unit):
    found = info(write_tiff(resolution=resolution, resolutionunit=unit))
    assert (found.mpp, found.mpp_source) == (None, "none")


def test_no_tag_at_all(write_tiff):
    assert info(write_tiff()).mpp is None


@pytest.mark.parametrize(
    ("mpp", "notes"),
    [
        (0.25, ()),
        (0.2549, ()),
        (
            0.5,
            (
                "mpp_overridden: 0.5 um/px was given and is used, but aperio says MPP = 0.2500 um "
                "(0.25 x 0.25 um/px)",
            ),
        ),
    ],
)
def test_a_users_value_that_is_not_the_files_own_is_said(write_tiff, mpp, notes):
    path = write_tiff("a.svs", description=aperio(), metadata=None)
    assert info(path, mpp=mpp).mpp_notes == notes
    assert info(path).mpp_notes == ()


@pytest.mark.parametrize("resolution", [(100, 100), (2_000_000, 2_000_000), (1_000, 1_000)])
def test_absurd_tags_are_refused_unless_the_user_knows(write_tiff, resolution):
    path = write_tiff(resolution=resolution, resolutionunit="CENTIMETER")
    with pytest.raises(UnknownPixelSize, match=r"slide\.tif: tiff says .*cannot be a pixel size.*pass --mpp"):
        open_slide(path)
    found = info(path, mpp=0.25)
    assert (found.mpp, found.mpp_source) == (0.25, "user")


def test_pixels_that_are_not_square(write_tiff):
    path = write_tiff(resolution=(40_000, 38_000), resolutionunit="CENTIMETER")
    with pytest.raises(UnknownPixelSize, match="not square"):
        open_slide(path)


@pytest.mark.parametrize("mpp", [0, -1, 0.01, 250, float("nan")])
def test_the_users_own_value_must_be_plausible_too(write_tiff, mpp):
    with pytest.raises(UnknownPixelSize, match="--mpp"):
        open_slide(write_tiff(), mpp)


@pytest.mark.parametrize("text", ["MPP = 0.2500", "MPP = 0,2500", "MPP=0.25"])
def test_aperio(write_tiff, text):
    found = info(write_tiff("a.svs", description=aperio(text), metadata=None))
    assert (found.mpp, found.mpp_source, found.magnification, found.vendor) == (0.25, "aperio", 40, "aperio")
    assert "canary" not in repr(found)


def test_aperio_without_mpp_is_not_guessed_from_the_objective(write_tiff):
    found = info(write_tiff("a.svs", description=aperio("Left = 1"), metadata=None))
    assert (found.mpp, found.mpp_source, found.magnification) == (None, "none", 40)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("250", "250 um"),
        ("0", "0 um"),
        ("-0.25", "-0.25 um"),
        ("1e-3", "1e-3 um"),
        ("1e400", "1e400 um"),
        ("quarter", "no number"),
        ("0.2.5", "no number"),
        ("0,2,5", "no number"),
        ("1,000.25", "no number"),
        ("0_25", "no number"),
        ("0x1", "no number"),
        ("nan", "no number"),
        ("inf", "no number"),
        ("", "no number"),
        ("\u0660.\u0662\u0665".encode(), "no number"),
    ],
)
def test_absurd_aperio_text(write_tiff, text, said):
    """What is no number is not repeated: it may be a name."""
    description = (
        aperio("MPP = ")
        .encode()
        .replace(b"MPP = ", b"MPP = " + (text if isinstance(text, bytes) else text.encode()))
    )
    path = write_tiff("a.svs", description=description, metadata=None)
    with pytest.raises(
        UnknownPixelSize, match=rf"a\.svs: aperio says MPP = {said}.* cannot be a pixel size"
    ) as caught:
        open_slide(path)
    assert "quarter" not in str(caught.value)
    assert info(path, mpp=0.25).mpp == 0.25


def test_aperio_that_states_two_sizes_contradicts_itself(write_tiff):
    path = write_tiff("a.svs", description=aperio("MPP = 0.25|MPP = 0.5"), metadata=None)
    with pytest.raises(UnknownPixelSize, match=r"contradicts itself: .*MPP = 0\.25 um.*MPP = 0\.5 um"):
        open_slide(path)
    same = write_tiff("b.svs", description=aperio("MPP = 0.25|MPP = 0.2500"), metadata=None)
    assert info(same).mpp == 0.25


def test_contradiction_names_both(write_tiff):
    path = write_tiff(
        "a.svs", description=aperio(), metadata=None, resolution=(20_000, 20_000), resolutionunit="CENTIMETER"
    )
    with pytest.raises(
        UnknownPixelSize, match=r"aperio says MPP = 0\.2500 um.*tiff says 20000 x 20000 px per cm"
    ):
        open_slide(path)
    assert info(path, mpp=0.25).mpp_source == "user"


@pytest.mark.parametrize(("resolution", "unit"), [((40_400, 40_400), "CENTIMETER"), ((72, 72), "INCH")])
def test_agreement_within_two_percent_and_display_tags_are_no_contradiction(write_tiff, resolution, unit):
    path = write_tiff(
        "a.svs", description=aperio(), metadata=None, resolution=resolution, resolutionunit=unit
    )
    assert (info(path).mpp, info(path).mpp_source) == (0.25, "aperio")


@pytest.mark.parametrize(
    ("size", "unit"), [(0.25, "µm"), (250, "nm"), (0.00025, "mm"), (0.000025, "cm"), (0.25, None)]
)
def test_ome_units(tmp_path, picture, size, unit):
    found = info(write_ome(tmp_path, picture, size, unit))
    assert (found.mpp, found.mpp_source, found.vendor) == (pytest.approx(0.25), "ome", "ome-tiff")


@pytest.mark.parametrize(
    ("size", "unit", "said"),
    [
        (0.25, "cm", "0.25 cm"),
        (0.25, "Smith", "0.25 of an unknown unit"),
        ("0.25 Smith", "µm", "no number"),
        (-0.25, "µm", "-0.25 µm"),
        (0, "µm", "0 µm"),
        ("NaN", "µm", "no number"),
        ("INF", "µm", "no number"),
    ],
)
def test_ome_nonsense_is_refused(tmp_path, picture, size, unit, said):
    with pytest.raises(UnknownPixelSize, match=f"ome says PhysicalSize = {said}") as caught:
        open_slide(write_ome(tmp_path, picture, size, unit))
    assert "Smith" not in str(caught.value)


def test_ome_in_pixels_states_nothing(tmp_path, picture):
    assert info(write_ome(tmp_path, picture, 1, "pixel")).mpp is None


def test_one_ome_side_stands_for_both_with_its_unit(tmp_path, picture):
    path = write_ome(tmp_path, picture, 250, "nm")
    content = path.read_bytes()
    assert content.count(b"PhysicalSizeY") == 2
    path.write_bytes(content.replace(b"PhysicalSizeY", b"PhysicalsizeY"))
    assert info(path).mpp == 0.25


def test_ome_sides_of_different_units(tmp_path, picture):
    path = write_ome(tmp_path, picture, 250, "nm")
    path.write_bytes(path.read_bytes().replace(b'PhysicalSizeYUnit="nm"', b'PhysicalSizeYUnit="um"'))
    with pytest.raises(UnknownPixelSize, match="250 nm x 250 um"):
        open_slide(path)


def test_ome_against_tiff_tag(tmp_path, picture):
    path = write_ome(
        tmp_path, picture, 0.25, "µm", resolution=(1e4 / 0.26, 1e4 / 0.26), resolutionunit="CENTIMETER"
    )
    with pytest.raises(UnknownPixelSize, match=r"ome says .*tiff says"):
        open_slide(path)


def write_ome(folder, picture, size, unit, **keywords):
    units = {} if unit is None else {"PhysicalSizeXUnit": unit, "PhysicalSizeYUnit": unit}
    metadata = {"axes": "YXS", "PhysicalSizeX": size, "PhysicalSizeY": size, **units}
    path = folder / "slide.ome.tif"
    tifffile.imwrite(
        path, picture, photometric="rgb", tile=(128, 128), metadata=metadata, ome=True, **keywords
    )
    return path


def test_imagej_keeps_its_unit_in_the_description(tmp_path, picture):
    path = tmp_path / "fiji.tif"
    tifffile.imwrite(path, picture, imagej=True, resolution=(2, 2), metadata={"unit": "um"})
    found = info(path)
    assert (found.mpp, found.mpp_source) == (0.5, "tiff")


def test_png_and_jpeg_densities_are_never_used(tmp_path, picture):
    jpeg = bytearray(simplejpeg.encode_jpeg(picture))
    assert jpeg[6:11] == b"JFIF\x00"
    jpeg[13:18] = bytes([2, 40_000 >> 8, 40_000 & 255, 40_000 >> 8, 40_000 & 255])  # 40000 px per cm
    (tmp_path / "a.jpg").write_bytes(jpeg)
    png = imagecodecs.png_encode(picture)
    density = b"pHYs" + struct.pack(">IIB", 4_000_000, 4_000_000, 1)
    chunk = struct.pack(">I", 9) + density + struct.pack(">I", zlib.crc32(density))
    (tmp_path / "a.png").write_bytes(png[:33] + chunk + png[33:])
    for name in ("a.jpg", "a.png"):
        assert (info(tmp_path / name).mpp, info(tmp_path / name).mpp_source) == (None, "none")
        assert info(tmp_path / name, 0.5).mpp == 0.5


def test_real_slides(real_slide):
    assert info(real_slide("formats/CMU-1-Small-Region.svs")).mpp == 0.499
    assert info(real_slide("formats/tcga_no_mpp.svs")).mpp is None


def test_nothing_of_a_patient_is_in_the_info(write_pages, picture):
    """Canaries in every text field, a label page among them."""
    text = aperio() + "|Patient = canary|Barcode = canary"
    label = (np.zeros((50, 40, 3), np.uint8), {"description": "Aperio\r\nlabel canary", "subfiletype": 1})
    main = (picture, {"description": text, "tile": (128, 128), "software": "canary"})
    found = info(write_pages("a.svs", main, label))
    assert "canary" not in json.dumps({key: str(value) for key, value in vars(found).items()})
    assert found.level_shapes == (picture.shape[:2],)


@pytest.mark.parametrize("resolution", [(0, 0), (0, 40_000), (40_000, 0)])
def test_nought_over_nought_is_no_claim_and_one_side_stands_for_both(write_tiff, resolution):
    """0/0 is not infinitely many pixels; where one side is stated, it holds."""
    path = write_tiff(resolution=(40_000, 40_000), resolutionunit="CENTIMETER")
    with tifffile.TiffFile(path) as tiff:
        places = [tiff.pages[0].tags[code].valueoffset for code in (282, 283)]
    content = bytearray(path.read_bytes())
    for at, value in zip(places, resolution, strict=True):
        content[at : at + 8] = struct.pack("<II", value, 1 if value else 0)
    path.write_bytes(content)
    assert info(path).mpp == (0.25 if any(resolution) else None)
